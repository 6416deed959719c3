"""Global Privacy Control: a browser says with each request that whoever sits at it is not to be counted (W3C, Global Privacy Control, 2.2)."""

from collections.abc import Mapping

HEADER = "sec-gpc"


def is_private(headers: Mapping[str, str]) -> bool:
    """headers: by their names in small letters. [any]"""
    return headers.get(HEADER) == "1"
