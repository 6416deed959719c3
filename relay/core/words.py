"""Words as they are looked for, and what somebody types to look for them. Values only; how an index holds them is the engine's.

A word is a run of letters and digits, folded (core.folding). Scripts that write no spaces have a word for each character.
Words are ASCII, so that no engine's idea of a letter matters: any other character stands as u and five hexadecimal digits.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from msgspec import Struct

from relay.core.folding import folded

MAX_WORDS = 96
"""Of one text; the rest of it is not found."""
MAX_WORD_CHARS = 32
MAX_TERMS = 8
"""Of one query; what somebody types beyond is not looked for."""
MAX_PHRASE_WORDS = 8
MIN_PREFIX_CHARS = 2
"""A prefix of one letter would find nearly everything."""
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')


class Term(Struct, frozen=True):
    """Words that follow each other. prefix: the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False


class TextQuery(Struct, frozen=True):
    """All terms have to be found. Given to a statement as a value; each engine writes it in its own language."""

    terms: tuple[Term, ...]


def words_of(text: str) -> list[str]:
    """At most MAX_WORDS. [any]"""
    return list(_words(text))[:MAX_WORDS]


def read_query(text: str) -> TextQuery:
    """Of words, "quoted phrases" and prefix*; without terms where nothing of it is a word. [any]"""
    terms: list[Term] = []
    for phrase, bare in _TERM.findall(text):
        words = words_of(phrase or bare)[:MAX_PHRASE_WORDS]
        if words:
            is_prefix = bare.endswith("*") and len(words[-1]) >= MIN_PREFIX_CHARS
            terms.append(Term(tuple(words), is_prefix))
    return TextQuery(tuple(dict.fromkeys(terms[:MAX_TERMS])))


def is_found(query: TextQuery, texts: Sequence[Sequence[str]]) -> bool:
    """Whether each term stands in one of the texts: what the engines' indexes answer. [any]"""
    return all(any(_stands(term, words) for words in texts) for term in query.terms)


def _stands(term: Term, words: Sequence[str]) -> bool:
    size = len(term.words)
    for start in range(len(words) - size + 1):
        *whole, last = words[start : start + size]
        if tuple(whole) == term.words[:-1] and (
            last.startswith(term.words[-1]) if term.prefix else last == term.words[-1]
        ):
            return True
    return False


def _words(text: str) -> Iterator[str]:
    word = ""
    for each in folded(text, limit=len(text) * 4):
        if not each.isalnum():
            yield from _ended(word)
            word = ""
        elif unicodedata.east_asian_width(each) == "W":
            yield from _ended(word)
            yield _ascii(each)
            word = ""
        else:
            word += _ascii(each)
    yield from _ended(word)


def _ended(word: str) -> Iterator[str]:
    if word:
        yield word[:MAX_WORD_CHARS]


def _ascii(character: str) -> str:
    return character if character.isascii() else f"u{ord(character):05x}"
