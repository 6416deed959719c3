"""Bounds that many shapes of the wire share: every number finite, every pattern to the very end, every text printable.

Both ends decode by them, so what one end sends is never wider than what the other can store: integers fit a signed
64-bit column and a double (2^53 - 1), times are RFC 3339 in UTC as `core.times` writes them. A pattern ends in `\\Z`,
because `$` also matches before a last line feed.
"""

import re
from typing import Annotated

from msgspec import Meta

MAX_COUNT = (1 << 53) - 1
MAX_DURATION_MS = 24 * 3600 * 1000
"""Of a place in a sound."""

# Controls, lone surrogates and what turns the direction of the text beside it. The first two are never shown, the
# last make a sentence read as another one (Unicode UAX 9).
UNPRINTABLE = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_UNPRINTABLE = re.compile(f"[{UNPRINTABLE}]")
PRINTABLE = rf"^[^{UNPRINTABLE}]*\Z"

Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Timestamp = Annotated[
    str,
    Meta(
        max_length=40,
        pattern=r"^(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z\Z",
    ),
]
"""RFC 3339 in UTC with microseconds, such as 2026-11-21T03:52:07.123456Z."""
Confidence = Annotated[float, Meta(ge=0.0, le=1.0)]
Url = Annotated[str, Meta(max_length=1024, pattern=PRINTABLE)]
Word = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.:+/-]*\Z")]
"""A name of the wire itself: an error code, a server's name, a reason."""
Sentence = Annotated[str, Meta(max_length=1000, pattern=PRINTABLE)]
"""Words for people, made by the relay."""
Seconds = Annotated[int, Meta(ge=0, le=1 << 32)]
Milliseconds = Annotated[int, Meta(ge=0, le=1 << 42)]


def unprintable(text: str) -> str | None:
    """The first character of `text` that no text of the wire may have; None: all are fine. [any]"""
    found = _UNPRINTABLE.search(text)
    return found[0] if found else None
