"""What a link to a music service is called, by an operator's key: asked of a service on this machine that checks each step. Never a sound."""

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from relay.app.settings import config_of
from relay.core.refusal import Refusal
from relay.engine.outward_get import Reader
from relay.features.listening.downloading_operations import NO_KEY
from relay.features.listening.links import Key, key_of, link_of
from relay.features.listening.spotify import MAX_LISTED, Spotify
from relay.wire.downloads import LinkDetails
from tests.integration.test_relay_downloads import LINK, Owner, lets
from tests.support.asgi_peer import relay_in_memory
from tests.support.spotify import APP, SECRET, MusicService
from tests.support.web_files import WebFiles, trusted_web_files

ID = "4uLU6hMCjMI75M1A2tKUQC"
TRACK = link_of(LINK)
PLAYLIST = f"/v1/playlists/{ID}?fields=name,images(url),tracks(total,items(track(id,name,duration_ms,artists(name))))"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebFiles]:
    with trusted_web_files(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture
def service(files: WebFiles) -> MusicService:
    files.answers.clear()
    files.asked.clear()
    return MusicService(files)


def asking(files: WebFiles, secret: str = SECRET, *, allow_private: bool = True) -> Spotify:
    key = Key(client_id=APP, client_secret=secret)
    return Spotify(Reader(allow_private=allow_private), key, accounts=files.url, api=files.url)


def song(name: str, id_: str | None = ID) -> dict[str, object]:
    return {"name": name, "id": id_, "duration_ms": 61_000, "artists": [{"name": "Ana"}, {"name": "\u202e"}]}


async def test_a_list_is_told_with_what_is_in_it_and_a_token_serves_until_it_ends(
    tmp_path: Path, files: WebFiles, service: MusicService
) -> None:
    service.knows(f"/v1/tracks/{ID}", {**song("Dusk\u202e"), "album": {"images": [{"url": "https://i.x/1"}]}})
    items = [{"track": song(f"Part {n}")} for n in range(MAX_LISTED + 5)] + [{"track": None}]
    items[1] = {"track": song("Local", "../me")}
    service.knows(PLAYLIST, {"name": "Mine", "images": [], "tracks": {"total": 240, "items": items}})
    service.knows(
        f"/v1/albums/{ID}",
        {"name": "LP", "tracks": {"total": 1, "items": [song("One")]}, "images": [{"url": "http://i"}]},
    )
    async with relay_in_memory(tmp_path / "data", None) as peer:
        owner = Owner(peer, (await peer.claimed("ana")).access_token)
        lets(peer, sound=False)
        peer.relay.posts.fetching.spotify = asking(files)
        found = {}
        for kind in ("track", "playlist", "album"):
            status, said = await owner.ask(
                "/api/spotify/fetch", {"url": f"https://open.spotify.com/{kind}/{ID}"}
            )
            assert status == 200, said
            found[kind] = msgspec.convert(said, LinkDetails)
    track, playlist, album = found.values()
    assert (track.name, track.artists, track.duration_ms, track.total) == ("Dusk", ["Ana"], 61_000, None)
    assert (track.image_url, track.says) == ("https://i.x/1", "")
    assert (playlist.total, len(playlist.tracks), playlist.duration_ms) == (240, MAX_LISTED, None)
    assert (playlist.tracks[0].id, playlist.tracks[0].url) == (track.id, LINK), "as its own link has it"
    assert (playlist.tracks[1].id, playlist.tracks[1].url) == (None, None)
    assert ([each.name for each in album.tracks], album.image_url) == (["One"], None)
    assert service.given == 1, "one token for all three"


async def test_a_token_that_ended_is_asked_for_anew_once(files: WebFiles, service: MusicService) -> None:
    service.knows(f"/v1/tracks/{ID}", song("Dusk"))
    spotify = asking(files)
    await spotify.called(TRACK)
    service.ended.add(b"token-1")
    assert (await spotify.called(TRACK)).name == "Dusk" and service.given == 2
    service.ended |= {b"token-2", b"token-3"}
    with pytest.raises(Refusal, match="Nothing is known"):
        await spotify.called(TRACK)
    assert service.given == 3
    service.expires_s = 60
    await spotify.called(TRACK)
    await spotify.called(TRACK)
    assert service.given == 5, "not in its last minute"


async def test_what_is_odd_is_refused_with_words_and_the_secret_stands_nowhere(
    files: WebFiles, service: MusicService, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/v1/tracks/{ID}"
    service.knows(path, song("Dusk"))
    caplog.set_level(logging.DEBUG)
    for spotify in (asking(files, "wrong-secret"), asking(files, allow_private=False)):
        with pytest.raises(Refusal, match="Nothing is known"):
            await spotify.called(TRACK)
    spotify = asking(files)
    for said in ([], {}, {"name": 3}, {"name": "\u202e"}, {"name": "x", "tracks": {"items": "no"}}):
        service.knows(path, said)
        with pytest.raises(Refusal, match="Nothing is known"):
            await spotify.called(TRACK)
    for answer, code in (
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "not_found"),
        (b"HTTP/1.1 429 Too Many\r\n\r\n", "busy"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", "not_found"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", "not_found"),
    ):
        files.answers[path] = answer
        with pytest.raises(Refusal) as refused:
            await spotify.called(TRACK)
        assert refused.value.code == code
    assert not any(b"/elsewhere" in head for head in files.asked), "a token is shown to one server"
    for secret in (SECRET, "wrong-secret", "token-1"):
        assert secret not in caplog.text
    assert SECRET not in repr(key_of({"SPOTIFY_CLIENT_ID": APP, "SPOTIFY_CLIENT_SECRET": SECRET}))


def test_a_key_is_read_of_the_environment_and_half_of_one_is_none() -> None:
    env = {"SIDECHAIN_RELAY_SPOTIFY_CLIENT_ID": APP, "SPOTIFY_CLIENT_SECRET": SECRET}
    config = config_of(env, {"data": "/tmp/x"})
    assert config.spotify == Key(client_id=APP, client_secret=SECRET)
    assert key_of({"SPOTIFY_CLIENT_ID": APP}) is None and "key" in NO_KEY
