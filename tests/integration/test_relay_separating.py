"""Taking sound apart at the relay, on both engines: a stem service's paths as written; parts that sum up, whose they are, cancelled, replaced."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.models.shelf import Shelf
from audio.read.reader import read_audio
from audio.separate.parts import PARTS as PARTS_OF
from relay.core.limits import LIMITS, Kind
from relay.engine.model_folder import ModelFolder
from relay.features.creations.reading import miscounts, wanted_objects
from relay.features.listening.zipping import Member, size_bytes
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.house import new_post
from tests.support.loops import loop_flac, noise_flac
from tests.support.model_files import htdemucs_file, known, spleeter_files

Json = Any  # any: JSON
LOOP = loop_flac(1, bpm=120.0)[0]
PARTS = ("bass", "harmonic", "percussive")
ASK = "/api/process/separate"


class Owner:
    """Somebody with a post of this sound, under whose dashed id it is asked for."""

    def __init__(self, peer: InMemory, name: str) -> None:
        self.peer = peer
        self.name = name
        self.headers: dict[str, str] = {}
        self.track = ""

    async def begin(self, sound: bytes) -> "Owner":
        pair = await self.peer.claimed(self.name)
        self.headers = {"authorization": f"Bearer {pair.access_token}"}
        sha256 = await self.peer.relay.engines.objects.put(sound)
        post_id = await self.peer.relay.db.write(lambda tx: new_post(tx, pair.user.id, sha256=sha256))
        self.track = f"{post_id[:8]}-{post_id[8:12]}-{post_id[12:16]}-{post_id[16:20]}-{post_id[20:]}"
        return self

    async def ask(self, method: str, path: str, body: Json = None) -> Any:  # any: an answer
        address = path.removeprefix("http://relay")
        return await self.peer.http.request(method, address, json=body, headers=self.headers)

    async def separate(self, **options: object) -> Json:
        asked = await self.ask("POST", ASK, {"trackId": self.track, "options": options})
        assert asked.status_code == 200, asked.text
        return asked.json()

    async def ended(self, job: Json) -> str:
        found = await self.peer.relay.posts.workers.ended(job["jobId"].replace("-", ""), HANG_S)
        assert found is not None
        return found.state

    async def stems(self) -> Json:
        return (await self.ask("GET", f"/api/process/track/{self.track}")).raise_for_status().json()


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        yield peer


async def test_a_sound_is_taken_apart_into_parts_that_sum_up_to_it(peer: InMemory) -> None:
    ana, ben = await Owner(peer, "ana").begin(LOOP), await Owner(peer, "ben").begin(LOOP)
    assert await ana.stems() == {
        **dict.fromkeys(("jobId", "error", "model", "zipUrl", "processedAt")),
        "trackId": ana.track,
        "status": "none",
        "says": "",
        "stems": [],
    }
    job = await ana.separate(model="hpss", extractBass=True)
    assert set(job) == {"jobId", "trackId", "status", "stage", "progress", "error"}
    assert job["trackId"] == ana.track and job["status"] in ("ready", "running")
    assert await ana.ended(job) == "done"
    job_path = f"/api/process/job/{job['jobId']}"
    assert (await ana.ask("GET", job_path)).json() == {
        **job,
        "status": "done",
        "stage": "",
        "progress": 1.0,
    }
    made = await ana.stems()
    assert (made["status"], made["jobId"], made["model"]) == ("done", job["jobId"], "hpss")
    assert "no instruments" in made["says"] and tuple(each["name"] for each in made["stems"]) == PARTS
    sounds = {}
    for each in made["stems"]:
        answer = await ana.ask("GET", each["url"])
        assert answer.status_code == 200 and len(answer.content) == each["sizeBytes"]
        assert answer.headers["content-type"] == "audio/flac"
        sounds[each["name"]] = answer.content
    whole = read_audio(LOOP).samples
    total = sum(read_audio(sound).samples for sound in sounds.values())
    np.testing.assert_allclose(total, whole, atol=3 * 2**-23 * 4)
    packed = await ana.ask("GET", made["zipUrl"])
    assert packed.headers["content-length"] == str(len(packed.content)), "it was known before"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.testzip() is None
        assert {each.removesuffix(".flac"): archive.read(each) for each in archive.namelist()} == sounds
    head = await ana.ask("HEAD", made["zipUrl"])
    assert head.headers["content-length"] == packed.headers["content-length"] and not head.content
    for path in (made["stems"][0]["url"], made["zipUrl"], job_path, f"/api/process/track/{ana.track}"):
        assert (await ben.ask("GET", path)).status_code == 404
    assert (await ben.ask("POST", ASK, {"trackId": ana.track})).status_code == 404
    assert await peer.relay.db.read(miscounts) == []
    again = await ana.separate(model="hpss", extractBass=True)
    assert again["jobId"] == job["jobId"], "nothing is made twice"


async def test_a_signed_link_opens_one_part_of_ones_own(peer: InMemory) -> None:
    ana, ben = await Owner(peer, "ana").begin(LOOP), await Owner(peer, "ben").begin(LOOP)
    assert await ana.ended(await ana.separate(extractHarmonic=False)) == "done"
    signing = f"/api/v1/audio/{ana.track.replace('-', '')}/links"
    for stem in (await ana.stems())["stems"]:
        answer = await ana.ask("POST", signing, {"file": f"stem:{stem['name']}"})
        link = answer.raise_for_status().json()["url"].removeprefix("http://relay")
        opened = await peer.http.get(link)  # of nobody who is signed in
        assert opened.status_code == 200 and opened.content == (await ana.ask("GET", stem["url"])).content
        part = await peer.http.get(link, headers={"range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"fLaC")
        assert opened.headers["cache-control"] == "private, no-cache"
        assert (await peer.http.get(link.replace("stem%3A", "stem%3Ax"))).status_code == 403
    assert (await ben.ask("POST", signing, {"file": "stem:bass"})).status_code == 404
    missing = await ana.ask("POST", signing, {"file": "stem:harmonic"})
    assert (missing.status_code, missing.json()["detail"]) == (404, "It was not taken apart into this.")
    assert (await ana.ask("POST", signing, {"file": "stem:"})).status_code == 422
    assert await ana.ended(await ana.separate(extractBass=False)) == "done"
    assert (await peer.http.get(link.replace("percussive", "bass"))).status_code == 403
    assert (await peer.http.get(link)).status_code == 200, "by its name, as it is now"


async def test_parts_are_chosen_and_those_of_before_go(peer: InMemory) -> None:
    ana = await Owner(peer, "ana").begin(LOOP)
    assert await ana.ended(await ana.separate()) == "done"
    before = await ana.stems()
    assert await ana.ended(await ana.separate(extractHarmonic=False)) == "done"
    after = await ana.stems()
    assert [each["name"] for each in after["stems"]] == ["bass", "percussive"]
    gone = next(each["url"] for each in before["stems"] if each["name"] == "harmonic")
    assert (await ana.ask("GET", gone)).status_code == 404
    assert await peer.relay.db.read(miscounts) == []
    assert len(await peer.relay.db.read(wanted_objects)) == 3, "of the sound and two parts"
    await ana.ask("DELETE", f"/api/v1/audio/{ana.track.replace('-', '')}")
    assert await peer.relay.db.read(wanted_objects) == set(), "they are deleted with what they are of"
    assert (await ana.ask("GET", after["zipUrl"])).status_code == 410


async def test_an_engine_that_is_not_here_is_not_stood_in_for(peer: InMemory) -> None:
    ana = await Owner(peer, "ana").begin(LOOP)
    for options, code in (
        ({"model": "htdemucs", "extractVocals": True}, "model_unavailable"),
        ({"model": "spleeter:2stems"}, "model_unavailable"),
        ({"extractVocals": True}, "validation"),
        ({"extractBass": False, "extractHarmonic": False, "extractPercussive": False}, "validation"),
        ({"stems": 2}, "validation"),
    ):
        answer = await ana.ask("POST", ASK, {"trackId": ana.track, "options": options})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert "hpss" in (await ana.ask("POST", ASK, {"trackId": ana.track, "options": {"model": "x"}})).text
    assert LIMITS[Kind.SEPARATE].count == 10
    assert (await ana.stems())["status"] == "none"


async def test_what_the_operator_puts_here_is_used_from_then_on_and_gone_when_it_is_removed(
    peer: InMemory, tmp_path: Path
) -> None:
    """Put by the command's own functions into the relay's folder, under hashes of files that this test makes."""
    table = known(spleeter_2stems=spleeter_files(), htdemucs=(htdemucs_file(),))
    folder = ModelFolder(tmp_path / "data" / "models")
    shelf = peer.relay.posts.listening.models.shelf = Shelf(folder, table)
    ana = await Owner(peer, "ana").begin(LOOP)
    here = (await ana.ask("GET", "/api/config")).json()["separationModels"]
    assert [each["name"] for each in here] == ["hpss"]
    for data in (*spleeter_files(), htdemucs_file()):
        shelf.add(data, accepted=True)
    here = (await ana.ask("GET", "/api/config")).json()["separationModels"]
    assert {each["name"]: each["parts"] for each in here} == {name: list(PARTS_OF[name]) for name in PARTS_OF}
    whole = read_audio(LOOP).samples
    for model in ("spleeter:2stems", "htdemucs"):
        job = await ana.separate(model=model, extractVocals=True)
        assert await ana.ended(job) == "done", (await ana.stems())["error"]
        made = await ana.stems()
        assert made["model"] == model and sorted(PARTS_OF[model]) == [e["name"] for e in made["stems"]]
        sounds = [read_audio((await ana.ask("GET", each["url"])).content).samples for each in made["stems"]]
        np.testing.assert_allclose(sum(sounds), whole, atol=4 * 2**-23 * 4)
    (folder.path / "htdemucs.onnx").write_bytes(htdemucs_file()[::-1])
    broken = await ana.separate(model="htdemucs", extractBass=False)
    assert await ana.ended(broken) == "failed"
    assert "htdemucs" in (await ana.stems())["error"]
    shelf.remove("htdemucs")
    asked = {"trackId": ana.track, "options": {"model": "htdemucs"}}
    assert (await ana.ask("POST", ASK, asked)).json()["code"] == "model_unavailable"


async def test_one_that_runs_is_cancelled_and_leaves_nothing(peer: InMemory) -> None:
    ana = await Owner(peer, "ana").begin(noise_flac(1, 12 << 20))
    begun = asyncio.Event()
    say = peer.relay.posts.workers._on_said

    def said(work: Any) -> None:  # any: a Work
        say(work)
        if work.stage == "listen" and work.fraction > 0.1:
            begun.set()

    peer.relay.posts.workers._on_said = said
    job = await ana.separate()
    await asyncio.wait_for(begun.wait(), HANG_S)
    under_way = await ana.ask("GET", f"/api/process/job/{job['jobId']}")
    assert under_way.json()["status"] == "running"
    cancelled = await ana.ask("POST", f"/api/v1/jobs/{job['jobId'].replace('-', '')}/cancel")
    assert cancelled.json()["state"] == "cancelled"
    assert (await ana.stems())["status"] == "cancelled" and (await ana.stems())["stems"] == []
    assert len(await peer.relay.db.read(wanted_objects)) == 1, "the sound"


def test_the_size_of_a_zip_is_known_by_its_members() -> None:
    assert size_bytes([]) == 22
    assert size_bytes([Member(name="a.flac", sha256="", size_bytes=10)]) == 22 + 92 + 12 + 10
