"""How a person finds a Take again: tags, and words to search by. Pure."""

import re
from collections.abc import Iterable, Sequence

from daemon.core.titles import fitting

MAX_TAGS = 16  # of one Take
MAX_TAG_CHARACTERS = 32


def why_no_tag(text: str) -> str | None:
    """Why `text` cannot be a tag, a sentence; None: it can. [any]"""
    if not text.strip() or fitting(text).title != text or "," in text:
        return f"“{fitting(text).title}” is no tag: it has to be text that is shown, without commas or blanks around it."
    if len(text) > MAX_TAG_CHARACTERS:
        return f"A tag has at most {MAX_TAG_CHARACTERS} characters; this one has {len(text)}."
    return None


def retagged(tags: Sequence[str], *, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
    """`tags` with and without those named, each once however it is written, in the order in which they came. [any]"""
    gone = {tag.casefold() for tag in remove}
    kept = {tag.casefold(): tag for tag in tags if tag.casefold() not in gone}
    for tag in add:
        kept.setdefault(tag.casefold(), tag)
    return tuple(kept.values())


def matches(search: str, texts: Iterable[str]) -> bool:
    """Whether each word of `search` is found in one of `texts`, upper and lower case as one. [any]"""
    found = "\n".join(texts).casefold()
    return all(word in found for word in re.split(r"\s+", search.casefold().strip()))
