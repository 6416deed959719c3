"""The feeds as pages for people."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.folding import folded
from relay.core.refusal import Refusal
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.creations.api import Detail, position
from relay.features.feeds import discovery, exploring, store
from relay.features.feeds.filters import ALL
from relay.features.feeds.operations import Read, asked, read_page
from relay.features.feeds.page_cache import PageCache
from relay.features.feeds.timeline import timeline
from relay.features.graph import api as graph
from relay.wire.operations import FeedQuery
from relay.wire.rest import DEFAULT_PAGE, PageCursor, Producer

TRENDING_SHOWN = 5
SCORES_SHOWN, SCORES_OF_PERSON = 6, 3
TROUBLE = "A tempo is a number such as 92 or 92.5, a key is written as Am, F# minor or 8A."


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of a page of a feed; what else stands in a link that somebody passed on does not matter."""

    cursor: PageCursor | None = None


class OnFilteredPage(OnPage, frozen=True, kw_only=True):
    """The fields of the form above a feed, as they are typed; "": does not matter."""

    bpm_min: str = ""
    bpm_max: str = ""
    key: str = ""
    key_match: str = ""
    genre: str = ""
    daw: str = ""
    seconds_min: str = ""
    seconds_max: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """Those that were filled in."""
        return {
            name: text.strip() for name, text in asdict(self).items() if name != "cursor" and text.strip()
        }


class Shown(Struct, frozen=True, kw_only=True):
    """What stands around the posts of a page. here: which tab. given: fields of the form; None: there is none."""

    heading: str
    here: str = ""
    given: dict[str, str] | None = None
    trouble: str = ""
    profile: Producer | None = None
    pinned: list[Detail] = []
    scores: list[creations.ScoreItem] = []
    relation: graph.Relation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedPages:
    """is_live: whether an account is producing now. [loop]"""

    db: Database
    base_url: str
    pages: PageCache
    is_live: Callable[[str], bool]
    render: Render

    def of_everybody(self, read: Read, heading: str, here: str) -> Callable[[AnyCall], Awaitable[AnyAnswer]]:
        """Shows a list of discovery.py."""

        async def handler(call: AnyCall) -> AnyAnswer:
            return await self._discovered(call, read, heading, here)

        return handler

    async def tagged(self, call: AnyCall) -> AnyAnswer:
        tag = call.path["tag"]

        def read(reader: Connection, ask: discovery.Ask, base_url: str) -> store.Page:
            return discovery.tagged(reader, folded(tag), ask, base_url)

        return await self._discovered(call, read, f"#{tag}", "tag")

    async def _discovered(self, call: AnyCall, read: Read, heading: str, here: str) -> AnyAnswer:
        given = call.query.fields
        shown = Shown(heading=heading, here=here, given=given)
        try:
            query = msgspec.convert(given | {"limit": DEFAULT_PAGE}, FeedQuery, strict=False)
            ask = asked(call.actor.user_id, replace(query, cursor=call.query.cursor))
        except (msgspec.ValidationError, Refusal):
            return self._show(call, ([], None), replace(shown, trouble=TROUBLE))
        found = await read_page(self.db, self.pages, read, ask, self.base_url)
        return self._show(call, found, shown)

    async def explore(self, call: AnyCall) -> AnyAnswer:
        ask = discovery.Ask(viewer=call.actor.user_id or "", cursor=None, limit=TRENDING_SHOWN, filter=ALL)

        at = creations.position(ask.viewer, None, SCORES_SHOWN)

        def work(reader: Connection) -> dict[str, Any]:  # any: of many types, as the page names them
            return {
                "people": exploring.people(reader, ask.viewer),
                "tags": exploring.tags(reader, ask.viewer),
                "details": discovery.trending(reader, ask, self.base_url)[0],
                "scores": creations.newest_scores(reader, at, self.base_url)[0],
            }

        return self.render("explore.html", call.session, here="explore", **await self.db.read(work))

    async def timeline(self, call: AnyCall) -> AnyAnswer:
        at = position(call.account_id, call.query.cursor, DEFAULT_PAGE)
        found = await self.db.read(lambda reader: timeline(reader, at, self.base_url))
        return self._show(call, found, Shown(heading="Following", here="timeline"))

    async def archived(self, call: AnyCall) -> AnyAnswer:
        """One's own, each with a button that brings it back."""
        at = position(call.account_id, call.query.cursor, DEFAULT_PAGE)
        details, more = await self.db.read(lambda reader: store.archived(reader, at, self.base_url))
        return self.render("archive.html", call.session, here="archive", details=details, next=more)

    async def of_person(self, call: AnyCall) -> AnyAnswer:
        at = position(call.actor.user_id, call.query.cursor, DEFAULT_PAGE)

        newest = creations.position(call.actor.user_id, None, SCORES_OF_PERSON)

        def work(reader: Connection) -> tuple[Shown, store.Page]:
            person = accounts.find(reader, call.path["username"])
            shown = Shown(
                heading=person.username,
                profile=person,
                relation=graph.relation(reader, call.actor.user_id, person.id),
                pinned=store.pinned(reader, person.id, at.viewer, self.base_url),
                scores=creations.scores_of(reader, person.id, newest, self.base_url)[0],
            )
            return shown, store.of(reader, person.id, at, self.base_url)

        shown, (details, more) = await self.db.read(work)
        ids = {each.post.id for each in shown.pinned}  # they stand first, and only there
        if call.query.cursor:
            shown = replace(shown, pinned=[], scores=[])
        assert shown.profile is not None
        shown = replace(shown, profile=accounts.live_now(shown.profile, self.is_live))
        return self._show(call, ([each for each in details if each.post.id not in ids], more), shown)

    def _show(self, call: AnyCall, found: store.Page, shown: Shown) -> AnyAnswer:
        details, cursor = found
        more = None if cursor is None else "?" + urlencode({**(shown.given or {}), "cursor": cursor})
        around = {name: getattr(shown, name) for name in shown.__struct_fields__}
        return self.render("feed.html", call.session, details=details, more=more, **around)


def rows(
    db: Database, *, base_url: str, pages: PageCache, is_live: Callable[[str], bool], render: Render
) -> list[AnyRow]:
    """As of FeedPages."""
    shown = FeedPages(db=db, base_url=base_url, pages=pages, is_live=is_live, render=render)
    hot = shown.of_everybody(discovery.hot, "Everyone", "global")
    latest = shown.of_everybody(discovery.latest, "Latest", "latest")
    trending = shown.of_everybody(discovery.trending, "Trending", "trending")
    return [
        Page("GET", "/", Action.FEED_READ, hot, query=OnFilteredPage),
        Page("GET", "/latest", Action.FEED_READ, latest, query=OnFilteredPage),
        Page("GET", "/trending", Action.FEED_READ, trending, query=OnFilteredPage),
        Page("GET", "/explore", Action.FEED_READ, shown.explore),
        Page("GET", "/tag/{tag}", Action.FEED_READ, shown.tagged, query=OnFilteredPage),
        Page("GET", "/following", Action.TIMELINE_READ, shown.timeline, query=OnPage),
        Page("GET", "/archive", Action.TIMELINE_READ, shown.archived, query=OnPage),
        *(
            Page("GET", path, Action.PROFILE_READ, shown.of_person, query=OnPage)
            for path in ("/u/{username}", "/@{username}")
        ),
    ]
