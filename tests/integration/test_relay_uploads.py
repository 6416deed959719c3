"""Hostile audio, and a relay that is killed while it publishes. Real processes throughout."""

import io
import secrets
import sqlite3
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from audio.encode.wave import wav_f32_header
from tests.support.loops import as_file, loop_flac, short_flac
from tests.support.raw_sockets import family_cpu_s
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True
AUDIO = short_flac()
REFUSAL_CPU_S = 10.0
"""The most that a refusal may cost, of the relay and of the children that decode for it."""
RATE_HZ = 48_000


def silence_bomb() -> bytes:
    """Twenty-five minutes of digital silence: some hundred kilobytes of FLAC, 576 MB once decoded."""
    return as_file(np.zeros((25 * 60 * RATE_HZ, 2), dtype=np.int16), RATE_HZ, subtype="PCM_16")


def wav_with(**change: int) -> bytes:
    """A WAV whose header says something else than its data."""
    values = {"channels": 2, "rate": RATE_HZ, "data_bytes": 8 * 4800} | change
    fmt = struct.pack(
        "<4sIHHIIHH",
        b"fmt ",
        16,
        1,
        values["channels"],
        values["rate"],
        values["rate"] * values["channels"] * 2 & 0xFFFFFFFF,
        values["channels"] * 2 & 0xFFFF,
        16,
    )
    data = b"\1\0" * 9600
    return (
        b"RIFF"
        + struct.pack("<I4s", 0xFFFFFFFF, b"WAVE")
        + fmt
        + b"data"
        + struct.pack("<I", values["data_bytes"])
        + data
    )


def flac_declaring(total_samples: int) -> bytes:
    """A short FLAC whose STREAMINFO claims another length (RFC 9639, 8.2: 36 bits at byte 21)."""
    data = bytearray(AUDIO)
    data[21] = data[21] & 0xF0 | total_samples >> 32 & 0x0F
    data[22:26] = struct.pack(">I", total_samples & 0xFFFFFFFF)
    return bytes(data)


REFUSED = {
    "nothing": b"",
    "text": b"hello " * 100,
    "html": b"<!doctype html><script>alert(1)</script>" * 20,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "zip": b"PK\3\4" + b"\0" * 400,
    "playlist": b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n",
    "concat script": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "only a flac head": AUDIO[:42],
    "a riff of nothing": b"RIFF" + b"\xff" * 40,
    "no frames": wav_f32_header(0, 2, RATE_HZ),
    "no channels": wav_with(channels=0),
    "thousand channels": wav_with(channels=1000),
    "rate one": wav_with(rate=1),
    "rate of gigahertz": wav_with(rate=2**31),
    "wrong channels": as_file(np.zeros((4800, 6)), RATE_HZ),
}


