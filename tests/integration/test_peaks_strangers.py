"""Peaks as a stranger reads them: the BBC's waveform-data, which peaks.js is built on, understands what we write."""

import json
import subprocess
from pathlib import Path

import pytest

from audio.draw.zoom import LEVELS, zoom_levels
from tests.support.deadlines import HANG_S
from tests.support.node import NODE, installed
from tests.support.tones import soft_noise

RATE_HZ = 44_100
FRAMES = 100_001  # no level divides it: the last point covers less


@pytest.mark.parametrize("channels", [1, 2])
def test_waveform_data_reads_every_resolution_as_we_meant_it(tmp_path: Path, channels: int) -> None:
    levels = zoom_levels(soft_noise(FRAMES, channels=channels, level_dbfs=-6), RATE_HZ)
    files = []
    for level in levels:
        for ending, data in ((".dat", level.dat()), (".json", level.json())):
            files.append(tmp_path / f"{level.frames_per_point}{ending}")
            files[-1].write_bytes(data)
    command = [str(NODE), "read.js", *map(str, files)]
    done = subprocess.run(
        command, cwd=installed("waveform_data"), capture_output=True, text=True, timeout=HANG_S, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = [
        {
            "rate_hz": RATE_HZ,
            "frames_per_point": size,
            "points": -(-FRAMES // size),
            "bits": 8,
            "minimum": level.minimum.T.tolist(),
            "maximum": level.maximum.T.tolist(),
        }
        for size, level in zip(LEVELS, levels, strict=True)
        for _ in (".dat", ".json")
    ]
    assert json.loads(done.stdout) == expected
