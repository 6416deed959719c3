"""Liking and reacting."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.reactions.service import Reactions
from relay.wire import operations as wire
from relay.wire.rest import AudioPost, LikeRequest, Reacted, ReactRequest

LikeCall = Call[LikeRequest, wire.Nothing]
ReactCall = Call[ReactRequest, wire.Nothing]


def rows(reactions: Reactions) -> list[AnyRow]:
    async def like(call: LikeCall) -> AudioPost:
        return await reactions.like(call.account_id, call.body)

    async def unlike(call: LikeCall) -> AudioPost:
        return await reactions.unlike(call.account_id, call.body)

    async def react(call: ReactCall) -> Reacted:
        return await reactions.react(call.account_id, call.body)

    async def unreact(call: ReactCall) -> AudioPost:
        return await reactions.unreact(call.account_id, call.body)

    async def remove(call: Call[wire.Nothing, wire.Nothing]) -> AudioPost:
        return await reactions.remove(call.actor, call.path["reaction_id"])

    return [
        Row(wire.LIKE, Action.POST_LIKE, like),
        Row(wire.UNLIKE, Action.POST_LIKE, unlike),
        Row(wire.REACT, Action.POST_REACT, react),
        Row(wire.UNREACT, Action.POST_REACT, unreact),
        Row(wire.REMOVE_REACTION, Action.REACTION_REMOVE, remove),
    ]
