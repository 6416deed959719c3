"""Lets Entries go when the seconds in which they could be undone are over; also those of a daemon that was killed meanwhile.

How long is left is daemon.core.outbox's; what was undone in the last moment stays here (Entries.changing).
"""

import asyncio

from daemon.core import outbox
from daemon.events import Bus, EntryChanged, TakeKept
from daemon.library.entries import Entries
from daemon.library.store import Store
from daemon.system.clock import Clock


class Holding:
    """[loop]"""

    def __init__(self, store: Store, entries: Entries, bus: Bus, clock: Clock | None = None) -> None:
        self._store = store
        self._entries = entries
        self._bus = bus
        self._clock = clock or Clock()
        self._wake = asyncio.Event()
        bus.on(TakeKept, self._entry_changed)
        bus.on(EntryChanged, self._entry_changed)

    def _entry_changed(self, event: TakeKept | EntryChanged) -> None:
        if event.entry and event.entry.state is outbox.State.HELD:
            self._wake.set()

    async def run(self) -> None:
        """For ever; cancelled at shutdown. Raises LibraryStuck, LibraryDamaged."""
        while True:
            self._wake.clear()
            now_us = self._clock.steady_unix_us()
            waits_us = [outbox.MAX_HOLD_US]
            for entry in await self._store.run(Store.open_entries):
                left_us = outbox.held_left_us(entry, now_us)
                if left_us == 0 and (gone := await self._entries.release(entry)):
                    self._bus.tell(EntryChanged(entry=gone))
                elif left_us:
                    waits_us.append(left_us)
            await self._clock.wait(self._wake, min(waits_us) / 1e6)
