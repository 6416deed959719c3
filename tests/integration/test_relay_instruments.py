"""Instruments and sound libraries of a relay, on both engines: served, made by admins alone, heard where they are used, silent once they are gone."""

import io
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.score.sounds import SOUNDS
from relay.core.access import Role
from relay.engine.database import Tx
from relay.features.accounts import api as accounts
from relay.features.instruments import store
from relay.features.instruments.service import name_of
from relay.features.instruments.store import SoundLibrary
from relay.wire import instruments as shapes
from tests.support.asgi_peer import InMemory, unlimited_relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.loops import as_file

Json = Any  # any: JSON
RATE_HZ = 48_000


class Person:
    """What is in the envelope of a success; of a refusal, its code."""

    def __init__(self, peer: InMemory, token: str | None) -> None:
        self.http = peer.http
        self.workers = peer.relay.posts.workers
        self.headers = {} if token is None else {"authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: object = None, status: int = 200) -> Json:
        answer = await self.http.request(method, f"/api{path}", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        told = answer.json()
        return told["data"] if status < 400 else told["error"]["code"]

    async def sample(self, samples: np.ndarray, name: str = "Cajon.wav") -> str:
        data = as_file(samples, RATE_HZ, format="WAV", subtype="PCM_16")
        sent = await self.http.post(
            "/api/samples/upload", files={"file": (name, data, "audio/wav")}, headers=self.headers
        )
        return str(sent.raise_for_status().json()["id"])

    async def rendered(self, creation_id: str) -> tuple[str, np.ndarray]:
        """Why it was not, and the sound."""
        bare = creation_id.replace("-", "")
        asked = await self.http.post(f"/api/v1/creations/{bare}/render", headers=self.headers)
        ended = await self.workers.ended(asked.raise_for_status().json()["id"], HANG_S)
        assert ended is not None
        if ended.state != "done":
            return ended.error or "", np.zeros((0, 2))
        flac = await self.http.get(f"/api/v1/audio/{bare}/flac", headers=self.headers)
        return "", soundfile.read(io.BytesIO(flac.raise_for_status().content))[0]


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    async with unlimited_relay_in_memory(tmp_path / "data", database_url) as peer:
        yield peer


async def people(peer: InMemory) -> tuple[Person, Person, Person]:
    """An admin, somebody else, and nobody."""
    admin, ben = await peer.claimed("ana"), await peer.claimed("ben")
    await peer.relay.db.write(partial(accounts.set_role, account_id=admin.user.id, role=Role.ADMIN))
    return Person(peer, admin.access_token), Person(peer, ben.access_token), Person(peer, None)


def tone(hz: float, seconds: float) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
    return np.stack([wave, wave], axis=1)


def pattern(*names: str) -> Json:
    rows = [{"id": name, "steps": [1.0, 0.0, 0.0, 0.0]} for name in names]
    return {
        "title": "Of our own",
        "bpm": 120,
        "configuration": {"beats": 4, "stepsPerBeat": 1, "instruments": rows},
    }


async def test_the_kit_is_served_and_each_says_how_it_sounds(peer: InMemory) -> None:
    nobody = Person(peer, None)
    listed = (await nobody.call("GET", "/instruments"))["instruments"]
    assert [each["id"] for each in listed] == list(SOUNDS)
    assert set(listed[0]) == {"id", "title", "source", "isPitched", "note", "soundUrl"}
    assert await nobody.call("GET", "/instruments/clave") == next(x for x in listed if x["id"] == "clave")
    sound = await peer.http.get(listed[0]["soundUrl"].removeprefix("http://relay"))
    assert sound.status_code == 200 and sound.content[:4] == b"fLaC"
    assert await nobody.call("GET", "/instruments/none", status=404) == "INSTRUMENT_NOT_FOUND"


async def test_an_admin_makes_changes_and_deletes_one(peer: InMemory) -> None:
    admin, ben, nobody = await people(peer)
    sample_id = await admin.sample(tone(440, 0.5))
    given = {"title": "Cajón 1", "sampleId": sample_id, "isPitched": True}
    assert await nobody.call("POST", "/instruments", given, 401) == "AUTH_REQUIRED"
    assert await ben.call("POST", "/instruments", given, 404) == "INSTRUMENT_NOT_FOUND"
    made = await admin.call("POST", "/instruments", given, 201)
    assert made["id"].startswith("custom-cajon-1-") and made["source"] == "sample" and made["isPitched"]
    path = f"/instruments/{made['id']}"
    assert await nobody.call("GET", path) == made
    assert made in (await nobody.call("GET", "/instruments"))["instruments"]
    kit = (await peer.http.get("/studio/kit")).json()["sounds"]
    assert kit[made["id"]]["label"] == "Cajón 1" and kit[made["id"]]["is_pitched"]
    at = made["soundUrl"].removeprefix("http://relay")
    for number, hz in ((60, 440), (72, 880)):
        sound = await peer.http.get(f"{at.rpartition('/')[0]}/{number}")
        assert "immutable" in sound.headers["cache-control"]
        samples, rate_hz = soundfile.read(io.BytesIO(sound.content))
        heard = np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples)), RATE_HZ * 2))) / 2
        assert rate_hz == RATE_HZ and heard == pytest.approx(hz, rel=0.005)
    changed = await admin.call("PUT", path, {"title": "Cajon", "isPitched": False})
    assert changed["title"] == "Cajon" and changed["soundUrl"] != made["soundUrl"]
    assert (await peer.http.get(at)).status_code == 404, "what an address gives is for ever"
    for method, body in (("PUT", {"title": "x"}), ("DELETE", None)):
        assert await ben.call(method, path, body, 404) == "INSTRUMENT_NOT_FOUND"
        await admin.call(method, "/instruments/clave", body, 422)
    await admin.call("DELETE", path)
    await admin.call("DELETE", path, status=410)
    await nobody.call("GET", path, status=410)
    assert [x["id"] for x in (await nobody.call("GET", "/instruments"))["instruments"]] == list(SOUNDS)


