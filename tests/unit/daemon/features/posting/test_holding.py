"""How what is held goes out: at its time, also after a restart, and never once it was undone."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from daemon.config import Config
from daemon.core.outbox import MAX_HOLD_US, Entry, State
from daemon.events import Bus, EntryChanged, TakeKept
from daemon.features.posting.holding import Holding
from daemon.library import sidecars
from daemon.library.entries import Entries, new_entry
from daemon.library.rebuild import take_in
from daemon.library.store import Store
from daemon.system.clock import steady_unix_us
from tests.support.deadlines import HANG_S
from tests.support.posting import SimulatedClock
from tests.support.takes import publish, take
from tests.support.tones import soft_noise

HOLD_US = 10_000_000


class Held:
    """A library of takes, held, and what is told of them. The clock goes on by what is waited for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.takes = folder / "takes"
        self.store = Store(folder / "library.sqlite3")
        self.bus = Bus()
        self.entries = Entries(Config(data_dir=str(folder), undo_seconds=0), self.store, self.bus)
        self.clock = SimulatedClock()
        self.clock.us = steady_unix_us()
        self.released: dict[str, int] = {}  # entry id -> when
        self.news = asyncio.Event()
        self.bus.on(EntryChanged, self._changed)

    def _changed(self, event: EntryChanged) -> None:
        if event.entry.state is not State.HELD:
            self.released[event.entry.entry_id] = self.clock.us
            self.news.set()

    def keep(self, number: int, hold_us: int = HOLD_US, **fields: object) -> Entry:
        row = take(number, **fields)
        publish(self.takes, row, soft_noise(1000))
        entry = new_entry(row, "", None, hold_us=hold_us)
        sidecars.write_entry(self.takes, entry)
        self.store.add_take(row, entry)
        self.bus.tell(TakeKept(take_id=row.take_id, entry=entry))  # as a keep tells it
        return entry

    def states(self) -> list[State]:
        return [entry.state for entry in self.store.entries()]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(Holding(self.store, self.entries, self.bus, self.clock).run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until_released(self, *entries: Entry) -> None:
        async with asyncio.timeout(HANG_S):
            while any(entry.entry_id not in self.released for entry in entries):
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def held(tmp_path: Path) -> "Held":
    return Held(tmp_path)


async def test_each_goes_at_its_time_and_not_before_and_as_far_as_it_is_made(held: Held) -> None:
    late = held.keep(1, hold_us=3 * HOLD_US)
    soon = held.keep(2, flac_sha256="a" * 64)
    async with held.running():
        await held.until_released(late, soon)
    for entry in (late, soon):
        assert 0 <= held.released[entry.entry_id] - (entry.held_until_us or 0) < 1_000_000
    assert held.states() == [State.WAITING, State.QUEUED]
    held.store.close()


async def test_one_that_comes_while_another_is_waited_for_is_not_overslept(held: Held) -> None:
    held.clock.stop_at_us = 0  # it waits for events only
    held.keep(1, hold_us=MAX_HOLD_US // 2)
    async with held.running():
        await held.clock.stopped.wait()
        second = held.keep(2)
        held.clock.us += 2 * HOLD_US
        await held.until_released(second)
    assert held.states() == [State.HELD, State.WAITING]
    held.store.close()


@pytest.mark.parametrize("lost", [False, True], ids=["restart", "library lost"])
async def test_after_a_kill_what_was_held_goes_out_and_what_was_undone_stays(held: Held, lost: bool) -> None:
    kept, undone = held.keep(1), held.keep(2)
    await held.entries.discard(undone)
    held.store.close()  # nothing else: as sudden as a kill
    if lost:
        for file in held.folder.glob("library.sqlite3*"):
            file.unlink()
    again = Held(held.folder)
    take_in(again.store, again.takes)
    assert again.states() == [State.HELD, State.DISCARDED]
    again.clock.us += 2 * HOLD_US
    async with again.running():
        await again.until_released(kept)
    assert again.states() == [State.WAITING, State.DISCARDED]
    take_in(again.store, again.takes)
    assert again.states() == [State.WAITING, State.DISCARDED], "and the files agree with that"
    again.store.close()


async def test_undone_in_the_moment_in_which_it_goes_it_either_stays_or_is_gone(held: Held) -> None:
    chance = random.Random(11)
    for number in range(1, 30):
        entry = held.keep(number)
        deeds = [held.entries.release(entry), held.entries.discard(entry)]
        chance.shuffle(deeds)
        await asyncio.gather(*deeds)
        after = held.store.entry_of(entry.take_id)
        file = sidecars.read_entry(held.takes / entry.take_id)
        assert after and after.state is State.DISCARDED and file and file.discarded
    held.store.close()
