"""Background tasks of a process: each is watched, started again when it fails, counted, and seen in /health/ready.

One bad item must not end for good what serves everybody.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from relay.engine.database.errors import DatabaseBusy
from relay.wire.health import Check

log = logging.getLogger("relay")

RESTART_S = 1.0
TROUBLED_S = 30.0
"""How long after a failure a task counts as troubled."""
MAX_SAID_CHARS = 300
Round = Callable[[], Awaitable[None]]
Traced = Callable[[str, Round], Round]


class Tasks:
    """traced: makes of a name and a round one that is told of. [loop]"""

    def __init__(self, traced: Traced | None = None) -> None:
        self._traced = traced
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, tuple[int, float]] = {}  # how many, and when the last
        self._said_to_wait_s: dict[str, float] = {}

    def start(self, name: str, work: Round) -> None:
        """Run `work` until `stop`, anew whenever it raises. name: for whoever looks after the relay."""
        self._running[name] = asyncio.create_task(self._keep(name, work), name=name)

    def every(self, name: str, seconds: float, work: Round) -> None:
        """Run `work` again and again, with a pause between."""

        turn = work if self._traced is None else self._traced(name, work)

        async def for_ever() -> None:
            while True:
                await asyncio.sleep(seconds)
                await turn()

        self.start(name, for_ever)

    async def stop(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._running.clear()

    def checks(self) -> list[Check]:
        """One for each task: not well while it has failed within TROUBLED_S, or has ended."""
        return [self._check(name, task) for name, task in self._running.items()]

    @property
    def failures(self) -> dict[str, int]:
        """How often each task has failed since the start."""
        return {name: self._failures.get(name, (0, 0.0))[0] for name in self._running}

    def _check(self, name: str, task: "asyncio.Task[None]") -> Check:
        count, when_s = self._failures.get(name, (0, 0.0))
        if task.done():
            return Check(name=f"task {name}", ok=False, detail="It has ended.")
        if count and time.monotonic() - when_s < TROUBLED_S:
            return Check(name=f"task {name}", ok=False, detail=f"It failed {count} times; the log says why.")
        return Check(name=f"task {name}", ok=True)

    async def _keep(self, name: str, work: Round) -> None:
        while True:
            try:
                await work()
                return
            except DatabaseBusy as error:  # no failure of the task's; the database has a check of its own
                self._say_that_it_waits(name, error)
            except Exception as error:
                count = self._failures.get(name, (0, 0.0))[0] + 1
                self._failures[name] = (count, time.monotonic())
                log.error("the task %s failed and starts again: %s", name, _said(error), exc_info=error)
            await asyncio.sleep(RESTART_S)

    def _say_that_it_waits(self, name: str, error: Exception) -> None:
        """Not each second."""
        now_s = time.monotonic()
        if now_s - self._said_to_wait_s.get(name, -TROUBLED_S) >= TROUBLED_S:
            self._said_to_wait_s[name] = now_s
            log.warning("the task %s waits: %s", name, _said(error))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_SAID_CHARS]
