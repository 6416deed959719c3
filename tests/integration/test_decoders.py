"""The MP3 in the two decoders most players are made of: exact length, no shift, right level.

Needs the ffmpeg and mpg123 programs (Debian packages of the same names).
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio.mp3 import encode_mp3
from tests.support.tones import soft_noise

AWKWARD_FRAMES = [1, 575, 576, 577, 1105, 1151, 1152, 1153, 44_100, 100_001]


def _program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed; this test needs it (apt install {name})."
    return path


def _run(command: list[str]) -> np.ndarray:
    done = subprocess.run(command, capture_output=True, timeout=20, check=True)
    return np.frombuffer(done.stdout, np.float32)


def _ffmpeg(file: Path) -> np.ndarray:
    # From a file: on a pipe ffmpeg does not trim the end of any MP3.
    return _run([_program("ffmpeg"), "-v", "error", "-i", str(file), "-f", "f32le", "-"])


def _mpg123(file: Path) -> np.ndarray:
    return _run([_program("mpg123"), "-q", "-s", "-e", "f32", str(file)])


@pytest.mark.parametrize("decode", [_ffmpeg, _mpg123])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate_hz", [32_000, 44_100, 48_000])
def test_length_shift_and_level_are_exact(
    decode: Callable[[Path], np.ndarray], channels: int, sample_rate_hz: int, tmp_path: Path
) -> None:
    file = tmp_path / "loop.mp3"
    for frames in AWKWARD_FRAMES:
        noise = soft_noise(frames, channels=channels)
        title = "Loop" if frames % 2 else None  # with an ID3 tag before the stream and without
        file.write_bytes(encode_mp3(noise, sample_rate_hz, title=title).data)
        decoded = decode(file).reshape(-1, channels)
        assert len(decoded) == frames, f"{frames} frames came back as {len(decoded)}"
        if frames < 10_000:
            continue
        likeness = [
            float(np.vdot(noise[10:-10], np.roll(decoded, shift, axis=0)[10:-10])) for shift in range(-3, 4)
        ]
        assert int(np.argmax(likeness)) == 3, f"shifted by {int(np.argmax(likeness)) - 3} frames"
        assert np.std(decoded) == pytest.approx(np.std(noise), rel=0.02)
