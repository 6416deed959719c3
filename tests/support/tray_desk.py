"""A tray on a desktop of its own: session bus, panel, scripted daemon, and a desk that notes what was started."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from bridge.async_client import AsyncControlClient
from tests.support.dbus import DEADLINE_S, TrayHost, session_bus, tray_host
from tests.support.scripted_daemon import ScriptedDaemon, scripted_daemon
from tests.support.tray_values import instance
from tray.app import Pace, Tray
from tray.deeds import Effects
from tray.desktop import StartFailed
from tray.sni import SniBackend

STANDS = instance("a1", playing=False)
QUICK = Pace(update_s=0.001, check_s=0.2, retry_s=0.02, answer_s=10.0)


class Desk:
    """What the tray started, instead of browser and daemon."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[str] = asyncio.Queue()
        self.started = asyncio.Event()
        self.broken = False

    def effects(self) -> Effects:
        async def open_url(url: str) -> None:
            if self.broken:
                raise StartFailed(["xdg-open", url], "no browser")
            self.opened.put_nowait(url)

        async def start_daemon() -> None:
            self.started.set()

        async def open_folder(path: Path) -> None:
            self.opened.put_nowait(str(path))

        async def play(take_id: str) -> None:
            self.opened.put_nowait(f"play {take_id}")
            try:
                await asyncio.Event().wait()
            finally:
                self.opened.put_nowait(f"silent {take_id}")

        async def diagnose() -> str:
            self.opened.put_nowait("doctor")
            return "All is well."

        return Effects(
            open_url=open_url,
            open_folder=open_folder,
            start_daemon=start_daemon,
            play=play,
            diagnose=diagnose,
        )


class Scene(Struct, frozen=True, kw_only=True):
    """Who is on stage. running: the tray's task."""

    bus: str
    daemon: ScriptedDaemon
    host: TrayHost
    desk: Desk
    running: asyncio.Task[None]


@asynccontextmanager
async def scene(**status: object) -> AsyncIterator[Scene]:
    """A tray in a panel, and its daemon; `status`: of tests.support.tray_values.status."""
    with tempfile.TemporaryDirectory(prefix="sdc") as name:
        run, desk = Path(name) / "run", Desk()
        async with (
            session_bus(Path(name)) as bus,
            scripted_daemon(run, **status) as daemon,
            tray_host(bus) as host,
        ):
            tray = Tray(SniBackend(bus), lambda: AsyncControlClient(run), desk.effects(), QUICK)
            running = asyncio.create_task(tray.run())
            try:
                yield Scene(bus=bus, daemon=daemon, host=host, desk=desk, running=running)
            finally:
                tray.quit()
                async with asyncio.timeout(DEADLINE_S):
                    await running
