"""Searching, for programs and as a page."""

from dataclasses import dataclass
from typing import Any, cast

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, Render, Row
from relay.core.words import read_query
from relay.engine.database import Connection, Database
from relay.features.creations.api import Detail
from relay.features.search import store
from relay.features.search.store import Ask
from relay.wire import operations as wire
from relay.wire.rest import DEFAULT_PAGE, FeedPost, PageCursor, Producer
from relay.wire.search import MAX_QUERY, Found, FoundPeople, FoundPosts, SearchQuery, TagCount

SearchCall = Call[wire.Nothing, SearchQuery]
PEOPLE_ON_PAGE = 6


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of the page; "": nothing is looked for yet."""

    q: str = ""
    cursor: PageCursor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """[loop]"""

    db: Database
    base_url: str
    render: Render

    async def everything(self, call: SearchCall) -> Found:
        ask = _ask(call.actor.user_id, call.query.q, call.query.cursor, call.query.limit)

        def work(reader: Connection) -> Found:
            details, _ = store.posts(reader, ask, self.base_url)
            people, _ = store.people(reader, ask)
            return Found(
                posts=_items(details), people=people, tags=store.tags(reader, ask.viewer, call.query.q)
            )

        return await self.db.read(work)

    async def posts(self, call: SearchCall) -> FoundPosts:
        ask = _ask(call.actor.user_id, call.query.q, call.query.cursor, call.query.limit)
        details, following = await self.db.read(lambda reader: store.posts(reader, ask, self.base_url))
        return FoundPosts(posts=_items(details), next=following)

    async def people(self, call: SearchCall) -> FoundPeople:
        ask = _ask(call.actor.user_id, call.query.q, call.query.cursor, call.query.limit)
        users, following = await self.db.read(lambda reader: store.people(reader, ask))
        return FoundPeople(users=users, next=following)

    async def page(self, call: Call[Any, Any]) -> Answer[Any]:  # any: pages take no body of a type
        words, cursor = call.query.q[:MAX_QUERY], call.query.cursor
        ask = _ask(call.actor.user_id, words, cursor, DEFAULT_PAGE)

        def work(reader: Connection) -> tuple[list[Detail], str | None, list[Producer], list[TagCount]]:
            details, following = store.posts(reader, ask, self.base_url)
            if cursor:
                return details, following, [], []
            people = store.people(
                reader, Ask(viewer=ask.viewer, query=ask.query, cursor=None, limit=PEOPLE_ON_PAGE)
            )
            return details, following, people[0], store.tags(reader, ask.viewer, words)

        details, following, people, tags = await self.db.read(work)
        return self.render(
            "search.html",
            call.session,
            here="search",
            words=words,
            details=details,
            people=people,
            tags=tags,
            following=following,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.SEARCH, Action.FEED_READ, self.everything),
            Row(wire.SEARCH_POSTS, Action.FEED_READ, self.posts),
            Row(wire.SEARCH_PEOPLE, Action.FEED_READ, self.people),
            Page("GET", "/search", Action.FEED_READ, self.page, query=OnPage),
        ]


def _ask(viewer: str | None, text: str, cursor: str | None, limit: int) -> Ask:
    return Ask(viewer=viewer or "", query=read_query(text), cursor=cursor, limit=limit)


def _items(details: list[Detail]) -> list[FeedPost]:
    """Of a list's items, which are FeedPosts."""
    return [cast(FeedPost, each.post) for each in details]
