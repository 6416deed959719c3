"""Which thing a person means who types the start of its id, or its name: one rule for takes, sets, entries and posts."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
MIN_SHORT_CHARACTERS = 12  # of an id as it is shown: its time to 16 ms


def called(name: str, said: str) -> bool:
    """Whether `said` is this name, upper and lower case as one, however many blanks stand between its words. [any]"""
    return bool(said.strip()) and _plain(name) == _plain(said)


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", name.casefold().strip())


def meant(
    said: str, things: Iterable[T], *, ids: Callable[[T], tuple[str, ...]], name: Callable[[T], str]
) -> list[T]:
    """Those of which an id starts so; if none does, those that are called so. "" means nothing. [any]"""
    every = list(things) if said else []
    by_id = [each for each in every if any(one.startswith(said) for one in ids(each))]
    return by_id or [each for each in every if called(name(each), said)]


def short_id(own: str, neighbours: Iterable[str]) -> str:
    """As much of an id as no other begins with. neighbours: those beside it in the order of ids. [any]"""
    shared = max((_common(own, other) for other in neighbours), default=0)
    return own[: max(shared + 1, MIN_SHORT_CHARACTERS)].rstrip("-")


def _common(one: str, other: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
