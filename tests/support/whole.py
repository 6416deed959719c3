"""What the end-to-end tests share: sound whose every frame is known, and a short folder to run in."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from daemon.cli.groove import groove

RATE_HZ = 48_000
BPM = 128.0
BAR_FRAMES = 90_000  # 4/4 at 128 BPM and 48 kHz: exactly


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for socket names, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sdc-") as name:
        yield Path(name)


def marked_groove(bars: int) -> NDArray[np.float32]:
    """A loop with a little seeded noise on top, so that no two stretches of it are equal."""
    loop = groove(BPM, bars, RATE_HZ)
    noise = np.random.default_rng(7).standard_normal(loop.shape).astype(np.float32)
    return np.asarray(loop + noise * np.float32(1e-3), dtype=np.float32)


def write_wav(path: Path, samples: NDArray[np.float32]) -> None:
    """32-bit float, the exact frames."""
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")


def read_wav(path: Path) -> NDArray[np.float32]:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate_hz == RATE_HZ
    return np.asarray(samples, dtype=np.float32)


def script(folder: Path, *lines: str) -> Path:
    """A transport script for the native host."""
    path = folder / "transport.txt"
    path.write_text("\n".join(lines) + "\n")
    return path
