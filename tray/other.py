"""The tray icon on macOS and Windows, through pystray. UNTESTED: written from pystray 0.19.5's documentation.

Imported there only. Those systems want their event loop on the main thread, so asyncio moves to a second one; the
two meet in `call_soon_threadsafe` on the way in and in pystray's own thread-safe setters on the way out.
"""

import asyncio
import contextlib
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO

import pystray
from PIL import Image  # pystray depends on it; the tray on Linux does without

from bridge import system
from tray.backend import AlreadyShown
from tray.icons import rgba
from tray.model import Action, Icon, Item, MenuModel

SIZE_PX = 44


class PystrayBackend:
    """A tray.backend.Backend; `run_with` must be called on the main thread, the rest is [loop]."""

    def __init__(self) -> None:
        self._icon = pystray.Icon("sidechain", _image(Icon.STARTING), "Sidechain")
        self._shown: MenuModel | None = None
        self._clicked: Callable[[Action], None] = lambda _action: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = asyncio.Event()
        self._lock: IO[bytes] | None = None

    def run_with(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Show the icon from this thread while `work` runs on an event loop of its own; end with it. [main]"""
        failures: list[BaseException] = []

        def loop_thread() -> None:
            try:
                asyncio.run(work())
            except BaseException as error:  # carried over to the main thread, where it is raised again
                failures.append(error)
            finally:
                self._icon.stop()

        def started(icon: pystray.Icon) -> None:
            icon.visible = True
            threading.Thread(target=loop_thread, name="tray-loop", daemon=True).start()

        self._icon.run(setup=started)
        if self._loop is not None:  # the system closed the icon: the session ends
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._closed.set)
        if failures:
            raise failures[0]

    async def open(self, clicked: Callable[[Action], None]) -> None:
        """See Backend."""
        self._lock = _lock_session()
        self._clicked = clicked
        self._loop = asyncio.get_running_loop()

    def show(self, model: MenuModel) -> None:
        """See Backend. pystray rebuilds the native menu on each change, so nothing is sent without one."""
        before, self._shown = self._shown, model
        if before is None or before.icon is not model.icon:
            self._icon.icon = _image(model.icon)
        if before is None or before.tooltip != model.tooltip:
            self._icon.title = model.tooltip
        if before is None or before.items != model.items:
            self._icon.menu = pystray.Menu(*map(self._menu_item, model.items))
            self._icon.update_menu()

    def _menu_item(self, item: Item) -> object:
        if item.separator:
            return pystray.Menu.SEPARATOR
        action: object = self._pressed(item.action)
        if item.submenu:
            action = pystray.Menu(*map(self._menu_item, item.submenu))
        checked = item.checked
        is_checked = None if checked is None else lambda _item: checked
        return pystray.MenuItem(item.label, action, checked=is_checked, enabled=item.enabled)

    def _pressed(self, action: Action | None) -> Callable[[], None]:
        def pressed() -> None:
            if action is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(self._clicked, action)

        return pressed

    def notify(self, sentence: str) -> None:
        """See Backend."""
        with contextlib.suppress(Exception):  # pystray: each system fails in its own way
            self._icon.notify(sentence, "Sidechain")

    async def wait_closed(self) -> None:
        """See Backend."""
        await self._closed.wait()

    async def close(self) -> None:
        """See Backend."""
        if self._lock is not None:
            self._lock.close()
        self._icon.stop()


def _image(icon: Icon) -> Image.Image:
    return Image.frombytes("RGBA", (SIZE_PX, SIZE_PX), rgba(icon, SIZE_PX))


def _lock_session() -> IO[bytes]:
    """An exclusive lock held for life: the system drops it with the process. Raises AlreadyShown."""
    file = (Path(tempfile.gettempdir()) / "sidechain-tray.lock").open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            system.lock(file.fileno())
    except OSError as error:
        file.close()
        raise AlreadyShown from error
    return file
