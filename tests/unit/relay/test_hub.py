"""The hub without sockets: effects, who hears of them, and when connections end."""

import asyncio
from collections.abc import Sequence

import pytest

from relay.core.visibility import Audience
from relay.engine.clock import now_us
from relay.features.live.store import Blocked, Followed, Happened, Unfollowed, author_topic, inbox_topic
from relay.features.live.telling import Message
from relay.wire.events import (
    CLOSE_EXPIRED,
    CLOSE_REVOKED,
    CLOSE_SHUTDOWN,
    Disconnect,
)
from tests.support.hub_desk import (
    ANNA,
    BEN,
    CARL,
    DEADLINE_S,
    connection,
    cursor,
    cursors,
    happened,
    messages,
    running,
)


async def test_effects_before_the_snapshot_are_dropped_and_later_ones_kept_in_order() -> None:
    async with running() as desk:
        mine = connection()
        desk.hub.register(mine)
        await desk.commit(1, happened(1))
        await desk.commit(2, happened(2), happened(2, 1))
        desk.go_live(mine, 1, author_topic(ANNA))
        await desk.commit(3, happened(3))
        assert await cursors(mine) == [cursor(2), cursor(2, 1), cursor(3)]


@pytest.mark.parametrize("commits_ahead", [1, 3])
async def test_a_snapshot_ahead_of_this_process_is_caught_up_with_before_anything_is_told(
    commits_ahead: int,
) -> None:
    """A reader sees a commit before the loop hears of it: what the snapshot has must not come a second time."""
    async with running() as desk:
        mine = connection()
        await desk.commit(1, happened(1))
        desk.hub.register(mine)
        desk.go_live(mine, 1 + commits_ahead, author_topic(ANNA))
        assert mine.joining is not None, "it collects until this process has handed out what it was sent"
        for number in range(2, 3 + commits_ahead):
            await desk.commit(number, happened(number))
        assert mine.joining is None
        assert await cursors(mine) == [cursor(2 + commits_ahead)]


async def test_following_adds_the_topic_and_unfollowing_ends_it() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA), inbox_topic(ANNA))
        of_ben = author_topic(BEN)
        await desk.commit(1, happened(1, topic=of_ben, actor=BEN))
        await desk.commit(2, Followed(commit=2, follower_id=ANNA, followee_id=BEN))
        await desk.commit(3, happened(3, topic=of_ben, actor=BEN))
        await desk.commit(4, Unfollowed(commit=4, follower_id=ANNA, followee_id=BEN))
        await desk.commit(5, happened(5, topic=of_ben, actor=BEN))
        assert await cursors(mine) == [cursor(3)]


async def test_who_follows_while_joining_hears_from_that_commit_on() -> None:
    async with running() as desk:
        mine, of_ben = connection(), author_topic(BEN)
        desk.hub.register(mine)
        await desk.commit(1, happened(1, topic=of_ben, actor=BEN))
        await desk.commit(2, Followed(commit=2, follower_id=ANNA, followee_id=BEN))
        await desk.commit(3, happened(3, topic=of_ben, actor=BEN))
        desk.go_live(mine, 0, author_topic(ANNA))
        assert await cursors(mine) == [cursor(3)]


@pytest.mark.parametrize(("blocker", "blocked"), [(ANNA, BEN), (BEN, ANNA)])
async def test_nobody_hears_of_whom_they_block_or_who_blocks_them(blocker: str, blocked: str) -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, inbox_topic(ANNA))
        topic = inbox_topic(ANNA)
        await desk.commit(1, Blocked(commit=1, blocker_id=blocker, blocked_id=blocked, blocked=True))
        await desk.commit(2, happened(2, topic=topic, actor=BEN), happened(2, 1, topic=topic, actor=CARL))
        await desk.commit(3, Blocked(commit=3, blocker_id=blocker, blocked_id=blocked, blocked=False))
        await desk.commit(4, happened(4, topic=topic, actor=BEN))
        assert await cursors(mine) == [cursor(2, 1), cursor(4)]


