"""People as they are seen, and what they change of that."""

from collections.abc import Callable

from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.engine.database import Connection, Database, Tx
from relay.engine.objects.door import ObjectMissing, Objects
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.graph import api as graph
from relay.features.profiles import store
from relay.features.profiles.pictures import MIME, Pictures
from relay.features.profiles.store import Stored
from relay.wire.people import Me, ProfileEdit
from relay.wire.rest import Producer


class Profiles:
    """is_live: whether an account is producing now. [loop]"""

    def __init__(
        self,
        *,
        db: Database,
        objects: Objects,
        pictures: Pictures,
        removed: creations.Removals,
        is_live: Callable[[str], bool],
    ) -> None:
        self._db = db
        self._objects = objects
        self._pictures = pictures
        self._removed = removed
        self._is_live = is_live

    async def me(self, account_id: str) -> Me:
        """All of one's own."""
        return self._mine(await self._db.read(lambda db: _me(db, account_id)))

    async def find(self, name: str) -> Producer:
        """By id or username, as everybody sees them. Raises Refusal: not_found."""
        return accounts.live_now(await self._db.read(lambda db: accounts.find(db, name)), self._is_live)

    async def edit(self, account_id: str, change: ProfileEdit) -> Me:
        """The profile as it is then."""

        def work(tx: Tx) -> None:
            accounts.edit(tx, account_id, change)
            if change.is_private is not None and accounts.set_private(tx, account_id, change.is_private):
                creations.note_owner(tx, account_id)

        await self._db.write(work)
        while change.is_private is False and await self._db.write(
            lambda tx: graph.accept_some(tx, account_id)
        ):
            pass
        return await self.me(account_id)

    async def set_avatar(self, account_id: str, data: bytes) -> Me:
        """Show this picture, made ours. Raises Refusal: picture_refused; ObjectsUnavailable, NoRoom."""
        made = await self._pictures.make(data)
        while True:
            since = await self._db.read(creations.mark, snapshot=False)
            of_size = {
                size_px: Stored(sha256=await self._objects.put(each, MIME), size_bytes=len(each))
                for size_px, each in made.items()
            }
            try:
                return await self._put_avatar(account_id, of_size, since)
            except creations.Removed as removed:  # equal bytes, meanwhile
                await self._removed.settled(removed.names)

    async def remove_avatar(self, account_id: str) -> Me:
        """Show none. Removing it twice is removing it once."""
        return await self._put_avatar(account_id, {}, 0)

    async def avatar(self, avatar_id: str, size_px: int) -> bytes:
        """A JPEG. Raises Refusal: not_found; ObjectsUnavailable."""
        stored = await self._db.read(lambda db: store.avatar(db, avatar_id, size_px), snapshot=False)
        try:
            return b"".join([piece async for piece in await self._objects.read(stored.sha256)])
        except ObjectMissing:
            raise Refusal("not_found", "This picture is lost.") from None

    async def _put_avatar(self, account_id: str, of_size: dict[int, Stored], since: int) -> Me:
        """Raises Removed."""

        def work(tx: Tx) -> tuple[Me, list[str]]:
            if of_size:
                creations.require_kept(tx, [each.sha256 for each in of_size.values()], since)
            creations.note_otherwise(tx)  # a picture stands beside each post
            orphans = creations.begin_removal(tx, store.put_avatar(tx, account_id, of_size))
            return _me(tx.db, account_id), orphans

        mine, orphans = await self._db.write(work)
        await self._removed.finish(orphans)
        return self._mine(mine)

    def _mine(self, mine: Me) -> Me:
        shown = accounts.live_now(mine, self._is_live)
        assert isinstance(shown, Me), "the same type, with another field"
        return shown


def _me(db: Connection, account_id: str) -> Me:
    return replace(accounts.me(db, account_id), request_count=graph.request_count(db, account_id))
