"""Following, blocking, and who follows whom."""

from collections.abc import Callable

from msgspec.structs import replace

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


def rows(db: Database, is_live: Callable[[str], bool]) -> list[AnyRow]:
    """is_live: whether an account is producing now."""

    async def change(call: FollowCall, how: Change) -> Producer:
        def work(tx: Tx) -> Producer:
            other = _named(tx.db, call.body)
            if other.id == call.account_id:
                raise Refusal("validation", "Nobody follows or blocks themselves.")
            how(tx, call.account_id, other.id)
            return accounts.profile(tx.db, other.id)

        return await db.write(work)

    async def follow(call: FollowCall) -> Followed:
        return Followed(user=await change(call, store.follow), following=True)

    async def unfollow(call: FollowCall) -> Followed:
        return Followed(user=await change(call, store.unfollow), following=False)

    async def block(call: FollowCall) -> Blocked:
        return Blocked(user=await change(call, store.block), blocked=True)

    async def unblock(call: FollowCall) -> Blocked:
        return Blocked(user=await change(call, store.unblock), blocked=False)

    async def people(call: PeopleCall, *, followers: bool) -> People:
        before = read_cursor(call.query.cursor) if call.query.cursor else BEGINNING
        limit = call.query.limit

        def work(reader: Connection) -> People:
            of = accounts.find(reader, call.path["name"]).id
            found, places = store.people(reader, of, followers=followers, before=before, limit=limit + 1)
            more = write_cursor(places[limit - 1]) if len(found) > limit else None
            shown = [replace(each, is_live=is_live(each.id)) for each in found[:limit]]
            return People(users=shown, next=more)

        return await db.read(work)

    async def followers(call: PeopleCall) -> People:
        return await people(call, followers=True)

    async def following(call: PeopleCall) -> People:
        return await people(call, followers=False)

    return [
        Row(operation=wire.FOLLOW, action=Action.FOLLOW, handler=follow),
        Row(operation=wire.UNFOLLOW, action=Action.FOLLOW, handler=unfollow),
        Row(operation=wire.BLOCK, action=Action.BLOCK, handler=block),
        Row(operation=wire.UNBLOCK, action=Action.BLOCK, handler=unblock),
        Row(operation=wire.FOLLOWERS, action=Action.PROFILE_READ, handler=followers),
        Row(operation=wire.FOLLOWING, action=Action.PROFILE_READ, handler=following),
    ]


def _named(db: Connection, request: FollowRequest) -> Producer:
    name = request.user_id or request.username
    if name is None:
        raise Refusal("validation", "Name somebody by user_id or username.")
    return accounts.find(db, name)
