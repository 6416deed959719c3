"""Feeds, newest first, in pages: for programs and for people."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, Render, Row
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.creations.api import position
from relay.features.feeds import store
from relay.features.graph import api as graph
from relay.wire import operations as wire
from relay.wire.rest import DEFAULT_PAGE, FeedPage, PageCursor, Producer

FeedCall = Call[wire.Nothing, wire.Paging]
AnyCall = Call[Any, Any]  # any: pages take neither body nor query of a type
AnyAnswer = Answer[Any]


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of a page of a feed; what else stands in a link that somebody passed on does not matter."""

    cursor: PageCursor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeds:
    """For programs. cache_s: how long a feed that nobody signed in asked for may be kept. [loop]"""

    db: Database
    base_url: str
    cache_s: int

    async def everybody(self, call: FeedCall) -> Answer[FeedPage]:
        at = position(call.actor.user_id, call.query.cursor, call.query.limit)
        found = await self.db.read(lambda reader: store.newest(reader, at, self.base_url), snapshot=False)
        return self._answer(call, found)

    async def timeline(self, call: FeedCall) -> FeedPage:
        at = position(call.account_id, call.query.cursor, call.query.limit)
        return _page(await self.db.read(lambda reader: store.timeline(reader, at, self.base_url)))

    async def of_person(self, call: FeedCall) -> Answer[FeedPage]:
        at = position(call.actor.user_id, call.query.cursor, call.query.limit)

        def work(reader: Connection) -> store.Page:
            return store.of(reader, accounts.find(reader, call.path["name"]).id, at, self.base_url)

        return self._answer(call, await self.db.read(work))

    def _answer(self, call: FeedCall, found: store.Page) -> Answer[FeedPage]:
        if self.cache_s == 0 or call.actor.user_id is not None:
            return Answer(value=_page(found))
        headers = {"cache-control": f"public, max-age={self.cache_s}", "vary": "Authorization, Cookie"}
        return Answer(value=_page(found), headers=headers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pages:
    """The same for people. is_live: whether an account is producing now. [loop]"""

    db: Database
    base_url: str
    is_live: Callable[[str], bool]
    render: Render

    async def everybody(self, call: AnyCall) -> AnyAnswer:
        at = position(call.actor.user_id, call.query.cursor, DEFAULT_PAGE)
        found = await self.db.read(lambda reader: store.newest(reader, at, self.base_url), snapshot=False)
        return self._show(call, found, "Everyone", here="global")

    async def timeline(self, call: AnyCall) -> AnyAnswer:
        at = position(call.account_id, call.query.cursor, DEFAULT_PAGE)
        found = await self.db.read(lambda reader: store.timeline(reader, at, self.base_url))
        return self._show(call, found, "Following", here="timeline")

    async def of_person(self, call: AnyCall) -> AnyAnswer:
        at = position(call.actor.user_id, call.query.cursor, DEFAULT_PAGE)

        def work(reader: Connection) -> tuple[Producer, bool, store.Page]:
            person = accounts.find(reader, call.path["username"])
            follows = graph.follows(reader, call.actor.user_id or "", person.id)
            return person, follows, store.of(reader, person.id, at, self.base_url)

        person, follows, found = await self.db.read(work)
        profile = accounts.live_now(person, self.is_live)
        return self._show(call, found, person.username, profile=profile, follows=follows)

    def _show(
        self,
        call: AnyCall,
        found: store.Page,
        heading: str,
        *,
        here: str = "",
        profile: Producer | None = None,
        follows: bool = False,
    ) -> AnyAnswer:
        details, more = found
        return self.render(
            "feed.html",
            call.session,
            here=here,
            heading=heading,
            details=details,
            next=more,
            profile=profile,
            follows=follows,
        )


def rows(
    db: Database, *, base_url: str, cache_s: int, is_live: Callable[[str], bool], render: Render
) -> list[AnyRow]:
    """As of Feeds and Pages."""
    feeds = Feeds(db=db, base_url=base_url, cache_s=cache_s)
    pages = Pages(db=db, base_url=base_url, is_live=is_live, render=render)
    return [
        Row(operation=wire.GLOBAL_FEED, action=Action.FEED_READ, handler=feeds.everybody),
        Row(operation=wire.TIMELINE, action=Action.TIMELINE_READ, handler=feeds.timeline),
        Row(operation=wire.USER_FEED, action=Action.FEED_READ, handler=feeds.of_person),
        *(
            Page(method="GET", path=path, action=action, handler=handler, query=OnPage)
            for path, action, handler in (
                ("/", Action.FEED_READ, pages.everybody),
                ("/following", Action.TIMELINE_READ, pages.timeline),
                ("/u/{username}", Action.PROFILE_READ, pages.of_person),
                ("/@{username}", Action.PROFILE_READ, pages.of_person),
            )
        ),
    ]


def _page(found: store.Page) -> FeedPage:
    return FeedPage(posts=[detail.post for detail in found[0]], next=found[1])
