"""Listening at the relay, on both engines: a listening service's paths as written, the answers field by field; whose it is, and once per sound."""

import io
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest
import soundfile

from audio.analyse.shapes import ALGORITHM
from audio.read.reader import read_audio
from relay.features.creations.reading import wanted_objects
from relay.features.listening import service
from tests.support.asgi_peer import InMemory, unlimited_relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.loops import as_file, loop_flac, noise_flac

Json = Any  # any: JSON
LOOP, OTHER = loop_flac(1, bpm=120.0)[0], noise_flac(2, 400_000)
SECONDS = 8.0
SPREADS = {
    "rms": 1,
    "zero_crossing_rate": 1,
    "spectral_centroid": 1,
    "spectral_bandwidth": 1,
    "spectral_rolloff": 1,
    "spectral_flatness": 1,
    "spectral_contrast": 7,
    "mfcc": 13,
    "chroma": 12,
    "tonnetz": 6,
}
"""Of each figure, how many columns it has."""
FEATURES = {
    *("algorithm", "content_sha256", "duration", "sample_rate", "channels"),
    *("loudness", "loudness_momentary", "loudness_short_term", "loudness_range", "true_peak", "rms_level"),
    *("tempo", "tempo_source", "tempo_confidence", "tempo_alternatives", "beats", "onsets"),
    *("key", "camelot", "key_confidence", "key_alternatives", "tuning_cents"),
    *("harmonic_energy", "percussive_energy", "segments", "lacks", "pictures"),
    *SPREADS,
}


class Owner:
    def __init__(self, peer: InMemory, token: str | None) -> None:
        self.http = peer.http
        self.headers = {} if token is None else {"authorization": f"Bearer {token}"}

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path.removeprefix("http://relay"), headers=self.headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.http.delete(path, headers=self.headers)

    async def send(self, path: str, *files: tuple[str, str, bytes]) -> httpx.Response:
        """files: part, name, bytes."""
        parts = [(part, (name, data, "audio/flac")) for part, name, data in files]
        return await self.http.post(path, files=parts, headers=self.headers)

    async def say(self, path: str, body: Json) -> httpx.Response:
        return await self.http.post(path, json=body, headers=self.headers)

    async def post(self, sound: bytes) -> str:
        """The id of a post of it."""
        sent = await self.http.post(
            "/api/v1/audio/upload",
            files={"audio": ("take.flac", sound, "audio/flac")},
            data={"title": "Take"},
            headers={**self.headers, "idempotency-key": secrets.token_hex(16)},
        )
        assert sent.status_code == 201, sent.text
        return str(sent.json()["id"])


