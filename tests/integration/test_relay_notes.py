"""The notes of what is here, on both engines of the database: by which engine, as JSON and as MIDI; whose they are; heard once; no engine stands in for another."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import mido
import msgspec
import numpy as np
import pytest

from audio.models.shelf import Shelf
from audio.notes.midi import midi_of
from audio.notes.pyin import hear_notes
from audio.notes.shapes import SAYS, DetectedNote
from audio.read.reader import read_audio
from relay.engine.model_folder import ModelFolder
from relay.features.creations.reading import miscounts, wanted_objects
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.house import new_post
from tests.support.loops import as_file
from tests.support.model_files import basic_pitch_file, known

Json = Any  # any: JSON
RATE_HZ = 44_100
PITCHES = (57, 60, 64, 69)


def line() -> bytes:
    """PITCHES, half a second each."""
    times = np.arange(RATE_HZ // 2) / RATE_HZ
    tones = [
        sum(np.sin(2 * np.pi * n * 440 * 2 ** ((pitch - 69) / 12) * times) / n for n in range(1, 6))
        * np.exp(-3 * times)
        for pitch in PITCHES
    ]
    return as_file(0.2 * np.concatenate(tones)[:, None], RATE_HZ, format="FLAC", subtype="PCM_24")


SOUND = line()


class Owner:
    """Somebody with a post of SOUND."""

    def __init__(self, peer: InMemory, name: str) -> None:
        self.peer, self.name = peer, name
        self.headers: dict[str, str] = {}
        self.track = ""

    async def begin(self) -> "Owner":
        pair = await self.peer.claimed(self.name)
        self.headers = {"authorization": f"Bearer {pair.access_token}"}
        sha256 = await self.peer.relay.engines.objects.put(SOUND)
        self.track = await self.peer.relay.db.write(lambda tx: new_post(tx, pair.user.id, sha256=sha256))
        return self

    async def ask(self, method: str, path: str, body: Json = None) -> Any:  # any: an answer
        address = path.removeprefix("http://relay")
        return await self.peer.http.request(method, address, json=body, headers=self.headers)

    async def detect(self, **options: str) -> Json:
        asked = await self.ask("POST", "/api/analyze/notes", {"trackId": self.track, "options": options})
        assert asked.status_code == 200, asked.text
        job = asked.json()
        ended = await self.peer.relay.posts.workers.ended(job["jobId"].replace("-", ""), HANG_S)
        return job | {"state": ended and ended.state}

    async def notes(self) -> Json:
        return (await self.ask("GET", f"/api/analyze/track/{self.track}/notes")).raise_for_status().json()


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        yield peer


async def test_notes_are_heard_as_the_daemon_hears_them_and_are_their_owners(peer: InMemory) -> None:
    ana, ben = await Owner(peer, "ana").begin(), await Owner(peer, "ben").begin()
    before = await ana.notes()
    assert (before["status"], before["model"], before["count"], before["midiUrl"]) == (
        "none",
        None,
        None,
        None,
    )
    job = await ana.detect()
    assert job["state"] == "done"
    told = (await ana.ask("GET", f"/api/analyze/job/{job['jobId']}")).json()
    assert (told["status"], told["progress"]) == ("done", 1.0)
    found = await ana.notes()
    assert (found["model"], found["says"], found["count"]) == ("pyin", SAYS["pyin"], len(PITCHES))
    heard = await ana.ask("GET", found["notesUrl"])
    notes = msgspec.json.decode(heard.content, type=list[DetectedNote])
    clip = read_audio(SOUND)
    assert notes == hear_notes(clip.samples, clip.sample_rate_hz, lambda _: None)
    assert tuple(each.pitch for each in notes) == PITCHES
    midi = await ana.ask("GET", found["midiUrl"])
    assert midi.headers["content-type"] == "audio/midi"
    analysed = (await ana.ask("POST", "/api/analyze/analyze", {"trackId": ana.track})).json()
    await peer.relay.posts.workers.ended(analysed["jobId"].replace("-", ""), HANG_S)
    tempo = (await ana.ask("GET", f"/api/analyze/track/{ana.track}")).json()["analysis"]["tempo"]
    assert midi.content == midi_of(notes, tempo), "at the tempo that is heard in it"
    struck = [each.note for each in mido.MidiFile(file=io.BytesIO(midi.content)) if each.type == "note_on"]
    assert tuple(struck) == PITCHES
    for path in (found["notesUrl"], found["midiUrl"], f"/api/analyze/track/{ana.track}/notes"):
        assert (await ben.ask("GET", path)).status_code == 404
    assert (await ben.ask("POST", "/api/analyze/notes", {"trackId": ana.track})).status_code == 404
    assert (await ana.detect())["jobId"] == job["jobId"], "nothing is heard twice"
    assert await peer.relay.db.read(miscounts) == []


async def test_what_was_heard_is_known_to_the_next_who_has_the_same_sound(
    peer: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = await Owner(peer, "ana").begin(), await Owner(peer, "ben").begin()
    assert (await ana.detect())["state"] == "done"
    monkeypatch.setattr(peer.relay.posts.listening, "_listen", None)
    assert (await ben.detect())["state"] == "done", "no child was asked"
    objects = await peer.relay.db.read(wanted_objects)
    assert len(objects) == 3, "of the sound, its notes and its MIDI file"
    both = [await owner.notes() for owner in (ana, ben)]
    sounds = [(await o.ask("GET", n["midiUrl"])).content for o, n in zip((ana, ben), both, strict=True)]
    assert sounds[0] == sounds[1] and both[0]["midiUrl"] != both[1]["midiUrl"]


async def test_an_engine_is_used_where_its_model_is_and_none_stands_in_for_it(
    peer: InMemory, tmp_path: Path
) -> None:
    model = basic_pitch_file((39, 40, 80))
    folder = ModelFolder(tmp_path / "data" / "models")
    shelf = peer.relay.posts.listening.models.shelf = Shelf(folder, known(**{"basic-pitch": (model,)}))
    ana = await Owner(peer, "ana").begin()
    for options in ({"model": "basic-pitch"}, {"model": "hpss"}):
        asked = {"trackId": ana.track, "options": options}
        refused = await ana.ask("POST", "/api/analyze/notes", asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "model_unavailable")
        assert "pyin (one note at a time" in refused.text
    assert (await ana.notes())["status"] == "none"
    shelf.add(model, accepted=True)
    here = (await ana.ask("GET", "/api/config")).json()["notesModels"]
    assert here == [{"name": name, "says": says} for name, says in SAYS.items()]
    assert (await ana.detect(model="basic-pitch"))["state"] == "done", (await ana.notes())["error"]
    found = await ana.notes()
    assert (found["model"], found["count"]) == ("basic-pitch", 2), "once in each stretch that it is given"
    (folder.path / "basic-pitch.onnx").write_bytes(model[::-1])
    await peer.relay.db.write(lambda tx: tx.db.execute("UPDATE listening SET content = NULL, result = NULL"))
    broken = await ana.detect(model="basic-pitch")
    assert broken["state"] == "failed" and "basic-pitch" in (await ana.notes())["error"]
