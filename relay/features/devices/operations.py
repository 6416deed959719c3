"""Devices, claims and tokens."""

from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.core.places import network_of
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.features.devices.families import Families
from relay.features.devices.service import Devices
from relay.features.devices.tokens import Tokens
from relay.wire import identity
from relay.wire import operations as wire

Bare = Call[wire.Nothing, wire.Nothing]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceOperations:
    """dev: whether anybody may sign in by name. [loop]"""

    devices: Devices
    families: Families
    tokens: Tokens
    dev: bool

    async def register(self, call: Call[identity.DeviceRegister, wire.Nothing]) -> identity.Device:
        return await self.devices.register(call.body, network_of(call.address))

    async def claim(self, call: Call[identity.DeviceClaim, wire.Nothing]) -> identity.TokenPair:
        """By a browser alone: an access token that somebody got hold of ends soon, and adds no device for good."""
        name = call.body.username
        if call.session is not None:
            if name not in (None, call.session.username):
                raise Refusal("forbidden", f"This browser is signed in as {call.session.username}.")
            return await self.devices.claim(call.body, call.account_id)
        if name is None:
            raise Refusal(
                "sign_in_required",
                "A device is claimed by its owner, in a browser that is signed in.",
                "Or let the device open /oauth/authorize there.",
            )
        if not self.dev:
            raise Refusal(
                "dev_mode_only", "This relay does not sign anybody in by name.", "Claim it in the browser."
            )
        return await self.devices.claim_by_name(call.body, name)

    async def unclaim(self, call: Bare) -> identity.DeviceRevoked:
        if call.actor.device_id is None:
            raise Refusal("validation", "A browser is not a device.", "Revoke a device of the list.")
        return await self.devices.revoke(call.actor, call.actor.device_id, Action.DEVICE_UNCLAIM)

    async def farewell(self, call: Call[identity.DeviceFarewell, wire.Nothing]) -> identity.DeviceRevoked:
        return await self.devices.farewell(call.body)

    async def list_devices(self, call: Bare) -> identity.ClaimedDevices:
        return await self.devices.of(call.account_id)

    async def revoke(self, call: Bare) -> identity.DeviceRevoked:
        return await self.devices.revoke(call.actor, call.path["device_id"], Action.DEVICE_REVOKE)

    async def verify(self, call: Call[identity.TokenVerify, wire.Nothing]) -> identity.TokenFacts:
        said = self.tokens.claims(call.body.token)
        return identity.TokenFacts(
            user_id=said.sub, device_id=said.did, expires_at=rfc3339(said.exp * 1_000_000)
        )

    async def refresh(self, call: Call[identity.TokenRefresh, wire.Nothing]) -> identity.TokenPair:
        return await self.families.refresh(call.body.refresh_token, call.body.signature)

    async def list_sessions(self, call: Bare) -> identity.Sessions:
        return await self.devices.sessions(call.actor)

    async def end_sessions(self, call: Bare) -> identity.SessionsEnded:
        return await self.devices.end_sessions(call.actor)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.REGISTER_DEVICE, Action.DEVICE_REGISTER, self.register, limit=Kind.CLAIM),
            Row(wire.CLAIM_DEVICE, Action.DEVICE_CLAIM, self.claim, limit=Kind.SIGN_UP),
            Row(wire.UNCLAIM_DEVICE, Action.DEVICE_UNCLAIM, self.unclaim),
            Row(wire.SAY_FAREWELL, Action.DEVICE_FAREWELL, self.farewell, limit=Kind.TOKEN),
            Row(wire.LIST_DEVICES, Action.DEVICE_LIST, self.list_devices),
            Row(wire.REVOKE_DEVICE, Action.DEVICE_REVOKE, self.revoke),
            Row(wire.VERIFY_TOKEN, Action.TOKEN_VERIFY, self.verify, limit=Kind.TOKEN),
            Row(wire.REFRESH_TOKEN, Action.TOKEN_REFRESH, self.refresh, limit=Kind.TOKEN),
            Row(wire.LIST_SESSIONS, Action.SESSION_LIST, self.list_sessions),
            Row(wire.END_SESSIONS, Action.SESSION_END_ALL, self.end_sessions),
        ]
