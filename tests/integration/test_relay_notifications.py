"""Notifications at a real relay: told once, gone when taken back, never across a block, and chosen by whoever is told."""

import secrets
from typing import Any

import pytest

from relay.features.notifications.rules import Kind
from relay.wire.events import Event, NotificationsTold, read_payload
from relay.wire.rest import AudioPost
from tests.support.claims import FormBrowser
from tests.support.clients import AUDIO, client_of, problem
from tests.support.relay import RelayClient, RelayProcess, RelaySocket

BOTH_ENGINES = True


@pytest.fixture
def star(relay: RelayProcess) -> RelayClient:
    """Somebody new."""
    return client_of(relay, f"star-{secrets.token_hex(4)}")


@pytest.fixture
def song(star: RelayClient) -> AudioPost:
    return star.post(AUDIO, title="Song")


@pytest.fixture(scope="module")
def fans(relay: RelayProcess) -> list[RelayClient]:
    return [client_of(relay, f"fan{number}") for number in range(4)]


def listed(by: RelayClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = by.http.get(f"/notifications{query}").json()["notifications"]
    return found


def sentences(by: RelayClient) -> list[str]:
    return [each["sentence"] for each in listed(by)]


def counts(by: RelayClient) -> tuple[int, int]:
    """Unread and unseen."""
    found = by.http.get("/notifications/counts").json()
    return found["unread"], found["unseen"]


def like(by: RelayClient, post: AudioPost, like: bool = True) -> None:
    by.http.post(f"/social/{'like' if like else 'unlike'}", json={"post_id": post.id}).raise_for_status()


def test_many_who_do_alike_are_told_of_together_and_once(
    star: RelayClient, song: AudioPost, fans: list[RelayClient]
) -> None:
    for fan in fans:
        like(fan, song)
    fans[0].http.post("/social/react", json={"post_id": song.id, "emoji": "🔥"})
    fans[1].follow(star.username)
    assert sentences(star) == ["fan1 follows you", "fan0, fan3 and 2 others reacted to “Song”"]
    (_, reacted) = listed(star)
    assert (reacted["count"], len(reacted["ids"]), reacted["post_id"]) == (4, 5, song.id)
    assert reacted["url"] == song.page_url and counts(star) == (2, 2)
    for _ in range(3):  # there and back again is no news
        like(fans[2], song, False)
        like(fans[2], song)
    assert [each["id"] for each in listed(star)][1] == reacted["id"] and counts(star) == (2, 2)
    for fan in fans:
        like(fan, song, False)
    assert sentences(star) == ["fan1 follows you", "fan0 reacted to “Song”"], "what was taken back is gone"
    assert star.http.post("/notifications/seen").json() == {"unread": 2, "unseen": 0}
    read = star.http.post("/notifications/read", json={"ids": reacted["ids"]}).json()
    assert read == {"unread": 1, "unseen": 0}
    like(fans[3], song)
    assert [each["read"] for each in listed(star)] == [False, True], "what was read stays read"
    assert star.http.post("/notifications/read", json={}).json() == {"unread": 0, "unseen": 0}
    assert problem(star.http.post("/notifications/read", json={"ids": ["x"]})) == (422, "validation")


def test_comments_answers_and_mentions(star: RelayClient, song: AudioPost, fans: list[RelayClient]) -> None:
    def say(by: RelayClient, text: str, **more: str) -> str:
        path = f"/audio/{song.id}/comments"
        return str(by.http.post(path, json={"text": text, **more}).json()["id"])

    first = say(fans[0], "hello")
    say(fans[1], "hi", parent_id=first)
    mine = say(star, "thanks @fan2 and @fan3")
    say(fans[2], "welcome", parent_id=mine)
    assert sentences(star) == ["fan2 answered you on “Song”", "fan1 and fan0 commented on “Song”"]
    assert listed(star)[0]["text"] == "welcome" and listed(star)[1]["url"].endswith("#comments")
    assert "fan1 answered you on “Song”" in sentences(fans[0])
    assert f"{star.username} mentioned you on “Song”" in sentences(fans[3])
    fans[1].http.post("/social/block", json={"username": "fan0"})
    assert not any("fan1" in each for each in sentences(fans[0])), "across a block nothing is told"
    fans[1].http.post("/social/unblock", json={"username": "fan0"})
    star.http.patch(f"/audio/{song.id}", json={"visibility": "private"})
    assert not any("“Song”" in each for fan in fans for each in sentences(fan)), "nor of what one may not see"
    star.http.delete(f"/comments/{first}")
    star.http.delete(f"/comments/{mine}")
    assert sentences(star) == ["fan2 answered you on “Song”", "fan1 commented on “Song”"]
    star.http.delete(f"/audio/{song.id}")
    assert sentences(star) == [] and counts(star) == (0, 0)


def test_pages_neither_repeat_nor_skip(star: RelayClient, fans: list[RelayClient]) -> None:
    posts = [star.post(AUDIO, title=f"number {number}") for number in range(3)]
    for post in posts:
        for fan in fans[:2]:
            like(fan, post)
    whole = [id_ for each in listed(star) for id_ in each["ids"]]
    found, cursor = list[str](), ""
    while cursor is not None:
        page = star.http.get(
            f"/notifications?limit=3&cursor={cursor}" if cursor else "/notifications?limit=3"
        ).json()
        found += [id_ for each in page["notifications"] for id_ in each["ids"]]
        cursor = page["next"]
    assert found == whole and len(set(found)) == 6


def test_private_accounts_and_reposts(
    relay: RelayProcess, star: RelayClient, song: AudioPost, fans: list[RelayClient]
) -> None:
    fans[0].http.post("/social/repost", json={"post_id": song.id}).raise_for_status()
    assert sentences(star) == ["fan0 reposted “Song”"]
    star.http.put("/users/me", json={"is_private": True}).raise_for_status()
    fans[3].http.post("/social/follow", json={"username": star.username}).raise_for_status()
    asked = listed(star)[0]
    assert (asked["kind"], asked["sentence"]) == ("follow_request", "fan3 asks to follow you")
    assert asked["url"] == f"{relay.url}/follow-requests"
    star.http.post("/users/me/follow-requests/fan3/accept").raise_for_status()
    assert f"{star.username} lets you follow" in sentences(fans[3])
    assert sentences(star)[0] == "fan3 follows you", "what was asked has been answered"
    star.http.post("/social/mute", json={"username": "fan3"}).raise_for_status()
    assert sentences(star) == ["fan0 reposted “Song”"], "of who is muted nothing is heard"


def test_one_is_told_of_what_one_chose(star: RelayClient, song: AudioPost, fans: list[RelayClient]) -> None:
    assert set(star.http.get("/notifications/preferences").json().values()) == {True}
    chosen = star.http.put("/notifications/preferences", json={"reaction": False}).json()
    assert chosen["reaction"] is False and chosen["follow"] is True
    like(fans[0], song)
    fans[0].follow(star.username)
    assert sentences(star) == ["fan0 follows you"]
    star.http.put("/notifications/preferences", json={"reaction": True})
    like(fans[1], song)
    assert sentences(star) == ["fan1 liked “Song”", "fan0 follows you"]
    assert problem(star.http.put("/notifications/preferences", json={"weather": True})) == (422, "validation")


def told(socket: RelaySocket) -> NotificationsTold:
    while True:
        message = socket.next()
        found = read_payload(message) if isinstance(message, Event) else None
        if isinstance(found, NotificationsTold):
            return found


def test_every_device_hears_of_new_ones_and_of_those_that_were_read(
    star: RelayClient, song: AudioPost, fans: list[RelayClient]
) -> None:
    socket = star.socket(notifications=True)
    try:
        like(fans[0], song)
        first = told(socket)
        assert (first.unread, first.unseen) == (1, 1)
        assert first.new is not None and first.new.sentence == "fan0 liked “Song”"
        like(fans[0], song, False)
        like(fans[0], song)
        like(fans[1], song)
        second = told(socket)
        assert second.unread == 1 and second.new is not None
        assert second.new.sentence == "fan1 and fan0 liked “Song”", "the like that came again was no news"
        star.http.post("/notifications/read", json={})
        assert told(socket) == NotificationsTold(unread=0, unseen=0)
    finally:
        socket.close()


def test_the_list_as_a_page_and_what_is_chosen_as_a_form(
    relay: RelayProcess, fans: list[RelayClient]
) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("reader")
        assert "Nothing yet" in browser.http.get("/notifications").text
        for fan in fans[:2]:
            fan.follow("reader")
        page = browser.http.get("/notifications")
        assert "fan1 and fan0 follow you" in page.text and "(unread)" in page.text
        assert browser.press(page, to="/notifications/read").headers["location"] == "/notifications"
        page = browser.http.get("/notifications")
        assert "fan1 and fan0 follow you" in page.text and "(unread)" not in page.text
        form = browser.http.get("/notifications/preferences")
        assert form.text.count("checked") == 3 * len(Kind), (
            "here, by push and to webhooks; by mail what one asks for"
        )
        chosen = {"follow.app": "yes", "comment.mail": "yes"}
        saved = browser.press(form, to="/notifications/preferences", **chosen)
        assert saved.headers["location"] == "/notifications/preferences"
        assert browser.http.get("/notifications/preferences").text.count("checked") == 2
