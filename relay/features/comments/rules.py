"""What a comment may say, and where. Decides only; store.py stores."""

import re

from relay.core.refusal import Refusal
from relay.wire.comments import MAX_COMMENT_DEPTH, MAX_MENTIONS

SAID_ONCE_US = 60_000_000
"""The same words in the same place, by the same person, so soon again, are one comment: a button pressed twice."""
_MENTION = re.compile(r"(?<![\w.@-])@([a-z0-9][a-z0-9_.-]{1,28}[a-z0-9])", re.IGNORECASE | re.ASCII)

_PLACE = re.compile(r"(?:(?:(?P<minutes>[0-9]{1,4}):)?(?P<seconds>[0-9]{1,6}(?:[.,][0-9]{1,6})?))?")


def trimmed(text: str) -> str:
    """Without room around it. Raises Refusal: validation, where nothing is left. [any]"""
    if said := text.strip():
        return said
    raise Refusal("validation", "A comment has at least one letter.", "Write something.")


def mentioned(text: str) -> list[str]:
    """The usernames that a text names with an @, in their order, each once; MAX_MENTIONS at most. [any]"""
    names = dict.fromkeys(found.lower() for found in _MENTION.findall(text))
    return list(names)[:MAX_MENTIONS]


def read_place(text: str) -> int | None:
    """A place in ms as people write it, "1:03.5" or "63.5"; None: nothing is written. Raises Refusal: validation. [any]"""
    found = _PLACE.fullmatch(text.strip())
    if found is None:
        raise Refusal(
            "validation", "A place in the sound is written like 1:03.5.", "Leave it empty for none."
        )
    if found["seconds"] is None:
        return None
    return int(found["minutes"] or 0) * 60_000 + round(float(found["seconds"].replace(",", ".")) * 1000)


def require_place(position_ms: int | None, duration_ms: int, *, is_answer: bool) -> None:
    """Raises Refusal: validation. [any]"""
    if position_ms is None:
        return
    if is_answer:
        raise Refusal(
            "validation", "An answer has no place of its own.", "Leave position_ms out, or answer nothing."
        )
    if position_ms > duration_ms:
        raise Refusal(
            "validation",
            f"The sound is {duration_ms} ms long, and {position_ms} is behind its end.",
            "Name a place inside it.",
        )


def depth_below(depth: int) -> int:
    """Of an answer to a comment of that depth. Raises Refusal: validation. [any]"""
    if depth >= MAX_COMMENT_DEPTH:
        raise Refusal(
            "validation",
            f"Answers go {MAX_COMMENT_DEPTH} deep.",
            "Answer a comment above it, or begin a new thread.",
        )
    return depth + 1
