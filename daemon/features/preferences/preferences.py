"""Settings while the daemon runs: changed by somebody who asks, or in the file by hand. What can hold at once does; what cannot is
said, and waits for the next start. Which is which: `at_once` in daemon/config.py.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from bridge.rounds import next_round
from daemon.errors import UsageError
from daemon.events import Bus, SettingsChanged
from daemon.settings.fitting import checked
from daemon.settings.reading import Loaded
from daemon.settings.table import AT_ONCE, changed_names
from daemon.settings.writing import write_settings

LOOK_INTERVAL_S = 2.0
WAITS = "The settings file was changed: {} will hold from the next start (`sidechain restart`)."

log = logging.getLogger(__name__)
Signature = tuple[int, int, int]


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """Names of settings. at_once: hold now, by this reading. waiting: are otherwise in the file, from the next start on."""

    at_once: tuple[str, ...]
    waiting: tuple[str, ...]
    troubles: tuple[str, ...]


class Preferences:
    """[loop]. held: what the daemon goes by. read: the settings as at the start, with the same flags and environment."""

    def __init__(self, held: Loaded, bus: Bus, read: Callable[[], Loaded]) -> None:
        self.held = held
        self._bus = bus
        self._read = read
        self._one_at_a_time = asyncio.Lock()
        self._seen = _signature(held.file)

    async def run(self) -> None:
        """For ever: look whether somebody has edited the file."""
        while True:
            await next_round(LOOK_INTERVAL_S)
            if await asyncio.to_thread(_signature, self.held.file) != self._seen:
                await self.reload()

    async def change(self, name: str, value: str) -> None:
        """Write it into the file, and go by it. value: as JSON. Raises BadConfig, LibraryStuck, UsageError."""
        try:
            said = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise UsageError(f"The value of {name} is no JSON.", "Send it as JSON.") from error
        fits = checked(name, said if isinstance(said, str) else value)
        async with self._one_at_a_time:
            await asyncio.to_thread(write_settings, self.held.file, {name: fits})
        await self.reload()

    async def reload(self) -> Reloaded:
        """Read it now."""
        async with self._one_at_a_time:
            self._seen = await asyncio.to_thread(_signature, self.held.file)
            found, before = await asyncio.to_thread(self._read), self.held
            differ = changed_names(before.config, found.config)
            at_once = tuple(name for name in differ if name in AT_ONCE)
            waiting = tuple(name for name in differ if name not in AT_ONCE)
            self.held = _mixed(before, found, waiting)
        if at_once:
            log.info("settings changed: %s", ", ".join(at_once))
        said = (*found.troubles, *([WAITS.format(", ".join(waiting))] if waiting else []))
        self._bus.tell(SettingsChanged(config=self.held.config, sentences=said))
        return Reloaded(at_once=at_once, waiting=waiting, troubles=found.troubles)


def _mixed(before: Loaded, found: Loaded, waiting: tuple[str, ...]) -> Loaded:
    """What was found, but for what waits: that is as before."""
    as_before = {name: getattr(before.config, name) for name in waiting}
    kept = {name: before.origins[name] for name in waiting if name in before.origins}
    origins = {name: origin for name, origin in found.origins.items() if name not in waiting}
    config = msgspec.structs.replace(found.config, **as_before)
    return msgspec.structs.replace(before, config=config, origins=origins | kept, troubles=found.troubles)


def _signature(file: Path) -> Signature | None:
    """Another one when the file is another, or was written. [worker]"""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
