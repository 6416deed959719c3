"""A session's token as it stands in a page: other letters in each, so that nobody learns it from how well pages pack (BREACH)."""

import secrets

MASK_BYTES = 16


def masked(token: str) -> str:
    """Hex of a fresh mask, and of the token under it. [any]"""
    mask = secrets.token_bytes(MASK_BYTES)
    return (mask + _under(token.encode(), mask)).hex()


def unmasked(text: str) -> str:
    """The token of `masked`; whatever else it is stays, and is no token. [any]"""
    try:
        raw = bytes.fromhex(text)
        return _under(raw[MASK_BYTES:], raw[:MASK_BYTES]).decode("ascii")
    except ValueError:
        return text


def _under(data: bytes, mask: bytes) -> bytes:
    return (
        bytes(each ^ mask[at % MASK_BYTES] for at, each in enumerate(data))
        if len(mask) == MASK_BYTES
        else b""
    )
