"""A take as a loop that is written down: its tempo, its bars and its key. Its notes are unknown, and stay so."""

from daemon.errors import UsageError
from relay.wire.scores import LoopScore

_SHARE = 0.03
"""By how much a length may miss whole bars, where nobody said how many they are."""


def loop_of_take(
    name: str,
    *,
    seconds: float,
    bars: int | None,
    bpm: float | None,
    key: str | None,
    meter: str | None,
    said_bars: int | None,
) -> LoopScore:
    """bars, bpm, key, meter: as known of the take. said_bars: by a person, counts before. Raises UsageError. [any]"""
    from audio.score.shapes import (
        BEATS_PER_BAR,
        LOOP_BARS,
        MAX_BPM,
        MAX_NAME_CHARS,
        MIN_BPM,
    )  # late, as in scores.py

    if meter not in (None, "4/4"):
        raise UsageError(f"“{name}” is in {meter}: a loop has bars of four quarters.", "Keep it as a take.")
    wanted = said_bars or bars or _bars_by_length(seconds, bpm)
    if wanted is None:
        raise UsageError(f"How many bars “{name}” has is not known.", "Say it with --bars.")
    if wanted not in LOOP_BARS:
        raise UsageError(
            f"“{name}” has {wanted} bars, and a loop has 1, 2, 4 or 8.",
            "Make a take of so many first: `sidechain takes trim`.",
        )
    tempo = bpm if bpm is not None and said_bars in (None, bars) else wanted * BEATS_PER_BAR * 60 / seconds
    if not MIN_BPM <= round(tempo) <= MAX_BPM:
        raise UsageError(
            f"That is {tempo:.0f} BPM: a loop has from {MIN_BPM} to {MAX_BPM}.", "Say other bars with --bars."
        )
    return LoopScore(
        name=name.strip()[:MAX_NAME_CHARS].strip() or "Take",
        bars=wanted,  # type: ignore[arg-type]  # one of LOOP_BARS
        bpm=round(tempo),
        key="C" if key is None else score_key(key),
        chord_sound=None,
    )


def score_key(key: str) -> str:
    """ "A minor" as scores write it: "Am". [any]"""
    note, _, mode = key.partition(" ")
    return f"{note}m" if mode == "minor" else note


def _bars_by_length(seconds: float, bpm: float | None) -> int | None:
    """Where the length is whole bars of the tempo."""
    if bpm is None:
        return None
    from audio.score.shapes import BEATS_PER_BAR  # as above

    exact = seconds * bpm / 60 / BEATS_PER_BAR
    return round(exact) if round(exact) and abs(exact - round(exact)) <= _SHARE * exact else None
