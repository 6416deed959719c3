"""Text of others as it may reach a terminal or a log: no controls, nothing that turns the text beside it.

Titles, names of tracks, hosts and people, and words of a relay come from elsewhere. Printed as they are they could move
the cursor, fill the clipboard, or forge a line (ECMA-48, Unicode UAX 9).
"""

import re

from relay.wire.bounds import UNPRINTABLE

LEFT_OUT = "\ufffd"
_ANY = re.compile(f"[{UNPRINTABLE}]")
_WITHIN_LINES = re.compile(rf"(?![\n\t])[{UNPRINTABLE}]")


def line(text: str) -> str:
    """`text` as one line. [any]"""
    return _ANY.sub(LEFT_OUT, text)


def lines(text: str) -> str:
    """`text` of our own making, with its line feeds and tabs. [any]"""
    return _WITHIN_LINES.sub(LEFT_OUT, text)


def json(text: str) -> str:
    """JSON that means the same, with what is not shown as escapes (RFC 8259, 7). [any]"""
    return _ANY.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
