"""What a Take is called where a person sees it, and what its file is called. One rule, the same everywhere.

A Take with a title is called by it. Else by what was known when it was kept: "Lead · 104 BPM · 08:59", the track's name
(or the host's), the host's tempo, the local time. What is found out later does not change a name that was already said.
Not here: titles that go out with a post (titles.py), and who writes files.
"""

import unicodedata
from collections.abc import Callable, Sequence

from daemon.core.titles import MAX_CHARACTERS, fitting

SEPARATOR = " · "
NOBODY = "Take"  # the host told neither its name nor the track's

MAX_STEM_BYTES = (
    180  # of 255 that file systems give, so that an ending, a number and a copy's " - Copy" fit, too
)
_NOT_IN_NAMES = str.maketrans(dict.fromkeys('<>"|?*', "_") | {"/": "-", "\\": "-", ":": "."})
# Windows opens a device for these, whatever ending follows (Microsoft, "Naming Files, Paths, and Namespaces").
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}


def take_name(title: str, *, track_name: str, host_name: str, bpm: float | None, at: str) -> str:
    """1 to MAX_CHARACTERS characters. bpm: the host's, None when it told none or it varied. at: the local time, "08:59". [any]"""
    if title:
        return title
    known = [f"{bpm:.5g} BPM"] if bpm else []
    rest = "".join(SEPARATOR + part for part in (*known, at))
    who = fitting(track_name).title or fitting(host_name).title or NOBODY
    return who[: MAX_CHARACTERS - len(rest)].rstrip() + rest


def set_name(
    titles_and_tracks: Sequence[tuple[str, str]], *, host_name: str, bpm: float | None, at: str
) -> str:
    """What takes that were kept together are called: by the title that they have in common, else as a Take of the host. [any]

    titles_and_tracks: of each Take, the first first. bpm, at: as for `take_name`, of the first.
    """
    bare = {title.removesuffix(f"{SEPARATOR}{track}") for title, track in titles_and_tracks}
    title = bare.pop() if len(bare) == 1 else ""
    return take_name(title, track_name="", host_name=host_name, bpm=bpm, at=at)


def stem_name(name: str, part: str) -> str:
    """What a stem of a sound of that name is called; of one without a name, by what it is. At most MAX_CHARACTERS. [any]"""
    rest = f"{SEPARATOR}{part}" if name else part
    return name[: MAX_CHARACTERS - len(rest)].rstrip() + rest


def file_stem(name: str) -> str:
    """`name` as a file's name without its ending, that Linux, macOS and Windows take and show alike. [any]

    1 to MAX_STEM_BYTES bytes of UTF-8, composed (NFC); no separators, controls, device names, no dots or blanks at its ends.
    """
    composed = unicodedata.normalize("NFC", fitting(name).title).translate(_NOT_IN_NAMES)
    cut = composed.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    stem = cut.strip(" .")
    if not stem:
        return NOBODY
    return f"{stem}_" if stem.partition(".")[0].rstrip().casefold() in _DEVICES else stem


def free_name(stem: str, ending: str, is_taken: Callable[[str], bool]) -> str:
    """The first of "stem.wav", "stem (2).wav", "stem (3).wav" … that is not taken. [any]"""
    name, number = stem + ending, 1
    while is_taken(name):
        number += 1
        name = f"{stem} ({number}){ending}"
    return name
