"""What the owner does with a post that is out, on a real relay: edit, show it to others, delete it with all that was made."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from audio.encode.id3 import without_tag
from relay.wire.events import Event, FeedNewPost, FeedPostChanged, FeedPostRemoved, Payload, read_payload
from relay.wire.rest import AudioPost
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, RelaySocket

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def stranger(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("passer-by")
        yield client


@pytest.fixture
def heard(follower: RelayClient) -> Iterator[RelaySocket]:
    with closing(follower.socket()) as socket:
        yield socket


def new_post(owner: RelayClient, frames: int = 4800, **meta: object) -> AudioPost:
    """Of a sound that no other test has: of so many frames."""
    return owner.post(short_flac(frames), **meta)


def edit(client: RelayClient, post: AudioPost, **change: object) -> httpx.Response:
    return client.http.patch(f"/audio/{post.id}", json=change)


def told(socket: RelaySocket) -> Payload | None:
    return read_payload(socket.expect(Event))


ADDRESSES = ("/audio/{}", "/audio/{}/mp3", "/audio/{}/waveform")


def statuses(client: RelayClient, post: AudioPost) -> set[int]:
    """Of each address that the post has."""
    got = [client.http.get(each.format(post.id)).status_code for each in ADDRESSES]
    return {*got, client.http.get(f"{client.url}/p/{post.id}").status_code}


def in_feed(client: RelayClient, post: AudioPost) -> set[str]:
    """The lists on which the client sees it."""
    lists = ["/feed/global", "/feed/user/holder"] + (["/feed/timeline"] if client.pair else [])
    return {each for each in lists if post.id in client.http.get(each).text}


def test_an_edit_is_the_post_from_then_on_everywhere(
    owner: RelayClient, stranger: RelayClient, anonymous: RelayClient, heard: RelaySocket
) -> None:
    post = new_post(owner, 4801, title="Old name", genre=["dub"])
    assert isinstance(told(heard), FeedNewPost)
    answer = edit(owner, post, title="New name", genre=["house", "夜"])
    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["genre"]) == ("New name", ["house", "夜"])
    changed = told(heard)
    assert isinstance(changed, FeedPostChanged) and changed.post.title == "New name"
    for said in (
        stranger.http.get(f"/audio/{post.id}").text,
        anonymous.http.get("/feed/global").text,
        anonymous.http.get(post.page_url).text,
        anonymous.http.get(f"{anonymous.url}/embed/{post.id}").text,
        anonymous.http.get(f"{anonymous.url}/u/holder").text,
    ):
        assert "New name" in said and "Old name" not in said
    assert edit(owner, post, title="").json()["title"] == ""
    assert edit(owner, post).json()["genre"] == ["house", "夜"]


def test_the_title_in_the_sound_itself_is_the_posts(
    owner: RelayClient, anonymous: RelayClient, relay: RelayProcess, engines: Engines
) -> None:
    """Players that were given the file show what stands in it."""
    before = engines.objects_of(relay.data)
    post = new_post(owner, 4814, title="Old words", bpm=92.5, key="A minor")
    made = engines.objects_of(relay.data)
    old = anonymous.http.get(f"/audio/{post.id}/mp3").content
    edit(owner, post, title="New words ♪")
    new = anonymous.http.get(f"/audio/{post.id}/mp3").content
    assert b"Old words" in old and b"Old words" not in new and "New words ♪".encode("utf-16-le") in new
    assert (
        without_tag(new) == without_tag(old) and new[: len(new) - len(without_tag(new))].count(b"TBPM") == 1
    )
    assert len(engines.objects_of(relay.data)) == len(made), "the old one went"
    owner.http.delete(f"/audio/{post.id}").raise_for_status()
    assert engines.objects_of(relay.data) == before


def test_an_edit_that_changes_nothing_is_told_to_nobody(owner: RelayClient, heard: RelaySocket) -> None:
    post = new_post(owner, 4802, title="Same")
    assert isinstance(told(heard), FeedNewPost)
    assert edit(owner, post, title="Same", visibility="public").status_code == 200
    edit(owner, post, title="Other")
    changed = told(heard)
    assert isinstance(changed, FeedPostChanged) and changed.post.title == "Other"


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "x" * 121},
        {"genre": ["x"] * 9},
        {"visibility": "secret"},
        {"plays": 7},
        {"title": "a\nb"},
        [],
    ],
    ids=json.dumps,
)
def test_what_no_post_can_be_is_refused_and_changes_nothing(owner: RelayClient, wrong: object) -> None:
    post = new_post(owner, 4803, title="As it is")
    assert owner.http.patch(f"/audio/{post.id}", json=wrong).status_code == 422
    assert owner.http.get(f"/audio/{post.id}").json()["title"] == "As it is"


def test_nobody_but_the_owner_changes_or_deletes(
    owner: RelayClient, follower: RelayClient, anonymous: RelayClient
) -> None:
    post = new_post(owner, 4804)
    hidden = new_post(owner, 4804, visibility="private")
    for each in (post, hidden):
        assert edit(follower, each, title="mine").status_code == 404
        assert follower.http.delete(f"/audio/{each.id}").status_code == 404
        assert edit(anonymous, each, title="mine").status_code == 401
        assert anonymous.http.delete(f"/audio/{each.id}").status_code == 401
        assert owner.http.get(f"/audio/{each.id}").json()["title"] == "test"


def test_each_visibility_is_for_whom_it_says(
    owner: RelayClient, follower: RelayClient, stranger: RelayClient, anonymous: RelayClient
) -> None:
    """Given with the upload, and changed later."""
    everywhere = {"/feed/global", "/feed/user/holder", "/feed/timeline"}
    told_of = {
        "public": (everywhere, everywhere - {"/feed/timeline"}, {200}, {200}),
        "followers": (everywhere - {"/feed/global"}, set(), {200}, {404}),
        "unlisted": (set(), set(), {200}, {200}),
        "private": (set(), set(), {404}, {404}),
    }
    later = new_post(owner, 4805)
    for visibility, (of_follower, of_others, may_follower, may_others) in told_of.items():
        given = new_post(owner, 4806, visibility=visibility)
        assert edit(owner, later, visibility=visibility).json()["visibility"] == visibility
        for post in (given, later):
            assert post.id == given.id or edit(owner, post, visibility=visibility).status_code == 200
            assert in_feed(follower, post) == of_follower, visibility
            assert in_feed(stranger, post) == in_feed(anonymous, post) == of_others, visibility
            assert statuses(owner, post) == {200}
            assert statuses(follower, post) == may_follower, visibility
            assert statuses(stranger, post) == statuses(anonymous, post) == may_others, visibility
            shown = anonymous.http.get(f"{anonymous.url}/embed/{post.id}").status_code
            assert shown == (200 if visibility == "public" else 404)
    kept = owner.http.get(f"/audio/{later.id}/mp3").headers["cache-control"]
    assert "private" in kept and "immutable" not in kept


def test_followers_forget_what_is_withdrawn_and_hear_once_of_what_comes_to_be_seen(
    owner: RelayClient, heard: RelaySocket
) -> None:
    post = new_post(owner, 4807, visibility="private")
    edit(owner, post, title="Not yet")
    edit(owner, post, visibility="followers")
    first = told(heard)
    assert isinstance(first, FeedNewPost) and (first.post.title, first.post.visibility) == (
        "Not yet",
        "followers",
    )
    edit(owner, post, visibility="unlisted")
    assert told(heard) == FeedPostRemoved(post_id=post.id)
    edit(owner, post, visibility="public")
    back = told(heard)
    assert isinstance(back, FeedPostChanged) and back.post.id == post.id


def test_who_was_away_is_told_what_stands_now(owner: RelayClient, follower: RelayClient) -> None:
    with closing(follower.socket()) as socket:
        cursor = socket.connected.cursor
    kept, gone, withdrawn, secret = (new_post(owner, 4808, title=each) for each in ("a", "b", "c", "d"))
    edit(owner, secret, visibility="private")
    edit(owner, kept, title="kept")
    owner.http.delete(f"/audio/{gone.id}").raise_for_status()
    edit(owner, withdrawn, visibility="private")
    with closing(follower.socket(cursor)) as socket:
        assert socket.connected.recovered
        said = [read_payload(each) for each in socket.connected.events]
    assert [
        (type(each), each.post.title) for each in said if isinstance(each, FeedNewPost | FeedPostChanged)
    ] == [
        (FeedNewPost, "kept"),
        (FeedPostChanged, "kept"),
    ]
    removed = [each.post_id for each in said if isinstance(each, FeedPostRemoved)]
    assert removed == [secret.id, gone.id, withdrawn.id]


# deleting -------------------------------------------------------------------------------------------------------


def test_a_deleted_post_is_gone_from_every_place(
    owner: RelayClient, follower: RelayClient, anonymous: RelayClient, heard: RelaySocket
) -> None:
    before = owner.http.get("/users/me").json()["post_count"]
    post = new_post(owner, 4809, title="Regretted", genre=["regret"])
    assert isinstance(told(heard), FeedNewPost)
    follower.http.post("/social/like", json={"post_id": post.id}).raise_for_status()
    follower.http.post("/social/react", json={"post_id": post.id, "emoji": "🔥"}).raise_for_status()
    assert post.id in owner.http.get("/inbox").text
    answer = owner.http.delete(f"/audio/{post.id}")
    assert (answer.status_code, answer.json()) == (200, {"post_id": post.id})
    assert told(heard) == FeedPostRemoved(post_id=post.id)
    for client in (owner, follower, anonymous):
        assert statuses(client, post) == {410}
        assert in_feed(client, post) == set()
    assert anonymous.http.get(f"{anonymous.url}/embed/{post.id}").status_code == 404
    assert anonymous.http.get(f"/audio/{post.id}/mp3", headers={"if-none-match": "*"}).status_code == 410
    assert follower.http.post("/social/like", json={"post_id": post.id}).status_code == 410
    assert post.id not in owner.http.get("/inbox").text
    assert owner.http.get("/users/me").json()["post_count"] == before
    assert owner.http.delete(f"/audio/{post.id}").status_code == 410
    assert edit(owner, post, title="back").status_code == 410
    page = anonymous.http.get(post.page_url, headers={"accept": "text/html"})
    assert page.status_code == 410 and "This post was deleted." in page.text and "Regretted" not in page.text


def test_what_was_never_seen_does_not_become_known_by_its_end(
    owner: RelayClient, follower: RelayClient, heard: RelaySocket
) -> None:
    post = new_post(owner, 4810, visibility="private")
    owner.http.delete(f"/audio/{post.id}").raise_for_status()
    assert statuses(follower, post) == {404} and statuses(owner, post) == {410}
    shown = new_post(owner, 4810, title="next")
    heard_next = told(heard)
    assert isinstance(heard_next, FeedNewPost) and heard_next.post.id == shown.id


def test_the_key_of_a_deleted_post_makes_no_other(owner: RelayClient) -> None:
    entry_id, audio = secrets.token_hex(16), short_flac(4811)
    post = owner.post(audio, entry_id=entry_id)
    owner.http.delete(f"/audio/{post.id}").raise_for_status()
    again = owner.upload(audio, entry_id=entry_id)
    assert (again.status_code, again.json()["code"]) == (410, "gone")


def test_objects_go_with_the_last_post_that_needs_them(
    owner: RelayClient, stranger: RelayClient, relay: RelayProcess, engines: Engines
) -> None:
    """Equal bytes are stored once: whoever else posted them keeps them."""
    audio = short_flac(4812)
    before = engines.objects_of(relay.data)
    mine, theirs = owner.post(audio, title="same"), stranger.post(audio, title="same")
    made = engines.objects_of(relay.data) - before
    sound = stranger.http.get(f"/audio/{theirs.id}/mp3").content
    owner.http.delete(f"/audio/{mine.id}").raise_for_status()
    assert engines.objects_of(relay.data) - before == made
    assert stranger.http.get(f"/audio/{theirs.id}/mp3").content == sound
    assert stranger.http.get(f"/audio/{theirs.id}/flac").status_code == 200
    stranger.http.delete(f"/audio/{theirs.id}").raise_for_status()
    assert engines.objects_of(relay.data) == before
    again = owner.post(audio, title="same")
    assert owner.http.get(f"/audio/{again.id}/mp3").content == sound


def test_posting_and_deleting_equal_sound_at_once_leaves_no_post_without_its_sound(
    owner: RelayClient, stranger: RelayClient
) -> None:
    audio = short_flac(4813)
    first = owner.post(audio, title="race")
    made: list[AudioPost] = []
    posting = threading.Thread(
        target=lambda: made.extend(stranger.post(audio, title="race") for _ in range(3))
    )
    posting.start()
    for _ in range(6):
        owner.http.delete(f"/audio/{first.id}").raise_for_status()
        first = owner.post(audio, title="race")
    posting.join()
    for client, posts in ((owner, [first]), (stranger, made)):
        for post in posts:
            assert client.http.get(f"/audio/{post.id}/mp3").status_code == 200
            assert client.http.get(f"/audio/{post.id}/flac").status_code == 200
