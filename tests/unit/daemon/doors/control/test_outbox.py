"""Answers about the outbox when a take's folder was lost behind the library's back."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import bridge.control as c
from daemon.config import Config
from daemon.doors.control.outbox import OutboxAnswers
from daemon.errors import TakeGone
from daemon.features.rendering.renderer import Renderer
from daemon.library.entries import Entries, new_entry
from daemon.library.store import Store
from daemon.library.takes import Takes
from tests.support.takes import publish, take


async def _nobody(take_id: str, message: object) -> None: ...


async def test_a_lost_folder_is_said_holds_up_no_other_and_can_be_discarded(tmp_path: Path) -> None:
    store = Store(tmp_path / "library.sqlite3")
    takes = Takes(Config(data_dir=str(tmp_path), run_dir=str(tmp_path)), store)
    for n in (1, 2):
        publish(takes.folder, take(n, frames=480), np.zeros((480, 2), np.float32))
        store.add_take(take(n, frames=480), new_entry(take(n, frames=480), "", "anna"))
        store.set_failed(take(n).take_id, "The decoder ended.")
    lost = take(1).take_id
    shutil.rmtree(takes.folder / lost)
    renderer = Renderer(store, takes.folder, _nobody, tmp_path / "cache", 0)
    entries = Entries(store, takes.folder)
    answers = OutboxAnswers(store, takes, entries, renderer, lambda: None, lambda: None).answers
    try:
        after = await answers[c.RetryEntries](c.RetryEntries(id=1, entry_id="all"))
        assert isinstance(after, c.EntryList)
        assert {e.take_id: e.state for e in after.entries} == {
            lost: "quarantined",
            take(2).take_id: "waiting",
        }
        with pytest.raises(TakeGone, match="missing"):
            await answers[c.RetryEntries](c.RetryEntries(id=2, entry_id=lost))
        after = await answers[c.DiscardEntry](c.DiscardEntry(id=3, entry_id=lost))
        assert isinstance(after, c.EntryList) and after.entries[0].state == "discarded"
        await takes.delete(await takes.find(lost))
        assert [t.take_id for t in store.takes(10)] == [take(2).take_id]
    finally:
        store.close()
