"""A part of a Cut as a Cut of its own: its bars, tempo and meter as far as they reach into the part."""

import msgspec

from daemon.core.capture import Cut


def part_by_bars(cut: Cut, first_bar: int, last_bar: int) -> tuple[int, int]:
    """Frames [first, end) of bars `first_bar` to `last_bar`, both counted from 1 and inside. Raises ValueError: it has no such bars. [any]"""
    if not cut.bars or not 1 <= first_bar <= last_bar <= cut.bars:
        raise ValueError
    return cut.bar_frames[first_bar - 1], cut.bar_frames[last_bar]


def trimmed(cut: Cut, first_frame: int, end_frame: int) -> Cut:
    """What is known of frames [first_frame, end_frame) of it; 0 <= first_frame < end_frame <= cut.frames. [any]

    It has bars when it begins and ends on bar lines of the whole.
    """
    lines = [line for line in cut.bar_frames if first_frame <= line <= end_frame]
    whole = len(lines) > 1 and (lines[0], lines[-1]) == (first_frame, end_frame)
    before = [bpm for frame, bpm in cut.tempo_map if frame <= first_frame]
    inside = [(frame - first_frame, bpm) for frame, bpm in cut.tempo_map if first_frame < frame < end_frame]
    tempo_map = (*([(0, before[-1])] if before else []), *inside)
    tempos = {bpm for _, bpm in tempo_map}
    return msgspec.structs.replace(
        cut,
        first_frame=cut.first_frame + first_frame,
        frames=end_frame - first_frame,
        bars=len(lines) - 1 if whole else None,
        anchored=cut.anchored and whole,
        bar_frames=tuple(line - first_frame for line in lines) if whole else (),
        bpm=tempos.pop() if len(tempos) == 1 else cut.bpm if not tempos else None,
        tempo_map=tempo_map,
        note="",
    )
