"""A mix of a set: the sum of its Takes that lie to the frame, each as loud as it was. A Take like any other, float without a ceiling."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from audio.encode.wave import wav_f32_header
from daemon.core.titles import fitting
from daemon.errors import UsageError
from daemon.library.files import TAKE_WAV
from daemon.library.rows import TakeRow
from daemon.library.takes import Takes, new_take

if TYPE_CHECKING:  # the daemon starts without numpy
    import numpy as np
    from numpy.typing import NDArray

STEP_FRAMES = 1 << 16
CHANNELS = 2


class Mixing:
    """[loop]"""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes

    async def mix(self, takes: list[TakeRow], title: str) -> TakeRow:
        """takes: of one set, the first first. Raises UsageError, NoSpace, LibraryStuck."""
        first = takes[0]
        aligned = [
            take
            for take in takes
            if (take.set_clock, take.frames, take.sample_rate_hz)
            == ("frames", first.frames, first.sample_rate_hz)
        ]
        if len(aligned) < 2:
            raise UsageError(
                "There are no two takes in this set that lie to the frame.", "Post one of them instead."
            )
        names = ", ".join(take.track_name or take.host_name for take in aligned)
        note = f"{first.cut.note} A mix of {names}.".strip()
        mixed = new_take(
            msgspec.structs.replace(first.cut, note=note[:512]),
            title=fitting(title).title,
            host_name=first.host_name,
            track_name="Mix",
            sample_rate_hz=first.sample_rate_hz,
            channels=CHANNELS,
        )
        made, _ = await self._takes.add(lambda: (self._written(mixed, aligned), None))
        return made

    def _written(self, mixed: TakeRow, takes: list[TakeRow]) -> TakeRow:
        """[worker]"""
        self._takes.require_space(mixed.frames * CHANNELS * 4)
        sounds = [_sound(self._takes.folder / take.take_id / TAKE_WAV, take) for take in takes]
        self._takes.publish(mixed, None, _sum(sounds, mixed.frames))
        return mixed


def _sound(path: Path, take: TakeRow) -> "NDArray[np.float32]":
    """The frames of take.wav, mapped: (frames, channels). Raises OSError."""
    import numpy as np

    head_bytes = len(wav_f32_header(take.frames, take.channels, round(take.sample_rate_hz)))
    return np.memmap(path, np.float32, "r", head_bytes, (take.frames, take.channels))


def _sum(sounds: "list[NDArray[np.float32]]", frames: int) -> Iterator[bytes]:
    """In double precision, rounded once; mono goes to both sides; what is not finite is silence."""
    import numpy as np

    for at in range(0, frames, STEP_FRAMES):
        end = min(at + STEP_FRAMES, frames)
        total = np.zeros((end - at, CHANNELS))
        for sound in sounds:
            total += np.nan_to_num(sound[at:end], nan=0.0, posinf=0.0, neginf=0.0)
        yield total.astype(np.float32).tobytes()
