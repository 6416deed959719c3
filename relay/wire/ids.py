"""Identifiers: UUIDv7 (RFC 9562 section 5.7) as 32 hex digits. They sort by time of creation."""

from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(min_length=32, max_length=32, pattern=r"^[0-9a-f]{32}\Z")]


def uuid7(unix_ms: int, random: bytes) -> str:
    """UUIDv7 of a Unix time in ms and at least 10 random bytes, as 32 lower-case hex digits. [any]

    The clock and the entropy are the caller's, so that cores stay pure and tests stay repeatable.
    """
    if len(random) < 10:
        raise ValueError("a UUIDv7 needs 10 random bytes")
    head = (unix_ms & 0xFFFF_FFFF_FFFF) << 80
    rand_a = (int.from_bytes(random[:2], "big") & 0x0FFF) << 64
    rand_b = int.from_bytes(random[2:10], "big") & 0x3FFF_FFFF_FFFF_FFFF
    return f"{head | 0x7 << 76 | rand_a | 0x2 << 62 | rand_b:032x}"
