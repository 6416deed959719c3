"""Following, as a beat machine's interface says it."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import bare, dashed
from relay.features.graph.lists import List
from relay.features.graph.service import Graph
from relay.wire import beat_people_operations as wire
from relay.wire.beat_people import Follower, FollowerPage, FollowTold
from relay.wire.beats import NumberedQuery, Success, pages_of
from relay.wire.operation import Nothing
from relay.wire.rest import Followed, FollowRequest

Bare = Call[Nothing, Nothing]
ListCall = Call[Nothing, NumberedQuery]


def rows(graph: Graph) -> list[AnyRow]:
    async def follow(call: Bare) -> Success[FollowTold]:
        return _told(await graph.follow(call.account_id, _named(call)))

    async def unfollow(call: Bare) -> Success[FollowTold]:
        return _told(await graph.unfollow(call.account_id, _named(call)))

    async def listed(which: List, call: ListCall) -> Success[FollowerPage]:
        query, viewer = call.query, call.actor.user_id
        first = (query.page - 1) * query.limit
        found, total = await graph.numbered(which, bare(call.path["username"]), viewer, first, query.limit)
        relations = await graph.relations(viewer, [each.id for each in found])
        return Success(
            data=FollowerPage(
                users=[
                    Follower(
                        id=dashed(each.id),
                        display_name=each.display_name,
                        avatar=each.avatar,
                        is_followed_by_current_user=each.id in relations and relations[each.id].follows,
                    )
                    for each in found
                ],
                pagination=pages_of(query.page, query.limit, total),
            )
        )

    async def followers(call: ListCall) -> Success[FollowerPage]:
        return await listed(List.FOLLOWERS, call)

    async def following(call: ListCall) -> Success[FollowerPage]:
        return await listed(List.FOLLOWING, call)

    return [
        Row(wire.FOLLOW_USER, Action.FOLLOW, follow),
        Row(wire.UNFOLLOW_USER, Action.FOLLOW, unfollow),
        Row(wire.FOLLOWERS_OF, Action.PROFILE_READ, followers),
        Row(wire.FOLLOWED_BY, Action.PROFILE_READ, following),
    ]


def _named(call: Bare) -> FollowRequest:
    name = bare(call.path["username"])
    return FollowRequest(user_id=name) if len(name) == 32 else FollowRequest(username=name)


def _told(followed: Followed) -> Success[FollowTold]:
    return Success(
        data=FollowTold(
            following=followed.following,
            follower_count=followed.user.follower_count,
            requested=followed.requested,
        )
    )
