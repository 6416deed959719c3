"""Which link of the linked folder leads to which Take: names that stay as long as they fit, and are nobody else's. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Set

from daemon.core.names import file_stem, free_name

ENDING = ".wav"
MAX_LINKS = 500  # the newest takes: a browser with more is no browser


def same_file(name: str) -> str:
    """What two names have in common that are one file on macOS or Windows, where case and composition do not count. [any]"""
    return unicodedata.normalize("NFC", name).casefold()


def linked_names(
    takes: Iterable[tuple[str, str]], before: Mapping[str, str], foreign: Set[str]
) -> dict[str, str]:
    """The name of each Take's link, by its id. [any]

    takes: (id, name), oldest first: an older one has its name without a number. before: names that were given, by id.
    foreign: `same_file` of names that are there and are not ours.
    """
    stems = {take_id: file_stem(name) for take_id, name in takes}
    given: dict[str, str] = {}
    taken = set(foreign)
    for take_id, stem in stems.items():
        name = before.get(take_id, "")
        if _fits(name, stem) and same_file(name) not in taken:
            given[take_id] = name
            taken.add(same_file(name))
    for take_id, stem in stems.items():
        if take_id not in given:
            given[take_id] = free_name(stem, ENDING, lambda name: same_file(name) in taken)
            taken.add(same_file(given[take_id]))
    return given


def _fits(name: str, stem: str) -> bool:
    return re.fullmatch(re.escape(stem) + r"( \(\d+\))?" + re.escape(ENDING), name) is not None
