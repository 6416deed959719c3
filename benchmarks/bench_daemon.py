"""The daemon as a person meets it: ready, idle, asked for status, and keeping. Real processes, a real Ring.

keep is compared with the least it could be: one copy of the same sound out of page cache, written and synced with the
folder (POSIX fsync), and one FULL commit of SQLite, in this process and on the same disk.
"""

import asyncio
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

import bridge.control as c
from daemon.cli.groove import groove
from daemon.cli.stage import RunningDaemon, Stage, end
from daemon.system.files import publish_folder

RATE_HZ = 48_000
SECONDS = 16.0
STARTS = 5
ROUNDS = 40
IDLE_S = 20.0
COMMAND_ROUNDS = 7
NOT_CLAIMED = 4  # an exit code; there is no relay here
COMMANDS = (
    "status",
    "--version",
    "--help",
    "instances",
    "whoami",
    "takes list",
    "takes show last",
    "takes path last",
    "sets list",
    "outbox list",
    "recover list",
    "feed",
    "config",
    "config get default_bars",
    "config path",
    "config explain default_bars",
)
Row = tuple[str, float, str, str]


def rows() -> list[Row]:
    """One line per figure. About 60 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        return asyncio.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Row]:
    async with Stage(folder) as stage:
        daemon, starts = await _start(stage)
        wav = folder / "loop.wav"
        await asyncio.to_thread(soundfile.write, wav, groove(128.0, 9, RATE_HZ), RATE_HZ, subtype="FLOAT")
        hosts = [
            await stage.host(
                daemon.run,
                "--tempo",
                "128",
                "--speed",
                "16",
                "--repeat",
                "2",
                "--hold",
                "--wait-attached",
                "10",
                str(wav),
                name=f"host{i}",
            )
            for i in range(4)
        ]
        for host in hosts:
            await host.event("played")
        status_s = statistics.median((await asyncio.to_thread(_command, daemon, "status"))[0])
        cpu_before = _cpu_s(daemon.process.pid)
        await asyncio.sleep(IDLE_S)
        idle_percent = (_cpu_s(daemon.process.pid) - cpu_before) / IDLE_S * 100
        rss_mb = _rss_mb(daemon.process.pid)
        keeps, floors = [], []
        for number in range(ROUNDS):
            started = time.perf_counter()
            await daemon.client.request(c.KeepTake(seconds=SECONDS))
            keeps.append(time.perf_counter() - started)
            floors.append(await asyncio.to_thread(_least, folder, number))
            await _until_rendered(daemon)
        commands = await asyncio.to_thread(_commands, daemon)
    p95 = statistics.quantiles(keeps, n=20)[18]
    return [
        (
            "start to ready, s",
            statistics.median(took for took, _ in starts),
            "≤ 0.5",
            f"{statistics.median(cpu for _, cpu in starts):.2f} s of CPU, medians of {STARTS}",
        ),
        ("`sidechain status`, s", status_s, "≤ 0.2", "whole process"),
        ("idle with 4 plugins, % of a core", idle_percent, "≤ 0.5", f"over {IDLE_S:.0f} s"),
        ("idle with 4 plugins, MB resident", rss_mb, "≤ 80", "the daemon; its worker is another process"),
        (f"keep {SECONDS:.0f} s stereo, durable answer p50, ms", statistics.median(keeps) * 1e3, "", ""),
        (f"keep {SECONDS:.0f} s stereo, durable answer p95, ms", p95 * 1e3, "≤ 100", f"{ROUNDS} keeps"),
        (
            "keep, ratio p50",
            statistics.median(keeps) / statistics.median(floors),
            "",
            "copy + write + fsync + FULL commit",
        ),
        *commands,
    ]


async def _start(stage: Stage) -> tuple[RunningDaemon, list[tuple[float, float]]]:
    """The last of STARTS daemons, one after the other; seconds and seconds of CPU of each until it was ready."""
    starts: list[tuple[float, float]] = []
    while True:
        began = time.perf_counter()
        daemon = await stage.daemon(f"d{len(starts)}")
        starts.append((time.perf_counter() - began, _cpu_s(daemon.process.pid)))
        if len(starts) == STARTS:
            return daemon, starts
        await end(daemon.process)


async def _until_rendered(daemon: RunningDaemon) -> None:
    """The pipeline of the last keep must not run beside the next one: that would measure the pipeline."""
    while True:
        reply = await daemon.client.request(c.ListTakes(limit=1))
        if isinstance(reply, c.TakeList) and reply.takes[0].state in ("ready", "failed"):
            return
        await asyncio.sleep(0.02)


def _least(folder: Path, number: int) -> float:
    sound = np.zeros((int(SECONDS * RATE_HZ), 2), np.float32)
    db = sqlite3.connect(folder / "least.sqlite3", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE IF NOT EXISTS t (x INTEGER)")
    started = time.perf_counter()
    publish_folder(folder / f"least{number}", {"take.wav": (sound.copy().data.cast("B"),)})
    db.execute("INSERT INTO t VALUES (1)")
    took = time.perf_counter() - started
    db.close()
    return took


def _command(daemon: RunningDaemon, line: str) -> tuple[list[float], list[float]]:
    """Seconds by the clock and of processor time, from nothing to its end, each time."""
    env = os.environ | {
        "SIDECHAIN_RUN_DIR": str(daemon.run),
        "SIDECHAIN_CONFIG": str(daemon.data.parent / "config.toml"),
    }
    walls, cpus = list[float](), list[float]()
    for _ in range(COMMAND_ROUNDS):
        began_s, began_cpu_s = time.perf_counter(), _children_cpu_s()
        ended = subprocess.run(
            [sys.executable, "-m", "daemon", *line.split()],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        walls.append(time.perf_counter() - began_s)
        cpus.append(_children_cpu_s() - began_cpu_s)
        assert ended.returncode in (0, NOT_CLAIMED), ended.stderr
    return walls, cpus


def _children_cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _commands(daemon: RunningDaemon) -> list[Row]:
    """Of those that need no work of the daemon's: what is left is the command's own start."""
    table: list[Row] = []
    for line in COMMANDS:
        walls, cpus = _command(daemon, line)
        limit = "≤ 200" if line == "status" else "≤ 300"
        cpu_ms = statistics.median(cpus) * 1000
        table.append(
            (f"  sidechain {line}, ms", statistics.median(walls) * 1000, limit, f"{cpu_ms:.0f} ms of CPU")
        )
    return table


def _cpu_s(pid: int) -> float:
    """Of the threads that it has now, by the scheduler's own clock: a tick of 10 ms is 0.05 % of IDLE_S."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


def _rss_mb(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
