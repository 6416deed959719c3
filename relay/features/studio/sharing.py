"""Showing a creation by a link; and the pages by number of a music playground's interface."""

from collections.abc import Sequence

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.studio import beat_list, beat_people, share_links, store
from relay.wire.creations import Creation, CreationItem
from relay.wire.playground import PublicUser
from relay.wire.rest import Producer


class Sharing:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def share(
        self, actor: Actor, creation_id: str, days: int | None, *, may_edit: bool = False
    ) -> tuple[str, int | None]:
        """A token and when it expires. may_edit: whoever has it edits, too. Raises Refusal: not_found, gone, validation."""

        def work(tx: Tx) -> tuple[str, int | None]:
            found = store.one(tx.db, creation_id, actor.user_id, self._base_url)
            authorize(actor, Action.POST_EDIT, found.user_id)
            return share_links.make(tx, creation_id, now_us(), days, may_edit=may_edit)

        return await self._db.write(work)

    async def shared(self, viewer: str | None, token: str) -> tuple[Creation, Producer]:
        """As its owner sees it, and whose it is. Raises Refusal: not_found, gone."""
        return await self._db.read(lambda db: self._shared(db, viewer, token))

    async def view(self, viewer: str | None, token: str) -> int:
        """How often it was looked at by links. Owners do not count. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> int:
            found, owner = self._shared(tx.db, viewer, token)
            if owner.id == viewer:
                return found.view_count
            creations.count_view(tx, found.id)
            return found.view_count + 1

        return await self._db.write(work)

    async def numbered(
        self, owner_id: str, kinds: Sequence[str], *, page: int, limit: int, public: bool | None
    ) -> tuple[list[CreationItem], int]:
        """A page of one's own, from 1, and how many there are."""

        def work(db: Connection) -> tuple[list[CreationItem], int]:
            return store.numbered(
                db,
                owner_id,
                kinds,
                first=(page - 1) * limit,
                limit=limit,
                public=public,
                base_url=self._base_url,
            )

        return await self._db.read(work)

    async def public_of(
        self, viewer: str | None, name: str, kinds: tuple[str, ...], limit: int
    ) -> tuple[Producer, list[list[CreationItem]]]:
        """Somebody, and of each kind what is public. Raises Refusal: not_found, gone."""
        at = creations.position(viewer, None, limit)

        def work(db: Connection) -> tuple[Producer, list[list[CreationItem]]]:
            person = accounts.find(db, name)
            pages = [store.of_owner(db, person.id, kind, at, self._base_url).creations for kind in kinds]
            return person, [[each for each in page if each.visibility == "public"] for page in pages]

        return await self._db.read(work)

    async def public_user(self, viewer: str | None, name: str) -> PublicUser:
        """Raises Refusal: not_found, gone."""
        return await self._db.read(lambda db: beat_people.public_user(db, accounts.find(db, name), viewer))

    async def listed(self, asked: beat_list.Asked) -> tuple[list[CreationItem], int, dict[str, Producer]]:
        """A page of everybody's, how many there are, and whose they are."""

        def work(db: Connection) -> tuple[list[CreationItem], int, dict[str, Producer]]:
            found, total = beat_list.listed(db, asked, self._base_url)
            return found, total, accounts.profiles(db, [each.user_id for each in found])

        return await self._db.read(work)

    async def person(self, name: str) -> Producer:
        """By id or username. Raises Refusal: not_found."""
        return await self._db.read(lambda db: accounts.find(db, name))

    def _shared(self, db: Connection, viewer: str | None, token: str) -> tuple[Creation, Producer]:
        creation_id = share_links.shown_by(db, token, viewer, now_us())
        owner_id = creations.shown_of(db, [creation_id])[creation_id].owner_id
        return store.one(db, creation_id, owner_id, self._base_url), accounts.profile(db, owner_id)


def require_kind(made: Creation, kind: str) -> Creation:
    """Raises Refusal: not_found. [any]"""
    if made.kind != kind:
        raise Refusal("not_found", f"There is no such {kind}.")
    return made
