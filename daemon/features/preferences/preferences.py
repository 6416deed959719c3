"""Settings that are changed while the daemon runs: written to the settings file, and in force at once where that is possible.

Which hold at once is daemon.settings.LIVE; whoever goes by one of them hears SettingChanged. All others hold from the next start.
"""

import asyncio

import msgspec
from msgspec.structs import replace

from daemon.config import Loaded
from daemon.errors import UsageError
from daemon.events import Bus, SettingChanged
from daemon.settings import LIVE, checked, write_settings


class Preferences:
    """held: the settings that the daemon goes by now. [loop]"""

    def __init__(self, held: Loaded, bus: Bus) -> None:
        self.held = held
        self._bus = bus
        self._writing = asyncio.Lock()

    async def change(self, name: str, value: str) -> None:
        """value: as JSON. Raises BadConfig, LibraryStuck, UsageError."""
        try:
            said = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise UsageError(f"The value of {name} is no JSON.", "Send it as JSON.") from error
        fits = checked(name, said if isinstance(said, str) else value)
        async with self._writing:
            await asyncio.to_thread(write_settings, self.held.file, {name: fits})
            if name in LIVE:
                values = {**msgspec.structs.asdict(self.held.config), name: fits}
                config = msgspec.convert(values, type(self.held.config))
                origins = {**self.held.origins, name: "file"}
                self.held = replace(self.held, config=config, origins=origins)
                self._bus.tell(SettingChanged(name=name, value=fits))
