"""Who follows, asks, blocks, mutes whom: the deeds, whichever door they come through."""

from collections.abc import Callable

from relay.core.cursor import BEGINNING, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.engine.database import Connection, Database, Tx
from relay.features.accounts import api as accounts
from relay.features.graph import blocks, requests, store
from relay.features.graph.lists import List, Relation, followed_or_asked, numbered, people
from relay.wire.operations import ManyPaging
from relay.wire.rest import Blocked, Followed, FollowRequest, Muted, People, Producer


class Graph:
    """is_live: whether an account is producing now. [loop]"""

    def __init__(self, db: Database, is_live: Callable[[str], bool]) -> None:
        self._db = db
        self._is_live = is_live

    async def follow(self, account_id: str, whom: FollowRequest) -> Followed:
        """Or ask to, where the account is private. Raises Refusal: forbidden, busy, validation, not_found."""
        person, follows = await self._with(account_id, whom, requests.follow)
        return Followed(user=person, following=follows, requested=not follows)

    async def unfollow(self, account_id: str, whom: FollowRequest) -> Followed:
        """Or ask no longer."""

        def work(tx: Tx, me: str, other: str) -> None:
            requests.withdraw(tx, me, other)
            store.unfollow(tx, me, other)

        person, _ = await self._with(account_id, whom, work)
        return Followed(user=person, following=False)

    async def remove_follower(self, account_id: str, whom: FollowRequest) -> Followed:
        """Whether one follows them stays as it is."""

        def work(tx: Tx, me: str, other: str) -> bool:
            store.unfollow(tx, other, me)
            return store.follows(tx.db, me, other)

        person, follows = await self._with(account_id, whom, work)
        return Followed(user=person, following=follows)

    async def accept(self, account_id: str, name: str) -> Followed:
        """Raises Refusal: not_found."""

        def work(tx: Tx, me: str, other: str) -> bool:
            requests.accept(tx, me, other)
            return store.follows(tx.db, me, other)

        person, follows = await self._with(account_id, _named(name), work)
        return Followed(user=person, following=follows)

    async def decline(self, account_id: str, name: str) -> Followed:
        """Raises Refusal: not_found."""

        def work(tx: Tx, me: str, other: str) -> bool:
            if not requests.withdraw(tx, other, me):
                raise Refusal("not_found", "They do not ask to follow you.")
            return store.follows(tx.db, me, other)

        person, follows = await self._with(account_id, _named(name), work)
        return Followed(user=person, following=follows)

    async def block(self, account_id: str, whom: FollowRequest, on: bool) -> Blocked:
        person, _ = await self._with(account_id, whom, blocks.block if on else blocks.unblock)
        return Blocked(user=person, blocked=on)

    async def mute(self, account_id: str, whom: FollowRequest, on: bool) -> Muted:
        person, _ = await self._with(account_id, whom, blocks.mute if on else blocks.unmute)
        return Muted(user=person, muted=on)

    async def around(self, which: List, name: str, viewer: str | None, paging: ManyPaging) -> People:
        """Followers, or whom they follow, of somebody. Raises Refusal: not_found, forbidden, cursor_invalid."""

        def of(db: Connection) -> str:
            person = accounts.find(db, name)
            store.require_may_list(db, viewer, person.id, person.is_private)
            return person.id

        return await self._page(which, of, viewer or "", paging)

    async def numbered(
        self, which: List, name: str, viewer: str | None, first: int, limit: int
    ) -> tuple[list[Producer], int]:
        """As `around`, from the one with this number on; and how many there are. Raises Refusal: not_found, forbidden."""

        def work(db: Connection) -> tuple[list[Producer], int]:
            person = accounts.find(db, name)
            store.require_may_list(db, viewer, person.id, person.is_private)
            return numbered(db, which, person.id, viewer=viewer or "", first=first, limit=limit)

        return await self._db.read(work)

    async def relations(self, viewer: str | None, ids: list[str]) -> dict[str, Relation]:
        """As lists.followed_or_asked."""
        return await self._db.read(lambda db: followed_or_asked(db, viewer, ids))

    async def own(self, which: List, account_id: str, paging: ManyPaging) -> People:
        """Raises Refusal: cursor_invalid."""
        return await self._page(which, lambda _: account_id, account_id, paging)

    async def _page(
        self, which: List, of: Callable[[Connection], str], viewer: str, paging: ManyPaging
    ) -> People:
        before = read_cursor(paging.cursor) if paging.cursor else BEGINNING
        limit = paging.limit

        def work(db: Connection) -> People:
            found, places = people(db, which, of(db), viewer=viewer, before=before, limit=limit + 1)
            more = write_cursor(places[limit - 1]) if len(found) > limit else None
            return People(users=[accounts.live_now(each, self._is_live) for each in found[:limit]], next=more)

        return await self._db.read(work)

    async def _with(
        self, account_id: str, whom: FollowRequest, how: Callable[[Tx, str, str], bool | None]
    ) -> tuple[Producer, bool]:
        """The other as they are then, and what `how` says."""

        def work(tx: Tx) -> tuple[Producer, bool]:
            name = whom.user_id or whom.username
            if name is None:
                raise Refusal("validation", "Name somebody by user_id or username.")
            other = accounts.find(tx.db, name)
            if other.id == account_id:
                raise Refusal("validation", "Nobody follows, blocks or mutes themselves.")
            said = how(tx, account_id, other.id)
            return accounts.profile(tx.db, other.id), bool(said)

        return await self._db.write(work)


def _named(name: str) -> FollowRequest:
    return FollowRequest(user_id=name) if len(name) == 32 else FollowRequest(username=name)
