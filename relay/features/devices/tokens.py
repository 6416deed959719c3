"""Access tokens: made and checked with the Ed25519 key of the relay. No database."""

from functools import lru_cache

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.features.devices.claims import (
    ALGORITHM,
    AUDIENCE,
    TOKEN_TYPE,
    Claims,
    check_claims,
    check_header,
    read_claims,
)
from relay.wire.identity import ACCESS_LIFETIME_S

MAX_TOKEN_CHARS = 4096
MAX_PROVEN = 2_048
"""Tokens of which it is remembered what they say: checking a signature costs more than a page of a feed."""


class Tokens:
    """key: signs; issuer: the relay's name in its tokens. revoked: families whose tokens no longer count. [loop]"""

    def __init__(self, key: OKPKey, issuer: str, revoked: set[str]) -> None:
        self._key = key
        self._kid = key.thumbprint()
        self._issuer = issuer
        self.revoked = revoked
        self._proven = lru_cache(MAX_PROVEN)(self._prove)

    def make(self, *, account_id: str, device_id: str, family_id: str) -> str:
        now_s = now_us() // 1_000_000
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": account_id,
            "did": device_id,
            "fam": family_id,
            "jti": new_id(),
            "iat": now_s,
            "exp": now_s + ACCESS_LIFETIME_S,
        }
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self._kid}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def check(self, token: str) -> Actor:
        """Whose token this is. Raises Refusal: token_invalid, token_expired."""
        claims = self.claims(token)
        return Actor(
            user_id=claims.sub, device_id=claims.did, family_id=claims.fam, expires_us=claims.exp * 1_000_000
        )

    def claims(self, token: str) -> Claims:
        """What a valid token says. Raises Refusal: token_invalid, token_expired."""
        claims = self._read(token)
        self._require_lives(claims.fam)
        return claims

    def require_live(self, actor: Actor) -> None:
        """For who asked a while ago, too. Raises Refusal: token_invalid, when the sign-in was ended."""
        if actor.family_id is not None:
            self._require_lives(actor.family_id)

    def _require_lives(self, family_id: str) -> None:
        if family_id in self.revoked:
            raise Refusal("token_invalid", "This sign-in was ended.", "Sign in again.")

    def _read(self, token: str) -> Claims:
        """Whether what it says holds is asked each time; whether we said it, once."""
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            raise _not_ours()
        return check_claims(self._proven(token), issuer=self._issuer, now_s=now_us() // 1_000_000)

    def _prove(self, token: str) -> Claims:
        """What a token with our signature says. Raises Refusal: token_invalid, which is never remembered."""
        try:
            read = jwt.decode(token, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise _not_ours() from None
        if check_header(read.header).kid != self._kid:
            raise _not_ours()
        return read_claims(read.claims)


def _not_ours() -> Refusal:
    return Refusal("token_invalid", "The access token is not one of this relay's.", "Sign in again.")
