"""What an access token must say (RFC 7519, RFC 9068), checked by hand. Signatures are checked in tokens.py."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from relay.core.refusal import Refusal
from relay.wire.identity import ACCESS_LIFETIME_S
from relay.wire.ids import Id

TOKEN_TYPE = "at+jwt"
ALGORITHM = "Ed25519"  # RFC 9864: "EdDSA" names no curve and is deprecated
AUDIENCE = "sidechain"
LEEWAY_S = 30

Seconds = Annotated[int, Meta(ge=0, le=1 << 40)]


class TokenHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Header fields beyond these (crit, jku, x5u, jwk …) only ever widen what is trusted: refused."""

    alg: str
    typ: str
    kid: Annotated[str, Meta(min_length=8, max_length=64)]


class Claims(Struct, frozen=True, kw_only=True):
    """What an access token says (RFC 7519, 4.1; RFC 9068). did: the device."""

    iss: str
    aud: str
    sub: Id
    did: Id
    fam: Id
    """The family of refresh tokens this one comes from: one sign-in of one device."""
    jti: Id
    iat: Seconds
    exp: Seconds


def check_header(header: object) -> TokenHeader:
    """The header of a token, before its signature is looked at. Raises Refusal: token_invalid. [any]"""
    try:
        read = msgspec.convert(header, TokenHeader)
    except msgspec.ValidationError:
        raise _invalid() from None
    if read.alg != ALGORITHM or read.typ.lower() != TOKEN_TYPE:
        raise _invalid()
    return read


def read_claims(claims: object) -> Claims:
    """What a token says, whether or not it holds. Raises Refusal: token_invalid. [any]"""
    try:
        return msgspec.convert(claims, Claims)
    except msgspec.ValidationError:
        raise _invalid() from None


def check_claims(claims: object, *, issuer: str, now_s: int) -> Claims:
    """The claims of a token whose signature holds. Raises Refusal: token_invalid, token_expired. [any]"""
    read = read_claims(claims)
    too_long = read.exp - read.iat > ACCESS_LIFETIME_S or read.exp <= read.iat
    if read.iss != issuer or read.aud != AUDIENCE or too_long or read.iat > now_s + LEEWAY_S:
        raise _invalid()
    if now_s >= read.exp + LEEWAY_S:
        raise Refusal("token_expired", "The access token has ended.", "Refresh it and try again.")
    return read


def _invalid() -> Refusal:
    return Refusal("token_invalid", "The access token is not one of this relay's.", "Sign in again.")
