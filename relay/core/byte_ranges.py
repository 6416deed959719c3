"""Byte ranges of RFC 9110, 14: one range or none. Several at once are answered with the whole, as the RFC allows."""

import re

from relay.core.refusal import Refusal

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """start, end (exclusive) of the part asked for; None: send the whole. [any]

    Raises Refusal: range_not_satisfiable.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), size if last == "" else min(size, int(last) + 1)
    if start >= size or (last != "" and first != "" and int(last) < int(first)) or start >= end:
        raise Refusal("range_not_satisfiable", f"The file has {size} bytes.", whole_bytes=size)
    return start, end
