"""Feeds, in pages, for programs; feed_pages.py shows them to people."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Handler, Row
from relay.core.folding import folded
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.creations.api import position
from relay.features.feeds import discovery, exploring, store
from relay.features.feeds.discovery import Ask
from relay.features.feeds.filters import filter_of
from relay.features.feeds.page_cache import PageCache
from relay.features.feeds.timeline import timeline
from relay.wire import operations as wire
from relay.wire.rest import FeedPage, FeedPost
from relay.wire.search import Explored

FeedCall = Call[wire.Nothing, wire.Paging]
DiscoveryCall = Call[wire.Nothing, wire.FeedQuery]
Read = Callable[[Connection, Ask, str], store.Page]


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeds:
    """For programs. cache_s: how long a feed that nobody signed in asked for may be kept by who got it. [loop]"""

    db: Database
    base_url: str
    cache_s: int
    pages: PageCache

    def of_everybody(self, read: Read) -> Handler[wire.Nothing, wire.FeedQuery, FeedPage]:
        """Answers with a list of discovery.py."""

        async def handler(call: DiscoveryCall) -> Answer[FeedPage]:
            ask = asked(call.actor.user_id, call.query)
            return self._answer(call, await read_page(self.db, self.pages, read, ask, self.base_url))

        return handler

    async def tagged(self, call: DiscoveryCall) -> Answer[FeedPage]:
        ask, tag = asked(call.actor.user_id, call.query), folded(call.path["tag"])
        found = await self.db.read(
            lambda reader: discovery.tagged(reader, tag, ask, self.base_url), snapshot=ask.is_filtered
        )
        return self._answer(call, found)

    async def timeline(self, call: FeedCall) -> FeedPage:
        at = position(call.account_id, call.query.cursor, call.query.limit)
        return _page(await self.db.read(lambda reader: timeline(reader, at, self.base_url)))

    async def of_person(self, call: FeedCall) -> Answer[FeedPage]:
        at = position(call.actor.user_id, call.query.cursor, call.query.limit)

        def work(reader: Connection) -> store.Page:
            return store.of(reader, accounts.find(reader, call.path["name"]).id, at, self.base_url)

        return self._answer(call, await self.db.read(work))

    async def explored(self, call: Call[wire.Nothing, wire.Nothing]) -> Explored:
        viewer = call.actor.user_id or ""

        def work(reader: Connection) -> Explored:
            return Explored(people=exploring.people(reader, viewer), tags=exploring.tags(reader, viewer))

        return await self.db.read(work)

    async def pinned(self, call: Call[wire.Nothing, wire.Nothing]) -> FeedPage:
        def work(reader: Connection) -> store.Page:
            person = accounts.find(reader, call.path["name"])
            return store.pinned(reader, person.id, call.actor.user_id or "", self.base_url), None

        return _page(await self.db.read(work))

    async def archived(self, call: FeedCall) -> FeedPage:
        at = position(call.account_id, call.query.cursor, call.query.limit)
        return _page(await self.db.read(lambda reader: store.archived(reader, at, self.base_url)))

    def _answer(self, call: Call[Any, Any], found: store.Page) -> Answer[FeedPage]:  # any: of either query
        is_own = call.actor.user_id is not None  # and who is signed in sees their own acts at once
        if self.cache_s == 0 or is_own:
            return Answer(value=_page(found))
        headers = {"cache-control": f"public, max-age={self.cache_s}", "vary": "Authorization, Cookie"}
        return Answer(value=_page(found), headers=headers)


def rows(db: Database, *, base_url: str, cache_s: int, pages: PageCache) -> list[AnyRow]:
    """As of Feeds."""
    feeds = Feeds(db=db, base_url=base_url, cache_s=cache_s, pages=pages)
    return [
        Row(wire.GLOBAL_FEED, Action.FEED_READ, feeds.of_everybody(discovery.hot)),
        Row(wire.LATEST_FEED, Action.FEED_READ, feeds.of_everybody(discovery.latest)),
        Row(wire.TRENDING_FEED, Action.FEED_READ, feeds.of_everybody(discovery.trending)),
        Row(wire.TAG_FEED, Action.FEED_READ, feeds.tagged),
        Row(wire.TIMELINE, Action.TIMELINE_READ, feeds.timeline),
        Row(wire.USER_FEED, Action.FEED_READ, feeds.of_person),
        Row(wire.EXPLORE, Action.FEED_READ, feeds.explored),
        Row(wire.LIST_PINNED, Action.FEED_READ, feeds.pinned),
        Row(wire.LIST_ARCHIVED, Action.TIMELINE_READ, feeds.archived),
    ]


RANKED = (discovery.hot, discovery.trending)
"""What is remembered: places on them are of the last minutes at best."""


async def read_page(db: Database, pages: PageCache, read: Read, ask: Ask, base_url: str) -> store.Page:
    """A list of discovery.py; of those that are ranked, for nobody signed in, perhaps as it was a while ago. [loop]"""

    async def work() -> store.Page:
        return await db.read(lambda reader: read(reader, ask, base_url), snapshot=ask.is_filtered)

    if ask.viewer or read not in RANKED:
        return await work()
    key = (
        read,
        ask.kind,
        ask.cursor,
        ask.limit,
        ask.filter.condition,
        tuple(sorted(ask.filter.values.items())),
    )
    return await pages.page(key, work)


def asked(viewer: str | None, query: wire.FeedQuery) -> Ask:
    """Raises Refusal: validation. [any]"""
    return Ask(
        viewer=viewer or "",
        cursor=query.cursor,
        limit=query.limit,
        filter=filter_of(query),
        kind=query.kind,
    )


def _page(found: store.Page) -> FeedPage:
    """Of a list's items, which are FeedPosts."""
    return FeedPage(posts=[cast(FeedPost, detail.post) for detail in found[0]], next=found[1])
