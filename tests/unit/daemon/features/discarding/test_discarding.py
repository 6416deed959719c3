"""A discarded Take: out of all lists, back when asked for, and gone when its days are over."""

import asyncio
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from daemon.config import Config
from daemon.errors import NothingThere, SidechainError, UsageError
from daemon.events import Bus, TakeDeleted
from daemon.features.discarding.discarding import DAY_US, Discarding
from daemon.library.creations import Creations
from daemon.library.entries import new_entry
from daemon.library.rebuild import take_in
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.system.clock import unix_us
from tests.support.deadlines import HANG_S
from tests.support.posting import SimulatedClock
from tests.support.scores import new_loop
from tests.support.takes import publish, take

FRAMES = 48


class Shelf:
    def __init__(self, home: Path) -> None:
        self.config = Config(data_dir=str(home), run_dir=str(home), restore_days=7.0)
        self.store = Store(home / "library.sqlite3")
        self.bus = Bus()
        self.takes = Takes(self.config, self.store, self.bus)
        self.creations = Creations(self.config.creations, self.store, self.bus)

    def keep(self, number: int, **fields: object) -> str:
        row = take(number, frames=FRAMES, **fields)
        publish(self.takes.folder, row, np.zeros((FRAMES, 2), np.float32))
        self.store.add_take(row)
        return row.take_id


async def test_discarded_is_in_no_list_and_comes_back_as_it_was(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    first, second = shelf.keep(1, title="Lead"), shelf.keep(2, title="Bass")
    await shelf.takes.tag(second, add=["dark"], remove=[])
    before = (await shelf.takes.find(second), shelf.store.count_takes())
    await shelf.takes.discard(second)
    assert [t.take_id for t in shelf.store.takes(9)] == [first] and shelf.store.count_takes() == 1
    assert shelf.store.search_takes("bass", 9) == [] and not shelf.store.known("", 1 << 62)
    with pytest.raises(UsageError):
        await shelf.takes.find(second)
    shelf.store.close()
    (tmp_path / "library.sqlite3").unlink()
    again = Shelf(tmp_path)
    take_in(again.store, again.takes.folder)
    assert again.store.count_takes() == 1, "a rebuilt library knows it, too"
    await again.takes.restore("last")
    assert (await again.takes.find(second), again.store.count_takes()) == before
    with pytest.raises(NothingThere, match="nothing to restore"):
        await again.takes.restore("last")
    again.store.close()


async def test_when_its_days_are_over_it_is_gone_and_not_before(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    take_id = shelf.keep(1)
    await shelf.takes.discard(take_id)
    clock = SimulatedClock()
    clock.us = began_us = unix_us()
    clock.stop_at_us = began_us + 8 * DAY_US
    gone_us: list[int] = []
    shelf.bus.on(TakeDeleted, lambda _: gone_us.append(clock.us))
    gone = new_loop(shelf.creations, deleted_us=began_us)
    sent = new_loop(shelf.creations, deleted_us=began_us, account="owl", making="{}", waits=True)
    for each in (gone, sent):
        await shelf.creations.put(each)
    discarding = Discarding(shelf.config, shelf.store, shelf.takes, shelf.creations, shelf.bus, clock)
    task = asyncio.create_task(discarding.run())
    async with asyncio.timeout(HANG_S):
        await clock.stopped.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert 7 * DAY_US - 60_000_000 <= gone_us[0] - began_us <= 7 * DAY_US + 3600_000_000
    assert not (shelf.takes.folder / take_id).exists()
    assert await shelf.creations.every(deleted=True) == [sent], "what the relay has not deleted yet stays"
    shelf.store.close()


async def test_what_is_on_its_way_is_not_discarded(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    take_id = shelf.keep(1)
    shelf.store.add_entry(new_entry(await shelf.takes.find(take_id), "", None, hold_us=10**7))
    with pytest.raises(SidechainError, match="on its way"):
        await shelf.takes.discard(take_id)
    other = shelf.keep(2)
    with pytest.raises(SidechainError, match="on its way"):
        await shelf.takes.discard_all([await shelf.takes.find(other), await shelf.takes.find(take_id)])
    assert shelf.store.count_takes() == 2, "of several that go together, none"
    shelf.store.close()


async def test_a_search_finds_by_name_tag_track_and_key_newest_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    ids = [
        shelf.keep(1, title="Lead"),
        shelf.keep(2, title="", track_name="Lead synth"),
        shelf.keep(3, title="Pad"),
    ]
    await shelf.takes.tag(ids[2], add=["Lead-in"], remove=[])
    assert [t.take_id for t in shelf.store.search_takes("LEAD", 9)] == ids[::-1]
    assert [t.take_id for t in shelf.store.search_takes("lead", 1)] == [ids[2]]
    assert [t.take_id for t in shelf.store.search_takes("synth lead", 9)] == [ids[1]]
    with pytest.raises(UsageError, match="at most 16 tags"):
        await shelf.takes.tag(ids[0], add=[f"t{n}" for n in range(17)], remove=[])
    with pytest.raises(UsageError, match="no tag"):
        await shelf.takes.tag(ids[0], add=["a,b"], remove=[])
    shelf.store.close()
