"""Rotation of refresh tokens: which one may be exchanged, and when an old one betrays a theft (RFC 9700, 4.14.2).

A reply can get lost, so a token that was just exchanged may be sent again: until a later one is used, for at most
GRACE_US. Anything older that turns up was copied by somebody, and the whole family ends.
"""

from enum import Enum

from msgspec import Struct

GRACE_US = 60_000_000
LIFETIME_US = 90 * 24 * 3600 * 1_000_000


class Presented(Struct, frozen=True, kw_only=True):
    """A known token and its family. later_used: a token issued after it has been exchanged already."""

    issued_us: int
    used_us: int | None
    later_used: bool
    family_revoked: bool


class RefreshVerdict(Enum):
    """What a refresh token that is shown leads to."""

    EXCHANGE = "exchange"
    ENDED = "ended"
    REUSED = "reused"  # revoke the family


def judge(token: Presented, now_us: int) -> RefreshVerdict:
    """What to do with a presented refresh token. [any]"""
    if token.family_revoked or now_us - token.issued_us >= LIFETIME_US:
        return RefreshVerdict.ENDED
    if token.later_used:
        return RefreshVerdict.REUSED
    if token.used_us is not None and now_us - token.used_us > GRACE_US:
        return RefreshVerdict.REUSED
    return RefreshVerdict.EXCHANGE
