"""Pages that are remembered for who is not signed in: as long as is said, and nothing that was withdrawn meanwhile."""

import asyncio

from relay.features.feeds.discovery import Page
from relay.features.feeds.page_cache import MAX_PAGES, PageCache


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Reads:
    """Each page is another one: its number is its cursor."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> Page:
        self.count += 1
        return [], str(self.count)


async def test_a_page_is_read_once_for_as_long_as_is_said() -> None:
    clock, reads = Clock(), Reads()
    cache = PageCache(300, clock)
    assert [(await cache.page("hot", reads))[1] for _ in range(3)] == ["1", "1", "1"]
    assert (await cache.page("trending", reads))[1] == "2"
    clock.now_s = 300
    assert (await cache.page("hot", reads))[1] == "3"


async def test_what_was_withdrawn_is_forgotten_and_not_remembered_by_who_read_before() -> None:
    cache, reads, may_end = PageCache(300, Clock()), Reads(), asyncio.Event()

    async def slow() -> Page:
        page = await reads()
        await may_end.wait()
        return page

    reading = asyncio.create_task(cache.page("hot", slow))
    await asyncio.sleep(0)
    cache.forget()
    may_end.set()
    assert (await reading)[1] == "1"
    assert [(await cache.page("hot", reads))[1] for _ in range(2)] == ["2", "2"]
    cache.forget()
    assert (await cache.page("hot", reads))[1] == "3"


async def test_none_is_remembered_where_none_is_to_be_and_so_many_at_most() -> None:
    reads = Reads()
    off = PageCache(0, Clock())
    assert [(await off.page("hot", reads))[1] for _ in range(2)] == ["1", "2"]
    cache = PageCache(9, Clock())
    for n in range(MAX_PAGES + 1):
        await cache.page(n, reads)
    before = reads.count
    await cache.page(MAX_PAGES, reads)
    assert reads.count == before
    await cache.page(0, reads)
    assert reads.count == before + 1
