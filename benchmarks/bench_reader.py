"""The daemon's side of a Ring: how fast history is copied out, and whether a wrong frame ever comes with it.

Beside the bulk read stand two copies of the same 30 s, taken in turn with it. The private copy, by numpy from an
array of this process, is what a mapping would cost; but a mapping kills the daemon when a peer truncates its file
(SIGBUS), so the reader uses pread, and pays what the kernel takes for each page. One plain pread of a private
memory file is that price without our code: the second row says what we add to it.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.paths import prepare_run_dir
from bridge.shm import RingFile
from plugin_protocol.errors import LayoutError
from tests.support.flatout import FlatOut, corrupt_frames
from tests.support.ringfile import RingWriter, numbered_frames

RATE_HZ = 48_000
READ_FRAMES = 30 * RATE_HZ
ROUNDS = 40
COPIES = 100_000
SMALL_RING_FRAMES = 1 << 14  # small, so that the writer laps the reader all the time
Row = tuple[str, float, str, str]


def rows() -> list[Row]:
    """One line per figure. About 25 s."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="sdc-bench-"))
    try:
        run_dir = prepare_run_dir(folder / "run")
        return [*_bulk_read(run_dir), *_flat_out(run_dir)]
    finally:
        shutil.rmtree(folder)


def _bulk_read(run_dir: Path) -> list[Row]:
    ring = RingWriter(run_dir, capacity_frames=1 << 21, timeline_capacity=1 << 14)
    ring.write_numbered(2_500_000)  # past the wrap, which the 30 s then contain
    reader = RingFile.open(run_dir, ring.segment)
    first = ring.commit - READ_FRAMES
    private = numbered_frames(first, READ_FRAMES)
    with os.fdopen(os.memfd_create("private"), "r+b", buffering=0) as file:
        file.write(private.tobytes())
        return _compared(ring, reader, first, private, file.fileno())


def _compared(
    ring: RingWriter, reader: RingFile, first: int, private: NDArray[np.float32], file: int
) -> list[Row]:
    reads, copies, plain = [], [], []
    for _ in range(ROUNDS):
        reads.append(_seconds(lambda: reader.read(first, READ_FRAMES).frames == READ_FRAMES))
        copies.append(_seconds(lambda: private.copy().size > 0))
        plain.append(
            _seconds(lambda: os.preadv(file, [np.empty(private.nbytes, np.uint8).data], 0) == private.nbytes)
        )
    whole = reader.read(first, READ_FRAMES)
    wrong = int(np.count_nonzero(np.frombuffer(whole.data, np.uint32) != private.view(np.uint32).ravel()))
    looks_s = _seconds(lambda: all(reader.indices().commit for _ in range(10_000)))
    reader.close()
    ring.close()
    read_s, copy_s, plain_s = (statistics.median(times) for times in (reads, copies, plain))
    size_gb = READ_FRAMES * 8 / 1e9
    return [
        (
            "bulk read of 30 s stereo over a private numpy copy",
            read_s / copy_s,
            "(≤ 1.25)",
            f"{read_s * 1e3:.2f} ms ({size_gb / read_s:.1f} GB/s) to {copy_s * 1e3:.2f} ms; pread, never mapped: docs/decisions/0005",
        ),
        (
            "bulk read of 30 s stereo over one pread of a private file",
            read_s / plain_s,
            "≤ 1.25",
            f"{plain_s * 1e3:.2f} ms; the price of a reader that no peer can kill",
        ),
        ("bulk read of 30 s: samples that differ", wrong, "0", f"of {READ_FRAMES * 2:,}"),
        ("one look at the indices, µs", looks_s * 100, "", "two preads, checked"),
    ]


def _flat_out(run_dir: Path) -> list[Row]:
    random = np.random.default_rng(20_261_121)
    frames_read = corrupt = overtaken = refused = records = mixed = 0
    with FlatOut(run_dir, SMALL_RING_FRAMES, 512) as writer:
        reader = RingFile.open(run_dir, writer.segment)
        started = time.perf_counter()
        written = -reader.indices().commit
        for number in range(COPIES):
            try:
                first = reader.readable().start + int(random.integers(0, 500))
                span = reader.read(first, int(random.integers(1, 8_000)))
                if number % 50 == 0:
                    heard = reader.records()
                    records += len(heard)
                    mixed += sum(r.ring_frame != r.project_frame for r in heard)
            except LayoutError:
                refused += 1
                continue
            frames_read += span.frames
            overtaken += span.first_frame > first
            corrupt += corrupt_frames(span)
        written += reader.indices().commit
        rate = written / (time.perf_counter() - started) / RATE_HZ
        reader.close()
    return [
        (
            f"corrupt frames accepted in {COPIES:,} copies, writer flat out",
            corrupt,
            "0",
            f"of {frames_read:,} frames; {overtaken:,} copies overtaken and trimmed; writer {rate:,.0f} × real time",
        ),
        ("torn or impossible indices seen meanwhile", refused, "0", f"{2 * COPIES:,} looks"),
        ("timeline records mixed of two", mixed, "0", f"of {records:,}"),
    ]


def _seconds(work: Callable[[], bool]) -> float:
    started = time.perf_counter()
    assert work()
    return time.perf_counter() - started


def main() -> None:
    for what, figure, target, detail in rows():
        print(f"{what:<70} {figure:>10.3g}  {target:>8}  {detail}")


if __name__ == "__main__":
    main()
