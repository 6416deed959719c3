"""A bus over a wire that we play: what it does when sending, hearing and closing fail."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from relay.engine.bus import wired
from relay.engine.bus.wired import WiredBus
from tests.support.deadlines import HANG_S


class Wire:
    """breaks: what each of the next calls of send raises; ends_badly: so often hearing answers its end with an error."""

    part_bytes = 1000

    def __init__(self) -> None:
        self.breaks: list[Exception] = []
        self.ends_badly = 0
        self.sent: list[bytes] = []
        self.heard_by: list[Callable[[bytes], None]] = []

    async def receive(self, up: Callable[[], None], heard: Callable[[bytes], None]) -> None:
        self.heard_by.append(heard)
        up()
        try:
            await asyncio.Event().wait()
        finally:
            if self.ends_badly:
                self.ends_badly -= 1
                raise ConnectionError("timed out closing connection")

    async def send(self, frames: Sequence[bytes]) -> None:
        if self.breaks:
            raise self.breaks.pop(0)
        self.sent += frames

    async def close(self) -> None:
        raise ConnectionError("gone")


async def started(wire: Wire) -> tuple[WiredBus, list[str]]:
    bus, joins = WiredBus(wire), list[str]()
    bus.listen("news", lambda _: None, lambda: joins.append("join"))
    await bus.start()
    await until(lambda: bus.up)
    return bus, joins


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_S):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_it_closes_whatever_its_client_makes_of_being_cancelled(times: int) -> None:
    """Valkey's client raised an error of its own in place of the cancelling, and the relay never ended."""
    wire = Wire()
    bus, _ = await started(wire)
    wire.ends_badly = times
    async with asyncio.timeout(HANG_S):
        await bus.close()
    assert wire.ends_badly == 0 or times == 3, "it was cancelled until it ended"


async def test_what_could_not_be_sent_is_followed_by_a_join_when_it_can() -> None:
    wire = Wire()
    bus, joins = await started(wire)
    wire.breaks = [OSError("cut"), OSError("still cut")]
    bus.publish("news", b"lost")
    await until(lambda: len(joins) == 2 and bus.up)
    assert not any(b"lost" in frame for frame in wire.sent), "it is old: all is told anew instead"
    bus.publish("news", b"said")
    await until(lambda: any(b"said" in frame for frame in wire.sent))
    await bus.close()


async def test_more_than_fits_is_dropped_and_followed_by_a_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wired.Outbox, "MAX_FRAMES", 10)
    wire = Wire()
    bus, joins = await started(wire)
    for number in range(50):
        bus.publish("news", b"%d" % number)
    await until(lambda: len(joins) == 2)
    assert len(wire.sent) <= 10
    await bus.close()
