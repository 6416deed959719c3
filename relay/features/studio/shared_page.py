"""/loop/TOKEN: what a share link shows, for whoever has it; heard, and gone on from in the studio."""

from dataclasses import dataclass

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.redirects import go_to
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.studio import share_links, store
from relay.features.studio.playground_operations import SHARE_PATH
from relay.features.studio.writing import Writing
from relay.wire.creations import Creation
from relay.wire.owning import ForkedFrom
from relay.wire.playground_operations import VIEW_SHARED
from relay.wire.rest import Producer

PATH = SHARE_PATH + "{token}"
STUDIO_PATH = "/studio"


class Seen(Struct, frozen=True, kw_only=True):
    """All that the page is made of. lineage: what it was forked from, nearest first, as far as whoever looks may see that."""

    link: share_links.Link
    made: Creation
    by: Producer
    score: creations.ScoreView | None
    lineage: list[ForkedFrom]
    is_public: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedPage:
    """[loop]"""

    db: Database
    writing: Writing
    base_url: str
    render: Render

    async def show(self, call: AnyCall) -> AnyAnswer:
        """Raises Refusal: not_found, gone."""
        token, viewer = call.path["token"], call.actor.user_id
        seen = await self.db.read(lambda db: self._seen(db, token, viewer))
        expires_us = seen.link.expires_us
        return self.render(
            "shared.html",
            call.session,
            seen=seen,
            token=token,
            is_own=viewer == seen.by.id,
            until=None if expires_us is None else rfc3339(expires_us)[:10],
            viewed=VIEW_SHARED.at(token=token),
            discovery=creations.discovery_of(seen.made, self.base_url) if seen.is_public else "",
        )

    def _seen(self, db: Connection, token: str, viewer: str | None) -> Seen:
        link = share_links.found(db, token, viewer, now_us())
        owner_id = creations.shown_of(db, [link.creation_id])[link.creation_id].owner_id
        return Seen(
            link=link,
            made=store.one(db, link.creation_id, owner_id, self.base_url),
            by=accounts.profile(db, owner_id),
            score=creations.score_view(db, link.creation_id, owner_id),
            lineage=creations.lineage(db, link.creation_id, viewer),
            is_public=creations.is_embeddable(db, link.creation_id),
        )

    async def fork(self, call: AnyCall) -> AnyAnswer:
        """Raises Refusal: not_found, gone, quota_exceeded."""
        made = await self.writing.fork_shared(call.actor, call.path["token"])
        return go_to(f"{STUDIO_PATH}?open={made.id}")

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", PATH, Action.POST_READ, self.show),
            Page("POST", f"{PATH}/fork", Action.POST_CREATE, self.fork, form=True),
        ]
