"""Another sound for a post that is out: what stays, who hears which sound at which address, who is told; on a real relay."""

import secrets
from contextlib import closing
from hashlib import sha256

import httpx

from audio.encode.id3 import without_tag
from relay.wire.events import (
    Event,
    FeedNewPost,
    FeedPostChanged,
    FeedPostRemoved,
    Ping,
    Pong,
    Watch,
    read_payload,
)
from relay.wire.rest import AudioPost
from tests.support.clients import client_of, problem
from tests.support.loops import loop_flac, short_flac
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True


def replace(client: RelayClient, post_id: str, audio: bytes, **fields: str) -> httpx.Response:
    """As curl's -F does it."""
    return client.http.post(f"/audio/{post_id}/upload", files={"audio": ("take", audio)}, data=fields)


def mp3(client: RelayClient, post_id: str, v: int | None = None) -> httpx.Response:
    return client.http.get(f"/audio/{post_id}/mp3", params={} if v is None else {"v": v})


def versions(client: RelayClient, post_id: str) -> list[dict[str, object]]:
    answer = client.http.get(f"/audio/{post_id}/versions")
    answer.raise_for_status()
    return list(answer.json()["versions"])


def test_a_new_sound_has_a_new_address_and_all_that_was_said_stays(
    owner: RelayClient, follower: RelayClient, anonymous: RelayClient
) -> None:
    post = owner.post(short_flac(96_000), title="Sketch", genre=["dub"], bpm=120.0, key="Am", duration_bars=1)
    follower.http.post("/social/like", json={"post_id": post.id}).raise_for_status()
    said = {"text": "that end", "position_ms": 1900}
    comment = follower.http.post(f"/audio/{post.id}/comments", json=said).json()
    was = mp3(anonymous, post.id)
    assert "immutable" in was.headers["cache-control"]
    with closing(follower.socket()) as socket:
        new = replace(owner, post.id, short_flac(48_000), bpm="240", title="not this one")
        told = read_payload(socket.expect(Event))
    assert new.status_code == 201, new.text
    now = new.json()
    assert (now["id"], now["title"], now["genre"], now["like_count"], now["comment_count"]) == (
        post.id,
        "Sketch",
        ["dub"],
        1,
        1,
    )
    assert (now["bpm"], now["key"], now["duration_ms"], now["duration_bars"]) == (240.0, None, 1000, None)
    assert now["audio_url"] == f"{post.audio_url}?v=2" and now["waveform_svg"].endswith("waveform?v=2")
    assert isinstance(told, FeedPostChanged) and told.post.audio_url == now["audio_url"]
    heard = anonymous.http.get(now["audio_url"])
    assert heard.content != was.content and "immutable" in heard.headers["cache-control"]
    bare = mp3(anonymous, post.id)
    assert bare.content == heard.content and "immutable" not in bare.headers["cache-control"]
    assert problem(mp3(anonymous, post.id, 1)) == problem(mp3(follower, post.id, 1)) == (410, "gone")
    assert mp3(owner, post.id, 1).content == was.content
    assert "immutable" not in mp3(owner, post.id, 1).headers["cache-control"]
    assert problem(mp3(owner, post.id, 3)) == (404, "not_found")
    shown = anonymous.http.get(f"/comments/{comment['id']}").json()
    assert (shown["text"], shown["position_ms"]) == ("that end", None), "the sound has no such place now"
    assert now["audio_url"] in anonymous.http.get(f"{anonymous.url}/p/{post.id}").text
    in_feed = {each["id"]: each for each in anonymous.http.get("/feed/latest").json()["posts"]}
    assert in_feed[post.id]["audio_url"] == now["audio_url"]


def test_its_versions_are_the_owners_who_can_forget_them(
    owner: RelayClient, other: RelayClient, anonymous: RelayClient
) -> None:
    post = owner.post(short_flac(4850))
    kept = owner.http.get("/users/me").json()
    assert replace(owner, post.id, short_flac(4851)).status_code == 201
    listed = versions(owner, post.id)
    assert [(each["n"], each["current"]) for each in listed] == [(2, True), (1, False)]
    assert [each["audio_url"] for each in listed] == [f"{post.audio_url}?v={n}" for n in (2, 1)]
    for client, status in ((other, 404), (anonymous, 401)):
        assert client.http.get(f"/audio/{post.id}/versions").status_code == status
        assert replace(client, post.id, short_flac(4852)).status_code == status
        assert client.http.post(f"/audio/{post.id}/process").status_code == status
        assert client.http.delete(f"/audio/{post.id}/versions/1").status_code == status
    assert problem(owner.http.delete(f"/audio/{post.id}/versions/2")) == (422, "validation")
    assert owner.http.delete(f"/audio/{post.id}/versions/x").status_code == 404
    left = owner.http.delete(f"/audio/{post.id}/versions/1").json()["versions"]
    assert [(each["n"], each["audio_url"] is None) for each in left] == [(2, False), (1, True)]
    assert problem(mp3(owner, post.id, 1)) == (404, "not_found")
    assert mp3(anonymous, post.id).status_code == 200
    assert owner.http.get("/users/me").json()["post_count"] == kept["post_count"]
    assert owner.http.delete(f"/audio/{post.id}").status_code == 200
    assert owner.http.get(f"/audio/{post.id}/versions").status_code == 410


