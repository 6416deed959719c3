"""Frames and the time of day, tied where they were seen together."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.heard import Tie, frame_at, levels, ties, wall_at
from daemon.core.journal import Head

RATE_HZ = 1_000
SECOND_US = 1_000_000


def head(first: int, frames: int, wall_s: float, peak: float = 0.5) -> Head:
    return Head(first, frames, peak == 0.0, 0, 0, round(wall_s * 1e6), peak, 0, 0, 0)


def test_between_two_ties_frames_are_counted_back_from_the_later() -> None:
    tied = ties([head(0, 1_000, 10.0), head(1_000, 1_000, 11.0)], Tie(2_500, round(11.5 * 1e6)))
    assert frame_at(tied, 10 * SECOND_US, RATE_HZ) == 1_000
    assert frame_at(tied, round(10.25 * 1e6), RATE_HZ) == 1_250
    assert frame_at(tied, 9 * SECOND_US, RATE_HZ) == 0 and frame_at(tied, 0, RATE_HZ) == 0
    assert frame_at(tied, 99 * SECOND_US, RATE_HZ) == 2_500
    assert wall_at(tied, 1_250, RATE_HZ) == round(10.25 * 1e6)
    assert wall_at(tied, 0, RATE_HZ) == 9 * SECOND_US


def test_while_the_host_stood_it_is_the_last_frame_before() -> None:
    tied = ties([head(0, 1_000, 10.0), head(1_000, 1_000, 70.0)], None)
    assert frame_at(tied, 40 * SECOND_US, RATE_HZ) == 1_000
    assert frame_at(tied, round(69.5 * 1e6), RATE_HZ) == 1_500


def test_a_clock_that_was_set_back_is_left_out() -> None:
    tied = ties([head(0, 1_000, 10.0), head(1_000, 1_000, 5.0), head(2_000, 1_000, 12.0)], None)
    assert tied == [Tie(1_000, 10 * SECOND_US), Tie(3_000, 12 * SECOND_US)]


def test_a_clock_that_was_set_back_for_good_is_the_one_that_counts() -> None:
    """An hour back, a minute ago: what ended ten seconds ago ended ten seconds ago."""
    heads = [head(n * 1_000, 1_000, n + (3_601.0 if n < 100 else 1.0)) for n in range(160)]
    tied = ties(heads, Tie(160_500, round(160.5 * 1e6)))
    assert frame_at(tied, round(150.5 * 1e6), RATE_HZ) == 150_500
    assert (
        frame_at(tied, 90 * SECOND_US, RATE_HZ) == 90_000 and wall_at(tied, 90_000, RATE_HZ) == 90 * SECOND_US
    )


@given(
    parts=st.lists(st.tuples(st.integers(1, 900), st.integers(0, 5_000)), min_size=1, max_size=20),
    at_ms=st.integers(0, 120_000),
)
def test_later_is_never_an_earlier_frame(parts: list[tuple[int, int]], at_ms: int) -> None:
    heads, frame, wall_ms = [], 0, 0
    for frames, stood_ms in parts:
        wall_ms += frames + stood_ms
        heads.append(head(frame, frames, wall_ms / 1e3))
        frame += frames
    tied = ties(heads, None)
    frames_then = [frame_at(tied, at * 1_000, RATE_HZ) for at in (at_ms, at_ms + 1, at_ms + 500)]
    assert frames_then == sorted(frames_then) and 0 <= frames_then[0] <= frame
    for tie in tied:
        assert frame_at(tied, tie.wall_us, RATE_HZ) == tie.frame


def test_levels_are_of_the_loudest_in_each_part() -> None:
    heads = [
        head(0, 100, 1.0, 0.0),
        head(100, 100, 2.0, 1.0),
        head(200, 100, 3.0, 0.001),
        head(300, 100, 4.0, 4.0),
    ]
    assert levels(heads, 0, 400, 4) == bytes([0, 255, 1, 255])
    assert levels(heads, 100, 300, 2) == bytes([255, 1])
