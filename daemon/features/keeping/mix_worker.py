"""The process that sums the Takes of a set, away from the daemon, which has no arrays.

Run as `python -m daemon.features.keeping.mix_worker`, once for each mix: the job comes on stdin, the sum goes into a file.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:  # the daemon imports this file for its job, not for numpy
    import numpy as np
    from numpy.typing import NDArray

STEP_FRAMES = 1 << 16
CHANNELS = 2


class Part(Struct, frozen=True, kw_only=True):
    """Interleaved float32 in a file, behind its head."""

    path: str
    head_bytes: int
    channels: int


class MixJob(Struct, frozen=True, kw_only=True):
    """Write the sum of `frames` of each part to `out`, which is not there yet: interleaved float32 of CHANNELS."""

    out: str
    frames: int
    parts: list[Part]


def summed(sounds: "list[NDArray[np.float32]]", frames: int) -> Iterator[bytes]:
    """In double precision, rounded once; mono goes to both sides; what is not finite is silence. [worker]

    sounds: (frames, 1 or 2 channels) each.
    """
    import numpy as np

    for at in range(0, frames, STEP_FRAMES):
        end = min(at + STEP_FRAMES, frames)
        total = np.zeros((end - at, CHANNELS))
        for sound in sounds:
            total += np.nan_to_num(sound[at:end], nan=0.0, posinf=0.0, neginf=0.0)
        yield total.astype(np.float32).tobytes()


def main() -> None:
    """Carry out one job. Its last line on stderr says what went wrong."""
    import numpy as np

    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=MixJob)
    shapes = [(job.frames, part.channels) for part in job.parts]
    try:
        sounds = [
            np.memmap(part.path, np.float32, "r", part.head_bytes, shape)
            for part, shape in zip(job.parts, shapes, strict=True)
        ]
        with Path(job.out).open("xb") as out:
            out.writelines(summed(list(sounds), job.frames))
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
