"""Which texts can be titles: the relay's own rule (`relay.wire.rest.Title`), met where a person types one.

A title that goes with a keep never costs the Take: what does not fit is mended, and said. One that is asked for alone
(rename, post) is refused in words. Not here: whose word counts when several were given: the last.
"""

import re
from collections.abc import Iterable
from typing import get_args

import msgspec

from relay.wire.bounds import UNPRINTABLE
from relay.wire.rest import Title

_RULE = next(meta for meta in get_args(Title) if isinstance(meta, msgspec.Meta))
MAX_CHARACTERS = _RULE.max_length or 0
_NOT_SHOWN = re.compile(f"[{UNPRINTABLE}]+")
_BYTES_THAT_ARE_NO_TEXT = re.compile("[\udc80-\udcff]+")  # as Python reads arguments (PEP 383)


class Fitting(msgspec.Struct, frozen=True, kw_only=True):
    """A title that fits. note: what was changed for it, a sentence; empty when nothing was."""

    title: str
    note: str = ""


def fitting(text: str) -> Fitting:
    """`text` as a title: what cannot be shown is left out, what is too long is cut. [any]"""
    shown = _NOT_SHOWN.sub(" ", _BYTES_THAT_ARE_NO_TEXT.sub("\ufffd", text)).strip()
    changed = "Characters that cannot be shown were left out of the title." if shown != text.strip() else ""
    title = shown[:MAX_CHARACTERS].rstrip()
    cut = f"The title was cut to {MAX_CHARACTERS} characters." if len(shown) > MAX_CHARACTERS else ""
    return Fitting(title=title, note=" ".join(filter(None, (changed, cut))))


def why_not(text: str) -> str | None:
    """Why `text` cannot be a title, a sentence; None: it can. [any]"""
    if len(text) > MAX_CHARACTERS:
        return f"A title has at most {MAX_CHARACTERS} characters; this one has {len(text)}."
    if _BYTES_THAT_ARE_NO_TEXT.search(text):
        return "The title is not text (UTF-8)."
    if found := _NOT_SHOWN.search(text):
        return (
            f"A title cannot hold U+{ord(found[0][0]):04X}, which is not shown or turns the text around it."
        )
    return None


def joined(names: Iterable[str], most: int) -> str:
    """With ", " between them, as many as go whole into `most` characters. [any]"""
    text = ""
    for name in names:
        longer = f"{text}, {name}" if text else name
        if len(longer) > most:
            break
        text = longer
    return text
