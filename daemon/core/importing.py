"""What a file says of its music, as the Cut of a Take. Unknown stays unknown: bars are told only where its length is a whole
number of them."""

from msgspec import Struct

from daemon.core.capture import Cut
from daemon.core.passages import MAX_BPM, MIN_BPM, Meter

WHOLE_BARS_WITHIN_S = 0.01
ASSUMED_METER: Meter = (4, 4)
IN_FOUR = "The file says no meter; its bars are counted in 4/4."


class Words(Struct, frozen=True, kw_only=True):
    """bpm, meter: None: it does not say. given: a person said the tempo, not the file."""

    bpm: float | None = None
    meter: Meter | None = None
    given: bool = False


def cut_of_file(frames: int, rate_hz: float, words: Words) -> Cut:
    """frames: >= 1. [any]"""
    bpm = words.bpm if words.bpm and MIN_BPM <= words.bpm <= MAX_BPM else None
    lines = _bar_lines(frames, rate_hz, bpm, words.meter or ASSUMED_METER) if bpm else ()
    return Cut(
        first_frame=0,
        frames=frames,
        bars=len(lines) - 1 if lines else None,
        anchored=bool(lines),
        bar_frames=lines,
        bpm=bpm,
        tempo_map=((0, bpm),) if bpm else (),
        meter=words.meter or (ASSUMED_METER if lines else None),
        note=IN_FOUR if lines and not words.meter else "",
        bpm_source="given" if words.given else "file",
    )


def _bar_lines(frames: int, rate_hz: float, bpm: float, meter: Meter) -> tuple[int, ...]:
    """Of a file that is so many whole bars long; else none."""
    bar_s = meter[0] * 4.0 / meter[1] * 60.0 / bpm
    seconds = frames / rate_hz
    bars = round(seconds / bar_s)
    if bars < 1 or abs(seconds - bars * bar_s) > WHOLE_BARS_WITHIN_S:
        return ()
    return tuple(round(frames * k / bars) for k in range(bars + 1))
