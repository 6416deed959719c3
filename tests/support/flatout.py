"""A process that writes a Ring as fast as it can, and the judge of what a reader made of it.

python -m tests.support.flatout RUN_DIR CAPACITY_FRAMES BLOCK_FRAMES    prints the segment's name, then writes
"""

import subprocess
import sys
from pathlib import Path
from types import TracebackType

import numpy as np

from bridge.shm import Span
from plugin_protocol.layout import Flag, Record
from tests.support.ringfile import RingWriter, numbered_frames

PERIOD = 1 << 18  # the numbers repeat only after many laps, so a stale frame cannot pass for a fresh one
NUMBERS = numbered_frames(0, PERIOD)


class FlatOut:
    """Runs the writer for as long as the `with` block lasts."""

    def __init__(self, run_dir: Path, capacity_frames: int, block_frames: int) -> None:
        arguments = [str(run_dir), str(capacity_frames), str(block_frames)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.flatout", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self.process.stdout is not None
        self.segment = self.process.stdout.readline().strip()

    def __enter__(self) -> "FlatOut":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def corrupt_frames(span: Span) -> int:
    """How many frames of `span` are not the ones they claim to be."""
    found = np.frombuffer(span.data, np.uint64)
    numbers = NUMBERS.view(np.uint64).ravel()
    at, wrong = span.first_frame % PERIOD, 0
    for start in range(0, span.frames, PERIOD):
        part = found[start : start + PERIOD]
        head = part[: PERIOD - at]
        wrong += int(np.count_nonzero(head != numbers[at : at + len(head)]))
        wrong += int(np.count_nonzero(part[len(head) :] != numbers[: len(part) - len(head)]))
    return wrong


def main(run_dir: Path, capacity_frames: int, block_frames: int) -> None:
    """Never returns."""
    ring = RingWriter(run_dir, capacity_frames=capacity_frames, timeline_capacity=64)
    ring.touch()
    print(ring.segment, flush=True)
    while True:
        at = ring.commit % PERIOD
        ring.begin(NUMBERS[at : at + block_frames])
        # project_frame repeats ring_frame: a record mixed of two would tell.
        ring.record(Record(ring_frame=ring.commit, project_frame=ring.commit, flags=Flag.VALID_PROJECT_FRAME))
        ring.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
