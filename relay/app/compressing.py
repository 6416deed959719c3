"""Pages and static files in gzip (RFC 1952), for who takes it: a feed of twenty waveforms is a fifth of itself then."""

import gzip
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from relay.core.calls import Answer

LEVEL = 3
"""As small as 6 within a tenth, in a third of its time."""
LEAST_BYTES = 1024
PAGE, JSON = "text/html", "application/json"
VARY = ("vary", "Accept-Encoding")


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Whether a request's Accept-Encoding (RFC 9110, 12.5.3) has gzip, and not as what is refused. [any]"""
    for each in headers.get("accept-encoding", "").split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def packed(data: bytes) -> bytes:
    """The same each time it is asked: no time stands in it. [any]"""
    return gzip.compress(data, LEVEL, mtime=0)


def compressed(answer: Answer[Any], headers: Mapping[str, str]) -> Answer[Any]:  # any: of any value
    """The answer to a request with these headers, packed if it is a page, or a document that is the same to everybody. What is secret in a page is
    masked (page_tokens.py), for the length of what is packed tells of what is in it. [any]
    """
    if not _is_packed(answer) or len(answer.content) < LEAST_BYTES:
        return answer
    named = {**answer.headers, VARY[0]: ", ".join(filter(None, (answer.headers.get(VARY[0]), VARY[1])))}
    if not takes_gzip(headers):
        return replace(answer, headers=named)
    return replace(answer, content=packed(answer.content), headers={**named, "content-encoding": "gzip"})


def _is_packed(answer: Answer[Any]) -> bool:
    if answer.media_type == JSON:
        return answer.headers.get("cache-control", "").startswith("public")
    return (answer.media_type or "").startswith(PAGE)
