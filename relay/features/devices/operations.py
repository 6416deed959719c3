"""Devices, claims and tokens."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.core.places import network_of
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.features.devices.families import Families
from relay.features.devices.service import Devices
from relay.features.devices.tokens import Tokens
from relay.wire import operations as wire
from relay.wire import rest

Bare = Call[wire.Nothing, wire.Nothing]


def rows(devices: Devices, families: Families, tokens: Tokens, *, dev: bool) -> list[AnyRow]:
    """dev: whether anybody may sign in by name."""

    async def register(call: Call[rest.DeviceRegister, wire.Nothing]) -> rest.Device:
        return await devices.register(call.body, network_of(call.address))

    async def claim(call: Call[rest.DevClaim, wire.Nothing]) -> rest.TokenPair:
        if not dev:
            raise Refusal(
                "dev_mode_only", "This relay does not sign anybody in by name.", "Claim it in the browser."
            )
        return await devices.claim(call.body)

    async def unclaim(call: Bare) -> rest.DeviceRevoked:
        if call.actor.device_id is None:
            raise Refusal("validation", "A browser is not a device.", "Revoke a device of the list.")
        return await devices.revoke(call.actor, call.actor.device_id, Action.DEVICE_UNCLAIM)

    async def farewell(call: Call[rest.DeviceFarewell, wire.Nothing]) -> rest.DeviceRevoked:
        return await devices.farewell(call.body)

    async def list_devices(call: Bare) -> rest.ClaimedDevices:
        return await devices.of(call.account_id)

    async def revoke(call: Bare) -> rest.DeviceRevoked:
        return await devices.revoke(call.actor, call.path["device_id"], Action.DEVICE_REVOKE)

    async def verify(call: Call[rest.TokenVerify, wire.Nothing]) -> rest.TokenFacts:
        said = tokens.claims(call.body.token)
        return rest.TokenFacts(user_id=said.sub, device_id=said.did, expires_at=rfc3339(said.exp * 1_000_000))

    async def refresh(call: Call[rest.TokenRefresh, wire.Nothing]) -> rest.TokenPair:
        return await families.refresh(call.body.refresh_token, call.body.signature)

    async def list_sessions(call: Bare) -> rest.Sessions:
        return await devices.sessions(call.actor)

    async def end_sessions(call: Bare) -> rest.SessionsEnded:
        return await devices.end_sessions(call.actor)

    return [
        Row(
            operation=wire.REGISTER_DEVICE, action=Action.DEVICE_REGISTER, limit=Kind.CLAIM, handler=register
        ),
        Row(operation=wire.CLAIM_DEVICE, action=Action.DEVICE_CLAIM, limit=Kind.SIGN_UP, handler=claim),
        Row(operation=wire.UNCLAIM_DEVICE, action=Action.DEVICE_UNCLAIM, handler=unclaim),
        Row(operation=wire.SAY_FAREWELL, action=Action.DEVICE_FAREWELL, limit=Kind.TOKEN, handler=farewell),
        Row(operation=wire.LIST_DEVICES, action=Action.DEVICE_LIST, handler=list_devices),
        Row(operation=wire.REVOKE_DEVICE, action=Action.DEVICE_REVOKE, handler=revoke),
        Row(operation=wire.VERIFY_TOKEN, action=Action.TOKEN_VERIFY, limit=Kind.TOKEN, handler=verify),
        Row(operation=wire.REFRESH_TOKEN, action=Action.TOKEN_REFRESH, limit=Kind.TOKEN, handler=refresh),
        Row(operation=wire.LIST_SESSIONS, action=Action.SESSION_LIST, handler=list_sessions),
        Row(operation=wire.END_SESSIONS, action=Action.SESSION_END_ALL, handler=end_sessions),
    ]
