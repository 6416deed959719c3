"""A transport for sound that comes without one: bars counted from the first frame, at the tempo that a person gives."""

from math import floor

from bridge.plugin_client import (
    PLAYING,
    VALID_BAR_START,
    VALID_BPM,
    VALID_METER,
    VALID_PPQ,
    Transport,
)


def counted(frame: int, rate_hz: float, bpm: float, meter: tuple[int, int]) -> Transport:
    """At `frame` of the recording. bpm: quarter notes a minute. [any]"""
    ppq = frame / rate_hz * bpm / 60.0
    bar_quarters = meter[0] * 4.0 / meter[1]
    return Transport(
        flags=PLAYING | VALID_PPQ | VALID_BPM | VALID_METER | VALID_BAR_START,
        numerator=meter[0],
        denominator=meter[1],
        ppq=ppq,
        bpm=bpm,
        bar_start_ppq=floor(ppq / bar_quarters) * bar_quarters,
    )
