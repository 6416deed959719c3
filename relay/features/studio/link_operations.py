"""/api/v1/creations/{creation_id}/links: the links by which the owner of a creation shows it to others."""

from dataclasses import dataclass

from relay.core.access import Action, authorize
from relay.core.calls import AnyCall, AnyRow, Call, Row
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.studio import share_links, store
from relay.features.studio.playground_operations import SHARE_PATH
from relay.features.studio.share_links import Link, Shown
from relay.wire import creation_operations as wire
from relay.wire.creations import (
    MAX_OWN_LINKS,
    NewlyShared,
    NewShareLink,
    OwnLink,
    OwnLinks,
    SharedBy,
    SharedByLinks,
)
from relay.wire.operation import Nothing

Bare = Call[Nothing, Nothing]


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkOperations:
    """[loop]"""

    db: Database
    base_url: str

    async def make(self, call: Call[NewShareLink, Nothing]) -> NewlyShared:
        """Raises Refusal: not_found, gone, validation."""

        def work(tx: Tx) -> NewlyShared:
            at_us = now_us()
            asked = call.body
            token, expires_us = share_links.make(
                tx,
                self._own(tx.db, call),
                at_us,
                asked.days,
                may_edit=asked.may_edit,
                guests_may_edit=asked.guests_may_edit,
            )
            return NewlyShared(
                id=share_links.id_of(token),
                created_at=rfc3339(at_us),
                expires_at=None if expires_us is None else rfc3339(expires_us),
                may_edit=asked.may_edit,
                guests_may_edit=asked.guests_may_edit,
                url=f"{self.base_url}{SHARE_PATH}{token}",
            )

        return await self.db.write(work)

    async def listed(self, call: Bare) -> SharedByLinks:
        """Raises Refusal: not_found, gone."""
        return await self.db.read(lambda db: self._links(db, self._own(db, call)))

    async def own(self, call: Bare) -> OwnLinks:
        me = call.account_id
        found = await self.db.read(lambda db: share_links.of_owner(db, me, now_us(), MAX_OWN_LINKS + 1))
        return OwnLinks(
            links=[_owned(each) for each in found[:MAX_OWN_LINKS]], more=len(found) > MAX_OWN_LINKS
        )

    async def end(self, call: Bare) -> SharedByLinks:
        """Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> SharedByLinks:
            creation_id = self._own(tx.db, call)
            share_links.end(tx, creation_id, call.path["link_id"], now_us())
            return self._links(tx.db, creation_id)

        return await self.db.write(work)

    def _links(self, db: Connection, creation_id: str) -> SharedByLinks:
        return SharedByLinks(
            links=[_shown(link) for link in share_links.of_creation(db, creation_id, now_us())]
        )

    def _own(self, db: Connection, call: AnyCall) -> str:
        """The id of a creation of whoever asks."""
        found = store.one(db, call.path["creation_id"], call.actor.user_id, self.base_url)
        authorize(call.actor, Action.POST_EDIT, found.user_id)
        return found.id

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.MAKE_LINK, Action.POST_EDIT, self.make),
            Row(wire.LINKS, Action.POST_EDIT, self.listed),
            Row(wire.OWN_LINKS, Action.OWN_LISTS, self.own),
            Row(wire.END_LINK, Action.POST_EDIT, self.end),
        ]


def _shown(link: Link) -> SharedBy:
    return SharedBy(
        id=link.id,
        created_at=rfc3339(link.created_us),
        expires_at=None if link.expires_us is None else rfc3339(link.expires_us),
        may_edit=link.may_edit,
        guests_may_edit=link.guests_may_edit,
    )


def _owned(shown: Shown) -> OwnLink:
    link = _shown(shown.link)
    return OwnLink(
        id=link.id,
        created_at=link.created_at,
        expires_at=link.expires_at,
        may_edit=link.may_edit,
        guests_may_edit=link.guests_may_edit,
        creation_id=shown.link.creation_id,
        kind=shown.kind,
        title=shown.title,
        view_count=shown.view_count,
    )
