"""Liking, reacting, saving, reposting, hearing; and who did."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.features.reactions.keeping import Keeping
from relay.features.reactions.lists import Lists
from relay.features.reactions.plays import Plays, hearer_of
from relay.features.reactions.service import Reactions
from relay.wire import social_operations as wire
from relay.wire.rest import (
    AudioPost,
    FeedPage,
    LikeRequest,
    Played,
    PostNamed,
    Reacted,
    ReactionPage,
    ReactRequest,
    Reposted,
    RepostPage,
    RepostRequest,
    Stopped,
    StopTold,
)

Bare = Call[wire.Nothing, wire.Nothing]
LikeCall = Call[LikeRequest, wire.Nothing]
ReactCall = Call[ReactRequest, wire.Nothing]
NamedCall = Call[PostNamed, wire.Nothing]
PeopleCall = Call[wire.Nothing, wire.ManyPaging]


def rows(reactions: Reactions) -> list[AnyRow]:
    async def like(call: LikeCall) -> AudioPost:
        return await reactions.like(call.account_id, call.body)

    async def unlike(call: LikeCall) -> AudioPost:
        return await reactions.unlike(call.account_id, call.body)

    async def react(call: ReactCall) -> Reacted:
        return await reactions.react(call.account_id, call.body)

    async def unreact(call: ReactCall) -> AudioPost:
        return await reactions.unreact(call.account_id, call.body)

    async def remove(call: Bare) -> AudioPost:
        return await reactions.remove(call.actor, call.path["reaction_id"])

    return [
        Row(wire.LIKE, Action.POST_LIKE, like),
        Row(wire.UNLIKE, Action.POST_LIKE, unlike),
        Row(wire.REACT, Action.POST_REACT, react),
        Row(wire.UNREACT, Action.POST_REACT, unreact),
        Row(wire.REMOVE_REACTION, Action.REACTION_REMOVE, remove),
    ]


def keeping_rows(keeping: Keeping, plays: Plays) -> list[AnyRow]:
    async def save(call: NamedCall) -> AudioPost:
        return await keeping.save(call.account_id, call.body.post_id, True)

    async def unsave(call: NamedCall) -> AudioPost:
        return await keeping.save(call.account_id, call.body.post_id, False)

    async def repost(call: Call[RepostRequest, wire.Nothing]) -> Reposted:
        return await keeping.repost(call.account_id, call.body)

    async def unrepost(call: NamedCall) -> AudioPost:
        return await keeping.unrepost(call.account_id, call.body.post_id)

    async def play(call: Bare) -> Played:
        return await plays.play(hearer_of(call), call.path["post_id"])

    async def stop(call: Call[Stopped, wire.Nothing]) -> StopTold:
        return await plays.stop(hearer_of(call), call.path["post_id"], call.body)

    return [
        Row(wire.SAVE, Action.POST_SAVE, save),
        Row(wire.UNSAVE, Action.POST_SAVE, unsave),
        Row(wire.REPOST, Action.POST_REPOST, repost),
        Row(wire.UNREPOST, Action.POST_REPOST, unrepost),
        Row(wire.PLAY, Action.POST_READ, play, limit=Kind.MEDIA),
        Row(wire.STOPPED, Action.POST_READ, stop, limit=Kind.MEDIA),
    ]


def list_rows(lists: Lists) -> list[AnyRow]:
    async def likes(call: PeopleCall) -> ReactionPage:
        return await lists.likes(call.actor.user_id, call.path["post_id"], call.query)

    async def who_reacted(call: Call[wire.Nothing, wire.ReactionPaging]) -> ReactionPage:
        return await lists.reactions(call.actor.user_id, call.path["post_id"], call.query)

    async def reposts(call: PeopleCall) -> RepostPage:
        return await lists.reposts(call.actor.user_id, call.path["post_id"], call.query)

    async def saved(call: Call[wire.Nothing, wire.Paging]) -> FeedPage:
        return await lists.saved(call.account_id, call.query)

    return [
        Row(wire.LIKES, Action.POST_READ, likes),
        Row(wire.POST_REACTIONS, Action.POST_READ, who_reacted),
        Row(wire.REPOSTS, Action.POST_READ, reposts),
        Row(wire.SAVED, Action.OWN_LISTS, saved),
    ]
