"""What recording costs the audio thread: one block into the Ring, beside a plain copy and beside a ZeroMQ message.

All in one run of one process, taking turns, paced as a sound card would (bench_ring.c says how). The messages go to
a PULL socket in a Python process of its own, as they would to a daemon. Not measured here: reading (bench_reader).

The times run until the stores have left the core. Without that, a copy of 64 frames ends in the store buffer after
40 ns, whatever it costs afterwards, and the ratio to it says little.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.native import build, libzmq_path

SECONDS = {64: 10.0, 128: 12.0, 512: 20.0}  # per block size, so that p99.9 has some samples behind it
LIMIT_S = 40.0
RATE_HZ = 48_000
PULL = """
import sys, zmq
socket = zmq.Context().socket(zmq.PULL)
socket.bind(sys.argv[1])
print("bound", flush=True)
while True:
    socket.recv()
"""
Row = tuple[str, float, str, str]


def rows() -> list[Row]:
    """One line per figure. About 45 s."""
    program = build("bench") / "plain" / "bench" / "bench_ring"
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="sdc-bench-"))
    address = f"ipc://{folder}/pull"
    pull = subprocess.Popen([sys.executable, "-c", PULL, address], stdout=subprocess.PIPE)
    try:
        assert pull.stdout is not None
        pull.stdout.readline()
        return [row for frames in SECONDS for row in _measure(program, folder, address, frames)]
    finally:
        pull.kill()
        pull.communicate()
        shutil.rmtree(folder)


def _measure(program: Path, folder: Path, address: str, frames: int) -> list[Row]:
    ran = subprocess.run(
        [program, folder / "run", address, libzmq_path(), str(frames), str(SECONDS[frames])],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    copy, ring, following, interleave, planar, message = (
        found[way] for way in ("copy", "ring", "next", "interleave", "planar", "message")
    )

    def beside(ours: list[int], other: list[int], name: str) -> str:
        return f"p50/p99/p99.9 {_ns(ours)} ns, {name} {_ns(other)} ns"

    what = f"process() of {frames} frames"
    return [
        (f"{what} / memcpy, p50", ring[0] / copy[0], "<= 1.15", beside(ring, copy, "memcpy")),
        (f"{what} / memcpy, p99.9", ring[2] / copy[2], "<= 1.5", f"of {found['blocks']} blocks"),
        (f"{what} behind another's / memcpy, p50", following[0] / copy[0], "", _ns(following)),
        (f"{what} behind another's / memcpy, p99.9", following[2] / copy[2], "", ""),
        (f"{what}, p99.9, share of the block in %", ring[2] / (frames / RATE_HZ * 1e7), "<= 0.5", ""),
        (
            f"{what} planar / interleave, p50",
            planar[0] / interleave[0],
            "<= 1.15",
            beside(planar, interleave, "interleave"),
        ),
        (f"{what} planar / interleave, p99.9", planar[2] / interleave[2], "<= 1.5", ""),
        (
            f"ZeroMQ message of {frames} frames / process(), p50",
            message[0] / ring[0],
            ">= 8",
            f"{_ns(message)} ns, libzmq {found['libzmq']}, {found['dropped']} dropped",
        ),
        (
            f"allocations, locks, calls in {what}",
            float(found["calls"]),
            "0",
            f"{3 * found['blocks']} calls of it",
        ),
        (f"page faults in {what}", float(found["faults"]), "0", ""),
    ]


def _ns(values: list[int]) -> str:
    return "/".join(str(value) for value in values[:3])


def main() -> None:
    """Print the table."""
    for what, figure, limit, beside in rows():
        print(f"{what:<60} {figure:>8.3g}  {limit:>8}  {beside}", flush=True)


if __name__ == "__main__":
    main()
