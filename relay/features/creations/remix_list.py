"""All that was made from a creation, in pages: for programs, and as a page of posts."""

from dataclasses import dataclass
from typing import cast

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Call, Page, Render, Row
from relay.engine.database import Connection, Database
from relay.features.creations.lineage import CHILDREN, counted
from relay.features.creations.posts import NEWEST, OLDER, SELECT, Detail, Position, one, page, position
from relay.features.creations.score_lists import ScoreItem, score_item
from relay.wire import operations as wire
from relay.wire.owning import MAX_REMIXES_COUNTED
from relay.wire.rest import DEFAULT_PAGE, AudioPost, FeedPage, FeedPost, PageCursor

_REMIXES = f"{SELECT} WHERE {CHILDREN} AND {OLDER} {NEWEST}"


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of the page."""

    cursor: PageCursor | None = None


class Remixes(Struct, frozen=True, kw_only=True):
    """A page of what was made from `of`, newest first. count: of all of it, as far as it is counted."""

    of: AudioPost
    details: list[Detail]
    count: int
    next: str | None


class Shown(Struct, frozen=True, kw_only=True):
    """One of them as the page shows it. score: of what is written down and has no sound yet."""

    detail: Detail
    score: ScoreItem | None


def remixes(db: Connection, creation_id: str, at: Position, base_url: str) -> Remixes:
    """Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    of = one(db, creation_id, at.viewer, base_url).post
    details, more = page(db, _REMIXES, at, base_url, "remix", parent=creation_id)
    return Remixes(of=of, details=details, count=counted(db, creation_id, at.viewer), next=more)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemixList:
    """[loop]"""

    db: Database
    base_url: str
    render: Render

    async def listed(self, call: Call[wire.Nothing, wire.Paging]) -> FeedPage:
        post_id, asked = call.path["post_id"], call.query
        at = position(call.actor.user_id, asked.cursor, asked.limit)
        found = await self.db.read(lambda db: remixes(db, post_id, at, self.base_url))
        return FeedPage(posts=[cast(FeedPost, each.post) for each in found.details], next=found.next)

    async def show(self, call: AnyCall) -> AnyAnswer:
        post_id, at = call.path["post_id"], position(call.actor.user_id, call.query.cursor, DEFAULT_PAGE)

        def work(db: Connection) -> tuple[Remixes, list[Shown]]:
            found = remixes(db, post_id, at, self.base_url)
            return found, [
                Shown(detail=each, score=None if each.card.frames else score_item(db, each))
                for each in found.details
            ]

        found, shown = await self.db.read(work)
        return self.render("remixes.html", call.session, found=found, shown=shown, most=MAX_REMIXES_COUNTED)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.REMIXES, Action.POST_READ, self.listed),
            Page("GET", "/p/{post_id}/remixes", Action.POST_READ, self.show, query=OnPage),
        ]
