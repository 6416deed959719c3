"""What a person does with Entries, also when a take's folder was lost behind the library's back; and who is told."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.config import Config
from daemon.core.outbox import State
from daemon.errors import NotClaimed, TakeGone
from daemon.events import Bus, EntryChanged, TakeReset
from daemon.features.posting.posting import Posting
from daemon.identity.account import Account
from daemon.library.entries import Entries, new_entry
from daemon.library.store import Store
from daemon.library.takes import Takes
from tests.support.takes import publish, take

FRAMES = 480


class Shelf:
    """A library without a daemon, and what its posting tells."""

    def __init__(self, folder: Path, relay_url: str) -> None:
        config = Config(
            data_dir=str(folder), run_dir=str(folder), relay_url=relay_url, credential_store="file"
        )
        self.store = Store(folder / "library.sqlite3")
        bus = Bus()
        self.takes = Takes(config, self.store, bus)
        account = Account(config, self.store, "0", bus)
        self.posting = Posting(self.store, Entries(self.store, self.takes.folder), account, None, bus)
        self.told: list[EntryChanged | TakeReset] = []
        for kind in (EntryChanged, TakeReset):
            bus.on(kind, self.told.append)

    def keep(self, number: int, *, failed: bool = False) -> str:
        row = take(number, frames=FRAMES)
        publish(self.takes.folder, row, np.zeros((FRAMES, 2), np.float32))
        self.store.add_take(row, new_entry(row, "", "anna") if failed else None)
        if failed:
            self.store.set_failed(row.take_id, "The decoder ended.")
        return row.take_id


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path, "https://relay.example")
    yield made
    made.store.close()


async def test_a_lost_folder_is_said_holds_up_no_other_and_can_be_discarded(shelf: Shelf) -> None:
    lost, there = shelf.keep(1, failed=True), shelf.keep(2, failed=True)
    shutil.rmtree(shelf.takes.folder / lost)
    after = await shelf.posting.retry("all")
    assert {e.take_id: e.state for e in after} == {lost: "quarantined", there: "waiting"}
    with pytest.raises(TakeGone, match="missing"):
        await shelf.posting.retry(lost)
    assert (await shelf.posting.discard(lost)).state == "discarded"
    await shelf.takes.delete(lost)
    assert [t.take_id for t in shelf.store.takes(10)] == [there]


async def test_whoever_posts_all_are_told_and_the_pipeline_begins(shelf: Shelf) -> None:
    take_id = shelf.keep(1)
    entry = await shelf.posting.post(await shelf.takes.get(take_id), "a title")
    assert shelf.told == [EntryChanged(entry=entry), TakeReset(take_id=take_id)]
    assert (entry.state, entry.title) == (State.WAITING, "a title")
    assert await shelf.posting.post(await shelf.takes.get(take_id), "another") == entry, "one entry a take"


async def test_taking_back_and_asking_again_are_told_too(shelf: Shelf) -> None:
    take_id = shelf.keep(1)
    entry = await shelf.posting.post(await shelf.takes.get(take_id), "")
    shelf.told.clear()
    taken_back = await shelf.posting.discard(entry.entry_id)
    (again,) = await shelf.posting.retry(take_id)
    assert [e.entry for e in shelf.told if isinstance(e, EntryChanged)] == [taken_back, again]
    assert (taken_back.state, again.state) == (State.DISCARDED, State.WAITING)


async def test_without_a_relay_nothing_can_be_posted(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "")
    take_id = shelf.keep(1)
    with pytest.raises(NotClaimed, match="No relay is configured"):
        await shelf.posting.post(await shelf.takes.get(take_id), "")
    assert not shelf.told
    shelf.store.close()
