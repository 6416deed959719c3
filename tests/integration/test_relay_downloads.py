"""Sound by a link, on both engines: a stem service's paths as written. Of one's own file, one's own library, or an address with rights; of nothing else."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relay.core.access import Actor
from relay.engine.outward_get import Reader
from relay.features.listening import fetching
from relay.wire.downloads import DownloadJob, LinkDetails
from tests.integration.test_relay_tracks import Talk
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.house import new_post
from tests.support.loops import short_flac
from tests.support.web_files import WebFiles, trusted_web_files

TRACK = "0" * 31 + "1"
LINK = "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"
Json = Any  # any: JSON


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebFiles]:
    with trusted_web_files(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        yield peer


class Owner:
    def __init__(self, peer: InMemory, token: str) -> None:
        self.peer = peer
        self.headers = {"authorization": f"Bearer {token}"}

    async def ask(self, path: str, body: Json = None) -> tuple[int, Json]:
        method = "GET" if body is None else "POST"
        answer = await self.peer.http.request(method, path, json=body, headers=self.headers)
        return answer.status_code, answer.json()

    async def download(self, **given: object) -> Json:
        status, said = await self.ask("/api/download/track", {"trackId": TRACK, **given})
        assert status == 200, said
        return said

    async def ended(self) -> DownloadJob:
        """Once reading and the post are over."""
        while True:
            status, said = await self.ask(f"/api/download/track/{TRACK}")
            assert status == 200, said
            found = msgspec.convert(said, DownloadJob)
            if found.status not in ("ready", "running"):
                return found
            rows = await self.peer.relay.db.read(
                lambda db: db.execute("SELECT id FROM job WHERE state IN ('ready', 'running')").fetchall()
            )
            for (job_id,) in rows:
                await self.peer.relay.posts.workers.ended(job_id, HANG_S)


def lets(peer: InMemory, *, links: bool = True, sound: bool = True) -> None:
    """As an operator's setting does; and our test's servers are of a house."""
    given = peer.relay.posts.fetching
    given._reads_links, given._reads_sound, given._reader = links, sound, Reader(allow_private=True)


async def test_a_file_at_an_address_becomes_a_private_post_that_is_listened_to_by_its_id(
    peer: InMemory, files: WebFiles
) -> None:
    ana, ben = [await peer.claimed(name) for name in ("ana", "ben")]
    owner, other = Owner(peer, ana.access_token), Owner(peer, ben.access_token)
    url = files.lead("/latest", "/take.flac")
    files.put("/take.flac", short_flac())
    asked = {"trackId": TRACK, "sourceUrl": url, "rightsDeclared": True, "title": "Dusk", "spotifyUrl": LINK}
    assert (await owner.ask("/api/download/track", asked))[1]["code"] == "forbidden", (
        "unless the operator lets it"
    )
    lets(peer)
    undeclared = {**asked, "rightsDeclared": False}
    assert (await owner.ask("/api/download/track", undeclared))[1]["code"] == "validation"
    job = await owner.download(**{name: value for name, value in asked.items() if name != "trackId"})
    assert (job["trackId"].replace("-", ""), job["source"]) == (TRACK, "address")
    talk = await Talk.open(peer, ana.access_token)
    await talk.say("subscribe:track", TRACK)
    told = await talk.until("download:job:completed")
    assert {each.job_id for each in told} == {job["jobId"]}
    await talk.leave()
    found = await owner.ended()
    assert (found.status, found.progress, found.error) == ("done", 1.0, None) and found.creation_id
    assert (await owner.ask(f"/api/download/job/{job['jobId']}"))[1]["creationId"] == found.creation_id
    post_id = found.creation_id.replace("-", "")
    status, post = await owner.ask(f"/api/v1/audio/{post_id}")
    assert (status, post["title"], post["visibility"]) == (200, "Dusk", "private")
    assert (await owner.ask("/api/analyze/analyze", {"trackId": found.creation_id}))[0] == 200
    for path in (
        f"/api/download/track/{TRACK}",
        f"/api/download/job/{job['jobId']}",
        f"/api/v1/audio/{post_id}",
    ):
        assert (await other.ask(path))[0] == 404, "it is its owner's"
    again = await owner.download(title="dusk")
    assert (again["source"], again["status"], again["creationId"]) == ("library", "done", found.creation_id)


async def test_an_upload_or_what_is_called_so_is_a_source_and_nothing_else(peer: InMemory) -> None:
    ana, ben = [await peer.claimed(name) for name in ("ana", "ben")]
    owner, sound = Owner(peer, ana.access_token), short_flac(30_000)
    status, said = await owner.ask(
        "/api/download/track", {"trackId": TRACK, "spotifyUrl": LINK, "title": "Dusk"}
    )
    assert (status, said["code"]) == (422, "source_needed")
    assert (await owner.ask(f"/api/download/track/{TRACK}"))[0] == 404

    async def body() -> AsyncIterator[bytes]:
        yield sound

    received = await peer.relay.posts.uploads.receive(Actor(user_id=ana.user.id), len(sound), body())
    unsaid = {"trackId": TRACK, "uploadId": received.id}
    assert (await owner.ask("/api/download/track", unsaid))[1]["code"] == "validation"
    await owner.download(uploadId=received.id, sha256=hashlib.sha256(sound).hexdigest(), title="Dawn")
    found = await owner.ended()
    assert (found.status, found.source) == ("done", "upload") and found.creation_id
    await peer.relay.db.write(lambda tx: new_post(tx, ben.user.id))
    other = Owner(peer, ben.access_token)
    assert (await other.ask("/api/download/track", {"trackId": TRACK, "title": "dawn"}))[0] == 422, (
        "not another's"
    )
    assert (await owner.download(title=" DAWN "))["creationId"] == found.creation_id


async def test_what_cannot_be_read_fails_with_words_and_leaves_nothing(
    peer: InMemory, files: WebFiles
) -> None:
    owner = Owner(peer, (await peer.claimed("ana")).access_token)
    lets(peer)
    for url in (LINK, "https://www.youtube.com/watch?v=x", "http://example.com/a.flac"):
        asked = {"trackId": TRACK, "sourceUrl": url, "rightsDeclared": True}
        assert (await owner.ask("/api/download/track", asked))[1]["code"] == "target_refused"
    files.put("/x.flac", b"no sound at all")
    for url, words in (
        (files.url + "/none", "It answers 404."),
        (files.lead("/away", "https://www.youtube.com/x"), ""),
        (files.url + "/x.flac", ""),
    ):
        await owner.download(sourceUrl=url, rightsDeclared=True)
        found = await owner.ended()
        assert (
            (found.status, found.creation_id) == ("failed", None)
            and words in (found.error or "")
            and found.error
        )
    peer.relay.posts.fetching._reader = Reader()
    await owner.download(sourceUrl=files.url + "/x.flac", rightsDeclared=True)
    assert "network" in ((await owner.ended()).error or ""), "nobody reaches what stands behind the relay"
    left = await peer.relay.db.read(
        lambda db: db.execute("SELECT count(*) FROM upload WHERE state = 'open'").fetchone()[0]
    )
    assert left == 0


async def test_a_link_is_called_what_its_service_says_and_its_id_stays(
    peer: InMemory, files: WebFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Owner(peer, (await peer.claimed("ana")).access_token)
    assert (await owner.ask("/api/spotify/fetch", {"url": LINK}))[1]["code"] == "forbidden"
    lets(peer, sound=False)
    monkeypatch.setattr(fetching, "OEMBED", files.url + "/oembed?url=")
    path = "/oembed?url=https%3A%2F%2Fopen.spotify.com%2Ftrack%2F4uLU6hMCjMI75M1A2tKUQC"
    files.put(
        path, json.dumps({"title": "Never\u202e Gonna", "thumbnail_url": "https://i.scdn.co/x"}).encode()
    )
    status, said = await owner.ask("/api/spotify/fetch", {"url": LINK + "?si=x"})
    found = msgspec.convert(said, LinkDetails)
    assert status == 200 and (found.name, found.type, found.url) == ("Never Gonna", "track", LINK)
    assert found.image_url == "https://i.scdn.co/x"
    assert "no key" in found.says and (found.artists, found.duration_ms, found.tracks, found.total) == (
        [],
        None,
        [],
        None,
    )
    for answer in (
        b"[]",
        b"{}",
        b"no",
        json.dumps({"title": ""}).encode(),
        json.dumps({"title": "x", "thumbnail_url": 3}).encode(),
    ):
        files.put(path, answer)
        status, said = await owner.ask("/api/spotify/fetch", {"url": LINK})
        assert status == 404 or said["imageUrl"] is None, said
    assert (await owner.ask("/api/spotify/fetch", {"url": "https://example.com"}))[1]["code"] == "validation"