@pytest.mark.parametrize(
    ("audience", "heard_by"),
    [
        (Audience.EVERYBODY, {"author", "follower", "anybody"}),
        (Audience.FOLLOWERS, {"author", "follower"}),
        (Audience.OWNER, {"author"}),
        (Audience.NOBODY, set()),
    ],
)
async def test_an_audience_is_who_hears_and_nobody_else(audience: Audience, heard_by: set[str]) -> None:
    async with running() as desk:
        desk.teller.audience = audience
        everybody = {
            "author": desk.join(connection(ANNA), 0, author_topic(ANNA)),
            "follower": desk.join(connection(BEN), 0, author_topic(ANNA)),
            "anybody": desk.join(connection(CARL), 0, hears_all=True),
            "nobody": desk.join(connection(CARL, device="x"), 0, author_topic(CARL)),
        }
        await desk.commit(1, happened(1))
        assert {name for name, each in everybody.items() if await cursors(each)} == heard_by


async def test_what_is_told_of_no_more_is_told_to_nobody() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        desk.teller.gone.add(happened(1).id)
        await desk.commit(1, happened(1))
        await desk.commit(2, happened(2))
        assert await cursors(mine) == [cursor(2)]


async def test_events_that_nobody_here_listens_to_are_not_read() -> None:
    async with running() as desk:
        desk.join(connection(), 0, author_topic(ANNA))
        await desk.commit(1, happened(1, topic=author_topic(CARL)))
        assert desk.teller.asked == []


async def test_a_database_that_is_busy_makes_events_late_and_loses_none() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        desk.teller.busy = 2
        await desk.commit(1, happened(1))
        assert await cursors(mine) == [cursor(1)]


async def test_who_follows_in_the_same_breath_as_something_is_posted_hears_of_it() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        desk.hub.commit(1, [Followed(commit=1, follower_id=ANNA, followee_id=BEN)])
        await desk.commit(2, happened(2, topic=author_topic(BEN), actor=BEN))
        assert await cursors(mine) == [cursor(2)]


async def test_what_is_lost_while_it_is_read_is_not_told_and_what_comes_after_is() -> None:
    async with running() as desk:
        reading, go_on, plain = asyncio.Event(), asyncio.Event(), desk.teller

        async def slowly(events: Sequence[Happened]) -> list[Message]:
            reading.set()
            await go_on.wait()
            return await plain(events)

        desk.hub._tell = slowly
        desk.join(connection(), 0, author_topic(ANNA))
        desk.hub.commit(1, [happened(1)])
        async with asyncio.timeout(DEADLINE_S):
            await reading.wait()
        desk.hub.lost(7)
        mine = desk.join(connection(device="e"), 7, author_topic(ANNA))
        desk.hub.commit(8, [happened(8)])
        go_on.set()
        await desk.until(8)
        assert await cursors(mine) == [cursor(8)]


async def test_a_lost_place_in_the_log_sends_everybody_to_ask_again() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        desk.hub.lost(7)
        assert desk.hub.applied == 7
        (last,) = await messages(mine.outbox)
        assert isinstance(last, Disconnect) and last.code == CLOSE_SHUTDOWN


async def test_the_end_of_a_sign_in_closes_its_connections_only() -> None:
    async with running() as desk:
        mine = desk.join(connection())
        other = desk.join(connection(BEN, device="e", family_id="0" * 32))
        browser = desk.join(connection(BEN, device=None, family_id="1" * 32, session_id="s" * 32))
        desk.hub.end_family("f" * 32)
        assert mine.outbox.closing is not None and mine.outbox.closing.code == CLOSE_REVOKED
        assert other.outbox.closing is None and browser.outbox.closing is None
        desk.hub.end_session("s" * 32)
        assert browser.outbox.closing is not None and browser.outbox.closing.code == CLOSE_REVOKED
        assert other.outbox.closing is None


async def test_a_connection_ends_with_its_access_token_and_not_before() -> None:
    async with running() as desk:
        joining, past, later = connection(), desk.join(connection()), desk.join(connection(BEN, device="e"))
        desk.hub.register(joining)
        past.expires_us, later.expires_us = now_us(), now_us() + 60_000_000
        await desk.hub.end_expired()
        assert past.outbox.closing is not None and past.outbox.closing.code == CLOSE_EXPIRED
        assert later.outbox.closing is None and joining.outbox.closing is None
        await desk.hub.end_expired()
        (last,) = await messages(past.outbox)
        assert isinstance(last, Disconnect), "told once"


async def test_a_removed_connection_leaves_nothing_behind() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        ahead = desk.join(connection(device="x"), 1, author_topic(ANNA))
        desk.hub.remove(mine)
        desk.hub.remove(ahead)
        await desk.commit(1, happened(1))
        assert len(desk.hub) == 0 and desk.hub.has_room(ANNA) and desk.teller.asked == []
        for each in (mine, ahead):
            assert each.outbox.next_frame() is None
