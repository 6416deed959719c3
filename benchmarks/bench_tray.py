"""The tray beside Syncthing's (syncthingtray, Qt and C++, Debian's package): both tell of a daemon of their own that has nothing to do.

Each is started on a session bus of its own, with a panel that reads the whole menu; an X server is there for who wants one.
Both daemons' own work is not counted. Without Debian's syncthingtray and syncthing on the PATH there are our figures alone.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import URLError

import msgspec

from daemon.cli.stage import Stage, end
from tests.support.dbus import session_bus, tray_host
from tests.support.deadlines import HANG_S
from tests.support.screen import x_server

ROUNDS = 3
SETTLE_S = 5.0  # after the menu was read: what a start leaves to do is no idling
IDLE_S = 15.0
KEY = "of-no-consequence"  # of a Syncthing that listens on the loopback interface for two minutes
LOOK_S = 0.1
SETTINGS = """[General]
v=1.3.2

[tray]
connections\\1\\label=Here
connections\\1\\syncthingUrl={url}
connections\\1\\authEnabled=false
connections\\1\\apiKey=@ByteArray({key})
connections\\1\\autoConnect=true
connections\\size=1
"""
Row = tuple[str, float, str, str]


class Tray(msgspec.Struct, frozen=True):
    """How it is started, and what its menu has when it is there."""

    name: str
    command: list[str]
    line: str


class Cost(msgspec.Struct, frozen=True):
    """Of one start, and of what follows. mb: resident, what it shares with others counted in part (PSS)."""

    ready_s: float
    ready_cpu_s: float
    idle_percent: float
    mb: float


FIGURES = {
    "ready_s": "start to menu read, s",
    "ready_cpu_s": "CPU of that, s",
    "idle_percent": "idle, % of a core",
    "mb": "memory, MB",
}


def rows() -> list[Row]:
    """One line per figure. About three minutes."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        costs = asyncio.run(_measure(Path(name)))
    table = [
        (f"{name}: {what}", _middle(found, figure), "", f"median of {ROUNDS}")
        for name, found in costs.items()
        for figure, what in FIGURES.items()
    ]
    if len(costs) == 2:
        ours, theirs = costs.values()
        table += [
            (f"ratio: {what}", _middle(ours, figure) / _middle(theirs, figure), "≤ 1", "to syncthingtray")
            for figure, what in FIGURES.items()
        ]
    return table


def _middle(found: list[Cost], figure: str) -> float:
    return statistics.median(float(getattr(each, figure)) for each in found)


async def _measure(folder: Path) -> dict[str, list[Cost]]:
    """By name, ours first; in turn, so that what else the machine does is shared."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SIDECHAIN_")}
    env |= {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    (folder / "x").mkdir()
    async with x_server(folder / "x", 800, 600) as screen, Stage(folder) as stage:
        env["DISPLAY"] = screen.display
        run_dir = (await stage.daemon("a")).run
        trays = [Tray("tray", [sys.executable, "-m", "tray", "--run-dir", str(run_dir)], "Stop Sidechain")]
        if not (shutil.which("syncthingtray") and shutil.which("syncthing")):
            return {each.name: [await _cost(folder, env, each)] for each in trays}
        trays.append(Tray("syncthingtray", ["syncthingtray"], "Rescan all"))
        async with _syncthing(folder, env):
            costs: dict[str, list[Cost]] = {each.name: [] for each in trays}
            for _ in range(ROUNDS):
                for each in trays:
                    costs[each.name].append(await _cost(folder, env, each))
            return costs


@asynccontextmanager
async def _syncthing(folder: Path, env: dict[str, str]) -> AsyncIterator[None]:
    """Syncthing without a folder and without a peer, and the tray's settings that lead to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    url = f"http://{address}"
    (folder / "config").mkdir()
    (folder / "config" / "syncthingtray.ini").write_text(SETTINGS.format(url=url, key=KEY), encoding="utf-8")
    options = ["--no-browser", "--no-default-folder", "--home", str(folder / "syncthing")]
    command = ["syncthing", "serve", *options, f"--gui-address={address}", f"--gui-apikey={KEY}"]
    quiet = subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=quiet, stderr=quiet)
    try:
        await asyncio.to_thread(_until_it_answers, f"{url}/rest/system/ping")
        yield
    finally:
        await end(process)


def _until_it_answers(url: str) -> None:
    request = urllib.request.Request(url, headers={"X-API-Key": KEY})
    deadline_s = time.monotonic() + HANG_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(URLError), urllib.request.urlopen(request, timeout=HANG_S):
            return
        time.sleep(LOOK_S)
    raise TimeoutError(f"Syncthing does not answer at {url}.")


async def _cost(folder: Path, env: dict[str, str], tray: Tray) -> Cost:
    """One start of it, until a panel has read its whole menu; then it idles."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        async with session_bus(Path(place)) as bus, tray_host(bus) as host:
            began_s = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                *tray.command,
                env=env | {"DBUS_SESSION_BUS_ADDRESS": bus, "XDG_RUNTIME_DIR": place},
                stderr=subprocess.DEVNULL,
            )
            try:
                await host.menu_when(lambda menu: tray.line in menu)
                ready_s, ready_cpu_s = time.perf_counter() - began_s, _cpu_s(process.pid)
                await asyncio.sleep(SETTLE_S)
                before_cpu_s = _cpu_s(process.pid)
                await asyncio.sleep(IDLE_S)
                idle_percent = 100 * (_cpu_s(process.pid) - before_cpu_s) / IDLE_S
                return Cost(ready_s, ready_cpu_s, idle_percent, _pss_mb(process.pid))
            finally:
                await end(process)


def _cpu_s(pid: int) -> float:
    """Of the threads that it has now, by the scheduler's own clock."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text("utf-8").split()[0]) for each in threads) / 1e9


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
