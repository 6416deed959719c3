"""In which places two versions of a score differ. Values in, values out."""

import json
from collections.abc import Iterator
from typing import Any

from relay.wire.creations import MAX_CHANGES, ScoreChange

MAX_VALUE, MAX_PATH = 500, 128
_GONE = object()


def changes(was: Any, now: Any) -> tuple[list[ScoreChange], bool]:  # any: JSON
    """The first MAX_CHANGES places, in the order of the score, and whether there are more. [any]"""
    found: list[ScoreChange] = []
    for each in _differences("", was, now):
        if len(found) == MAX_CHANGES:
            return found, True
        found.append(each)
    return found, False


def _differences(path: str, was: Any, now: Any) -> Iterator[ScoreChange]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in {**was, **now}:
            step = f"{path}.{name}" if path else name
            yield from _differences(step, was.get(name, _GONE), now.get(name, _GONE))
    elif isinstance(was, list) and isinstance(now, list):
        for n in range(max(len(was), len(now))):
            before, after = (each[n] if n < len(each) else _GONE for each in (was, now))
            yield from _differences(f"{path}[{n}]", before, after)
    elif was is _GONE or now is _GONE or was != now:
        yield ScoreChange(path=path[:MAX_PATH], was=_said(was), now=_said(now))


def _said(value: Any) -> str | None:
    return None if value is _GONE else json.dumps(value)[:MAX_VALUE]
