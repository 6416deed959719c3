"""Ring arithmetic against the dumbest ring there is: a deque that forgets from the left."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from plugin_protocol.ring import Indices, newest_records, readable, spans, trim

CAPACITIES = st.sampled_from([4, 8, 64])


@given(CAPACITIES, st.lists(st.integers(0, 20), max_size=40), st.data())
def test_what_may_be_read_is_what_the_deque_still_holds(
    capacity: int, blocks: list[int], data: st.DataObject
) -> None:
    buffer: list[int | None] = [None] * capacity
    oracle: deque[int] = deque(maxlen=capacity)
    commit = 0
    for block in blocks:
        announced = commit + block
        there = readable(Indices(reserve=announced, commit=commit, timeline_commit=0), capacity, 0)
        # The announced block has pushed its own length out already, though nothing was copied yet.
        assert list(there) == [n for n in oracle if n >= announced - capacity]
        first = data.draw(st.integers(0, commit))
        wanted = range(max(first, there.start), there.stop)
        places = [
            place + i for place, count in spans(wanted.start, len(wanted), capacity) for i in range(count)
        ]
        assert [buffer[place] for place in places] == list(wanted)
        for _ in range(block):
            buffer[commit % capacity] = commit
            oracle.append(commit)
            commit += 1


@given(CAPACITIES, st.integers(0, 500), st.integers(0, 64), st.integers(0, 200), st.integers(0, 8))
def test_a_copy_overtaken_while_made_keeps_exactly_what_was_not_touched(
    capacity: int, commit: int, frames: int, written: int, guard: int
) -> None:
    """The writer runs on by `written` frames in the middle of the copy; frame n holds n."""
    before = Indices(reserve=commit, commit=commit, timeline_commit=0)
    there = readable(before, capacity, guard)
    first = max(there.start, there.stop - frames)
    count = there.stop - first
    buffer = [max((n for n in range(place, commit, capacity)), default=-1) for place in range(capacity)]
    places = [place + i for place, n in spans(first, count, capacity) for i in range(n)]
    half = count // 2
    copy = [buffer[place] for place in places[:half]]
    for n in range(commit, commit + written):
        buffer[n % capacity] = n
    copy += [buffer[place] for place in places[half:]]
    cut, left = trim(first, count, commit + written, capacity, guard)
    assert copy[cut:] == list(range(first + cut, first + cut + left))
    assert cut + left == count


@given(st.integers(0, 1 << 61), st.integers(0, 1 << 25), st.integers(12, 25))
def test_spans_cover_every_frame_once_and_stay_inside(first: int, frames: int, bits: int) -> None:
    capacity = 1 << bits
    frames = min(frames, capacity)
    pieces = spans(first, frames, capacity)
    assert sum(count for _, count in pieces) == frames
    assert all(place >= 0 and place + count <= capacity for place, count in pieces)
    if len(pieces) == 2:
        assert pieces[1][0] == 0 and pieces[0][0] + pieces[0][1] == capacity


@given(st.integers(0, 1 << 30), st.integers(0, 300))
def test_a_record_that_a_later_count_still_allows_was_not_touched(before: int, written: int) -> None:
    capacity = 64
    copied, allowed = newest_records(before, capacity), newest_records(before + written, capacity)
    for i in set(copied) & set(allowed):
        # Its slot is next used by record i + capacity, and the writer may be at work on number before + written.
        assert i + capacity > before + written
