"""Devices, their tokens, and where somebody is signed in: bodies of the REST interface under `/api/v1/auth`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Count, Seconds, Timestamp
from relay.wire.ids import Id
from relay.wire.rest import Name, Producer, Username

ACCESS_LIFETIME_S = 900
Token = Annotated[str, Meta(min_length=16, max_length=4096, pattern=r"^[!-~]*\Z")]
Challenge = Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9_-]*\Z")]
PublicKey = Annotated[str, Meta(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]{43}\Z")]
"""An Ed25519 public key, base64url without padding (RFC 8037 `x`)."""
Signature = Annotated[str, Meta(min_length=86, max_length=86, pattern=r"^[A-Za-z0-9_-]{86}\Z")]
"""An Ed25519 signature, base64url without padding."""


class DeviceRegister(Struct, frozen=True, kw_only=True):
    """POST /auth/device. Idempotent: the same public key is the same device."""

    public_key: PublicKey
    name: Name
    platform: Name
    version: Name
    signature: Signature
    """Over `register_message` by the device key: nobody else changes what its owner reads of it."""


class Device(Struct, frozen=True, kw_only=True):
    """Answer to POST /auth/device."""

    device_id: Id
    name: Name
    claimed_by: Username | None
    created_at: Timestamp
    challenge: Challenge
    """To be signed by the device key when it is claimed by name (POST /auth/claim); single use, 5 minutes."""


class DeviceClaim(Struct, frozen=True, kw_only=True):
    """POST /auth/claim by a browser that is signed in: the device is its account's from then on.

    `signature` is over `claim_message(device_id, challenge)` by the device key. `username`: one's own; on a relay started with
    --dev and bound to loopback anybody's, of who is not signed in.
    """

    device_id: Id
    username: Username | None = None
    challenge: Challenge
    signature: Signature


class TokenPair(Struct, frozen=True, kw_only=True):
    """Access token: Ed25519 JWT (RFC 9864), `ACCESS_LIFETIME_S`. Refresh token: opaque, one use; the next one comes with it."""

    access_token: Token
    refresh_token: Token
    expires_in: Seconds
    device_id: Id
    user: Producer
    token_type: Literal["Bearer"] = "Bearer"
    nonce: Challenge | None = None
    """That of the claim in the browser which this answers; null otherwise."""


class TokenRefresh(Struct, frozen=True, kw_only=True):
    """POST /auth/refresh. `signature` is over `wire.oauth.refresh_message(refresh_token)` by the device key.

    Only a sign-in of the development claim is refreshed without one; one that is given must always be right.
    """

    refresh_token: Token
    signature: Signature | None = None


class ClaimedDevice(Struct, frozen=True, kw_only=True):
    """A device of yours. `place` is where it was last seen claiming, as a network."""

    device_id: Id
    name: Name
    platform: Name
    version: Name
    place: Annotated[str, Meta(max_length=96, pattern=PRINTABLE)]
    created_at: Timestamp
    claimed_at: Timestamp


class ClaimedDevices(Struct, frozen=True, kw_only=True):
    """GET /auth/devices, the last claimed first."""

    devices: Annotated[list[ClaimedDevice], Meta(max_length=200)]


class DeviceRevoked(Struct, frozen=True, kw_only=True):
    """It belongs to nobody now; what it held open is closed within seconds."""

    device_id: Id


class DeviceFarewell(Struct, frozen=True, kw_only=True):
    """POST /auth/farewell: a device gives itself up, also long after it has thrown its tokens and its key away.

    `signature` is over `farewell_message(device_id)` by the device key. It says nothing but that, so it may lie about.
    """

    device_id: Id
    signature: Signature


class SocketTicket(Struct, frozen=True, kw_only=True):
    """POST /auth/ws-ticket: opens one WebSocket as `?ticket=`, for browsers, which cannot send a header there."""

    ticket: Token
    expires_in: Seconds


class TokenVerify(Struct, frozen=True, kw_only=True):
    """POST /auth/verify."""

    token: Token


class TokenFacts(Struct, frozen=True, kw_only=True):
    """What a valid access token says."""

    user_id: Id
    device_id: Id
    expires_at: Timestamp


def register_message(given: DeviceRegister) -> bytes:
    """The bytes a device signs to be registered. The texts have no line feed in them. [any]"""
    return (
        f"sidechain-register-v1\n{given.public_key}\n{given.name}\n{given.platform}\n{given.version}".encode()
    )


def claim_message(device_id: str, challenge: str) -> bytes:
    """The bytes a device signs to be claimed; the prefix keeps them from being any other protocol's. [any]"""
    return f"sidechain-claim-v1\n{device_id}\n{challenge}".encode()


def farewell_message(device_id: str) -> bytes:
    """The bytes a device signs to belong to nobody any more. [any]"""
    return f"sidechain-farewell-v1\n{device_id}".encode()


class SignedIn(Struct, frozen=True, kw_only=True):
    """A place where you are signed in. current: the one that asks."""

    id: Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]+\Z")]
    kind: Literal["browser", "device"]
    name: Name
    since: Timestamp
    current: bool


class Sessions(Struct, frozen=True, kw_only=True):
    """GET /auth/sessions, the newest first."""

    sessions: Annotated[list[SignedIn], Meta(max_length=400)]


class SessionsEnded(Struct, frozen=True, kw_only=True):
    """How many sign-ins were ended."""

    ended: Count