async def test_what_does_not_fit_is_refused(peer: InMemory) -> None:
    admin, ben, _ = await people(peer)
    long, theirs = await admin.sample(tone(440, 5.2)), await ben.sample(tone(440, 0.1))
    for body in (
        {"title": "x", "sampleId": long},
        {"title": "x", "sampleId": theirs},
        {"title": "x", "sampleId": "0" * 32},
        {"title": "", "sampleId": long},
        {"title": "x" * 61, "sampleId": long},
        {"title": "x"},
    ):
        await admin.call("POST", "/instruments", body, 422)
    sample_id = await admin.sample(tone(440, 0.1))

    def fill(tx: Tx) -> None:
        for n in range(shapes.MAX_INSTRUMENTS):
            store.insert(tx, name_of(f"n{n}"), f"n{n}", sample_id.replace("-", ""), False, n)

    await peer.relay.db.write(fill)
    body = {"title": "one more", "sampleId": sample_id}
    assert await admin.call("POST", "/instruments", body, 413) == "QUOTA_EXCEEDED"


async def test_it_sounds_in_a_pattern_and_is_silent_once_it_is_gone(peer: InMemory) -> None:
    admin, ben, _ = await people(peer)
    click = np.zeros((4_800, 2))
    click[:480] = tone(1_000, 0.01)
    sample_id = await admin.sample(click)
    names = [
        (await admin.call("POST", "/instruments", {"title": "Click", "sampleId": sample_id}, 201))["id"]
        for _ in range(2)
    ]
    alone = await ben.call("POST", "/patterns", pattern(names[0]), 201)
    both = await ben.call("POST", "/patterns", pattern(names[1], "clave"), 201)
    told, sound = await ben.rendered(alone["id"])
    assert told == "" and len(sound) == 2 * RATE_HZ and np.max(np.abs(sound[:480])) > 0.1
    assert np.max(np.abs(sound[4_800:])) < 1e-3, "one stroke, where the grid says"
    _, with_it = await ben.rendered(both["id"])
    await admin.call("DELETE", f"/instruments/{names[1]}")
    await admin.http.delete(f"/api/samples/{sample_id}", headers=admin.headers)
    gone = await ben.call("GET", f"/patterns/{both['id']}")
    assert gone["configuration"]["instruments"][0]["id"] == names[1], "what names it stays as it was"
    silent = await Person(peer, None).call("GET", f"/instruments/{names[0]}")
    assert silent["soundUrl"] is None
    title = {"title": "Another"}
    again = await ben.call(
        "PUT", f"/patterns/{both['id']}", {**pattern(names[1], "clave"), "bpm": 121, **title}
    )
    assert again["version"] == 2
    told, without = await ben.rendered(both["id"])
    assert told == "" and len(without) and len(with_it)
    fresh = await ben.call("POST", "/patterns", {**pattern(names[0]), "bpm": 122}, 201)
    told, _ = await ben.rendered(fresh["id"])
    assert "nothing sounds" in told


async def test_sound_libraries_are_groups_that_admins_make(peer: InMemory) -> None:
    admin, ben, nobody = await people(peer)
    sample_id = await admin.sample(tone(440, 0.1))
    own = (await admin.call("POST", "/instruments", {"title": "Cajon", "sampleId": sample_id}, 201))["id"]
    given = {"title": "Street", "description": "What stands\non a corner", "instruments": [own, "clave"]}
    assert await ben.call("POST", "/sound-libraries", given, 404) == "LIBRARY_NOT_FOUND"
    made = await admin.call("POST", "/sound-libraries", given, 201)
    assert [each["id"] for each in made["instruments"]] == [own, "clave"]
    path = f"/sound-libraries/{made['id']}"
    assert await nobody.call("GET", path) == made
    listed = (await nobody.call("GET", "/sound-libraries"))["libraries"]
    assert listed == [{name: made[name] for name in made if name != "instruments"}]
    assert made["instrumentCount"] == 2
    for wrong in (["clave", "clave"], ["custom-none"], ["clave"] * 201):
        await admin.call("POST", "/sound-libraries", {**given, "instruments": wrong}, 422)
    edited = await admin.call("PUT", path, {"title": "Corner", "instruments": ["clave", own]})
    assert edited["title"] == "Corner" and edited["description"] == given["description"]
    await admin.call("DELETE", f"/instruments/{own}")
    assert [x["id"] for x in (await nobody.call("GET", path))["instruments"]] == ["clave"]
    assert await ben.call("DELETE", path, status=404) == "LIBRARY_NOT_FOUND"
    await admin.call("DELETE", path)
    assert await nobody.call("GET", path, status=404) == "LIBRARY_NOT_FOUND"

    def fill(tx: Tx) -> None:
        for n in range(shapes.MAX_LIBRARIES):
            shelf = SoundLibrary(
                id=f"{n:032}", title="x", description="", made_us=n, changed_us=n, instruments=[]
            )
            store.put_library(tx, shelf)

    await peer.relay.db.write(fill)
    assert await admin.call("POST", "/sound-libraries", {"title": "x"}, 413) == "QUOTA_EXCEEDED"
