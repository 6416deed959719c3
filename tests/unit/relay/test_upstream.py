"""Id tokens of a provider: the good one is believed, every forged one is not."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from relay.core.refusal import Refusal
from relay.features.accounts.providers import Kind, Upstream
from relay.features.accounts.upstream import _checked

ISSUER, NONCE = "https://id.example", "n" * 43
KEY, OTHER = (ECKey.generate_key("P-256", {"kid": "one"}, private=True) for _ in range(2))
KEYS = {"keys": [KEY.as_dict(private=False)]}
UPSTREAM = Upstream(
    name="google",
    title="Google",
    kind=Kind.OIDC,
    base=ISSUER,
    client_id="us",
    client_secret="s",
    scope="openid",
)
NOW = int(time.time())
CLAIMS = {"iss": ISSUER, "aud": "us", "sub": "1", "iat": NOW, "exp": NOW + 7200, "nonce": NONCE}


def signed(key: Any = KEY, alg: str = "ES256", **changes: Any) -> str:
    """None leaves a claim out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "one"}, claims, key, algorithms=[alg])


def unsigned(alg: str = "none") -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": alg, "kid": "one"}, CLAIMS))
    return ".".join([*map(b64, parts), ""])


def with_the_public_key_as_secret() -> str:
    """By hand: joserfc would not sign it."""
    said = unsigned("HS256").rstrip(".")
    return f"{said}.{b64(hmac.digest(KEY.as_pem(private=False), said.encode(), 'sha256'))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_a_good_token_is_believed() -> None:
    assert _checked({"id_token": signed()}, KEYS, UPSTREAM, ISSUER, NONCE)["sub"] == "1"


FORGED: dict[str, Callable[[], str]] = {
    "another key": lambda: signed(OTHER),
    "no signature": unsigned,
    "the public key as a secret": with_the_public_key_as_secret,
    "another issuer": lambda: signed(iss="https://evil.example"),
    "no issuer": lambda: signed(iss=None),
    "for another client": lambda: signed(aud="them"),
    "for several, and not ours to use": lambda: signed(aud=["us", "them"], azp="them"),
    "no audience": lambda: signed(aud=None),
    "over": lambda: signed(exp=NOW - 60),
    "endless": lambda: signed(exp=None),
    "of another attempt": lambda: signed(nonce="m" * 43),
    "of no attempt": lambda: signed(nonce=None),
    "nobody": lambda: signed(sub=None),
    "cut": lambda: signed()[:-8],
    "no token": lambda: "",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_is_not(how: str) -> None:
    with pytest.raises((Refusal, JoseError)):
        _checked({"id_token": FORGED[how]()}, KEYS, UPSTREAM, ISSUER, NONCE)
