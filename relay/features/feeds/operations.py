"""Feeds, newest first, in pages: for programs and for people."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

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


def rows(
    db: Database, *, base_url: str, cache_s: int, is_live: Callable[[str], bool], render: Render
) -> list[AnyRow]:
    """is_live: whether an account is producing now. cache_s: how long a feed that nobody signed in asked for may be kept."""

    def answer(call: FeedCall, page: FeedPage) -> Answer[FeedPage]:
        if cache_s == 0 or call.actor.user_id is not None:
            return Answer(value=page)
        headers = {"cache-control": f"public, max-age={cache_s}", "vary": "Authorization, Cookie"}
        return Answer(value=page, headers=headers)

    async def global_feed(call: FeedCall) -> Answer[FeedPage]:
        at = position(call.actor.user_id, call.query.cursor, call.query.limit)
        return answer(call, _page(await db.read(lambda reader: store.newest(reader, at, base_url))))

    async def timeline(call: FeedCall) -> FeedPage:
        at = position(call.account_id, call.query.cursor, call.query.limit)
        return _page(await db.read(lambda reader: store.timeline(reader, at, base_url)))

    async def user_feed(call: FeedCall) -> Answer[FeedPage]:
        at = position(call.actor.user_id, call.query.cursor, call.query.limit)

        def work(reader: Connection) -> store.Page:
            return store.of(reader, accounts.find(reader, call.path["name"]).id, at, base_url)

        return answer(call, _page(await db.read(work)))

    async def front_page(call: AnyCall) -> AnyAnswer:
        at = position(call.actor.user_id, call.query.cursor, DEFAULT_PAGE)
        found = await db.read(lambda reader: store.newest(reader, at, base_url))
        return show(call, found, "Everyone", here="global")

    async def following_page(call: AnyCall) -> AnyAnswer:
        at = position(call.account_id, call.query.cursor, DEFAULT_PAGE)
        found = await db.read(lambda reader: store.timeline(reader, at, base_url))
        return show(call, found, "Following", here="timeline")

    async def person_page(call: AnyCall) -> AnyAnswer:
        at = position(call.actor.user_id, call.query.cursor, DEFAULT_PAGE)

        def work(reader: Connection) -> tuple[Producer, bool, store.Page]:
            person = accounts.find(reader, call.path["username"])
            follows = graph.follows(reader, call.actor.user_id or "", person.id)
            return person, follows, store.of(reader, person.id, at, base_url)

        person, follows, found = await db.read(work)
        profile = replace(person, is_live=is_live(person.id))
        return show(call, found, person.username, profile=profile, follows=follows)

    def show(
        call: AnyCall,
        found: store.Page,
        heading: str,
        *,
        here: str = "",
        profile: Producer | None = None,
        follows: bool = False,
    ) -> AnyAnswer:
        details, following = found
        return render(
            "feed.html", call.session, here=here, heading=heading, details=details, next=following, profile=profile, follows=follows
        )  # fmt: skip

    return [
        Row(operation=wire.GLOBAL_FEED, action=Action.FEED_READ, handler=global_feed),
        Row(operation=wire.TIMELINE, action=Action.TIMELINE_READ, handler=timeline),
        Row(operation=wire.USER_FEED, action=Action.FEED_READ, handler=user_feed),
        Page(method="GET", path="/", action=Action.FEED_READ, handler=front_page, query=OnPage),
        Page(
            method="GET", path="/following", action=Action.TIMELINE_READ, handler=following_page, query=OnPage
        ),
        Page(
            method="GET", path="/u/{username}", action=Action.PROFILE_READ, handler=person_page, query=OnPage
        ),
    ]


def _page(found: store.Page) -> FeedPage:
    return FeedPage(posts=[detail.post for detail in found[0]], next=found[1])