@pytest.fixture
async def peer(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[InMemory]:
    monkeypatch.setattr(service, "WAIT_S", HANG_S)
    async with unlimited_relay_in_memory(tmp_path / "data", database_url) as peer:
        yield peer


async def people(peer: InMemory) -> tuple[Owner, Owner, Owner]:
    """Somebody, somebody else, nobody."""
    ana, ben = [Owner(peer, (await peer.claimed(name)).access_token) for name in ("ana", "ben")]
    return ana, ben, Owner(peer, None)


def check_features(found: Json, sound: bytes) -> None:
    """That of the loop of 120 BPM."""
    assert found["algorithm"] == ALGORITHM
    assert (found["duration"], found["sample_rate"], found["channels"]) == (SECONDS, 48_000, 2)
    assert abs(found["tempo"] / 120.0 - 1) < 0.04 or abs(found["tempo"] / 240.0 - 1) < 0.04
    assert 0 <= found["tempo_confidence"] <= 1 and found["tempo_source"] in ("audio", "length")
    assert found["beats"] == sorted(found["beats"]) and 0 < len(found["beats"]) < 40
    assert len(found["onsets"]) > 10 and found["onsets"][-1] < SECONDS
    assert -40 < found["loudness"] < 0 and found["true_peak"] < 1
    assert 0 < found["harmonic_energy"] + found["percussive_energy"] <= 1
    for name, columns in SPREADS.items():
        assert {len(found[name][each]) for each in ("mean", "deviation", "least", "most")} == {columns}, name
    assert found["segments"][0]["start"] == 0 and found["lacks"] == []


async def test_a_file_is_analysed_kept_listed_drawn_and_deleted(peer: InMemory) -> None:
    ana, ben, nobody = await people(peer)
    answer = await ana.send("/api/audio/analyze", ("file", "C:\\loops\\Idea 1.flac", LOOP))
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert set(made) == {"analysis_id", "job_id", "state", "results"} and made["state"] == "done"
    found = made["results"]
    assert set(found) == FEATURES | {"analysis_id", "user_id", "file_name", "created_at"}
    assert (found["analysis_id"], found["file_name"]) == (made["analysis_id"], "Idea 1.flac")
    check_features(found, LOOP)
    path = f"/api/audio/analysis/{made['analysis_id']}"
    assert (await ana.get(path)).json() == found
    assert (await ana.get(path.replace("-", "").replace("useranalyses", ""))).json() == found, "bare ids too"
    assert (await ana.get("/api/audio/user-analyses?skip=0&limit=5")).json() == {
        "total": 1,
        "skip": 0,
        "limit": 5,
        "analyses": [found],
    }
    assert set(found["pictures"]) == {"spectrogram", "chromagram", "beats"}
    for address in found["pictures"].values():
        picture = await ana.get(address)
        assert picture.status_code == 200 and picture.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in picture.headers["content-security-policy"]
        assert ElementTree.fromstring(picture.content).tag == "{http://www.w3.org/2000/svg}svg"
        assert (await ben.get(address)).status_code == 404
        assert (await nobody.get(address)).status_code == 401
    assert (await ben.get(path)).status_code == (await ben.delete(path)).status_code == 404
    assert (await ben.get("/api/audio/user-analyses")).json()["total"] == 0
    assert (await ana.delete(path)).json() == {"message": "Analysis deleted successfully"}
    assert (await ana.get(path)).status_code == 404
    assert (await ana.get(found["pictures"]["beats"])).status_code == 404
    assert await peer.relay.db.read(wanted_objects) == set(), "and nothing of it is left"


async def test_the_same_sound_is_listened_to_once_whoever_brings_it(
    peer: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben, _ = await people(peer)
    first = (await ana.send("/api/audio/analyze", ("file", "a.flac", LOOP))).json()["results"]

    async def never(*_: object) -> bytes:
        raise AssertionError("it was listened to before")

    monkeypatch.setattr(peer.relay.posts.listening._children, "run", never)
    again = (await ben.send("/api/audio/analyze?store_results=false", ("file", "b.flac", LOOP))).json()
    own = {"analysis_id", "user_id", "file_name", "created_at", "pictures"}
    assert {k: v for k, v in again["results"].items() if k not in own} == {
        k: v for k, v in first.items() if k not in own
    }
    assert again["results"]["file_name"] == "b.flac" and again["results"]["pictures"] is None
    assert (await ben.get("/api/audio/user-analyses")).json()["total"] == 0, "it was not to be kept"
    kept = await ana.get(first["pictures"]["spectrogram"])
    assert kept.status_code == 200, "what is another's is still named"


async def test_two_files_are_compared(peer: InMemory) -> None:
    ana, *_ = await people(peer)
    answer = await ana.send("/api/audio/compare", ("file1", "a.flac", LOOP), ("file2", "b.flac", OTHER))
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert set(made) == {"file1", "file2", "job_id", "state", "comparison_results"}
    assert (made["file1"], made["file2"], made["state"]) == ("a.flac", "b.flac", "done")
    found = made["comparison_results"]
    names = {
        f"{each}_similarity" for each in ("tempo", "timbre", "harmonic", "rhythm", "loudness", "overall")
    }
    assert set(found) == names | {"words", "says", "is_one_piece", "changes"}
    assert all(found[name] is None or 0 <= found[name] <= 1 for name in names)
    assert set(found["words"]) == set(found["says"]) == {"tempo", "timbre", "harmony", "rhythm", "loudness"}
    assert found["is_one_piece"] is False and found["overall_similarity"] < 0.8
    assert found["tempo_similarity"] is None and found["words"]["tempo"] == "unknown", "noise has none"
    same = await ana.send("/api/audio/compare", ("file1", "a.flac", LOOP), ("file2", "b.flac", LOOP))
    found = same.json()["comparison_results"]
    assert found["is_one_piece"] is True and found["overall_similarity"] == 1
    assert found["changes"] == ["Nothing that could be heard changed."]


async def test_a_sample_is_converted_and_stays_as_it_was(peer: InMemory) -> None:
    ana, ben, _ = await people(peer)
    sound = as_file(np.zeros((4_410, 2)) + 0.25, 44_100, format="WAV", subtype="PCM_24")
    files = {"file": ("Kick 1.wav", sound, "audio/wav")}
    sample = (await peer.http.post("/api/samples/upload", files=files, headers=ana.headers)).json()
    asked = f"/api/samples/{sample['id']}/convert?target_format=wav&sample_rate=22050"
    answer = await ana.send(asked)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["original_filename"], made["converted_filename"]) == ("Kick 1.flac", "Kick 1.wav")
    data, rate_hz = soundfile.read(io.BytesIO((await ana.get(made["download_url"])).content))
    assert (rate_hz, data.shape) == (22_050, (2_205, 2)) and np.abs(data[200:-200] - 0.25).max() < 1e-3
    assert (await ben.send(asked)).status_code == 404
    assert (await ana.send(asked.replace("wav", "aac"))).status_code == 422
    post = await ana.post(LOOP)
    assert (await ana.send(f"/api/samples/{post}/convert?target_format=mp3")).status_code == 404
    listed = (await peer.http.get("/api/samples", headers=ana.headers)).json()
    assert [each["fileSize"] for each in listed["samples"]] == [sample["fileSize"]]


async def test_a_file_is_converted_and_drawn(peer: InMemory) -> None:
    ana, ben, _ = await people(peer)
    for name, mime in (
        ("mp3", "audio/mpeg"),
        ("wav", "audio/wav"),
        ("ogg", "audio/ogg"),
        ("flac", "audio/flac"),
    ):
        asked = f"/api/audio/convert?target_format={name}&bitrate=96&sample_rate=44100"
        answer = await ana.send(asked, ("file", "Idea 1.flac", LOOP))
        assert answer.status_code == 200, answer.text
        made = answer.json()
        sound = await ana.get(made["download_url"])
        assert made == {
            "original_filename": "Idea 1.flac",
            "converted_filename": f"Idea 1.{name}",
            "download_url": made["download_url"],
            "format": name,
            "size_bytes": len(sound.content),
            "job_id": made["job_id"],
            "state": "done",
        }
        assert (
            sound.headers["content-type"] == mime
            and f"Idea%201.{name}" in sound.headers["content-disposition"]
        )
        clip = read_audio(sound.content)
        assert (clip.sample_rate_hz, len(clip.samples)) == (44_100, int(SECONDS * 44_100))
        assert (await ben.get(made["download_url"])).status_code == 404
    asked = "/api/audio/waveform?width=300&height=80&color=%23ff0000&background=%23000000"
    made = (await ana.send(asked, ("file", "a.flac", LOOP))).json()
    assert set(made) == {
        *("waveform_image_url", "waveform_data", "waveform_data_url", "width", "height", "job_id", "state")
    }
    assert (made["width"], made["height"], len(made["waveform_data"])) == (300, 80, 100)
    levels = (await ana.get(made["waveform_data_url"])).json()
    assert levels[:100] == made["waveform_data"] and len(levels) == 300 and 0.6 < max(levels) <= 1
    drawn = ElementTree.fromstring((await ana.get(made["waveform_image_url"])).content)
    assert (drawn.get("width"), drawn.get("height")) == ("300", "80") and "#ff0000" in (
        drawn.get("style") or ""
    )
    held = await peer.relay.db.read(wanted_objects)
    assert len(held) == 6
    await peer.relay.db.write(lambda tx: _void(tx.db.execute("UPDATE listening SET created_us = 1")))
    await peer.relay.posts.hearing.forget_old()
    assert await peer.relay.db.read(wanted_objects) == set(), "a day later none of it is there"


async def test_what_is_here_is_analysed_by_its_id(peer: InMemory) -> None:
    ana, ben, nobody = await people(peer)
    post_id = await ana.post(LOOP)
    dashed = f"{post_id[:8]}-{post_id[8:12]}-{post_id[12:16]}-{post_id[16:20]}-{post_id[20:]}"
    track = f"/api/analyze/track/{dashed}"
    assert (await ana.get(track)).json() == {
        **dict.fromkeys(("jobId", "error", "analyzedAt", "analysis")),
        "trackId": dashed,
        "status": "none",
    }
    for other, status in ((ben, 404), (nobody, 401)):
        for answer in (
            await other.say("/api/analyze/analyze", {"trackId": post_id}),
            await other.get(track),
        ):
            assert answer.status_code == status, answer.text
    asked = await ana.say("/api/analyze/analyze", {"trackId": dashed})
    assert asked.status_code == 200, asked.text
    job = asked.json()
    assert set(job) == {"jobId", "trackId", "status", "stage", "progress", "error"}
    assert job["trackId"] == dashed and job["status"] in ("ready", "running")
    ended = await peer.relay.posts.workers.ended(job["jobId"].replace("-", ""), HANG_S)
    assert ended is not None and ended.state == "done", ended
    assert (await ana.get(f"/api/analyze/job/{job['jobId']}")).json() == {
        **job,
        "status": "done",
        "stage": "",
        "progress": 1.0,
    }
    assert (await ben.get(f"/api/analyze/job/{job['jobId']}")).status_code == 404
    found = (await ana.get(track)).json()
    assert (found["status"], found["jobId"], found["error"]) == ("done", job["jobId"], None)
    assert set(found["analysis"]) == FEATURES
    check_features(found["analysis"], LOOP)
    picture = found["analysis"]["pictures"]["chromagram"]
    assert (await ana.get(picture)).status_code == 200 and (await ben.get(picture)).status_code == 404
    assert (await ana.get("/api/audio/user-analyses")).json()["total"] == 0, "of files that were sent"
    await ana.http.delete(f"/api/v1/audio/{post_id}", headers=ana.headers)
    assert (await ana.get(track)).status_code == 410
    await peer.relay.posts.hearing.forget_old()
    assert (await ana.get(picture)).status_code == 404


async def test_what_is_no_sound_is_refused_and_nothing_is_kept(peer: InMemory) -> None:
    ana, _, nobody = await people(peer)
    guest = Owner(peer, (await peer.ask("/auth/guest", None)).json()["access_token"])
    mute = as_file(np.zeros((100, 2)), 44_100)
    analyze, convert = "/api/audio/analyze", "/api/audio/convert?target_format=aac"
    cases = (
        (await ana.send(analyze, ("file", "a.mp3", b"RIFF no sound")), 422, "audio_refused"),
        (await ana.send(analyze, ("file", "a.mp3", b"")), 422, "audio_refused"),
        (await ana.send(analyze, ("sound", "a.mp3", mute)), 400, "malformed"),
        (await ana.send("/api/audio/compare", ("file1", "a.mp3", mute)), 400, "malformed"),
        (
            await ana.send("/api/audio/compare", ("file2", "a", mute), ("file1", "a", mute)),
            400,
            "malformed",
        ),
        (await ana.send(convert, ("file", "a.mp3", mute)), 422, "validation"),
        (await ana.send(f"{analyze}?x=1", ("file", "a.mp3", mute)), 422, "validation"),
        (await nobody.send(analyze, ("file", "a.mp3", mute)), 401, "sign_in_required"),
        (await guest.send(analyze, ("file", "a.mp3", mute)), 403, "account_required"),
        (await ana.http.post(analyze, content=b"x", headers=ana.headers), 415, "unsupported_media_type"),
        (await ana.say("/api/analyze/analyze", {"trackId": "0" * 32}), 404, "not_found"),
        (await ana.say("/api/analyze/analyze", {"trackId": "x"}), 422, "validation"),
    )
    for answer, status, code in cases:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    silence = (await ana.send(analyze, ("file", "a.flac", mute))).json()["results"]
    assert silence["tempo"] is silence["key"] is silence["loudness"] is None, "unknown stays unknown"
    open_ = "SELECT count(*) FROM upload WHERE state = 'open'"
    assert await peer.relay.db.read(lambda db: db.execute(open_).fetchone()[0]) == 0


def _void(_: object) -> None:
    pass
