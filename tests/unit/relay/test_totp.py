"""Codes of an authenticator app, against the RFC's own table; and that a code counts once, and only near its time."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from relay.features.passwords.totp import STEP_S, app_link, code_of, shown_key, step_of

RFC_KEY = b"12345678901234567890"
RFC_CODES = {  # RFC 6238, appendix B, SHA-1; six digits are the last six of its eight
    59: "94287082",
    1_111_111_109: "07081804",
    1_111_111_111: "14050471",
    1_234_567_890: "89005924",
    2_000_000_000: "69279037",
    20_000_000_000: "65353130",
}


@pytest.mark.parametrize(("at_s", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_rfc(at_s: int, code: str) -> None:
    assert code_of(RFC_KEY, at_s // STEP_S) == code[-6:]


def test_a_code_counts_a_step_early_or_late_and_never_again() -> None:
    now_us, now = 1_700_000_010 * 1_000_000, 1_700_000_010 // STEP_S
    for off in range(-3, 4):
        found = step_of(RFC_KEY, code_of(RFC_KEY, now + off), now_us, 0)
        assert found == (now + off if abs(off) <= 1 else None)
    said = code_of(RFC_KEY, now)
    assert step_of(RFC_KEY, f"{said[:3]} {said[3:]}", now_us, now - 1) == now, "as an app shows it"
    assert step_of(RFC_KEY, said, now_us, now) is None, "it has counted"
    for wrong in ("", "000000"[:5], said + "0", "½½½½½½", "\ud800"):
        assert step_of(RFC_KEY, wrong, now_us, 0) is None


def test_an_app_is_told_the_same_key_by_link_and_by_hand() -> None:
    link = urlsplit(app_link(RFC_KEY, "mira.k", "relay.example"))
    (secret,) = parse_qs(link.query)["secret"]
    assert link.scheme == "otpauth" and base64.b32decode(secret) == RFC_KEY
    assert base64.b32decode(shown_key(RFC_KEY).replace(" ", "")) == RFC_KEY
