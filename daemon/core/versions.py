"""Which of two versions of ours is the newer: numbers with dots between them; what comes behind is no release."""

import re

_RELEASE = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})(.*)")


def is_newer(one: str, than: str) -> bool:
    """Unknown is not newer: neither what is no version, nor what is no release. [any]"""
    first, second = _RELEASE.fullmatch(one), _RELEASE.fullmatch(than)
    if first is None or second is None or first[2]:
        return False
    return _numbers(first[1]) > _numbers(second[1])


def _numbers(release: str) -> tuple[int, ...]:
    numbers = [int(part) for part in release.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))
