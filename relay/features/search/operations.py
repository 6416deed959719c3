"""Searching, for programs and as a page."""

from dataclasses import dataclass
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, Render, Row
from relay.core.words import read_query
from relay.engine.database import Connection, Database
from relay.features.creations.api import Detail
from relay.features.search import store
from relay.features.search.store import Ask
from relay.wire import operations as wire
from relay.wire.comments import Comment
from relay.wire.rest import DEFAULT_PAGE, FeedPost, PageCursor, Producer
from relay.wire.search import (
    Found,
    FoundComments,
    FoundPeople,
    FoundPosts,
    MaybeSearchText,
    SearchQuery,
    TagCount,
)

SearchCall = Call[wire.Nothing, SearchQuery]
FEW_ON_PAGE = 6
"""People and comments beside the posts."""


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of the page; "": nothing is looked for yet."""

    q: MaybeSearchText = ""
    cursor: PageCursor | None = None


class _OnPage(Struct, frozen=True, kw_only=True):
    """What stands on the page. following: where the next one begins."""

    details: list[Detail]
    following: str | None
    people: list[Producer] = []
    comments: list[Comment] = []
    tags: list[TagCount] = []


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """[loop]"""

    db: Database
    base_url: str
    render: Render

    async def everything(self, call: SearchCall) -> Found:
        ask = _asked(call)

        def work(reader: Connection) -> Found:
            details, _ = store.posts(reader, ask, self.base_url)
            people, _ = store.people(reader, ask)
            said, _ = store.comments(reader, ask)
            tags = store.tags(reader, ask.viewer, call.query.q)
            return Found(posts=_items(details), people=people, tags=tags, comments=said)

        return await self.db.read(work)

    async def posts(self, call: SearchCall) -> FoundPosts:
        ask = _asked(call)
        details, following = await self.db.read(lambda reader: store.posts(reader, ask, self.base_url))
        return FoundPosts(posts=_items(details), next=following)

    async def people(self, call: SearchCall) -> FoundPeople:
        ask = _asked(call)
        users, following = await self.db.read(lambda reader: store.people(reader, ask))
        return FoundPeople(users=users, next=following)

    async def comments(self, call: SearchCall) -> FoundComments:
        ask = _asked(call)
        found, following = await self.db.read(lambda reader: store.comments(reader, ask))
        return FoundComments(comments=found, next=following)

    async def page(self, call: Call[Any, Any]) -> Answer[Any]:  # any: pages take no body of a type
        words, cursor = call.query.q, call.query.cursor
        ask = _ask(call.actor.user_id, words, cursor, DEFAULT_PAGE)

        def work(reader: Connection) -> _OnPage:
            details, following = store.posts(reader, ask, self.base_url)
            if cursor:
                return _OnPage(details=details, following=following)
            few = Ask(viewer=ask.viewer, query=ask.query, cursor=None, limit=FEW_ON_PAGE)
            return _OnPage(
                details=details,
                following=following,
                people=store.people(reader, few)[0],
                comments=store.comments(reader, few)[0],
                tags=store.tags(reader, ask.viewer, words),
            )

        found = await self.db.read(work)
        return self.render(
            "search.html",
            call.session,
            here="search",
            words=words,
            details=found.details,
            people=found.people,
            comments=found.comments,
            tags=found.tags,
            following=found.following,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.SEARCH, Action.FEED_READ, self.everything),
            Row(wire.SEARCH_POSTS, Action.FEED_READ, self.posts),
            Row(wire.SEARCH_PEOPLE, Action.FEED_READ, self.people),
            Row(wire.SEARCH_COMMENTS, Action.FEED_READ, self.comments),
            Page("GET", "/search", Action.FEED_READ, self.page, query=OnPage),
        ]


def _asked(call: SearchCall) -> Ask:
    query = call.query
    return replace(_ask(call.actor.user_id, query.q, query.cursor, query.limit), kind=query.kind)


def _ask(viewer: str | None, text: str, cursor: str | None, limit: int) -> Ask:
    return Ask(viewer=viewer or "", query=read_query(text), cursor=cursor, limit=limit)


def _items(details: list[Detail]) -> list[FeedPost]:
    """Of a list's items, which are FeedPosts."""
    return [cast(FeedPost, each.post) for each in details]
