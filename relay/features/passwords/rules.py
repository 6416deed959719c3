"""What a password has to be, by NIST SP 800-63B-4, 3.1.1.2: long, any character, no recipe, not the name. Values only."""

import unicodedata

from relay.core.refusal import Refusal

MIN_CHARS, MAX_CHARS = 10, 128
MIN_DIFFERENT_CHARS = 5


def prepared(password: str) -> bytes:
    """As it is hashed: the same whichever keyboard composed it. [any]"""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def require_good(password: str, username: str) -> None:
    """Raises Refusal: validation. [any]"""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise Refusal(
            "validation", f"A password has {MIN_CHARS} to {MAX_CHARS} characters.", "Choose another one."
        )
    if len(set(password)) < MIN_DIFFERENT_CHARS:
        raise Refusal("validation", "This password repeats a few characters.", "Choose another one.")
    if username in password.lower():
        raise Refusal("validation", "This password has the name in it.", "Choose another one.")
