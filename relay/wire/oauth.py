"""Claiming a device by OAuth: what daemon and relay say to each other outside `/api/v1`. Names are the RFCs'.

Metadata RFC 8414, token endpoint RFC 6749 and 7636, device grant RFC 8628. Requests to /oauth/* are forms, answers JSON.
On top of the RFCs every grant is bound to the device key: who asks for tokens signs what it shows for them.
"""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Url, Word

METADATA_PATH = "/.well-known/oauth-authorization-server"
CLIENT_ID = "sidechain-daemon"
CODE_GRANT = "authorization_code"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
Words = Annotated[list[Word], Meta(max_length=32)]


class Metadata(Struct, frozen=True, kw_only=True):
    """GET METADATA_PATH. All addresses begin with `issuer`, and the daemon refuses any other."""

    issuer: Url
    authorization_endpoint: Url
    token_endpoint: Url
    device_authorization_endpoint: Url
    response_types_supported: Words
    grant_types_supported: Words
    code_challenge_methods_supported: Words
    token_endpoint_auth_methods_supported: Words
    authorization_response_iss_parameter_supported: bool
    claimed_page: Url
    """Ours: where the daemon sends the browser after the exchange, so that the code leaves the address bar."""
    unclaimed_page: Url
    """Ours: the same when it came to nothing."""


class DeviceAuthorization(Struct, frozen=True, kw_only=True):
    """Answer of the device authorization endpoint. There is no address with the code in it: it must be typed."""

    device_code: Annotated[str, Meta(min_length=22, max_length=128, pattern=r"^[A-Za-z0-9_-]*\Z")]
    user_code: Annotated[str, Meta(min_length=8, max_length=16, pattern=r"^[A-Z0-9-]*\Z")]
    verification_uri: Url
    expires_in: Annotated[int, Meta(ge=1, le=3600)]
    interval: Annotated[int, Meta(ge=1, le=600)]


class OAuthProblem(Struct, frozen=True, kw_only=True):
    """Status 400. `error` is one of the RFCs'; `error_description` a sentence."""

    error: Word
    error_description: Annotated[str, Meta(max_length=512, pattern=PRINTABLE)] = ""


def token_message(grant_type: str, device_id: str, secret: str) -> bytes:
    """The bytes a device signs to get tokens for `secret`: an authorization code or a device code. [any]"""
    return f"sidechain-token-v1\n{grant_type}\n{device_id}\n{secret}".encode()


def grant_message(device_id: str) -> bytes:
    """The bytes a device signs to begin a device grant. [any]"""
    return f"sidechain-grant-v1\n{device_id}".encode()


def refresh_message(refresh_token: str) -> bytes:
    """The bytes a device signs to exchange its refresh token. [any]

    No time and no challenge in it: the token itself works once, and a device's clock may be wrong.
    """
    return f"sidechain-refresh-v1\n{refresh_token}".encode()
