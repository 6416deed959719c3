"""Presence as the hub tells it: to followers, not across a block, and not when a device only changed its connection."""

import pytest

from relay.core.presence import GRACE_US, OFFLINE
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.features.live import presence as presence_module
from relay.features.live.hub import Connection, Hub
from relay.features.live.presence import PresenceBoard
from relay.features.live.store import Blocked, Followed, Unfollowed, author_topic
from relay.wire.events import (
    Event,
    Presence,
    PresenceUpdate,
    read_payload,
)
from tests.support.hub_desk import ANNA, BEN, connection, running, said


async def presences(mine: Connection) -> list[PresenceUpdate]:
    told = [
        read_payload(each) for each in await said(mine) if isinstance(each, Event) and each.cursor is None
    ]
    return [each for each in told if isinstance(each, PresenceUpdate)]


def board_of(hub: Hub) -> PresenceBoard:
    async def names(_: list[str]) -> dict[str, str]:
        return {ANNA: "anna", BEN: "ben"}

    return PresenceBoard(hub, MemoryBus(MemoryWire()), names)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time that presence goes by, in its only entry."""
    now = [1]
    monkeypatch.setattr(presence_module, "now_us", lambda: now[0])
    return now


async def test_presence_reaches_followers_and_not_oneself(clock: list[int]) -> None:
    async with running() as desk:
        board = board_of(desk.hub)
        anna = desk.join(connection(ANNA), 0, author_topic(ANNA))
        ben = desk.join(connection(BEN), 0, author_topic(ANNA))
        board.arrived(ANNA, "anna")
        board.say(anna, Presence(status="producing", bpm=128.0))
        assert board.is_live(ANNA) and not board.is_live(BEN)
        assert await presences(anna) == []
        (seen,) = await presences(ben)
        assert (seen.username, seen.status, seen.bpm) == ("anna", "producing", 128.0)


async def test_who_makes_music_is_told_before_a_post_may_come_of_it(clock: list[int]) -> None:
    async with running() as desk:
        board, told = board_of(desk.hub), list[str]()
        board.on_live = lambda: told.append("live")
        anna = desk.join(connection(ANNA), 0)
        for status in ("away", "producing", "recording", "online"):
            board.say(anna, Presence(status=status))
            told.append(status)
    assert told == ["away", "live", "producing", "live", "recording", "live", "online"]


@pytest.mark.parametrize("blocker", [ANNA, BEN])
async def test_presence_is_not_told_across_a_block(clock: list[int], blocker: str) -> None:
    async with running() as desk:
        board = board_of(desk.hub)
        anna = desk.join(connection(ANNA), 0, author_topic(ANNA))
        ben = desk.join(connection(BEN), 0, author_topic(ANNA))
        board.arrived(ANNA, "anna")
        other = BEN if blocker == ANNA else ANNA
        await desk.commit(1, Blocked(commit=1, blocker_id=blocker, blocked_id=other, blocked=True))
        board.say(anna, Presence(status="producing"))
        assert await presences(ben) == []


async def test_who_begins_to_follow_sees_presence_at_once_and_who_parts_sees_none(clock: list[int]) -> None:
    async with running() as desk:
        board = board_of(desk.hub)
        anna = desk.join(connection(ANNA), 0, author_topic(ANNA))
        ben = desk.join(connection(BEN), 0, author_topic(BEN))
        board.arrived(ANNA, "anna")
        board.say(anna, Presence(status="recording"))
        await desk.commit(1, Followed(commit=1, follower_id=BEN, followee_id=ANNA))
        await desk.commit(2, Unfollowed(commit=2, follower_id=BEN, followee_id=ANNA))
        assert [each.status for each in await presences(ben)] == ["recording", OFFLINE]


async def test_a_device_that_is_back_before_its_old_connection_is_gone_has_not_left(clock: list[int]) -> None:
    """As after a sleep: the old socket is found dead when the new one has long said what the device does."""
    async with running() as desk:
        board = board_of(desk.hub)
        ben = desk.join(connection(BEN), 0, author_topic(ANNA))
        old, new = desk.join(connection(ANNA)), desk.join(connection(ANNA))
        board.arrived(ANNA, "anna")
        board.say(new, Presence(status="producing"))
        for gone, still_here in ((old, True), (new, False)):
            is_here = desk.hub.remove(gone)
            assert is_here is still_here
            if not is_here:
                board.left(gone)
            clock[0] += GRACE_US
            await board.tick()
            assert board.is_live(ANNA) is still_here
        assert [each.status for each in await presences(ben)] == ["producing", OFFLINE]
