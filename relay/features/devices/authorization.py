"""What a request for a claim must look like: authorization code with PKCE for native programs. No state, no I/O.

RFC 6749 (authorization code), RFC 7636 (PKCE, S256 only), RFC 8252 (loopback redirect), RFC 9207 (`iss`).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from relay.core.refusal import Refusal
from relay.wire.ids import Id
from relay.wire.oauth import CLIENT_ID

CODE_LIFETIME_US = 60_000_000
Opaque = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22,128}\Z")]
"""At least 128 random bits in base64url."""
Challenge = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]

# The IP literal, never "localhost", which may be resolved elsewhere; any port, because it is ephemeral (RFC 8252, 7.3).
_REDIRECT = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]{3,4})/callback/[A-Za-z0-9_-]{22,64}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_MAX_PORT = 65_535

Error = Literal["invalid_request", "unsupported_response_type", "access_denied"]


class AuthorizeRequest(Struct, frozen=True, kw_only=True):
    """The query of /oauth/authorize. `device_id` and `nonce` are ours: what is claimed, and which attempt it is."""

    response_type: Literal["code"]
    client_id: str
    redirect_uri: str
    state: Opaque
    nonce: Opaque
    code_challenge: Challenge
    code_challenge_method: Literal["S256"]
    device_id: Id


class BadAuthorize(Exception):
    """A request that can be answered only by sending the browser back. location: where."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def read_authorize(query: Mapping[str, Sequence[str]], issuer: str) -> AuthorizeRequest:
    """The request of a query. [any]

    Raises Refusal (validation) when it is not certain who asks: nothing is sent anywhere then (RFC 6749, 4.1.2.1);
    BadAuthorize for every other fault.
    """
    given = {name: values[0] for name, values in query.items() if len(values) == 1}
    redirect_uri = given.get("redirect_uri", "")
    if given.get("client_id") != CLIENT_ID or not is_loopback_redirect(redirect_uri):
        raise Refusal(
            "validation",
            "This link to claim a device is not one of Sidechain's.",
            "Start again with `sidechain claim`.",
        )
    try:
        return msgspec.convert(given, AuthorizeRequest)
    except msgspec.ValidationError:
        wrong_type = given.get("response_type", "code") != "code"
        error: Error = "unsupported_response_type" if wrong_type else "invalid_request"
        raise BadAuthorize(_answer(redirect_uri, issuer, given.get("state"), error=error)) from None


def is_loopback_redirect(uri: str) -> bool:
    """Exactly http://127.0.0.1:PORT/callback/RANDOM: nobody but this machine can be sent a code."""
    found = _REDIRECT.fullmatch(uri)
    return found is not None and int(found[1]) <= _MAX_PORT


def granted(request: AuthorizeRequest, issuer: str, code: str) -> str:
    """Where the browser goes with the code."""
    return _answer(request.redirect_uri, issuer, request.state, code=code)


def denied(request: AuthorizeRequest, issuer: str) -> str:
    """Where the browser goes after a no."""
    return _answer(request.redirect_uri, issuer, request.state, error="access_denied")


def _answer(redirect_uri: str, issuer: str, state: str | None, **fields: str) -> str:
    known = {"state": state} if state is not None and len(state) <= 128 else {}
    return f"{redirect_uri}?{urlencode({**fields, **known, 'iss': issuer})}"


def origin_of(redirect_uri: str) -> str:
    """http://127.0.0.1:PORT: what a page's policy must allow the answer to go to."""
    return redirect_uri.rsplit("/callback/", 1)[0]


def proves_challenge(verifier: str, challenge: str) -> bool:
    """S256 (RFC 7636, 4.6); a verifier that is too short or too long proves nothing."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())
