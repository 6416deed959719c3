"""Which texts are one emoji: the sequences of Unicode TS 51, 1.4, by what stands in them. Values only."""

import re
import unicodedata

_JOINER, _PICTURE = "\u200d", "\ufe0f"
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_HALF_A_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_TAGGED = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f")
_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")


def is_emoji(text: str) -> bool:
    """One picture, however many code points it takes: with a skin, joined of several, a flag, a keycap. [any]"""
    if _FLAG.fullmatch(text) or _KEYCAP.fullmatch(text) or _TAGGED.fullmatch(text):
        return True
    return all(_is_part(part) for part in text.split(_JOINER))


def _is_part(part: str) -> bool:
    base = _TONE.sub("", part, count=1) if len(part) > 1 else part
    base = base.removesuffix(_PICTURE)
    return len(base) == 1 and unicodedata.category(base) == "So" and not _HALF_A_FLAG.fullmatch(base)
