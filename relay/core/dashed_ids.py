"""Ids as other interfaces write them, with dashes (RFC 9562), and as they are stored, without."""

from uuid import UUID


def dashed(id_: str) -> str:
    """[any]"""
    return str(UUID(id_))


def bare(id_: str) -> str:
    """An id as it is stored, of either form. [any]"""
    return id_.replace("-", "").lower() if len(id_) == 36 else id_
