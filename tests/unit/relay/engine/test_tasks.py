"""Background tasks: what fails is started again, counted and seen; what waits for the database is neither."""

import asyncio
import logging

import pytest

from relay.engine import tasks as tasks_module
from relay.engine.database import DatabaseBusy
from relay.engine.tasks import Tasks
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S
WHERE = "connection to 10.0.0.5 as relay refused"
"""What an engine says of itself."""


class Stumbling:
    """Raises each of these, one at a time, then works until it is cancelled."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.works = asyncio.Event()

    async def __call__(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.works.set()
        await asyncio.Event().wait()


async def tried(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> tuple[Tasks, Stumbling]:
    """Until it works."""
    monkeypatch.setattr(tasks_module, "RESTART_S", 0.0)
    tasks, work = Tasks(), Stumbling(*errors)
    tasks.start("words", work)
    async with asyncio.timeout(LIMIT_S):
        await work.works.wait()
    return tasks, work


async def test_a_task_that_waited_for_the_database_keeps_nobody_from_its_relay(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A restart of PostgreSQL would else take every process out of its proxy for TROUBLED_S more."""
    with caplog.at_level(logging.WARNING):
        tasks, _ = await tried(monkeypatch, DatabaseBusy(WHERE), DatabaseBusy(WHERE))
    (check,) = tasks.checks()
    assert check.ok and tasks.failures == {"words": 0}
    assert [each.levelname for each in caplog.records] == ["WARNING"], "said once, and where"
    assert WHERE in caplog.text
    await tasks.stop()


async def test_a_failure_is_seen_in_our_words_and_logged_in_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """/health/ready is there for anybody who reaches the relay."""
    tasks, _ = await tried(monkeypatch, KeyError(WHERE), KeyError(WHERE))
    (check,) = tasks.checks()
    assert not check.ok and "failed 2 times" in check.detail and "10.0.0.5" not in check.detail
    assert tasks.failures == {"words": 2} and WHERE in caplog.text
    await tasks.stop()
