"""Marks of a History: the lines that cuts go by, numbered as the host counts, with what changes in between."""

from daemon.core.bars import bars_of
from daemon.core.marks import marks_of
from daemon.core.timeline import runs
from plugin_protocol.history_messages import MAX_MARKS, Mark, MarkFlag, pack_marks, unpack_marks
from plugin_protocol.layout import Flag
from tests.unit.daemon.core.test_capture import BAR, BEAT, KNOWN, PLAYING, RATE_HZ, at, history, loop_range

LINE, RUNS, NUMBERED, GAP = MarkFlag.LINE, MarkFlag.PLAYING, MarkFlag.NUMBERED, MarkFlag.GAP


def lines(marks: list[Mark]) -> list[tuple[int, int]]:
    """(frame, bar) of the bar lines."""
    return [(mark.frame, mark.bar) for mark in marks if mark.flags & LINE]


def test_bar_lines_have_the_numbers_that_the_host_counts() -> None:
    played = history(at(1000, 16.0), commit=1000 + 3 * BAR + 50)
    marks, end = marks_of(played, 0, 1 << 40)
    assert end == played.commit_frame
    assert lines(marks) == [(1000 + k * BAR, 5 + k) for k in range(4)]
    assert marks[0] == Mark(0, 0.0, 0, 0, 0, MarkFlag(0)), "nothing is known before it plays"
    assert marks[1] == Mark(1000, 120.0, 5, 4, 4, LINE | RUNS | NUMBERED)


def test_the_first_mark_says_what_holds_where_one_begins_to_look() -> None:
    played = history(at(0, 0.0), commit=9 * BAR)
    marks, _ = marks_of(played, BAR + 7, 3 * BAR)
    assert marks[0] == Mark(BAR + 7, 120.0, 0, 4, 4, RUNS)
    assert lines(marks) == [(2 * BAR, 3)]


def test_a_loop_begins_again_with_its_first_bar() -> None:
    turns = [at(k * 2 * BAR, 8.0, PLAYING | Flag.LOOPING | Flag.DISCONTINUITY) for k in range(3)]
    played = history(loop_range(0, 8.0, 16.0), *turns, commit=5 * BAR)
    assert [bar for _, bar in lines(marks_of(played, 0, 5 * BAR)[0])] == [3, 4, 3, 4, 3]
    late = [
        at(k * 2 * BAR + 300 * (k > 0), 8.0 + 300 / BEAT * (k > 0), PLAYING | Flag.LOOPING) for k in range(3)
    ]
    told_late = history(loop_range(0, 8.0, 16.0), *late, commit=5 * BAR)
    assert [bar for _, bar in lines(marks_of(told_late, 0, 5 * BAR)[0])] == [3, 4, 3, 4, 3]


def test_under_a_meter_that_changes_no_bar_has_a_number() -> None:
    played = history(at(0, 0.0), at(2 * BAR, 8.0, meter=(3, 4), bar_start=8.0), commit=2 * BAR + 6 * BEAT + 9)
    marks, _ = marks_of(played, 0, 1 << 40)
    assert lines(marks) == [(0, 0), (BAR, 0), (2 * BAR, 0), (2 * BAR + 3 * BEAT, 0), (2 * BAR + 6 * BEAT, 0)]
    assert [(m.numerator, m.denominator) for m in marks] == [(4, 4), (4, 4), (3, 4), (3, 4), (3, 4)]


def test_stops_tempos_and_gaps_are_told() -> None:
    played = history(
        at(0, 0.0),
        at(BAR + BEAT, 5.0, bpm=60.0),
        at(2 * BAR, 5.5, KNOWN),
        at(3 * BAR, 5.5, KNOWN | Flag.GAP),
        commit=4 * BAR,
    )
    marks, _ = marks_of(played, 0, 4 * BAR)
    assert [(m.frame, m.bpm, m.flags & (RUNS | GAP)) for m in marks] == [
        (0, 120.0, RUNS),
        (BAR, 120.0, RUNS),
        (BAR + BEAT, 60.0, RUNS),
        (2 * BAR, 0.0, MarkFlag(0)),
        (3 * BAR, 0.0, GAP),
    ]


def test_more_than_fit_are_told_in_parts_that_join_without_a_seam() -> None:
    bars = 3 * MAX_MARKS
    played = history(at(0, 0.0), commit=bars * BAR + 5)
    found: list[tuple[int, int]] = []
    at_frame = 0
    while at_frame < played.commit_frame:
        marks, end = marks_of(played, at_frame, 1 << 40)
        assert len(marks) <= MAX_MARKS and end > at_frame
        assert unpack_marks(pack_marks(marks)) == marks
        found += lines(marks)
        at_frame = end
    (run,) = runs(played.records, 0, played.commit_frame, RATE_HZ)
    assert [frame for frame, _ in found] == list(bars_of(run).lines)
    assert [bar for _, bar in found] == list(range(1, bars + 2))
