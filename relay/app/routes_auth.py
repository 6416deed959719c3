"""/api/v1/auth: devices, claims and tokens."""

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from relay.app.gate import ActorDep, PartsDep, address_of, operation
from relay.app.problems import AnyRequest
from relay.app.throttle import Kind
from relay.app.tickets import TICKET_S
from relay.core.access import Action
from relay.core.places import network_of
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.services.clock import now_us
from relay.wire.rest import (
    ClaimedDevices,
    DevClaim,
    Device,
    DeviceFarewell,
    DeviceRegister,
    DeviceRevoked,
    SocketTicket,
    TokenFacts,
    TokenPair,
    TokenRefresh,
    TokenVerify,
)


@post("/device", opt=operation(Action.DEVICE_REGISTER, Kind.CLAIM), status_code=200, tags=["auth"])
async def register_device(data: JSONBody[DeviceRegister], parts: PartsDep, request: AnyRequest) -> Device:
    """Register a device by its public key, or get a fresh challenge for a registered one."""
    return await parts.devices.register(data, network_of(address_of(request)))


@post("/claim", opt=operation(Action.DEVICE_CLAIM, Kind.SIGN_UP), status_code=200, tags=["auth"])
async def claim_device(data: JSONBody[DevClaim], parts: PartsDep) -> TokenPair:
    """Join a device to an account. Only on a relay for development."""
    if not parts.config.dev:
        raise Refusal(
            "dev_mode_only", "This relay does not sign anybody in by name.", "Claim it in the browser."
        )
    return await parts.devices.claim(data)


@post("/unclaim", opt=operation(Action.DEVICE_UNCLAIM), status_code=200, tags=["auth"])
async def unclaim_device(parts: PartsDep, actor: ActorDep) -> DeviceRevoked:
    """The device that asks belongs to nobody from now on. A browser has no device: revoke one by its id."""
    if actor.device_id is None:
        raise Refusal("validation", "A browser is not a device.", "Revoke a device of the list.")
    return await parts.devices.revoke(actor, actor.device_id, Action.DEVICE_UNCLAIM)


@post("/farewell", opt=operation(Action.DEVICE_FAREWELL, Kind.TOKEN), status_code=200, tags=["auth"])
async def say_farewell(data: JSONBody[DeviceFarewell], parts: PartsDep) -> DeviceRevoked:
    """A device that could not be reached here when it was given up; its signature is all it still has."""
    return await parts.devices.farewell(data)


@get("/devices", opt=operation(Action.DEVICE_LIST), tags=["auth"])
async def list_devices(parts: PartsDep, actor: ActorDep) -> ClaimedDevices:
    """Your devices."""
    return await parts.devices.of(str(actor.user_id))


@post("/devices/{device_id:str}/revoke", opt=operation(Action.DEVICE_REVOKE), status_code=200, tags=["auth"])
async def revoke_device(device_id: FromPath[str], parts: PartsDep, actor: ActorDep) -> DeviceRevoked:
    """Take one of your devices away: its tokens end at once, its connections within seconds."""
    return await parts.devices.revoke(actor, device_id, Action.DEVICE_REVOKE)


@post("/verify", opt=operation(Action.TOKEN_VERIFY, Kind.TOKEN), status_code=200, tags=["auth"])
async def verify_token(data: JSONBody[TokenVerify], parts: PartsDep) -> TokenFacts:
    """What a valid access token says; 401 for any other."""
    actor = parts.tokens.check(data.token)
    return TokenFacts(
        user_id=str(actor.user_id), device_id=str(actor.device_id), expires_at=rfc3339(actor.expires_us)
    )


@post("/refresh", opt=operation(Action.TOKEN_REFRESH, Kind.TOKEN), status_code=200, tags=["auth"])
async def refresh_token(data: JSONBody[TokenRefresh], parts: PartsDep) -> TokenPair:
    """Exchange a refresh token for a new pair. An old one used again ends the sign-in."""
    return await parts.families.refresh(data.refresh_token, data.signature)


@post("/ws-ticket", opt=operation(Action.TICKET_MAKE), status_code=200, tags=["auth"])
async def make_ticket(parts: PartsDep, actor: ActorDep) -> SocketTicket:
    """A single-use ticket that opens the WebSocket from a browser."""
    return SocketTicket(ticket=parts.tickets.make(actor, now_us()), expires_in=TICKET_S)


router = Router(
    "/auth",
    route_handlers=[
        register_device,
        claim_device,
        unclaim_device,
        say_farewell,
        list_devices,
        revoke_device,
        verify_token,
        refresh_token,
        make_ticket,
    ],
)