def test_a_relay_of_a_relative_folder_makes_posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its decoders work in another folder."""
    monkeypatch.chdir(tmp_path)
    with running_relay(Path("data"), cwd=tmp_path) as relay:
        client = RelayClient(relay.url)
        client.sign_in("nightowl")
        assert client.upload(AUDIO).status_code == 201
        client.close()


@pytest.fixture(scope="module")
def client(relay: RelayProcess) -> Iterator[RelayClient]:
    made = RelayClient(relay.url)
    made.sign_in("stranger")
    yield made
    made.close()


def resident_bytes(relay: RelayProcess) -> int:
    status = Path(f"/proc/{relay.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def is_refused(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 422
        and answer.json()["code"] == "audio_refused"
        and bool(answer.json()["detail"])
    )


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_usable_audio_is_refused_with_a_sentence(
    relay: RelayProcess, client: RelayClient, kind: str
) -> None:
    before_s = family_cpu_s(relay.process.pid)
    assert is_refused(client.upload(REFUSED[kind]))
    assert family_cpu_s(relay.process.pid) - before_s < REFUSAL_CPU_S


def test_a_silence_bomb_costs_a_child_and_not_the_relay(relay: RelayProcess, client: RelayClient) -> None:
    bomb, before, before_s = silence_bomb(), resident_bytes(relay), family_cpu_s(relay.process.pid)
    assert len(bomb) < 2**21
    assert is_refused(client.upload(bomb))
    assert family_cpu_s(relay.process.pid) - before_s < 2 * REFUSAL_CPU_S
    assert resident_bytes(relay) - before < 50 * 2**20
    assert client.upload(AUDIO).status_code == 201


@pytest.mark.parametrize("total", [0, 1, 2**36 - 1])
def test_a_declared_length_is_not_believed(client: RelayClient, total: int) -> None:
    answer = client.upload(flac_declaring(total))
    assert is_refused(answer) or answer.json()["frames"] <= 24_000


def test_a_cut_file_is_refused_or_what_is_left_of_it_published(client: RelayClient) -> None:
    for end in range(50, len(AUDIO), len(AUDIO) // 6):
        answer = client.upload(AUDIO[:end])
        assert is_refused(answer) or 0 < answer.json()["frames"] <= 24_000


def test_a_polyglot_is_served_as_our_own_encoding(client: RelayClient) -> None:
    answer = client.upload(AUDIO + b"<script>alert(1)</script>")
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        for address in (answer.json()["audio_url"], f"/audio/{answer.json()['id']}/flac"):
            assert b"<script" not in client.http.get(address).content


def test_any_float_bits_become_a_finite_post(client: RelayClient) -> None:
    samples = np.full((9600, 2), np.nan, dtype="<f4")
    samples[::3] = np.inf
    samples[::5] = 1e30
    wav = io.BytesIO(wav_f32_header(9600, 2, RATE_HZ) + samples.tobytes()).getvalue()
    answer = client.upload(wav)
    assert answer.status_code == 201, answer.text
    assert answer.json()["dbtp"] is None or answer.json()["dbtp"] < 1.0


def test_tempo_and_key_come_with_who_says_so_and_nothing_is_invented(client: RelayClient) -> None:
    audio, _ = loop_flac(3, bpm=120.0)
    said = {
        "bpm": 120.0,
        "bpm_source": "length",
        "bpm_confidence": 0.94,
        "key": "F# minor",
        "key_source": "audio",
        "key_confidence": 0.7,
    }
    told = client.post(audio, **said)
    assert {name: getattr(told, name) for name in said} == said
    assert told.seam_score is not None and told.lra_lu is not None, "measured on what arrived"
    untold = client.post(audio, bpm_source="audio", bpm_confidence=0.9, key_source="audio", analysed=True)
    assert [getattr(untold, name) for name in said] == [None] * 6, "nobody says what is unknown"
    for wrong in ({"bpm_source": "astrology"}, {"key_confidence": 1.5}):
        assert client.upload(audio, **wrong).status_code in (400, 422)


def test_what_an_upload_lacks_is_told_to_who_sent_it_and_nobody_else(client: RelayClient) -> None:
    """Also when the same key is asked for again."""
    entry_id = secrets.token_hex(16)
    cut = AUDIO[: len(AUDIO) // 2]
    for status in (201, 200):
        answer = client.upload(cut, entry_id=entry_id)
        assert answer.status_code == status, answer.text
        (lack,) = answer.json()["lacks"]
        assert "breaks off before its end" in lack
    assert "lacks" not in client.http.get(f"/audio/{answer.json()['id']}").json()
    assert client.upload(AUDIO).json()["lacks"] == []


def test_a_key_that_failed_may_be_used_again(client: RelayClient) -> None:
    entry_id = secrets.token_hex(16)
    assert is_refused(client.upload(b"not audio", entry_id=entry_id))
    assert client.upload(AUDIO, entry_id=entry_id).status_code == 201


def test_nothing_of_an_upload_stays_in_the_scratch_folder(relay: RelayProcess) -> None:
    assert [
        each for each in (relay.data / "scratch").rglob("*") if each.is_file() and each.stat().st_size
    ] == []


# kill -9 --------------------------------------------------------------------------------------------------------


def upload_quietly(client: RelayClient, entry_id: str) -> None:
    with suppress(httpx.HTTPError):  # the relay dies meanwhile: that is the point
        client.upload(AUDIO, entry_id=entry_id, title=entry_id)


def objects_of(data: Path) -> set[str]:
    return {file.name for file in (data / "objects").glob("[0-9a-f][0-9a-f]/*")}


def outlive_the_start(data: Path) -> None:
    """Leases of the dead run for another day: who starts alone in the folder has no need to wait for their end."""
    with closing(sqlite3.connect(data / "relay.db")) as database, database:
        database.execute("UPDATE job SET due_us = due_us + 86400000000 WHERE state = 'running'")


@pytest.mark.parametrize("moment", ["object written", "0.05", "0.15", "0.3"])
def test_a_kill_leaves_no_half_post_and_a_retry_makes_exactly_one(tmp_path: Path, moment: str) -> None:
    data, entry_id = tmp_path / "data", secrets.token_hex(16)
    with running_relay(data) as relay:
        client = RelayClient(relay.url)
        pair = client.sign_in("anna")
        uploading = threading.Thread(target=upload_quietly, args=(client, entry_id))
        uploading.start()
        if moment == "object written":  # between store and commit, as near as one can get from outside
            deadline = time.monotonic() + 10
            while not objects_of(data) and time.monotonic() < deadline:
                pass
        else:
            uploading.join(float(moment))
        relay.kill()
        uploading.join()
        client.close()
    outlive_the_start(data)
    with running_relay(data) as again:
        client = RelayClient(again.url)
        client.use(pair)
        published = client.http.get("/feed/global").json()["posts"]
        assert len(published) <= 1
        for post in published:
            assert client.http.get(post["audio_url"]).status_code == 200
        retried = client.upload(AUDIO, entry_id=entry_id, title=entry_id)
        assert retried.status_code in ((200,) if published else (200, 201)), (
            "a job that was begun goes on by itself"
        )
        assert [each["title"] for each in client.http.get("/feed/global").json()["posts"]] == [entry_id]
        assert len(objects_of(data)) == 2, "what was stored before the kill is the same, so it is no stray"
        client.close()
