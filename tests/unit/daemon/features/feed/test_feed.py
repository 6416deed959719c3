"""When the relay is asked for the feed, when it is waited for, and when what is here is shown."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.core.link_signals import LinkState
from daemon.errors import NotClaimed, Offline
from daemon.events import Bus, LinkChanged
from daemon.features.feed import feed as feed_module
from daemon.features.feed.feed import Feed
from daemon.library.store import Store
from daemon.uplink.client import PostPage
from tests.support.deadlines import HANG_S
from tests.support.posts import post


class Relay:
    """Answers with `posts` once it `may`; counts."""

    def __init__(self) -> None:
        self.posts = [post(1)]
        self.asked = 0
        self.bus = Bus()
        self.error: Exception | None = None
        self.may = asyncio.Event()
        self.may.set()

    def link(self, state: LinkState) -> None:
        """The link to it is in this state now."""
        self.bus.tell(LinkChanged(state=state))

    async def fetch(self, limit: int) -> PostPage:
        self.asked += 1
        await self.may.wait()
        if self.error:
            raise self.error
        return PostPage(posts=self.posts[:limit], next=None)


@pytest.fixture
async def relay() -> Relay:
    return Relay()


@pytest.fixture
async def feed(tmp_path: Path, relay: Relay) -> AsyncIterator[Feed]:
    store = Store(tmp_path / "library.sqlite3")
    bus = Bus()
    made = Feed(store, relay.fetch, bus)
    relay.bus = bus
    relay.link(LinkState.ONLINE)
    yield made
    relay.may.set()
    await made.close()
    store.close()


async def titles(feed: Feed, limit: int = 20) -> tuple[list[str], bool]:
    posts, offline = await feed.posts(limit)
    return [each.title for each in posts], offline


async def test_a_page_is_asked_for_once_until_something_changes(feed: Feed, relay: Relay) -> None:
    for _ in range(3):
        assert await titles(feed) == (["post 1"], False)
    assert relay.asked == 1
    relay.posts = [post(2), post(1)]
    feed.changed()
    assert await titles(feed) == (["post 2", "post 1"], False)
    assert await titles(feed, limit=1) == (["post 2"], False)
    assert relay.asked == 2


async def test_a_page_of_a_while_ago_is_asked_for_again(
    feed: Feed, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "FRESH_S", 0.0)
    await titles(feed)
    await titles(feed)
    assert relay.asked == 2


async def test_without_a_link_what_is_here_is_shown_and_nobody_is_asked(feed: Feed, relay: Relay) -> None:
    await titles(feed)
    relay.link(LinkState.BACKING_OFF)
    assert await titles(feed) == (["post 1"], True)
    assert relay.asked == 1


async def test_with_nothing_here_the_relay_is_asked_even_without_a_link(feed: Feed, relay: Relay) -> None:
    relay.link(LinkState.BACKING_OFF)
    assert await titles(feed) == (["post 1"], False)


async def test_a_slow_relay_is_not_waited_for_and_its_answer_comes_with_the_next_look(
    feed: Feed, relay: Relay
) -> None:
    await titles(feed)
    feed.changed()
    relay.posts = [post(2), post(1)]
    relay.may.clear()
    for _ in range(2):  # it is asked once, however often somebody looks
        assert await titles(feed) == (["post 1"], True)
    assert relay.asked == 2
    relay.may.set()
    async with asyncio.timeout(HANG_S):
        while await titles(feed) != (["post 2", "post 1"], False):
            await asyncio.sleep(0)
    assert relay.asked == 2


async def test_a_relay_that_fails_is_told_apart_from_a_device_of_nobody(feed: Feed, relay: Relay) -> None:
    relay.error = Offline("no answer")
    assert await titles(feed) == ([], True)
    relay.error = NotClaimed("nobody's")
    with pytest.raises(NotClaimed):
        await titles(feed)


async def test_what_changes_while_the_relay_is_asked_is_not_taken_for_seen(feed: Feed, relay: Relay) -> None:
    relay.may.clear()
    asking = asyncio.create_task(titles(feed))
    async with asyncio.timeout(HANG_S):
        while not relay.asked:
            await asyncio.sleep(0)
    feed.changed()
    relay.may.set()
    await asking
    await titles(feed)
    assert relay.asked == 2
