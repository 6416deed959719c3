"""Comments at a real relay: written, answered, edited and deleted, by whoever may see the post; told to whom they concern."""

from typing import Any

import httpx
import pytest

from relay.app.dispatch import method_of
from relay.core.access import Action
from relay.core.limits import LIMITS, Kind
from relay.wire.comments import MAX_COMMENT, REPLIES_SHOWN
from relay.wire.events import (
    CommentAdded,
    CommentEdited,
    CommentRemoved,
    Event,
    Payload,
    Ping,
    Pong,
    Watch,
    read_payload,
)
from relay.wire.rest import AudioPost
from tests.support.claims import FormBrowser
from tests.support.clients import AUDIO, client_of, problem
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, RelaySocket
from tests.support.rows import every_row

BOTH_ENGINES = True


def say(by: RelayClient, post: AudioPost, text: str, **more: Any) -> httpx.Response:
    return by.http.post(f"/audio/{post.id}/comments", json={"text": text, **more})


def said(by: RelayClient, post: AudioPost, text: str, **more: Any) -> dict[str, Any]:
    answer = say(by, post, text, **more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(by: RelayClient, post: AudioPost) -> list[str]:
    return [each["text"] for each in by.http.get(f"/audio/{post.id}/comments").json()["comments"]]


def count(by: RelayClient, post: AudioPost) -> int:
    return int(by.http.get(f"/audio/{post.id}").json()["comment_count"])


def heard(socket: RelaySocket) -> Payload:
    """The next of the events that are about comments."""
    while True:
        message = socket.next()
        told = read_payload(message) if isinstance(message, Event) else None
        if isinstance(told, CommentAdded | CommentEdited | CommentRemoved):
            return told


def test_a_thread_grows_shrinks_and_leaves_a_place_where_it_was_answered(
    owner: RelayClient, other: RelayClient
) -> None:
    post = owner.post(AUDIO, title="talk about it")
    first = said(other, post, "  that bass  ", position_ms=120)
    assert (first["text"], first["position_ms"], first["username"]) == ("that bass", 120, "other")
    answers = [said(owner, post, f"answer {n}", parent_id=first["id"]) for n in range(REPLIES_SHOWN + 1)]
    deep = said(other, post, "deeper", parent_id=answers[0]["id"])
    assert (deep["root_id"], deep["parent_id"]) == (first["id"], answers[0]["id"])
    (shown,) = other.http.get(f"/audio/{post.id}/comments").json()["comments"]
    assert shown["reply_count"] == REPLIES_SHOWN + 2 and count(owner, post) == REPLIES_SHOWN + 3
    assert [each["text"] for each in shown["replies"]] == [f"answer {n}" for n in range(REPLIES_SHOWN)]
    page = other.http.get(f"/comments/{first['id']}/replies?limit=3").json()
    rest = other.http.get(f"/comments/{first['id']}/replies?limit=3&cursor={page['next']}").json()
    texts = [each["text"] for each in page["comments"] + rest["comments"]]
    assert texts == [*(f"answer {n}" for n in range(REPLIES_SHOWN + 1)), "deeper"] and rest["next"] is None
    for each in (first, answers[0]):
        who = other if each is first else owner
        assert who.http.delete(f"/comments/{each['id']}").json() == {"comment_id": each["id"]}
    gone = other.http.get(f"/comments/{first['id']}").json()
    assert (gone["deleted"], gone["text"], gone["username"], gone["position_ms"]) == (True, "", None, None)
    assert gone["reply_count"] == REPLIES_SHOWN + 1 == count(owner, post)
    assert problem(say(owner, post, "to a tombstone", parent_id=first["id"])) == (404, "not_found")
    for each in (deep, *answers[1:]):
        who = other if each is deep else owner
        assert who.http.delete(f"/comments/{each['id']}").status_code == 200
    assert listed(owner, post) == [] and count(owner, post) == 0, "no tombstone without answers stays"
    assert problem(other.http.get(f"/comments/{first['id']}")) == (404, "not_found")


@pytest.mark.parametrize(
    "given",
    [
        {"text": ""},
        {"text": " \n "},
        {"text": "x" * (MAX_COMMENT + 1)},
        {"text": "a\0b"},
        {"text": "\u202etxet"},
        {"text": "behind the end", "position_ms": 10**6},
        {"text": "before it", "position_ms": -1},
    ],
)
def test_what_a_comment_may_say_and_where(other: RelayClient, post: AudioPost, given: dict[str, Any]) -> None:
    assert problem(other.http.post(f"/audio/{post.id}/comments", json=given)) == (422, "validation")


def test_who_may_say_what(
    relay: RelayProcess, owner: RelayClient, other: RelayClient, anonymous: RelayClient
) -> None:
    post = owner.post(AUDIO, title="who may")
    third, villain = client_of(relay, "third"), client_of(relay, "villain")
    words = said(other, post, "mine")
    theirs = said(villain, post, "nasty")
    assert problem(say(anonymous, post, "x")) == (401, "sign_in_required")
    assert problem(third.http.patch(f"/comments/{words['id']}", json={"text": "hers"})) == (404, "not_found")
    assert problem(owner.http.patch(f"/comments/{words['id']}", json={"text": "his"})) == (404, "not_found")
    edited = other.http.patch(f"/comments/{words['id']}", json={"text": "mine, still"}).json()
    assert edited["text"] == "mine, still" and edited["edited_at"] is not None
    assert problem(third.http.delete(f"/comments/{words['id']}")) == (404, "not_found")
    # across a block nobody sees, answers, or says anything
    other.http.post("/social/block", json={"username": "villain"})
    assert listed(other, post) == ["mine, still"] and listed(villain, post) == ["nasty"]
    assert sorted(listed(third, post)) == ["mine, still", "nasty"]
    assert problem(say(villain, post, "re", parent_id=words["id"])) == (404, "not_found")
    owner.http.post("/social/block", json={"username": "villain"})
    assert problem(say(villain, post, "again")) == (404, "not_found")
    assert problem(villain.http.get(f"/audio/{post.id}/comments")) == (404, "not_found")
    owner.http.post("/social/unblock", json={"username": "villain"})
    assert owner.http.delete(f"/comments/{theirs['id']}").status_code == 200, "on a post of one's own"
    # who cannot see the post sees none of them
    owner.http.patch(f"/audio/{post.id}", json={"visibility": "private"})
    assert problem(other.http.get(f"/comments/{words['id']}")) == (404, "not_found")
    assert problem(other.http.delete(f"/comments/{words['id']}")) == (404, "not_found")
    assert listed(owner, post) == ["mine, still"]
    owner.http.delete(f"/audio/{post.id}")
    assert problem(owner.http.get(f"/audio/{post.id}/comments")) == (410, "gone")


def test_a_button_pressed_twice_is_one_comment(owner: RelayClient, other: RelayClient) -> None:
    post = owner.post(AUDIO, title="pressed twice")
    first = said(other, post, "yes", position_ms=1)
    assert said(other, post, "yes", position_ms=1)["id"] == first["id"]
    assert said(other, post, "yes")["id"] != first["id"] and count(owner, post) == 2


def test_they_are_told_to_whom_they_concern_once_and_to_who_looks(
    relay: RelayProcess, owner: RelayClient, other: RelayClient
) -> None:
    post = owner.post(AUDIO, title="told")
    named, looker, blocked = (client_of(relay, name) for name in ("named", "looker", "unseen"))
    other.http.post("/social/block", json={"username": "unseen"})
    sockets = {each: each.socket() for each in (owner, named, looker, blocked)}
    try:
        for each in (looker, blocked):
            sockets[each].send(Watch(post_id=post.id), Ping())
            sockets[each].expect(Pong)
        first = said(other, post, "listen, @named and @unseen and @nobody-here")
        assert first["mentions"] == ["named", "unseen"]
        for who, why in ((owner, "yours"), (named, "mention"), (looker, "watched")):
            told = heard(sockets[who])
            assert isinstance(told, CommentAdded) and (told.comment.id, told.why) == (first["id"], why)
        other.http.patch(f"/comments/{first['id']}", json={"text": "@named, @named: never mind"})
        for who in (owner, looker):
            told = heard(sockets[who])
            assert isinstance(told, CommentEdited) and told.comment.edited_at is not None
        answer = said(owner, post, "hm", parent_id=first["id"])
        assert heard(sockets[looker]).comment.id == answer["id"]  # type: ignore[union-attr]
        other.http.delete(f"/comments/{first['id']}")
        for who in (owner, looker):
            assert heard(sockets[who]) == CommentRemoved(post_id=post.id, comment_id=first["id"])
        # nothing of it reached who is blocked, nor the named a second time: what they hear next is what follows
        last = said(looker, post, "the last, @named @unseen")
        for who, whys in ((named, ["mention"]), (blocked, ["mention", "watched"]), (owner, ["yours"])):
            told = heard(sockets[who])
            assert isinstance(told, CommentAdded) and told.comment.id == last["id"] and told.why in whys
    finally:
        for each in sockets.values():
            each.close()


def test_pages_do_all_of_it_without_a_script(relay: RelayProcess, owner: RelayClient) -> None:
    post = owner.post(AUDIO, title="on paper")
    with FormBrowser(relay.url) as browser:
        browser.sign_in("paper-fan")
        page = browser.http.get(f"/p/{post.id}").text
        assert "Nobody has said anything yet" in page

        def send(path: str, **fields: str) -> httpx.Response:
            token = page.split('name="csrf" content="')[1].split('"')[0]
            return browser.http.post(path, data={"csrf": token, **fields}, headers={"origin": relay.url})

        wrote = send(f"/p/{post.id}/comments", text="two\r\nlines <b> @holder", at="0:00.2")
        assert wrote.status_code == 303 and wrote.headers["location"].startswith(f"/p/{post.id}#c-")
        comment_id = wrote.headers["location"].rpartition("-")[2]
        answered = send(f"/p/{post.id}/comments", text="and more", parent_id=comment_id)
        assert answered.headers["location"].startswith(f"/c/{comment_id}#c-")
        page = browser.http.get(f"/p/{post.id}").text
        assert 'two\nlines &lt;b&gt; <a href="/u/holder">@holder</a>' in page and "2 comments" in page
        assert 'class="marks"' in page and f'href="#c-{comment_id}"' in page and "at 0:00" in page
        thread = browser.http.get(f"/c/{comment_id}").text
        assert "and more" in thread
        for fields in (
            {"text": "x", "at": "9:99"},
            {"text": "x", "at": "soon"},
            {"text": "  "},
            {"text": "\x07"},
        ):
            refused = send(f"/p/{post.id}/comments", **fields)
            assert refused.status_code == 422 and "data-trouble" in refused.text
            assert f">{fields['text']}</textarea>" in refused.text, "what was written is not lost"
        assert send(f"/c/{comment_id}/edit", text="one line").status_code == 303
        assert "one line" in browser.http.get(f"/p/{post.id}").text
        assert send(f"/c/{comment_id}/delete").headers["location"] == f"/p/{post.id}#comments"
        assert "This comment was deleted" in browser.http.get(f"/p/{post.id}").text
        anonymous = httpx.get(f"{relay.url}/p/{post.id}", trust_env=False).text
        assert "Sign in</a> to comment" in anonymous and "<textarea" not in anonymous


def test_talking_has_a_limit_of_its_own(owner: RelayClient, other: RelayClient) -> None:
    post = owner.post(AUDIO, title="talked over")
    first = say(other, post, "first")
    liked = other.http.post("/social/like", json={"post_id": post.id})
    assert int(first.headers["ratelimit-limit"]) % LIMITS[Kind.COMMENT].count == 0, (
        "for development, more of it"
    )
    left = int(first.headers["ratelimit-remaining"])
    assert left < int(first.headers["ratelimit-limit"]), "it was taken from; how fast it fills is the clock's"
    assert liked.headers["ratelimit-limit"] != first.headers["ratelimit-limit"]
    changes = [row for row in every_row() if row.action in (Action.COMMENT_WRITE, Action.COMMENT_EDIT)]
    assert {row.limit for row in changes if method_of(row) != "GET"} == {Kind.COMMENT}


def test_comments_are_found_by_their_words_by_who_may_see_them(
    owner: RelayClient, other: RelayClient, follower: RelayClient, anonymous: RelayClient
) -> None:
    post = owner.post(short_flac(4990))
    said = other.http.post(f"/audio/{post.id}/comments", json={"text": "Such a glassy snare"}).json()

    def found(client: RelayClient, words: str) -> list[str]:
        page = client.http.get("/search/comments", params={"q": words}).json()["comments"]
        both = client.http.get("/search", params={"q": words}).json()["comments"]
        assert both == page
        return [each["id"] for each in page]

    assert (
        found(anonymous, "glassy")
        == found(follower, "glas*")
        == found(owner, '"glassy snare"')
        == [said["id"]]
    )
    assert "glassy snare" in anonymous.http.get(f"{anonymous.url}/search?q=glassy").text
    other.http.patch(f"/comments/{said['id']}", json={"text": "Such a wooden snare"}).raise_for_status()
    assert (found(anonymous, "glassy"), found(anonymous, "wooden")) == ([], [said["id"]])
    owner.http.patch(f"/audio/{post.id}", json={"visibility": "unlisted"}).raise_for_status()
    assert (found(other, "wooden"), found(owner, "wooden")) == ([], [said["id"]])
    owner.http.patch(f"/audio/{post.id}", json={"visibility": "followers"}).raise_for_status()
    assert (found(other, "wooden"), found(follower, "wooden")) == ([], [said["id"]])
    owner.http.delete(f"/comments/{said['id']}").raise_for_status()
    assert found(owner, "wooden") == []
