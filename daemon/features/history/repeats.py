"""The same sound in two journals of one plugin, told once.

A plugin whose Ring was removed goes on in another, with a copy of what the first one held (docs/decisions/0029), and the journal
of each holds that part. Frames keep their numbers, so one is the other's repeat where the same numbers have the same bytes.
"""

from collections.abc import Iterable
from itertools import groupby

from msgspec.structs import replace

from daemon.core.journal import Damaged
from daemon.core.stretches import MIN_OFFERED_S
from daemon.features.history.recovery import Recovered
from daemon.rings.journal_files import read_frames, read_ring

PROBED_S = 0.5  # at the end: of Rings that have nothing to do with each other it differs, and no more is read


def told_once(found: Iterable[Recovered]) -> tuple[Recovered, ...]:
    """Those that end first up to where the one begins that goes on; who is nothing but a repeat stands in its `repeats`. [worker]"""
    told: list[Recovered] = []
    for _, group in groupby(sorted(found, key=_player), key=_player):
        told += _of_one_plugin(sorted(group, key=lambda one: -one.stretch.end_frame))
    return tuple(told)


def _player(one: Recovered) -> str:
    return one.instance


def _of_one_plugin(found: list[Recovered]) -> list[Recovered]:
    """found: the one that goes on furthest first."""
    told: list[Recovered] = []
    for one in found:
        at = next((place for place, other in enumerate(told) if _is_repeated(one, other)), None)
        if at is None:
            told.append(one)
        elif (rest := _up_to(one, told[at].stretch.first_frame)) is not None:
            told.append(rest)
        else:
            told[at] = replace(told[at], repeats=(*told[at].repeats, one))
    return told[::-1]


def _is_repeated(one: Recovered, other: Recovered) -> bool:
    """Whether the end of `one` is in `other` too, to the bit: all that both hold of the same numbers."""
    if one.folder == other.folder or (one.sample_rate_hz, one.channels) != (
        other.sample_rate_hz,
        other.channels,
    ):
        return False
    first = max(one.stretch.first_frame, other.stretch.first_frame)
    end = min(one.stretch.sound_end_frame, other.stretch.sound_end_frame)
    if first >= end:
        return False
    probe = max(first, end - int(PROBED_S * one.sample_rate_hz))
    return _are_alike(one, other, probe, end) and _are_alike(one, other, first, probe)


def _are_alike(one: Recovered, other: Recovered, first_frame: int, end_frame: int) -> bool:
    try:
        ours, theirs = (
            b"".join(read_frames(read_ring(each.folder, verify=False), first_frame, end_frame))
            for each in (one, other)
        )
    except (Damaged, OSError):
        return False
    return ours == theirs


def _up_to(one: Recovered, end_frame: int) -> Recovered | None:
    """Without what comes from there on; None when that is too little to be offered."""
    stretch = one.stretch
    if end_frame - stretch.first_frame < MIN_OFFERED_S * one.sample_rate_hz:
        return None
    earlier_s = max(0, stretch.sound_end_frame - end_frame) / one.sample_rate_hz
    left = replace(
        stretch,
        end_frame=end_frame,
        sound_end_frame=min(stretch.sound_end_frame, end_frame),
        sounded_us=stretch.sounded_us - round(earlier_s * 1e6),
        before_end_s=stretch.before_end_s + earlier_s,
    )
    return replace(one, stretch=left, last=None)  # how many bars end there has not been counted
