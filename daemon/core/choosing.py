"""Which plugin is meant when a keep names none, and which one a name means. Pure.

The rule, as `sidechain keep --help` tells it: the plugin that sounded last. Of those that sounded together (within
TOGETHER_S) the loudest; of those about as loud (within ABOUT_AS_LOUD_DB) the first by name. So two keeps in a row are
of the same plugin, and not of the one whose block happened to come a millisecond later.
"""

from collections.abc import Sequence
from math import inf

from msgspec import Struct

TOGETHER_S = 4.0  # a bar at 60 BPM: a part may rest for one and still be playing
ABOUT_AS_LOUD_DB = 1.0
MIN_PREFIX = 4  # hex digits of an id, so that a track called "A" is not taken for one


class Label(Struct, frozen=True, kw_only=True):
    """How one plugin can be called."""

    instance: str  # 32 hex digits
    host_name: str
    track_name: str

    @property
    def name(self) -> str:
        """For people: "Guitar (Ardour)", or "Ardour [3f2a]" where the host does not name its tracks."""
        host = self.host_name or "a plugin"
        return f"{self.track_name} ({host})" if self.track_name else f"{host} [{self.instance[:4]}]"


class Candidate(Struct, frozen=True, kw_only=True):
    """What one plugin played lately. sounded_ago_s: None when all that it remembers is silence, or nothing."""

    label: Label
    sounded_ago_s: float | None
    loudness_db: float = -inf  # RMS, dBFS, of the seconds before it last sounded


def chosen(heard: Sequence[Candidate]) -> tuple[Candidate, str]:
    """The one that is meant, and why: a sentence, "" when there was no choice. [any] `heard` is not empty."""
    if len(heard) == 1:
        return heard[0], ""
    sounded = [one.sounded_ago_s for one in heard if one.sounded_ago_s is not None]
    if not sounded:
        first = min(heard, key=_by_name)
        return first, f"None of {len(heard)} plugins has sounded: {first.label.name} is the first by name."
    together = [one for one in heard if is_late_enough(one.sounded_ago_s, sounded)]
    loudest_db = max(one.loudness_db for one in together)
    as_loud = [one for one in together if one.loudness_db >= loudest_db - ABOUT_AS_LOUD_DB]
    best = min(as_loud, key=_by_name)
    if len(together) == 1:
        return best, f"{best.label.name} sounded last."
    others = ", ".join(sorted(one.label.name for one in together if one is not best))
    why = "was the loudest" if len(as_loud) == 1 else "is the first by name of those as loud"
    return best, f"{best.label.name} {why}; also playing: {others}."


def is_late_enough(ago_s: float | None, all_ago_s: Sequence[float | None]) -> bool:
    """Whether who sounded so long ago sounded together with the last of all: only then its loudness decides. [any]"""
    return ago_s is not None and ago_s <= TOGETHER_S + min(ago for ago in all_ago_s if ago is not None)


def _by_name(one: Candidate) -> tuple[str, str, str]:
    return one.label.track_name.casefold() or "\U0010ffff", one.label.host_name.casefold(), one.label.instance


def named(labels: Sequence[Label], name: str) -> list[Label]:
    """Those that `name` means, in the first of these ways that fits any: the track's name, the host's, the beginning
    of an id, the beginning of a track's name. Upper and lower case are one. [any]"""
    wanted = name.strip().casefold()
    if not wanted:
        return []
    is_id = len(wanted) >= MIN_PREFIX and all(digit in "0123456789abcdef" for digit in wanted)
    for fits in (
        lambda label: wanted in (label.track_name.casefold(), label.name.casefold()),
        lambda label: wanted == label.host_name.casefold(),
        lambda label: is_id and label.instance.startswith(wanted),
        lambda label: label.track_name.casefold().startswith(wanted),
    ):
        found = [label for label in labels if fits(label)]
        if found:
            return found
    return []
