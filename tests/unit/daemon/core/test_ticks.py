"""Positions rounded to 1/1920 of a quarter, as Ardour tells them: bar lines to the frame all the same."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.ticks import TICKS_PER_QUARTER, WINDOW
from daemon.core.timeline import Run, runs
from plugin_protocol.layout import Flag, Record

RATE_HZ = 48_000
BLOCK = 512
KNOWN = Flag.PLAYING | Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_BAR_START


def told(bpm: float, frames: int, start_frame: int, *, ahead: int = 777, flags: Flag = KNOWN) -> list[Record]:
    """Records of steady play from `start_frame` of the project on; the Ring is `ahead` of it."""
    records = []
    for frame in range(start_frame, start_frame + frames, BLOCK):
        ppq = round(frame * bpm / 60 / RATE_HZ * TICKS_PER_QUARTER) / TICKS_PER_QUARTER
        records.append(
            Record(
                ring_frame=frame + ahead,
                project_frame=frame,
                ppq=ppq,
                bpm=bpm,
                bar_start_ppq=ppq // 4 * 4,
                block_frames=BLOCK,
                numerator=4,
                denominator=4,
                flags=flags | Flag.VALID_PROJECT_FRAME,
            )
        )
    return records


def the_run(records: list[Record], oldest: int = 0) -> Run:
    (run,) = runs(records, oldest, records[-1].ring_frame + BLOCK, RATE_HZ)
    return run


def errors(run: Run, bpm: float, ahead: int = 777) -> list[float]:
    bar = 4 * 60 * RATE_HZ / bpm
    return [abs(line - ahead - round((line - ahead) / bar) * bar) for line in run.lines]


@pytest.mark.parametrize("bpm", [61.7, 93.0, 111.0, 120.0, 128.0, 173.3, 180.0])
def test_bar_lines_are_within_a_frame_once_the_ticks_have_been_seen(bpm: float) -> None:
    found = the_run(told(bpm, 40 * RATE_HZ, 12_345))
    assert max(errors(found, bpm)[1:]) <= 0.75, "half a frame is the rounding to whole frames"


def test_nothing_is_made_of_it_where_frames_and_quarters_disagree() -> None:
    """A rounding that is none: the position in frames stands, so it says nothing of the other."""
    records = told(93.0, 20 * RATE_HZ, 12_345)
    stuck = [
        type(r)(**{f: getattr(r, f) for f in r.__struct_fields__} | {"project_frame": 0}) for r in records
    ]
    assert max(errors(the_run(stuck), 93.0)) > 2.0


def test_a_line_does_not_move_with_what_memory_has_forgotten() -> None:
    records = told(93.0, 40 * RATE_HZ, 12_345)
    whole = the_run(records)
    for oldest in range(0, 20 * RATE_HZ, 100_003):
        later = the_run(records, oldest)
        settled = later.start_frame + (WINDOW + 1) * BLOCK
        assert [x for x in later.lines if x > settled] == [x for x in whole.lines if x > settled]


@settings(max_examples=40, deadline=None)
@given(st.floats(40, 240), st.integers(0, 10**7))
def test_no_line_is_further_off_than_half_a_tick_nor_doubled(bpm: float, start_frame: int) -> None:
    found = the_run(told(bpm, 12 * RATE_HZ, start_frame))
    half_tick = 60 * RATE_HZ / bpm / TICKS_PER_QUARTER / 2
    assert all(error <= half_tick + 1 for error in errors(found, bpm))
    bar = 4 * 60 * RATE_HZ / bpm
    assert all(abs(b - a - bar) <= 2 * half_tick + 1 for a, b in pairwise(found.lines))
    assert len(found.lines) == pytest.approx(12 * RATE_HZ / bar, abs=1.1)
