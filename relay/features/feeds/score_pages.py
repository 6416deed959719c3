"""What was made in the studio, as pages to walk through: everybody's, by kind, and one person's."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.feeds.feed_pages import OnPage
from relay.wire.rest import Producer

PAGE_SIZE = 12
Items = tuple[list[creations.ScoreItem], str | None]


class OnScorePage(OnPage, frozen=True, kw_only=True):
    """kind "": all of them."""

    kind: Literal["", "loop", "song", "pattern", "machine"] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorePages:
    """[loop]"""

    db: Database
    base_url: str
    render: Render

    async def of_everybody(self, call: AnyCall) -> AnyAnswer:
        at = creations.position(call.actor.user_id, call.query.cursor, PAGE_SIZE)
        kind = call.query.kind
        kinds = (creations.Kind(kind),) if kind else creations.SCORE_KINDS
        found = await self.db.read(lambda db: creations.newest_scores(db, at, self.base_url, kinds))
        return self._show(call, found, kind=kind)

    async def of_person(self, call: AnyCall) -> AnyAnswer:
        at = creations.position(call.actor.user_id, call.query.cursor, PAGE_SIZE)

        def work(db: Connection) -> tuple[Producer, Items]:
            person = accounts.find(db, call.path["username"])
            return person, creations.scores_of(db, person.id, at, self.base_url)

        person, found = await self.db.read(work)
        return self._show(call, found, person=person)

    def _show(self, call: AnyCall, found: Items, kind: str = "", person: Producer | None = None) -> AnyAnswer:
        items, cursor = found
        more = (
            None
            if cursor is None
            else "?" + urlencode({**({"kind": kind} if kind else {}), "cursor": cursor})
        )
        kinds = creations.SCORE_KINDS
        return self.render(
            "scores.html",
            call.session,
            here="explore",
            items=items,
            more=more,
            kind=kind,
            kinds=kinds,
            person=person,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", "/explore/studio", Action.FEED_READ, self.of_everybody, query=OnScorePage),
            Page("GET", "/@{username}/studio", Action.PROFILE_READ, self.of_person, query=OnPage),
        ]
