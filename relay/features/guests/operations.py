"""/api/v1/auth/guest, and taking over what a guest made."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.features.guests.service import Guests
from relay.wire import guest_operations as wire
from relay.wire.guests import GuestToken, TakenOver, TakeOver
from relay.wire.operation import Nothing


def rows(guests: Guests) -> list[AnyRow]:
    async def make(_: Call[Nothing, Nothing]) -> GuestToken:
        return await guests.make()

    async def take_over(call: Call[TakeOver, Nothing]) -> TakenOver:
        return await guests.take_over(call.actor, call.body.token)

    return [
        Row(wire.MAKE_GUEST, Action.GUEST_MAKE, make, limit=Kind.SIGN_UP),
        Row(wire.TAKE_OVER, Action.GUEST_TAKE_OVER, take_over),
    ]
