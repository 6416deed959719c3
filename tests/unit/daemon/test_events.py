"""How parts of the daemon tell each other what has happened."""

import asyncio
import logging

import pytest

from daemon.core.outbox import Entry
from daemon.events import Bus, Event, Pending, TakeChanged, TakeKept


def test_each_hears_what_it_asked_for_in_the_order_of_asking() -> None:
    bus, heard = Bus(), list[tuple[str, Event]]()
    bus.on(TakeKept, lambda event: heard.append(("first", event)))
    bus.on(TakeKept, lambda event: heard.append(("second", event)))
    bus.on(TakeChanged, lambda event: heard.append(("other", event)))
    kept = TakeKept(take_id="1")
    bus.tell(kept)
    assert heard == [("first", kept), ("second", kept)]


def test_a_listener_that_fails_costs_neither_the_teller_nor_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, heard = Bus(), list[Event]()

    def fails(_: TakeKept) -> None:
        raise ValueError("a bug")

    bus.on(TakeKept, fails)
    bus.on(TakeKept, heard.append)
    with caplog.at_level(logging.ERROR):
        bus.tell(TakeKept(take_id="1"))
    assert heard == [TakeKept(take_id="1")] and "a bug" in caplog.text


def test_what_is_told_while_something_is_told_comes_at_once() -> None:
    bus, heard = Bus(), list[str]()
    bus.on(TakeKept, lambda event: bus.tell(TakeChanged(take_id=event.take_id)))
    bus.on(TakeChanged, lambda _: heard.append("changed"))
    bus.on(TakeKept, lambda _: heard.append("kept"))
    bus.tell(TakeKept(take_id="1"))
    assert heard == ["changed", "kept"]


async def test_pending_work_is_the_newest_of_each_key_and_the_oldest_key_first() -> None:
    pending = Pending[str, int]()
    for key, value in (("a", 1), ("b", 2), ("a", 3)):
        pending.put(key, value)
    assert [await pending.next(), await pending.next()] == [("a", 3), ("b", 2)]
    waiting = asyncio.create_task(pending.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    pending.put("c", 4)
    assert await waiting == ("c", 4)


def test_the_log_at_debug_says_what_is_told_with_ids_and_no_titles(caplog: pytest.LogCaptureFixture) -> None:
    """The benchmark of keep and post reads it; a title is nobody's business there."""
    entry = Entry(entry_id="e1", take_id="t1", account="a", title="my secret loop", created_us=1)
    bus = Bus()
    with caplog.at_level(logging.DEBUG, logger="daemon.events"):
        bus.tell(TakeKept(take_id="t1", entry=entry))
    assert caplog.messages == ["TakeKept take_id=t1 entry=e1 waiting"]
