"""`python -m tray` as a desktop starts it: without a display, by environment alone, ended by a signal."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.dbus import DEADLINE_S, session_bus, tray_host
from tests.support.scripted_daemon import scripted_daemon

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def tray_process(address: str, run_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The tray, killed if the block leaves it running."""
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env |= {"DBUS_SESSION_BUS_ADDRESS": address, "SIDECHAIN_RUN_DIR": str(run_dir)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tray", cwd=ROOT, env=env, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Exit code and what it said on stderr."""
    async with asyncio.timeout(DEADLINE_S):
        _out, err = await process.communicate()
    return process.returncode, err.decode()


async def test_it_needs_no_display_and_ends_quietly_on_sigterm() -> None:
    with tempfile.TemporaryDirectory(prefix="sdc") as name:
        run_dir = Path(name) / "run"
        async with (
            session_bus(Path(name)) as address,
            scripted_daemon(run_dir),
            tray_host(address) as host,
            tray_process(address, run_dir) as process,
        ):
            await host.menu_when(lambda menu: "Connected." in menu)
            async with tray_process(address, run_dir) as second:
                code, said = await ended(second)
                assert (code, said) == (77, "Sidechain's tray icon is already shown in this session.\n")
            process.send_signal(signal.SIGTERM)
            assert await ended(process) == (0, "")


async def test_without_a_session_bus_it_says_what_to_do_instead() -> None:
    with tempfile.TemporaryDirectory(prefix="sdc") as name:
        async with tray_process(f"unix:path={name}/nobody", Path(name)) as process:
            code, said = await ended(process)
            assert code == 1 and "`sidechain status` shows the same without one." in said
