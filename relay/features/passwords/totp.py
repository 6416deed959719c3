"""Codes of an authenticator app: TOTP (RFC 6238) as all such apps have it: SHA-1, six digits, thirty seconds. Values only."""

import base64
import hashlib
import hmac
from urllib.parse import quote, urlencode

STEP_S, DIGITS = 30, 6
KEY_BYTES = 20
"""As long as the hash (RFC 4226, 4: R6)."""
DRIFT_STEPS = 1
"""So far a phone's clock may be off, either way (RFC 6238, 5.2)."""


def code_of(key: bytes, step: int) -> str:
    """The code of the 30 seconds that `step` counts since the epoch (RFC 4226, 5.3). [any]"""
    digest = hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(key: bytes, said: str, now_us: int, after_step: int) -> int | None:
    """The step whose code somebody typed, later than `after_step`, so that none counts twice; None: it is none. [any]"""
    typed = said.replace(" ", "").encode("utf-8", "surrogatepass")
    now = now_us // 1_000_000 // STEP_S
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_of(key, step).encode(), typed) and step > after_step:
            found = step
    return found


def shown_key(key: bytes) -> str:
    """As a person types it into an app: base32, in groups of four. [any]"""
    text = base64.b32encode(key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def app_link(key: bytes, username: str, host: str) -> str:
    """What an app opens (Google's Key Uri Format). [any]"""
    query = urlencode(
        {"secret": base64.b32encode(key).decode(), "issuer": f"Sidechain {host}"}, quote_via=quote
    )
    return f"otpauth://totp/{quote(f'Sidechain {host}')}:{quote(username)}?{query}"
