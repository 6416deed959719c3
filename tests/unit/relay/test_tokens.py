"""Access tokens: ours pass, forged ones do not; the key that signs them is private and stays."""

import base64
import hmac
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.features.devices.signing import load_key
from relay.features.devices.tokens import Tokens


def test_the_signing_key_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    first = load_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path).thumbprint() == first.thumbprint()


KEY = OKPKey.generate_key("Ed25519", private=True)
OTHER_KEY = OKPKey.generate_key("Ed25519", private=True)
PUBLIC_PEM = KEY.as_pem(private=False)
Signer = Callable[[bytes], bytes]


def signer(key: OKPKey) -> Signer:
    private = key.get_op_key("sign")
    return private.sign  # type: ignore[no-any-return]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def forged(sign: Signer | None = None, header: dict[str, object] | None = None, **claims: object) -> str:
    """A token like ours but for some header or claim, made without the library that reads it."""
    now_s = now_us() // 1_000_000
    head = {"alg": "Ed25519", "typ": "at+jwt", "kid": KEY.thumbprint()} | (header or {})
    body: dict[str, object] = {
        "iss": "r",
        "aud": "sidechain",
        "sub": "a" * 32,
        "did": "b" * 32,
        "fam": "c" * 32,
        "jti": "d" * 32,
        "iat": now_s,
        "exp": now_s + 900,
    }
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(body | claims).encode())}"
    return f"{signed}.{b64((sign or signer(KEY))(signed.encode()))}"


def _parts(token: str) -> list[str]:
    return token.split(".")


NOW_S = now_us() // 1_000_000
FORGED = {
    "none, no signature": forged(lambda _: b"", {"alg": "none"}),
    "none, our signature": forged(None, {"alg": "none"}),
    "HMAC with our public key": forged(lambda m: hmac.digest(PUBLIC_PEM, m, "sha256"), {"alg": "HS256"}),
    "HMAC under our own name": forged(lambda m: hmac.digest(PUBLIC_PEM, m, "sha256")),
    "alg EdDSA": forged(None, {"alg": "EdDSA"}),
    "somebody's key": forged(signer(OTHER_KEY)),
    "somebody's key in jwk": forged(signer(OTHER_KEY), {"jwk": OTHER_KEY.as_dict(private=False)}),
    "kid of somebody": forged(None, {"kid": OTHER_KEY.thumbprint()}),
    "kid is a path": forged(None, {"kid": "../../dev/null"}),
    "typ JWT": forged(None, {"typ": "JWT"}),
    "typ of an id token": forged(None, {"typ": "id_token"}),
    "crit": forged(None, {"crit": ["exp"]}),
    "x5u": forged(None, {"x5u": "https://evil.example/cert"}),
    "not base64 payload": _parts(forged())[0] + ".%%%." + _parts(forged())[2],
    "expired": forged(iat=NOW_S - 2000, exp=NOW_S - 1100),
    "too long a life": forged(exp=NOW_S + 86_400),
    "from the future": forged(iat=NOW_S + 3600, exp=NOW_S + 3700),
    "no audience": forged(aud=None),
    "other audience": forged(aud="elsewhere"),
    "other issuer": forged(iss="elsewhere"),
    "no subject": forged(sub=None),
    "subject is a name": forged(sub="admin"),
    "no jti": forged(jti=None),
    "revoked family": forged(fam="e" * 32),
    "claims changed": ".".join([_parts(forged())[0], _parts(forged(sub="f" * 32))[1], _parts(forged())[2]]),
    "signature cut": forged()[:-10],
    "four parts": forged() + ".x",
    "empty": "",
    "not ascii": "é" * 40,
    "huge": "a" * 100_000,
    "five parts (JWE)": "a.b.c.d.e",
}


def test_our_own_token_passes() -> None:
    tokens = Tokens(KEY, "r", set())
    made = tokens.make(account_id="a" * 32, device_id="b" * 32, family_id="c" * 32)
    assert tokens.check(made).user_id == "a" * 32
    assert tokens.check(forged()).family_id == "c" * 32  # so what is refused below is refused for its change


@pytest.mark.parametrize("kind", FORGED)
def test_forged_tokens_are_refused(kind: str) -> None:
    with pytest.raises(Refusal) as refused:
        Tokens(KEY, "r", {"e" * 32}).check(FORGED[kind])
    assert refused.value.code in ("token_invalid", "token_expired")


@pytest.mark.parametrize("kind", FORGED)
def test_forged_tokens_are_refused_however_often_and_beside_good_ones(kind: str) -> None:
    tokens = Tokens(KEY, "r", {"e" * 32})
    for _ in range(2):
        tokens.check(forged())
        with pytest.raises(Refusal):
            tokens.check(FORGED[kind])


def test_a_token_that_passed_is_refused_once_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    token, revoked = forged(), set[str]()
    tokens = Tokens(KEY, "r", revoked)
    tokens.check(token)
    later_us = now_us() + 2_000_000_000
    monkeypatch.setattr("relay.features.devices.tokens.now_us", lambda: later_us)
    with pytest.raises(Refusal) as ended:
        tokens.check(token)
    assert ended.value.code == "token_expired"
    monkeypatch.undo()
    tokens.check(token)
    revoked.add("c" * 32)
    with pytest.raises(Refusal) as ended:
        tokens.check(token)
    assert ended.value.code == "token_invalid"


def test_no_more_tokens_are_remembered_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.features.devices.tokens.MAX_PROVEN", 2)
    tokens = Tokens(KEY, "r", set())
    for _ in range(5):
        tokens.check(tokens.make(account_id="a" * 32, device_id="b" * 32, family_id="c" * 32))
    assert tokens._proven.cache_info().currsize == 2


def test_ids_of_one_process_never_go_back() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
