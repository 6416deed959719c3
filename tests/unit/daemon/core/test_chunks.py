"""What a line that breaks may cost, whatever it does."""

import math

import hypothesis.strategies as st
from hypothesis import given

from daemon.core.chunks import FIRST_CHUNK_BYTES, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, PART_S, SHARE, Line

SIZE = 50 << 20


def test_a_part_grows_with_what_arrives_and_starts_small_after_a_break() -> None:
    line = Line()
    assert line.chunk_bytes(SIZE) == FIRST_CHUNK_BYTES
    for _ in range(100):
        line = line.arrived(line.chunk_bytes(SIZE), 0.001)
    assert line.chunk_bytes(SIZE) == MAX_CHUNK_BYTES
    assert line.broke().chunk_bytes(SIZE) == MIN_CHUNK_BYTES
    assert line.chunk_bytes(5) == 5


def test_going_on_at_once_is_worth_it_only_if_something_arrived() -> None:
    assert not Line().moving
    assert Line().arrived(1, 1.0).moving
    assert not Line().arrived(1, 1.0).broke().moving
    assert not Line().arrived(1, 1.0).begun().moving, "another upload has to show it again"


def test_a_part_takes_no_longer_than_a_person_waits_to_be_told_how_far_it_is() -> None:
    line = Line()
    for _ in range(100):
        chunk = line.chunk_bytes(SIZE)
        line = line.arrived(chunk, chunk / 100_000)  # a slow line, and a steady one
    assert MIN_CHUNK_BYTES < line.chunk_bytes(SIZE) == 100_000 * PART_S
    assert line.arrived(1, 60.0).chunk_bytes(SIZE) == MIN_CHUNK_BYTES
    assert line.arrived(0, 60.0) == line, "nothing was sent: that tells nothing of the line"
    assert line.broke().bytes_per_s == math.inf, "another way, perhaps"


@given(st.lists(st.integers(1, 4 << 20), min_size=1, max_size=60))
def test_all_breaks_together_cost_at_most_an_eighth_and_a_small_part_each(good_bytes: list[int]) -> None:
    """good_bytes: how much passes before each break; the part under way then is lost whole."""
    line, arrived, lost = Line(), 0, 0
    for good in good_bytes:
        left = good
        while (chunk := line.chunk_bytes(SIZE)) <= left:
            left -= chunk
            arrived += chunk
            line = line.arrived(chunk, 0.001)
        lost += chunk
        line = line.broke()
    assert lost <= arrived / SHARE + len(good_bytes) * MIN_CHUNK_BYTES + FIRST_CHUNK_BYTES
