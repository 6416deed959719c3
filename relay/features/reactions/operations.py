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
        Row(operation=wire.LIKE, action=Action.POST_LIKE, handler=like),
        Row(operation=wire.UNLIKE, action=Action.POST_LIKE, handler=unlike),
        Row(operation=wire.REACT, action=Action.POST_REACT, handler=react),
        Row(operation=wire.UNREACT, action=Action.POST_REACT, handler=unreact),
        Row(operation=wire.REMOVE_REACTION, action=Action.REACTION_REMOVE, handler=remove),
    ]