def test_by_tus_and_a_key_it_is_replaced_once(owner: RelayClient) -> None:
    post, audio, key = owner.post(short_flac(4860)), short_flac(4861), secrets.token_hex(16)
    begun = owner.tus(
        "POST",
        f"{owner.url}/api/v1/uploads",
        audio,
        upload_length=str(len(audio)),
        idempotency_key=key,
    )
    upload_id = begun.headers["location"].rpartition("/")[2]
    meta = {"sha256": sha256(audio).hexdigest(), "title": "other"}

    def asked(path: str) -> httpx.Response:
        return owner.http.post(
            path, json={"upload_id": upload_id, "meta": meta}, headers={"idempotency-key": key}
        )

    first, again = asked(f"/audio/{post.id}/versions"), asked(f"/audio/{post.id}/versions")
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json() and first.json()["title"] == post.title
    assert len(versions(owner, post.id)) == 2
    assert problem(asked("/audio/process")) == (422, "idempotency_mismatch")


def test_made_anew_of_the_same_sound_it_is_the_same_version(owner: RelayClient) -> None:
    audio, bars = loop_flac(17)
    post = owner.post(audio, title="Again", bpm=128.0, key="F# minor", duration_bars=4, bar_frames=bars[:-1])
    was = mp3(owner, post.id).content
    again = owner.http.post(f"/audio/{post.id}/process")
    assert again.status_code == 200, again.text
    assert [each["n"] for each in versions(owner, post.id)] == [1]
    assert mp3(owner, post.id).content == was and again.json()["audio_url"] == post.audio_url
    assert {name: again.json()[name] for name in ("bpm", "key", "duration_bars", "frames", "outline")} == {
        name: getattr(post, name) for name in ("bpm", "key", "duration_bars", "frames", "outline")
    }


def test_what_is_retitled_says_its_title_whichever_sound_it_has(owner: RelayClient) -> None:
    post = owner.post(short_flac(4870), title="Before")
    owner.http.patch(f"/audio/{post.id}", json={"title": "After"}).raise_for_status()
    assert replace(owner, post.id, short_flac(4871)).status_code == 201
    assert (
        "After".encode("utf-16-le") in mp3(owner, post.id).content or b"After" in mp3(owner, post.id).content
    )
    owner.http.patch(f"/audio/{post.id}", json={"title": "Later"}).raise_for_status()
    now = mp3(owner, post.id).content
    assert b"Later" in now or "Later".encode("utf-16-le") in now
    assert without_tag(now) != without_tag(mp3(owner, post.id, 1).content)


def test_a_hidden_or_private_post_is_replaced_without_a_word_to_others(
    owner: RelayClient, follower: RelayClient
) -> None:
    post = owner.post(short_flac(4880), visibility="private")
    with closing(follower.socket()) as socket:
        assert replace(owner, post.id, short_flac(4881)).status_code == 201
        public = owner.post(short_flac(4882))
        told = read_payload(socket.expect(Event))
    assert isinstance(told, FeedNewPost) and told.post.id == public.id


def test_what_is_no_sound_changes_nothing(owner: RelayClient, post: AudioPost) -> None:
    was = owner.http.get(f"/audio/{post.id}").json()
    assert problem(replace(owner, post.id, b"no sound at all"))[1] == "audio_refused"
    assert owner.http.get(f"/audio/{post.id}").json() == was


def test_who_looks_at_a_post_is_told_what_it_is_now(owner: RelayClient, relay: RelayProcess) -> None:
    """Also who follows nobody; and of what is not for them any more, that it is gone."""
    post, looker = owner.post(short_flac(48_100), title="Watched"), client_of(relay, "looker")

    def told() -> FeedPostChanged | FeedPostRemoved:
        while not isinstance(found := read_payload(looking.expect(Event)), FeedPostChanged | FeedPostRemoved):
            pass
        return found

    with closing(looker.socket()) as looking:
        looking.send(Watch(post_id=post.id), Ping())
        looking.expect(Pong)
        now = replace(owner, post.id, short_flac(24_000)).json()
        changed = told()
        assert isinstance(changed, FeedPostChanged) and changed.post.audio_url == now["audio_url"]
        owner.http.patch(f"/audio/{post.id}", json={"visibility": "unlisted"}).raise_for_status()
        unlisted = told()
        assert isinstance(unlisted, FeedPostChanged) and unlisted.post.visibility == "unlisted"
        owner.http.patch(f"/audio/{post.id}", json={"visibility": "private"}).raise_for_status()
        assert told() == FeedPostRemoved(post_id=post.id)
        owner.http.patch(f"/audio/{post.id}", json={"visibility": "public"}).raise_for_status()
        assert isinstance(told(), FeedPostChanged)
        owner.http.delete(f"/audio/{post.id}").raise_for_status()
        assert told() == FeedPostRemoved(post_id=post.id)
