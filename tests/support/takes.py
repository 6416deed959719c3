"""Takes for tests of the library: values, and folders with real sound."""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from audio.encode.wave import wav_f32_header
from daemon.core.capture import Cut
from daemon.library.files import TAKE_JSON, TAKE_WAV
from daemon.library.rows import TakeRow
from daemon.system.files import publish_folder

RATE_HZ = 48_000


def cut(frames: int = 1000) -> Cut:
    """Seconds, not bars: what needs the least to be true."""
    return Cut(
        first_frame=0,
        frames=frames,
        bars=None,
        anchored=False,
        bar_frames=(),
        bpm=None,
        tempo_map=(),
        meter=None,
        note="",
    )


def take(number: int, frames: int = 1000, **fields: object) -> TakeRow:
    """Take number `number`: ids and times rise with it."""
    row = TakeRow(
        take_id=f"{number:032x}",
        title=f"take {number}",
        created_us=number,
        host_name="test",
        frames=frames,
        sample_rate_hz=float(RATE_HZ),
        channels=2,
        cut=cut(frames),
    )
    return msgspec.structs.replace(row, **fields)


def publish(folder: Path, row: TakeRow, samples: NDArray[np.float32]) -> None:
    """The take's folder as the daemon writes it."""
    folder.mkdir(exist_ok=True)
    wav = wav_f32_header(len(samples), samples.shape[1], RATE_HZ)
    publish_folder(
        folder / row.take_id, {TAKE_WAV: (wav, samples.tobytes()), TAKE_JSON: (msgspec.json.encode(row),)}
    )
