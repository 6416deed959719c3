"""Following and asking to, blocking, muting, and the lists of it: for programs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.graph.lists import List
from relay.features.graph.service import Graph
from relay.wire import social_operations as wire
from relay.wire.rest import Blocked, Followed, FollowRequest, Muted, People

Bare = Call[wire.Nothing, wire.Nothing]
FollowCall = Call[FollowRequest, wire.Nothing]
PeopleCall = Call[wire.Nothing, wire.ManyPaging]


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphOperations:
    """[loop]"""

    graph: Graph

    async def follow(self, call: FollowCall) -> Followed:
        return await self.graph.follow(call.account_id, call.body)

    async def unfollow(self, call: FollowCall) -> Followed:
        return await self.graph.unfollow(call.account_id, call.body)

    async def remove_follower(self, call: FollowCall) -> Followed:
        return await self.graph.remove_follower(call.account_id, call.body)

    async def accept(self, call: Bare) -> Followed:
        return await self.graph.accept(call.account_id, call.path["name"])

    async def decline(self, call: Bare) -> Followed:
        return await self.graph.decline(call.account_id, call.path["name"])

    async def block(self, call: FollowCall) -> Blocked:
        return await self.graph.block(call.account_id, call.body, True)

    async def unblock(self, call: FollowCall) -> Blocked:
        return await self.graph.block(call.account_id, call.body, False)

    async def mute(self, call: FollowCall) -> Muted:
        return await self.graph.mute(call.account_id, call.body, True)

    async def unmute(self, call: FollowCall) -> Muted:
        return await self.graph.mute(call.account_id, call.body, False)

    async def followers(self, call: PeopleCall) -> People:
        return await self.graph.around(List.FOLLOWERS, call.path["name"], call.actor.user_id, call.query)

    async def following(self, call: PeopleCall) -> People:
        return await self.graph.around(List.FOLLOWING, call.path["name"], call.actor.user_id, call.query)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.FOLLOW, Action.FOLLOW, self.follow),
            Row(wire.UNFOLLOW, Action.FOLLOW, self.unfollow),
            Row(wire.REMOVE_FOLLOWER, Action.FOLLOW, self.remove_follower),
            Row(wire.FOLLOW_REQUESTS, Action.OWN_LISTS, self._own(List.REQUESTS)),
            Row(wire.ACCEPT_REQUEST, Action.FOLLOW, self.accept),
            Row(wire.DECLINE_REQUEST, Action.FOLLOW, self.decline),
            Row(wire.BLOCK, Action.BLOCK, self.block),
            Row(wire.UNBLOCK, Action.BLOCK, self.unblock),
            Row(wire.BLOCKED_PEOPLE, Action.OWN_LISTS, self._own(List.BLOCKED)),
            Row(wire.MUTE, Action.MUTE, self.mute),
            Row(wire.UNMUTE, Action.MUTE, self.unmute),
            Row(wire.MUTED_PEOPLE, Action.OWN_LISTS, self._own(List.MUTED)),
            Row(wire.FOLLOWERS, Action.PROFILE_READ, self.followers),
            Row(wire.FOLLOWING, Action.PROFILE_READ, self.following),
        ]

    def _own(self, which: List) -> Callable[[PeopleCall], Awaitable[People]]:
        async def listed(call: PeopleCall) -> People:
            return await self.graph.own(which, call.account_id, call.query)

        return listed
