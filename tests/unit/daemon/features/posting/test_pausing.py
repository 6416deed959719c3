"""A pause of posting: for a while or for good, written down, told, and over by itself."""

import asyncio
from pathlib import Path

import pytest

from daemon.errors import LibraryStuck
from daemon.events import Bus, PostingPaused
from daemon.features.posting.pausing import NAME, Pausing
from daemon.system.clock import Clock


class Hand(Clock):
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_us = 1_000_000_000
        self.waits: list[float] = []

    def unix_us(self) -> int:
        return self.now_us

    async def wait(self, event: asyncio.Event, limit_s: float) -> None:
        self.waits.append(limit_s)
        self.now_us += round(limit_s * 1e6)
        await asyncio.sleep(0)


def told_of(bus: Bus) -> list[bool]:
    told: list[bool] = []
    bus.on(PostingPaused, lambda event: told.append(event.paused))
    return told


async def test_a_pause_outlives_the_daemon_and_is_ended(tmp_path: Path) -> None:
    bus = Bus()
    told, clock = told_of(bus), Hand()
    one = Pausing(tmp_path, bus, clock)
    assert not one.paused and one.words == ""
    await one.pause(None)
    assert one.paused and one.left_s is None and one.words == "until it is resumed"
    again = Pausing(tmp_path, bus, clock)
    assert again.paused and again.left_s is None
    await again.resume()
    assert not Pausing(tmp_path, bus, clock).paused and told == [True, False]


async def test_a_time_is_on_the_wall_clock_and_is_over_by_itself(tmp_path: Path) -> None:
    bus, clock = Bus(), Hand()
    told = told_of(bus)
    await Pausing(tmp_path, bus, clock).pause(3600.0)
    clock.now_us += 600 * 1_000_000
    later = Pausing(tmp_path, bus, clock)
    assert later.left_s == 3000.0 and later.words == "for 50 minutes more"
    task = asyncio.create_task(later.run())
    while later.paused:
        await asyncio.sleep(0)
    task.cancel()
    assert clock.waits == [3000.0] and told == [True, False] and not (tmp_path / NAME).exists()


async def test_what_stands_there_and_means_nothing_pauses_nothing(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xff\xfe nonsense")
    assert not Pausing(tmp_path, Bus()).paused


async def test_what_cannot_be_written_is_said_and_nothing_is_paused(tmp_path: Path) -> None:
    one = Pausing(tmp_path / "missing", Bus())
    with pytest.raises(LibraryStuck, match="cannot be written"):
        await one.pause(60.0)
    assert not one.paused
