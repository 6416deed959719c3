"""Musical keys as people write them, and which of them go together: the wheel of twelve hours that DJs mix by (Camelot).

An hour has a minor key (A) and its relative major (B); the next hour is a fifth above. So 8A is A minor and 8B C major.
"""

import re

_NAMED = re.compile(r"([A-Ga-g])(#|♯|sharp|b|♭|flat)?(m|M|min|minor|maj|major)?")
_HOUR = re.compile(r"(1[0-2]|[1-9])([ABab])")
_PITCH = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGN = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_MINOR = ("m", "min", "minor")
_FIFTH = 7
_RELATIVE_MAJOR = 3
_HOUR_OF_C_MAJOR = 8


def camelot(text: str) -> str | None:
    """The place of a key on the wheel, such as 8A for "A minor", "Am", "am" or "8a"; None: it is no key. [any]"""
    given = "".join(text.split())
    if found := _HOUR.fullmatch(given):
        return f"{int(found[1])}{found[2].upper()}"
    found = _NAMED.fullmatch(given) or _NAMED.fullmatch(given[:1] + given[1:].lower())
    if found is None:
        return None
    pitch = _PITCH[found[1].upper()] + _SIGN.get(found[2] or "", 0)
    is_minor = found[3] in _MINOR
    steps = (pitch + _RELATIVE_MAJOR * is_minor) * _FIFTH
    return f"{(steps + _HOUR_OF_C_MAJOR - 1) % 12 + 1}{'A' if is_minor else 'B'}"


def goes_with(place: str) -> tuple[str, ...]:
    """The places whose keys mix with that of `place`: itself, its relative, and the hours before and after. [any]"""
    hour, mode = int(place[:-1]), place[-1]
    return (
        place,
        f"{hour}{'A' if mode == 'B' else 'B'}",
        f"{(hour - 2) % 12 + 1}{mode}",
        f"{hour % 12 + 1}{mode}",
    )
