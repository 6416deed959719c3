"""Any emoji with a type and data of its own, who did what, saves, reposts and plays: on a real relay."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from relay.features.reactions.emoji import is_emoji
from relay.wire.events import (
    Event,
    FeedPostRemoved,
    FeedReposted,
    FeedRepostRemoved,
    NotificationsTold,
    Payload,
    SocialNewReaction,
    SocialNewRepost,
    read_payload,
)
from relay.wire.rest import AudioPost
from tests.support.claims import FormBrowser
from tests.support.clients import client_of
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, RelaySocket

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def author(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("author")
        yield client


@pytest.fixture(scope="module")
def fans(relay: RelayProcess) -> Iterator[list[RelayClient]]:
    clients = [RelayClient(relay.url) for _ in range(3)]
    for n, client in enumerate(clients):
        client.sign_in(f"fan-{n}")
    yield clients
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def nobody(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        yield client


@pytest.fixture
def post(author: RelayClient) -> AudioPost:
    return author.post(short_flac(4810), title="Loud")


def told_to(socket: RelaySocket) -> Payload | None:
    """The next that is not about how many are unread."""
    while isinstance(payload := read_payload(socket.expect(Event)), NotificationsTold):
        pass
    return payload


def test_any_emoji_with_a_type_and_data(
    author: RelayClient, fans: list[RelayClient], post: AudioPost
) -> None:
    said = {
        "post_id": post.id,
        "emoji": "🥁",
        "type": "drum",
        "custom_data": {"bar": 3, "loud": True, "why": "that fill"},
    }
    with closing(author.socket()) as heard:
        made = fans[0].http.post("/social/react", json=said).raise_for_status().json()
        told = told_to(heard)
    assert isinstance(told, SocialNewReaction)
    for reaction in (
        made["reaction"],
        {"type": told.reaction.type, "custom_data": told.reaction.custom_data},
    ):
        assert (reaction["type"], reaction["custom_data"]) == ("drum", said["custom_data"])
    assert made["post"]["reactions"] == {"🥁": 1}
    again = fans[0].http.post("/social/react", json=said | {"custom_data": {"bar": 4}}).json()
    assert again["reaction"]["id"] == made["reaction"]["id"] and again["post"]["reactions"] == {"🥁": 1}
    fans[1].http.post("/social/react", json={"post_id": post.id, "emoji": "🎵"}).raise_for_status()
    listed = fans[2].http.get(f"/audio/{post.id}/reactions").json()["reactions"]
    assert [(each["user"]["username"], each["reaction"]["emoji"]) for each in listed] == [
        ("fan-1", "🎵"),
        ("fan-0", "🥁"),
    ]
    assert listed[1]["reaction"]["custom_data"] == {"bar": 4}
    only = fans[2].http.get(f"/audio/{post.id}/reactions", params={"emoji": "🥁"}).json()["reactions"]
    assert [each["user"]["username"] for each in only] == ["fan-0"]
    assert list(author.http.get(f"/audio/{post.id}").json()["reactions"]) == ["🎵", "🥁"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"emoji": "fire"},
        {"emoji": "🔥🔥"},
        {"emoji": "A"},
        {"type": "like"},
        {"type": "Not A Word"},
        {"custom_data": {f"k{n}": n for n in range(17)}},
        {"custom_data": {"deep": {"x": 1}}},
        {"custom_data": {"long": "x" * 201}},
    ],
    ids=str,
)
def test_what_is_no_reaction_is_refused(
    fans: list[RelayClient], post: AudioPost, wrong: dict[str, object]
) -> None:
    answer = fans[0].http.post("/social/react", json={"post_id": post.id, "emoji": "🔥"} | wrong)
    assert answer.status_code == 422 and "reactions" not in answer.json()


@pytest.mark.parametrize("text", ["🎵", "❤️", "❤", "👍🏽", "👩‍🎤", "🏳️‍🌈", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "#️⃣", "🎛️"])
def test_one_picture_is_an_emoji(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", ["", "a", "🔥🔥", "🔥a", "1", "\u200d", "🔥\u200d", "+1", "é", "🇩"])
def test_anything_else_is_none(text: str) -> None:
    assert not is_emoji(text)


def test_who_likes_it_in_pages_without_who_is_blocked(
    author: RelayClient, fans: list[RelayClient], post: AudioPost
) -> None:
    for fan in fans:
        fan.http.post("/social/like", json={"post_id": post.id}).raise_for_status()
    found, cursor = [], ""
    while cursor is not None:
        page = author.http.get(
            f"/audio/{post.id}/likes", params={"limit": 1, **({"cursor": cursor} if cursor else {})}
        )
        found += [each["user"]["username"] for each in page.json()["reactions"]]
        cursor = page.json()["next"]
    assert found == ["fan-2", "fan-1", "fan-0"]
    fans[0].http.post("/social/block", json={"username": "fan-1"}).raise_for_status()
    seen = fans[0].http.get(f"/audio/{post.id}/likes").json()["reactions"]
    assert [each["user"]["username"] for each in seen] == ["fan-2", "fan-0"]
    fans[0].http.post("/social/unblock", json={"username": "fan-1"}).raise_for_status()
    author.http.patch(f"/audio/{post.id}", json={"visibility": "private"}).raise_for_status()
    assert fans[0].http.get(f"/audio/{post.id}/likes").status_code == 404


def test_what_is_saved_is_found_again_by_its_saver_alone(
    author: RelayClient, fans: list[RelayClient], nobody: RelayClient
) -> None:
    posts = [author.post(short_flac(4811 + n)) for n in range(3)]
    for each in posts:
        for _ in range(2):
            assert fans[0].http.post("/social/save", json={"post_id": each.id}).json()["saved"] is True
    first = fans[0].http.get("/users/me/saved", params={"limit": 2}).json()
    assert [each["id"] for each in first["posts"]] == [posts[2].id, posts[1].id]
    rest = fans[0].http.get("/users/me/saved", params={"cursor": first["next"]}).json()
    assert [each["id"] for each in rest["posts"]] == [posts[0].id] and rest["next"] is None
    assert author.http.get(f"/audio/{posts[0].id}").json()["saved"] is False
    assert nobody.http.get("/users/me/saved").status_code == 401
    author.http.delete(f"/audio/{posts[1].id}").raise_for_status()
    author.http.patch(f"/audio/{posts[2].id}", json={"visibility": "private"}).raise_for_status()
    fans[0].http.post("/social/unsave", json={"post_id": posts[0].id}).raise_for_status()
    assert fans[0].http.get("/users/me/saved").json()["posts"] == []


def test_a_repost_has_a_word_and_is_told_once(
    author: RelayClient, fans: list[RelayClient], post: AudioPost
) -> None:
    with closing(author.socket()) as heard:
        for text in ("listen to this", "really"):
            made = fans[0].http.post("/social/repost", json={"post_id": post.id, "text": text}).json()
            assert (made["repost"]["text"], made["post"]["repost_count"]) == (text, 1)
            assert made["post"]["reposted"] is True
        assert isinstance(told_to(heard), SocialNewRepost)
        fans[1].http.post("/social/repost", json={"post_id": post.id}).raise_for_status()
        second = told_to(heard)
        assert isinstance(second, SocialNewRepost) and second.repost.user.username == "fan-1"
    listed = author.http.get(f"/audio/{post.id}/reposts").json()["reposts"]
    assert [(each["user"]["username"], each["text"]) for each in listed] == [
        ("fan-1", ""),
        ("fan-0", "really"),
    ]
    assert fans[0].http.post("/social/unrepost", json={"post_id": post.id}).json()["repost_count"] == 1
    own = author.http.post("/social/repost", json={"post_id": post.id})
    assert own.status_code == 422, "who follows the author has it already"
    author.http.patch(f"/audio/{post.id}", json={"visibility": "followers"}).raise_for_status()
    fans[2].follow("author")
    assert fans[2].http.post("/social/repost", json={"post_id": post.id}).status_code == 404, (
        "not everybody's"
    )


def test_a_timeline_has_what_is_shown_of_others_once_with_who_does_and_their_word(
    relay: RelayProcess, author: RelayClient, fans: list[RelayClient], post: AudioPost
) -> None:
    shower, second, reader = fans[0], fans[1], client_of(relay, "reader")
    for name in ("fan-0", "fan-1"):
        reader.follow(name)

    def shown(client: RelayClient) -> list[tuple[object, ...]]:
        found, cursor = list[tuple[object, ...]](), ""
        while cursor is not None:
            page = client.http.get("/feed/timeline", params={"limit": 1, "cursor": cursor}).json()
            found += [
                (each["reason"], each["reposted_by"], each["repost_text"])
                for each in page["posts"]
                if each["id"] == post.id
            ]
            cursor = page["next"]
        return found

    assert shown(reader) == []
    for client, text in ((shower, "that bass"), (second, "mine, too"), (shower, "that bass!")):
        client.http.post("/social/repost", json={"post_id": post.id, "text": text}).raise_for_status()
    assert shown(reader) == [("repost", "fan-0", "that bass!")], "by whoever did first, once"
    assert shown(shower) == [("repost", "fan-0", "that bass!")], "and one's own"
    assert shown(author) == [("followed", None, "")], "it is theirs"
    reader.http.post("/social/mute", json={"username": "fan-0"}).raise_for_status()
    assert shown(reader) == [("repost", "fan-1", "mine, too")]
    reader.http.post("/social/unmute", json={"username": "fan-0"}).raise_for_status()
    shower.http.post("/social/unrepost", json={"post_id": post.id}).raise_for_status()
    assert shown(reader) == [("repost", "fan-1", "mine, too")] and shown(shower) == []
    author.http.patch(f"/audio/{post.id}", json={"visibility": "followers"}).raise_for_status()
    assert shown(reader) == []
    author.http.patch(f"/audio/{post.id}", json={"visibility": "public"}).raise_for_status()
    reader.follow("author")
    assert shown(reader) == [("followed", None, "")], "where it is there anyway"


def test_who_follows_hears_what_is_shown_as_it_is_and_that_it_is_no_longer(
    relay: RelayProcess, author: RelayClient, fans: list[RelayClient]
) -> None:
    """Live, and of who comes back; not who follows its author, whose post they have."""
    shower, follower, both = fans[0], client_of(relay, "hears-fan"), client_of(relay, "hears-both")
    post = author.post(short_flac(4700))
    for client, names in ((follower, ["fan-0"]), (both, ["fan-0", "author"])):
        for name in names:
            client.follow(name)
    with closing(both.socket()) as at_both, closing(follower.socket()) as at_follower:
        cursor = at_follower.connected.cursor

        def heard() -> tuple[object, ...]:
            """Of this post, the next."""
            while True:
                match told_to(at_follower):
                    case FeedReposted(post=shown) if shown.id == post.id:
                        return shown.reposted_by, shown.repost_text, shown.title, shown.reason
                    case FeedRepostRemoved(post_id=post.id, user_id=user_id):
                        return (user_id,)

        def show(text: str) -> None:
            said = {"post_id": post.id, "text": text}
            shower.http.post("/social/repost", json=said).raise_for_status()

        show("that bass")
        assert heard() == ("fan-0", "that bass", "test", "repost")
        show("that bass")  # nothing new
        show("that bass!")
        assert heard() == ("fan-0", "that bass!", "test", "repost")
        author.http.patch(f"/audio/{post.id}", json={"title": "Named"}).raise_for_status()
        assert heard() == ("fan-0", "that bass!", "Named", "repost")
        author.http.patch(f"/audio/{post.id}", json={"visibility": "followers"}).raise_for_status()
        assert heard() == (shower.user_id,)
        author.http.patch(f"/audio/{post.id}", json={"visibility": "public"}).raise_for_status()
        assert heard()[0] == "fan-0"
        shower.http.patch(f"/audio/{post.id}", json={"visibility": "private"})  # it is not theirs
        shower.http.post("/social/unrepost", json={"post_id": post.id}).raise_for_status()
        assert heard() == (shower.user_id,)
        show("again")
        assert heard()[1] == "again"
        author.http.delete(f"/audio/{post.id}").raise_for_status()
        assert heard() == (shower.user_id,)
        while not isinstance(last := told_to(at_both), FeedPostRemoved):
            assert not isinstance(last, FeedReposted)
    with closing(follower.socket(cursor=cursor)) as later:
        told = [read_payload(each) for each in later.connected.events]
        shows = [each for each in told if isinstance(each, FeedReposted)]
        assert shows == [] and FeedRepostRemoved(post_id=post.id, user_id=str(shower.user_id)) in told


def test_what_one_no_longer_sees_is_let_go_all_the_same(
    author: RelayClient, fans: list[RelayClient], post: AudioPost
) -> None:
    """The answer is that there is no such post, and yet it is done."""
    body = {"post_id": post.id}
    for deed in ("save", "repost"):
        fans[1].http.post(f"/social/{deed}", json=body).raise_for_status()
    author.http.patch(f"/audio/{post.id}", json={"visibility": "private"}).raise_for_status()
    for deed in ("unsave", "unrepost"):
        assert fans[1].http.post(f"/social/{deed}", json=body).status_code == 404
    author.http.patch(f"/audio/{post.id}", json={"visibility": "public"}).raise_for_status()
    seen = fans[1].http.get(f"/audio/{post.id}").json()
    assert (seen["saved"], seen["reposted"], seen["repost_count"]) == (False, False, 0)


def test_each_listener_counts_once_a_day(
    author: RelayClient, fans: list[RelayClient], nobody: RelayClient, post: AudioPost
) -> None:
    def play(client: RelayClient) -> tuple[int, bool]:
        said = client.http.post(f"/audio/{post.id}/play").raise_for_status().json()
        return said["play_count"], said["counted"]

    assert play(fans[0]) == (1, True) and play(fans[0]) == (1, False)
    assert play(fans[1]) == (2, True)
    assert play(nobody) == (3, True) and play(nobody) == (3, False)
    assert play(author) == (3, False)
    assert nobody.http.get(f"/audio/{post.id}").json()["play_count"] == 3
    author.http.delete(f"/audio/{post.id}").raise_for_status()
    assert fans[0].http.post(f"/audio/{post.id}/play").status_code == 410


def test_the_same_without_a_script(relay: RelayProcess, post: AudioPost) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("paper")
        page = browser.http.get(f"/p/{post.id}")
        assert browser.press(page, to=f"/p/{post.id}/save").headers["location"] == f"/p/{post.id}"
        assert (
            "Saved" in browser.http.get(f"/p/{post.id}").text and post.id in browser.http.get("/saved").text
        )
        said = browser.press(browser.http.get(f"/p/{post.id}"), to=f"/p/{post.id}/repost", text="<b>loud</b>")
        assert said.status_code == 303
        assert "&lt;b&gt;loud&lt;/b&gt;" in browser.http.get(f"/p/{post.id}/reposts").text
        assert browser.http.get(f"/p/{post.id}/likes").status_code == 200
        assert browser.http.get(f"/p/{post.id}/enemies").status_code == 404
