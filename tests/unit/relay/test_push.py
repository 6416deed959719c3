"""Web push on the vector of RFC 8291, and on what another implementation of its parts says."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from relay.features.deliveries.push import (
    MAX_PLAIN_BYTES,
    RECORD_BYTES,
    TOKEN_US,
    Browser,
    Sender,
    b64,
    point_of,
    require_keys,
    seal,
    seal_with,
    unb64,
)
from tests.support.push_service import opened

PLAIN = b"When I grow up, I want to be a watermelon"
OURS = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
THEIRS = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
THEIR_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key_of(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(text), "big"), ec.SECP256R1())


def test_the_vector_of_rfc_8291() -> None:
    sealed = seal_with(PLAIN, unb64(THEIR_POINT), unb64(AUTH), key_of(OURS), unb64(SALT))
    assert b64(sealed) == SEALED
    assert opened(unb64(SEALED), key_of(THEIRS), unb64(AUTH)) == PLAIN


def test_a_browser_opens_what_is_sealed_for_it_up_to_the_largest() -> None:
    browser, auth = ec.generate_private_key(ec.SECP256R1()), b"a" * 16
    whole = b"x" * MAX_PLAIN_BYTES
    sealed = seal(whole, point_of(browser.public_key()), auth)
    assert opened(sealed, browser, auth) == whole and len(sealed) == RECORD_BYTES
    assert seal(whole, point_of(browser.public_key()), auth) != sealed, "a key and a salt are used once"
    with pytest.raises(ValueError, match="at most"):
        seal(whole + b"x", point_of(browser.public_key()), auth)


def test_who_sends_is_signed_for_one_service_and_for_half_a_day() -> None:
    sender = Sender(b"k" * 32, "mailto:band@relay.example")
    header = sender.authorization("https://push.example:8443/send/abc", 1_000_000_000_000)
    found = re.fullmatch(r"vapid t=(\S+), k=(\S+)", header)
    assert found is not None and found[2] == sender.public_key
    point = unb64(found[2])
    assert len(point) == 65
    key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])})
    token = jwt.decode(found[1], key, algorithms=["ES256"])
    assert token.claims == {
        "aud": "https://push.example:8443",
        "exp": (1_000_000_000_000 + TOKEN_US) // 1_000_000,
        "sub": "mailto:band@relay.example",
    }
    assert Sender(b"k" * 32, "").public_key == sender.public_key, "the same in every process"
    assert Sender(b"l" * 32, "").public_key != sender.public_key


@pytest.mark.parametrize(
    ("p256dh", "auth"), [(b"", b"a" * 16), (unb64(THEIR_POINT), b"a" * 15), (b"\x04" + b"\1" * 64, b"a" * 16)]
)
def test_what_is_no_key_is_refused(p256dh: bytes, auth: bytes) -> None:
    with pytest.raises(Browser):
        require_keys(p256dh, auth)
