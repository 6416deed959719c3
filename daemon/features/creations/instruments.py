"""The instruments that the relay's admins made, for scores that are rendered here: each is fetched once.

instruments/NAME@VERSION.flac      VERSION: of the relay, with how it sounds; `notes-…` is played by notes
"""

import asyncio
import re
from pathlib import Path

from msgspec import Struct

from audio.score.sounds import is_custom
from daemon.errors import NotClaimed, Offline
from daemon.identity.account import Account
from daemon.system.files import make_folder, write_durably
from relay.wire.instruments import Instrument

MAX_RECORDING_BYTES = 4 << 20
_PITCHED = "notes-"
_VERSION = re.compile(r"/studio/kit/([a-z]{1,16}-[0-9a-f]{1,64})/")


class Recording(Struct, frozen=True, kw_only=True):
    """path None: the relay has the instrument no longer."""

    name: str
    path: Path | None
    is_pitched: bool = False


class RelayInstruments:
    """folder: for these alone. All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._account = account
        self._folder = folder

    async def listed(self) -> list[Instrument]:
        """Those that the relay has, the kit's among them."""
        return await self._account.relay().instruments()

    async def recordings(self, names: list[str]) -> list[Recording]:
        """In the order of the names. Without a line: those that were fetched before, if that is all of them."""
        kept = {each: self._kept(each) for each in names if is_custom(each)}
        try:
            there = {each.id: each for each in await self.listed()}
        except (Offline, NotClaimed):
            if all(kept.values()):
                return [_recording(name, path) for name, path in kept.items()]
            raise
        return [_recording(name, await self._fetched(name, there.get(name))) for name in kept]

    async def _fetched(self, name: str, found: Instrument | None) -> Path | None:
        if found is None or found.sound_url is None:
            return None
        version = _VERSION.search(found.sound_url)
        if version is None:  # of a relay that says it otherwise
            return None
        path = self._folder / f"{name}@{version[1]}.flac"
        if not await asyncio.to_thread(path.exists):
            data = await self._account.relay().recording(found.sound_url, MAX_RECORDING_BYTES)
            await asyncio.to_thread(self._keep, path, name, data)
        return path

    def _keep(self, path: Path, name: str, data: bytes) -> None:
        """In place of how it sounded before. [worker]"""
        make_folder(self._folder)
        write_durably(path, data)
        for older in self._folder.glob(f"{name}@*.flac"):
            if older != path:
                older.unlink(missing_ok=True)

    def _kept(self, name: str) -> Path | None:
        return next(iter(self._folder.glob(f"{name}@*.flac")), None)


def _recording(name: str, path: Path | None) -> Recording:
    return Recording(name=name, path=path, is_pitched=path is not None and f"@{_PITCHED}" in path.name)
