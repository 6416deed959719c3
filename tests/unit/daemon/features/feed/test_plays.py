"""Which of what is played here is told the relay: posts that were listened to, once a day, and nothing else."""

import asyncio
from typing import Any, cast

import pytest

from bridge.control import PreviewInfo
from daemon.errors import Offline
from daemon.events import Bus, PreviewChanged
from daemon.features.feed import plays
from daemon.features.feed.plays import DAY_US, Plays
from daemon.identity.account import Account
from tests.support.deadlines import HANG_S


class Relay:
    """Stands in for the relay's client: away at first, then it counts."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        self.away = False

    def relay(self) -> "Relay":
        return self

    async def play(self, post_id: str) -> None:
        self.asked.put_nowait(post_id)
        if self.away:
            raise Offline("away")


def heard(bus: Bus, target: str, heard_s: float = 2.0, **more: Any) -> None:
    info: dict[str, Any] = {"kind": "item", "state": "playing", "duration_s": 8.0} | more
    preview = PreviewInfo(instance="i", target=target, title="", heard_s=heard_s, **info)
    bus.tell(PreviewChanged(preview=preview))


async def test_a_post_that_was_listened_to_is_told_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [5 * DAY_US]
    monkeypatch.setattr(plays, "unix_us", lambda: now[0])
    bus, relay = Bus(), Relay()
    running = asyncio.create_task(Plays(cast(Account, relay), bus).run())
    try:
        async with asyncio.timeout(HANG_S):
            heard(bus, "take", kind="take")
            heard(bus, "too short", heard_s=0.4)
            heard(bus, "waits", state="waiting")
            for _ in range(3):
                heard(bus, "long")
            heard(bus, "a shot", heard_s=0.4, state="ended", duration_s=0.4)
            assert [await relay.asked.get() for _ in range(2)] == ["long", "a shot"]
            now[0] += DAY_US
            relay.away = True
            heard(bus, "long")
            assert await relay.asked.get() == "long"
            relay.away = False
            heard(bus, "next")
            assert await relay.asked.get() == "next" and relay.asked.empty(), "one that failed ends nothing"
    finally:
        running.cancel()
