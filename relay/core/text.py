"""Text of strangers: what may be stored and shown. Escaping is the business of whoever prints it."""

import unicodedata

from relay.core.refusal import Refusal

_UNSEEN = {"Cc", "Cs"}  # controls and lone surrogates; unassigned ones may be newer than our tables
_DIRECTION = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # they reorder what stands beside them


def require_printable(text: str) -> None:
    """Raises Refusal: validation, for control characters, lone surrogates and overrides of direction. [any]"""
    for character in text:
        if unicodedata.category(character) in _UNSEEN or character in _DIRECTION:
            raise Refusal(
                "validation", f"A text has the unprintable character U+{ord(character):04X}.", "Remove it."
            )
