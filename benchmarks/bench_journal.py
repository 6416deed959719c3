"""What the Ring journal costs: the daemon's CPU for each playing plugin, and whether a plugin notices.

The daemon runs twice beside the same four hosts in real time, with the journal and without; the difference is the
journal's. For the plugin, the paced block writer of bench_ring runs with and without somebody following its Ring onto
the disk. The alternative formats are costed on the same sound: half a second, checksum, write, fdatasync.
"""

import asyncio
import io
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.bench_daemon import _cpu_s
from bridge.shm import RingFile
from daemon.cli.groove import groove
from daemon.cli.stage import RunningDaemon, Stage
from daemon.rings.journal_files import read_ring
from tests.support.journals import follower, no_limit
from tests.support.native import build, libzmq_path

RATE_HZ = 48_000
HOSTS = 4
LISTEN_S = 20.0
PACED_S = 10.0
TICK_S = 0.5
FORMAT_ROUNDS = 60
Row = tuple[str, float, str, str]


def rows() -> list[Row]:
    """One line per figure. About 80 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        wav = Path(name, "loop.wav")
        soundfile.write(wav, _sound(), RATE_HZ, subtype="FLOAT")
        for way in ("off", "on"):
            Path(name, way).mkdir()
        off, _, _ = asyncio.run(_daemon(Path(name, "off"), wav, "false"))
        on, written_mb, lost_s = asyncio.run(_daemon(Path(name, "on"), wav, "true"))
        return [
            (
                "journal, % of a core per plugin",
                (on - off) / HOSTS,
                "< 1",
                f"daemon {on:.2f} % with, {off:.2f} % without, {HOSTS} plugins at 48 kHz stereo",
            ),
            ("journal, MB a minute per plugin", written_mb / HOSTS, "", "32-bit float, silence left out"),
            ("sound not on the disk when all is killed, s", lost_s, "≤ 1", f"the most of {HOSTS} plugins"),
            *_formats(Path(name)),
            *_plugin(Path(name)),
        ]


def _sound() -> NDArray[np.float32]:
    loop = groove(128.0, 16, RATE_HZ)
    noise = np.random.default_rng(1).standard_normal(loop.shape) * 1e-3
    return np.asarray(loop + noise, np.float32)


async def _daemon(folder: Path, wav: Path, journal: str) -> tuple[float, float, float]:
    """% of a core, MB a minute, seconds of sound that were not on the disk when all was killed."""
    async with Stage(folder) as stage:
        daemon = await stage.daemon("a", journal=journal)
        hosts = [
            await stage.host(
                daemon.run,
                "--tempo",
                "128",
                "--repeat",
                "0",
                "--wait-attached",
                "10",
                str(wav),
                name=f"host{n}",
            )
            for n in range(HOSTS)
        ]
        await asyncio.sleep(3.0)
        cpu, size = _cpu_s(daemon.process.pid), _journal_bytes(daemon.data)
        await asyncio.sleep(LISTEN_S)
        percent = (_cpu_s(daemon.process.pid) - cpu) / LISTEN_S * 100
        mb = (_journal_bytes(daemon.data) - size) / LISTEN_S * 60 / 1e6
        processes = [daemon.process, *(host.process for host in hosts)]
        for process in processes:
            process.kill()
        for process in processes:
            await process.wait()
        return (
            percent,
            mb,
            max((_not_on_disk(daemon, path) for path in daemon.run.glob("sdc.*")), default=0.0),
        )


def _not_on_disk(daemon: RunningDaemon, path: Path) -> float:
    """Seconds that a Ring had got and its journal had not when both were killed: what a power cut costs."""
    ring = RingFile.open(daemon.run, path.name)
    folders = (daemon.data / "journal").glob(f"*-{ring.header.generation:016x}")
    ends = [chunk.head.end_frame for f in folders for s in read_ring(f, verify=True) for chunk in s.chunks]
    there = max(ends, default=0)
    lost = (ring.indices().commit - there) / ring.header.sample_rate_hz
    ring.close()
    return lost


def _journal_bytes(data: Path) -> int:
    return sum(path.stat().st_size for path in (data / "journal").rglob("*.sdj"))


def _formats(folder: Path) -> list[Row]:
    sound = _sound()
    step = int(TICK_S * RATE_HZ)
    fd = os.open(folder / "formats", os.O_WRONLY | os.O_CREAT)

    def flac(block: NDArray[np.float32]) -> bytes:
        out = io.BytesIO()
        soundfile.write(out, block, RATE_HZ, format="FLAC", subtype="PCM_24")
        return out.getvalue()

    def percent(encode: Callable[[NDArray[np.float32]], bytes]) -> float:
        began = time.process_time()
        for number in range(FORMAT_ROUNDS):
            data = encode(sound[number * step % (len(sound) - step) :][:step])
            zlib.crc32(data)
            os.write(fd, data)
            os.fdatasync(fd)
        return (time.process_time() - began) / FORMAT_ROUNDS / TICK_S * 100

    raw, packed = percent(lambda block: block.tobytes()), percent(flac)
    os.close(fd)
    return [
        (
            "journal as float / as FLAC, CPU",
            raw / packed,
            "",
            f"{raw:.3f} % and {packed:.3f} % of a core; FLAC has 24 bits",
        )
    ]


def _plugin(folder: Path) -> list[Row]:
    program = build("bench") / "plain" / "bench" / "bench_ring"
    alone, followed = _paced(program, folder / "alone", False), _paced(program, folder / "followed", True)
    return [
        (
            f"process() / memcpy with the journal / without, {name}",
            (followed["ring"][at] / followed["copy"][at]) / (alone["ring"][at] / alone["copy"][at]),
            "",
            f"{followed['ring'][at]} and {alone['ring'][at]} ns; memcpy {followed['copy'][at]} and {alone['copy'][at]} ns",
        )
        for at, name in ((0, "p50"), (2, "p99.9"))
    ]


def _paced(program: Path, folder: Path, follow: bool) -> dict[str, Any]:
    shared = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="sdc-bench-"))
    process = subprocess.Popen(
        [program, shared / "run", f"ipc://{shared}/nobody", libzmq_path(), "64", str(PACED_S)],
        stdout=subprocess.PIPE,
        text=True,
    )
    done = threading.Event()
    thread = threading.Thread(target=_follow, args=(shared / "run", folder, done))
    if follow:
        thread.start()
    try:
        said, _ = process.communicate(timeout=4 * PACED_S)
        found: dict[str, Any] = json.loads(said)
        return found
    finally:
        done.set()
        if follow:
            thread.join()
        shutil.rmtree(shared)


def _follow(run: Path, folder: Path, done: threading.Event) -> None:
    folder.mkdir()
    following: dict[str, Any] = {}
    while not done.wait(TICK_S):
        for path in run.glob("sdc.*") if run.exists() else []:
            if path.name not in following:
                following[path.name] = follower(folder / path.name, RingFile.open(run, path.name))
        for one in following.values():
            one.advance(no_limit, 1 << 30)
            one.sync()
