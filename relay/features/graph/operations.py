"""Following, blocking, and who follows whom."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.cursor import BEGINNING, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.engine.database import Connection, Database, Tx
from relay.features.accounts import api as accounts
from relay.features.graph import store
from relay.wire import operations as wire
from relay.wire.rest import Blocked, Followed, FollowRequest, People, Producer

FollowCall = Call[FollowRequest, wire.Nothing]
PeopleCall = Call[wire.Nothing, wire.ManyPaging]
Change = Callable[[Tx, str, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphOperations:
    """is_live: whether an account is producing now. [loop]"""

    db: Database
    is_live: Callable[[str], bool]

    async def _change(self, call: FollowCall, how: Change) -> Producer:
        def work(tx: Tx) -> Producer:
            other = _named(tx.db, call.body)
            if other.id == call.account_id:
                raise Refusal("validation", "Nobody follows or blocks themselves.")
            how(tx, call.account_id, other.id)
            return accounts.profile(tx.db, other.id)

        return await self.db.write(work)

    async def follow(self, call: FollowCall) -> Followed:
        return Followed(user=await self._change(call, store.follow), following=True)

    async def unfollow(self, call: FollowCall) -> Followed:
        return Followed(user=await self._change(call, store.unfollow), following=False)

    async def block(self, call: FollowCall) -> Blocked:
        return Blocked(user=await self._change(call, store.block), blocked=True)

    async def unblock(self, call: FollowCall) -> Blocked:
        return Blocked(user=await self._change(call, store.unblock), blocked=False)

    async def _people(self, call: PeopleCall, *, followers: bool) -> People:
        before = read_cursor(call.query.cursor) if call.query.cursor else BEGINNING
        limit = call.query.limit

        def work(reader: Connection) -> People:
            of = accounts.find(reader, call.path["name"]).id
            found, places = store.people(reader, of, followers=followers, before=before, limit=limit + 1)
            more = write_cursor(places[limit - 1]) if len(found) > limit else None
            shown = [accounts.live_now(each, self.is_live) for each in found[:limit]]
            return People(users=shown, next=more)

        return await self.db.read(work)

    async def followers(self, call: PeopleCall) -> People:
        return await self._people(call, followers=True)

    async def following(self, call: PeopleCall) -> People:
        return await self._people(call, followers=False)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.FOLLOW, Action.FOLLOW, self.follow),
            Row(wire.UNFOLLOW, Action.FOLLOW, self.unfollow),
            Row(wire.BLOCK, Action.BLOCK, self.block),
            Row(wire.UNBLOCK, Action.BLOCK, self.unblock),
            Row(wire.FOLLOWERS, Action.PROFILE_READ, self.followers),
            Row(wire.FOLLOWING, Action.PROFILE_READ, self.following),
        ]


def _named(db: Connection, request: FollowRequest) -> Producer:
    name = request.user_id or request.username
    if name is None:
        raise Refusal("validation", "Name somebody by user_id or username.")
    return accounts.find(db, name)
