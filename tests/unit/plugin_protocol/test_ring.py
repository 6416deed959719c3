import pytest

from plugin_protocol.errors import LayoutError
from plugin_protocol.ring import (
    MAX_INDEX,
    RECORD_GUARD,
    Indices,
    checked,
    guard_frames,
    newest_records,
    readable,
    spans,
    trim,
)


def indices(commit: int, reserve: int | None = None, records: int = 0) -> Indices:
    return Indices(reserve=commit if reserve is None else reserve, commit=commit, timeline_commit=records)


@pytest.mark.parametrize(
    ("now", "before", "field"),
    [
        (indices(10, 9), None, "commit"),
        (indices(5, MAX_INDEX), None, "reserve"),
        (indices(5, records=MAX_INDEX), None, "timeline_commit"),
        (indices(5, 9), indices(6, 9), "commit"),
        (indices(5, 8), indices(5, 9), "reserve"),
        (indices(5, records=1), indices(5, records=2), "timeline_commit"),
    ],
)
def test_indices_that_no_honest_writer_leaves_are_refused(
    now: Indices, before: Indices | None, field: str
) -> None:
    with pytest.raises(LayoutError) as refused:
        checked(now, before)
    assert refused.value.field == field


def test_indices_may_stand_still_and_grow() -> None:
    assert checked(indices(5, 9), indices(5, 9)) == indices(5, 9)
    assert checked(indices(9, 13), indices(5, 9)) == indices(9, 13)


def test_nothing_is_trimmed_from_a_ring_that_has_not_come_round() -> None:
    assert readable(indices(3_000, 3_500), 4_096, 512) == range(3_000)
    assert trim(0, 3_000, 3_500, 4_096, 512) == (0, 3_000)


def test_a_block_being_written_pushes_the_oldest_frames_out() -> None:
    assert readable(indices(10_000, 10_512), 4_096, 0) == range(10_512 - 4_096, 10_000)
    assert readable(indices(10_000, 10_512), 4_096, 100) == range(10_612 - 4_096, 10_000)


def test_a_writer_that_announced_a_whole_lap_leaves_nothing() -> None:
    assert len(readable(indices(10_000, 10_000 + 4_096), 4_096, 0)) == 0
    assert trim(6_000, 1_000, 20_000, 4_096) == (1_000, 0)


def test_spans_wrap_once() -> None:
    assert spans(0, 0, 8) == []
    assert spans(8, 8, 8) == [(0, 8)]
    assert spans(6, 5, 8) == [(6, 2), (0, 3)]


def test_the_guard_follows_the_rate_but_leaves_a_small_ring_usable() -> None:
    assert guard_frames(48_000.0, 1 << 21) == 8_192
    assert guard_frames(768_000.0, 1 << 21) == 38_400
    assert guard_frames(48_000.0, 1 << 12) == 512


def test_the_record_slots_next_in_line_are_not_read() -> None:
    assert newest_records(10, 64) == range(10)
    assert newest_records(100, 64) == range(100 - 64 + RECORD_GUARD, 100)
