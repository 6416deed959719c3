"""What a device says of its clip, held against the clip: what cannot be is not believed. Values only."""

MIN_QUARTERS, MAX_QUARTERS = 1.0, 12.0
"""In a bar: from 2/8 to 12/4."""
SLACK = 1.02
MIN_BPM, MAX_BPM = 20.0, 400.0
"""Taken where nobody says a tempo."""


def bars_that_fit(bars: int | None, bpm: float | None, duration_s: float) -> int | None:
    """The bars as claimed, or None where no meter could make so many of them in this time. [any]

    A clip of 2.5 s has no 8 bars at 128 BPM, whoever says so.
    """
    if bars is None:
        return None
    slowest, fastest = (bpm, bpm) if bpm is not None else (MIN_BPM, MAX_BPM)
    shortest_s = bars * MIN_QUARTERS * 60 / fastest / SLACK
    longest_s = bars * MAX_QUARTERS * 60 / slowest * SLACK
    return bars if shortest_s <= duration_s <= longest_s else None
