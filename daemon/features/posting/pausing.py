"""Posting can be paused: for a while, or until it is resumed; a restart does not end it. What is under way arrives.

The time is on the wall clock, for it must mean something after a restart.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

from daemon.core.health import paused_words
from daemon.errors import LibraryStuck, why_of
from daemon.events import Bus, PostingPaused
from daemon.system.clock import Clock
from daemon.system.files import write_durably

NAME = "posting-paused"
NO_END = "until resumed"


class Pausing:
    """folder: where it is written down. All methods are [loop]."""

    def __init__(self, folder: Path, bus: Bus, clock: Clock | None = None) -> None:
        self._file = folder / NAME
        self._bus = bus
        self._clock = clock or Clock()
        self._changed = asyncio.Event()
        said = ""
        with suppress(OSError, UnicodeDecodeError):
            said = self._file.read_text("utf-8").strip()
        self._until_us = int(said) if said.isdigit() else None
        self.paused = said == NO_END or self._until_us is not None

    @property
    def left_s(self) -> float | None:
        """How long it still lasts; None: until it is resumed, or nothing is paused."""
        if not self.paused or self._until_us is None:
            return None
        return max(0.0, (self._until_us - self._clock.unix_us()) / 1e6)

    @property
    def words(self) -> str:
        """Until when, for the status; "": nothing is paused."""
        return paused_words(self.left_s) if self.paused else ""

    async def pause(self, seconds: float | None) -> None:
        """From now on; None: until it is resumed. Raises LibraryStuck."""
        until_us = None if seconds is None else self._clock.unix_us() + round(seconds * 1e6)
        await self._note(NO_END if until_us is None else str(until_us))
        self._until_us = until_us
        self._now(True)

    async def resume(self) -> None:
        """What waits may go. Raises LibraryStuck."""
        await self._note("")
        self._until_us = None
        self._now(False)

    async def _note(self, said: str) -> None:
        try:
            if said:
                await asyncio.to_thread(write_durably, self._file, said.encode())
            else:
                await asyncio.to_thread(self._file.unlink, missing_ok=True)
        except OSError as error:
            raise LibraryStuck(
                f"{self._file} cannot be written: {why_of(error)}.", "Mend that first."
            ) from error

    def _now(self, paused: bool) -> None:
        self.paused = paused
        self._changed.set()
        self._bus.tell(PostingPaused(paused=paused))

    async def run(self) -> None:
        """For ever: end a pause when its time is over. Raises LibraryStuck."""
        while True:
            self._changed.clear()
            left_s = self.left_s
            if left_s == 0.0:
                await self.resume()
            elif left_s is None:
                await self._changed.wait()
            else:
                await self._clock.wait(self._changed, left_s)
