"""Likes, reactions, following, and who sees a post, over HTTP."""

import httpx

from relay.wire.rest import AudioPost
from tests.support.clients import AUDIO, client_of, problem
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True


def test_reactions_are_counted_once_each_and_taken_back_by_emoji_or_by_id(
    relay: RelayProcess, owner: RelayClient
) -> None:
    post = owner.post(AUDIO, title="react to me")
    fan, rival = client_of(relay, "fan"), client_of(relay, "rival")

    def react(who: RelayClient, emoji: str, path: str = "react") -> httpx.Response:
        return who.http.post(f"/social/{path}", json={"post_id": post.id, "emoji": emoji})

    for _ in range(2):
        made = react(fan, "🔥").json()
    assert (made["post"]["reactions"], made["post"]["reacted"]) == ({"🔥": 1}, ["🔥"])
    assert (made["reaction"]["type"], made["reaction"]["emoji"]) == ("react", "🔥")
    seen = react(rival, "🎵").json()["post"]
    assert (seen["reactions"], seen["reacted"], seen["liked"]) == ({"🎵": 1, "🔥": 1}, ["🎵"], False)
    for emoji in ("🚀", "💯"):
        assert react(fan, emoji).status_code == 200
    assert problem(react(fan, "😍")) == (422, "validation"), "three are enough"
    assert problem(react(rival, "+1")) == (422, "validation"), "words are none"
    assert problem(rival.http.delete(f"/social/react/{made['reaction']['id']}")) == (404, "not_found")
    gone = fan.http.delete(f"/social/react/{made['reaction']['id']}").json()
    assert (gone["reactions"], sorted(gone["reacted"])) == ({"🎵": 1, "🚀": 1, "💯": 1}, ["💯", "🚀"])
    for _ in range(2):
        assert react(rival, "🎵", "unreact").json()["reactions"] == {"🚀": 1, "💯": 1}
    listed = next(p for p in fan.http.get("/feed/global").json()["posts"] if p["id"] == post.id)
    assert sorted(listed["reacted"]) == ["💯", "🚀"] and len(listed["outline"]) == 216


def test_a_title_in_any_script_is_published(owner: RelayClient) -> None:
    for title in ("Kellerlicht ♪", "夜のバス", "🔥"):
        assert owner.post(AUDIO, title=title).title == title


def test_following_and_liking_twice_is_once(relay: RelayProcess, owner: RelayClient, post: AudioPost) -> None:
    fan = client_of(relay, "fan")
    before = fan.http.get("/users/holder").json()["follower_count"]
    for _ in range(2):
        answer = fan.http.post("/social/follow", json={"user_id": owner.user_id}).json()
        assert answer["following"] is True and answer["user"]["follower_count"] == before + 1
    likes = fan.http.get(f"/audio/{post.id}").json()["like_count"]
    for emoji in ("🔥", "❤️"):
        liked = fan.http.post("/social/like", json={"post_id": post.id, "emoji": emoji}).json()
        assert (liked["like_count"], liked["liked"]) == (likes + 1, True)
    assert any(
        each["id"] == post.id and each["liked"] for each in fan.http.get("/feed/timeline").json()["posts"]
    )
    assert not any(each["liked"] for each in owner.http.get("/feed/timeline").json()["posts"])
    for _ in range(2):
        assert fan.http.post("/social/unlike", json={"post_id": post.id}).json()["like_count"] == likes
        assert (
            fan.http.post("/social/unfollow", json={"username": "holder"}).json()["user"]["follower_count"]
            == before
        )
    assert fan.http.get("/feed/timeline").json()["posts"] == []
    assert problem(fan.http.post("/social/follow", json={"username": "fan"})) == (422, "validation")


def test_what_a_like_came_with_is_counted_and_shown(relay: RelayProcess, owner: RelayClient) -> None:
    post, fans = owner.post(AUDIO, title="liked"), [client_of(relay, f"fan{number}") for number in range(3)]

    def like(fan: int, emoji: str) -> tuple[int, dict[str, int]]:
        said = fans[fan].http.post("/social/like", json={"post_id": post.id, "emoji": emoji}).json()
        return said["like_count"], said["liked_with"]

    assert like(0, "❤️") == (1, {})
    assert like(0, "🚀") == (1, {"🚀": 1})
    assert like(0, "🚀") == (1, {"🚀": 1})
    assert like(1, "🔥") == (2, {"🔥": 1, "🚀": 1})
    assert like(2, "buy this") == (3, {"🔥": 1, "🚀": 1}), "what anybody may write is counted, not shown"
    for page in (post.page_url, f"{relay.url}/u/{owner.username}"):
        assert "🔥 1 🚀 1" in httpx.get(page, trust_env=False).text
        assert "buy this" not in httpx.get(page, trust_env=False).text
    fans[1].http.post("/social/unlike", json={"post_id": post.id})
    assert like(0, "❤️") == (2, {})
    for fan in fans:
        fan.close()


def test_who_sees_a_post_is_its_authors_to_say(relay: RelayProcess, owner: RelayClient) -> None:
    post = owner.post(AUDIO, title="shown to some")
    follower, stranger = client_of(relay, "follower"), client_of(relay, "stranger")
    follower.follow(owner.username)
    path = f"/audio/{post.id}"

    def seen(by: RelayClient) -> tuple[bool, bool]:
        """By its address, and on lists."""
        listed = by.http.get(f"/feed/user/{owner.username}").json()["posts"]
        by_address = {
            by.http.get(each).status_code
            for each in (f"/audio/{post.id}", f"/audio/{post.id}/mp3", post.page_url)
        }
        assert by_address in ({200}, {404})
        return by_address == {200}, post.id in {each["id"] for each in listed}

    for visibility, of_follower, of_stranger in (
        ("private", (False, False), (False, False)),
        ("followers", (True, True), (False, False)),
        ("unlisted", (True, False), (True, False)),
        ("public", (True, True), (True, True)),
    ):
        assert owner.http.patch(path, json={"visibility": visibility}).json()["visibility"] == visibility
        assert owner.http.get(path).json()["visibility"] == visibility
        assert (seen(owner), seen(follower), seen(stranger)) == ((True, True), of_follower, of_stranger)
        embedded = httpx.get(f"{relay.url}/embed/{post.id}", trust_env=False).status_code
        assert embedded == (200 if visibility == "public" else 404)
    assert problem(stranger.http.patch(path, json={"visibility": "private"})) == (404, "not_found")
    assert problem(owner.http.patch(path, json={"visibility": "sometimes"})) == (422, "validation")


def test_followers_are_listed(relay: RelayProcess) -> None:
    star, fan = client_of(relay, "star"), client_of(relay, "stargazer")
    fan.follow("star")
    assert [each["username"] for each in star.http.get("/users/star/followers").json()["users"]] == [
        "stargazer"
    ]
    following = star.http.get(f"/users/{fan.user_id}/following").json()["users"]
    assert [each["username"] for each in following] == ["star"]
