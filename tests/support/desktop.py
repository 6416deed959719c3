"""The desktop that a browser shows its notifications on, in a thread: a session bus with a notification service, on which one can click."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.dbus import NotificationService, notification_service, session_bus
from tests.support.deadlines import HANG_S


class Desktop:
    """environment: of programs that show something on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._ready, self._ended = threading.Event(), asyncio.Event()
        self._service: NotificationService | None = None
        self.environment: dict[str, str] = {}
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    async def _run(self) -> None:
        async with session_bus(self._folder) as address, notification_service(address) as service:
            self.environment, self._service = {"DBUS_SESSION_BUS_ADDRESS": address}, service
            self._ready.set()
            await self._ended.wait()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(HANG_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(HANG_S)
        self._loop.close()

    @property
    def service(self) -> NotificationService:
        assert self._service is not None
        return self._service

    def shown(self) -> str:
        """The next notification: its title and its text."""
        return asyncio.run_coroutine_threadsafe(self.service.next(), self._loop).result(HANG_S)

    def click(self) -> None:
        """On what was shown."""
        self._loop.call_soon_threadsafe(self.service.press, 1, "default")


@contextmanager
def running_desktop(folder: Path) -> Iterator[Desktop]:
    """folder: empty, of a short path."""
    desktop = Desktop(folder)
    desktop.start()
    try:
        yield desktop
    finally:
        desktop.stop()
