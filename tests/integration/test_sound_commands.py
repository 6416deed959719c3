"""The commands about sound itself, as people and programs use them."""

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.measure.loudness import integrated_lufs
from audio.read.reader import read_audio
from tests.support.deadlines import HANG_S
from tests.support.takes import RATE_HZ, publish, take
from tests.support.tones import clicks, music_like, sine

FIELDS = (
    "frames sample_rate_hz channels lufs_in lufs_out dbtp_in dbtp_out gain_db loudness_reason lra_lu bpm bpm_source"
    " bpm_confidence key key_confidence seam_score warnings mp3 flac waveform_svg peaks fingerprint"
)


def _sidechain(tmp_path: Path, *arguments: str) -> str:
    env = os.environ | {
        "SIDECHAIN_CONFIG": str(tmp_path / "config.toml"),
        "SIDECHAIN_RUN_DIR": str(tmp_path / "run"),
        "SIDECHAIN_DATA_DIR": str(tmp_path / "data"),
        "SIDECHAIN_CREDENTIAL_STORE": "file",
    }
    command = [sys.executable, "-m", "daemon", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_bad_file_is_one_object_and_an_exit_code(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound")
    command = [
        sys.executable,
        "-m",
        "daemon",
        "process",
        str(tmp_path / "a.wav"),
        "--out",
        str(tmp_path),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 8
    assert json.loads(done.stdout.splitlines()[-1])["error"]["code"] == "bad_audio"


def test_the_second_time_it_comes_from_the_cache_and_is_the_same(tmp_path: Path) -> None:
    clip = music_like(1, 44_100)
    told = _process(tmp_path, clip)
    files = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    (entry,) = (tmp_path / "data" / "cache").iterdir()
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")  # not what it was: made anew, and mended
    assert _process(tmp_path, clip) == told
    assert {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()} == files
    used_ns = entry.stat().st_mtime_ns
    assert _process(tmp_path, clip) == told and entry.stat().st_mtime_ns > used_ns
    used_ns = entry.stat().st_mtime_ns
    assert _process(tmp_path, clip, "--no-cache") == told and entry.stat().st_mtime_ns == used_ns


def _process(tmp_path: Path, clip: np.ndarray, *options: str) -> dict[str, object]:
    source = tmp_path / "idea.wav"
    soundfile.write(source, clip, 44_100, subtype="FLOAT")
    out = _sidechain(tmp_path, "process", str(source), "--out", str(tmp_path / "made"), "--json", *options)
    told: dict[str, object] = json.loads(out.splitlines()[-1])
    return told


def test_process_tells_every_field_and_unknown_is_null(tmp_path: Path) -> None:
    told = _process(tmp_path, sine(200, -20, 2, 44_100) * np.array([1, -1], np.float32))
    assert set(FIELDS.split()) <= set(told)
    assert told["seam_score"] == 1.0 and told["lra_lu"] == 0.0
    assert [each["kind"] for each in told["warnings"]] == ["polarity"]  # type: ignore[index, attr-defined]
    peaks = json.loads((tmp_path / "made" / str(told["peaks"])).read_text())
    assert (peaks["version"], peaks["length"], len(peaks["data"])) == (2, 345, 4 * 345)
    assert all((tmp_path / "made" / name).stat().st_size > 24 for name in told["peaks_dat"])  # type: ignore[attr-defined]


def test_silence_is_told_with_nulls(tmp_path: Path) -> None:
    told = _process(tmp_path, np.zeros((44_100, 2), np.float32))
    assert [told[name] for name in ("lufs_in", "lufs_out", "dbtp_out", "lra_lu", "seam_score")] == [None] * 5
    assert told["loudness_reason"] == "silent"


def test_the_limiter_is_asked_for(tmp_path: Path) -> None:
    clip = music_like(2, 44_100) + clicks(2 * 44_100, 11_000, level_dbfs=-2)
    assert _process(tmp_path, clip)["loudness_reason"] == "peak_limited"
    limited = _process(tmp_path, clip, "--limiter", "--force")
    assert limited["loudness_reason"] == "limited"
    assert abs(float(str(limited["lufs_out"])) + 14) <= 0.1 and float(str(limited["dbtp_out"])) <= -1


def test_a_take_is_drawn_and_compared(tmp_path: Path) -> None:
    sound = music_like(2, RATE_HZ, level_dbfs=-30)
    (tmp_path / "data").mkdir()
    publish(tmp_path / "data" / "takes", take(1, frames=len(sound)), sound)
    changed = tmp_path / "changed.flac"
    soundfile.write(changed, 0.3 * np.roll(sound, RATE_HZ, axis=0), RATE_HZ)
    card = tmp_path / "card.svg"
    _sidechain(tmp_path, "up", "--detach")
    try:
        deadline = time.monotonic() + 20
        while json.loads(_sidechain(tmp_path, "takes", "show", "last", "--json"))["take"]["state"] != "ready":
            assert time.monotonic() < deadline, "the take was not rendered"
        shown = _sidechain(tmp_path, "takes", "show", "last")
        assert all(word in shown for word in ("tempo ", "key ", "seam "))
        told = json.loads(_sidechain(tmp_path, "takes", "similar", str(changed), "--json"))["found"]
        assert [(each["title"], each["same"]) for each in told] == [("take 1", True)]
        assert "There is no other take yet." in _sidechain(tmp_path, "takes", "similar", "last")
        _sidechain(tmp_path, "takes", "card", "last", "-o", str(card))
        _sidechain(tmp_path, "takes", "card", "last", "-o", str(tmp_path / "card.png"))
        _sidechain(tmp_path, "takes", "compare", "last", "--out", str(tmp_path / "ab"))
    finally:
        _sidechain(tmp_path, "down")
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")
    root = ElementTree.fromstring(card.read_text())
    assert "take 1" in ["".join(each.itertext()) for each in root]
    before, after = (
        read_audio((tmp_path / "ab" / name).read_bytes()) for name in ("before.wav", "after.wav")
    )
    assert len(before.samples) == len(after.samples) == len(sound)
    loudnesses = [integrated_lufs(each.samples, RATE_HZ) for each in (before, after)]
    assert loudnesses[0] == pytest.approx(loudnesses[1], abs=0.05)
