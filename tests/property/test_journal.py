"""The Ring journal under any order of playing, looking, restarting and damage: what it gives is what was played."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.shm import RingFile
from daemon.core.journal import MAX_CHUNK_BYTES, Damaged, unpack_head, unpack_origin
from daemon.core.retention import FLOOR_S, KEEP_ENDED_US, Held, to_give_up, to_remove
from daemon.rings.journal_files import read_frames, read_ring, read_timeline
from plugin_protocol.layout import Flag, Record
from tests.support.journals import FILE_BYTES, follower, is_true, no_limit, spans
from tests.support.ringfile import RingWriter, numbered_frames

CAPACITY = 1 << 16  # more than a chunk: who is behind by a lap must skip


@contextmanager
def ring_in(folder: str, channels: int = 2) -> Iterator[tuple[RingWriter, RingFile]]:
    writer = RingWriter(
        Path(folder),
        capacity_frames=CAPACITY,
        channels=channels,
        instance_id=b"sixteen bytes id",
        generation=77,
    )
    ring = RingFile.open(Path(folder), writer.segment)
    try:
        yield writer, ring
    finally:
        ring.close()
        writer.close()


STEPS = st.lists(
    st.one_of(
        st.integers(1, CAPACITY).map(lambda n: ("play", n)),
        st.just(("look", 0)),
        st.just(("restart", 0)),
        st.just(("rotate", 0)),
    ),
    max_size=30,
)


@given(steps=STEPS, channels=st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_what_is_on_the_disk_is_what_was_played_however_it_came_there(
    steps: list[tuple[str, int]], channels: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, ring_in(folder, channels) as (writer, ring):
        place = Path(folder, "journal")
        number, file_bytes, seen = 1, FILE_BYTES, 0
        following = follower(place, ring)
        for what, count in steps:
            if what == "play":
                writer.write_numbered(count, block=1 + count // 3)
                continue
            if what == "restart":
                number += 100
                following.close()
                following = follower(place, ring, number=number, next_frame=seen)
            file_bytes = 0 if what == "rotate" else FILE_BYTES
            before = ring.readable()
            following.advance(no_limit, file_bytes)
            following.sync()
            seen = following.synced_frame
            assert seen == before.stop
            there = is_true(place, writer)
            assert not there or there[-1][1] == seen
        following.close()
        is_true(place, writer)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["play", "rest", "look"]), st.integers(1, 4_000)), min_size=4, max_size=14
    )
)
@settings(max_examples=60, deadline=None)
def test_silence_is_where_it_was_however_late_it_is_written(steps: list[tuple[str, int]]) -> None:
    """Each record belongs to its frame, and nothing that sounded waits for the next look."""
    with tempfile.TemporaryDirectory() as folder, ring_in(folder) as (writer, ring):
        place, played = Path(folder, "journal"), bytearray()
        following = follower(place, ring)
        for number, (what, count) in enumerate(steps):
            if what == "look":
                following.advance(no_limit, FILE_BYTES)
                there = spans(read_ring(place, verify=True))
                assert not bytes(played[8 * there[-1][1] if there else 0 :]).strip(b"\0")
                continue
            writer.record(Record(ring_frame=writer.commit, ppq=float(number), flags=Flag.VALID_PPQ))
            sound = (
                numbered_frames(writer.commit, count) if what == "play" else np.zeros((count, 2), np.float32)
            )
            writer.write(sound)
            played += sound.tobytes()
        following.advance(no_limit, FILE_BYTES, to_the_end=True)
        following.close()
        segments = read_ring(place, verify=True)
        there = spans(segments)
        for first, end in there:
            assert b"".join(read_frames(segments, first, end)) == bytes(played[8 * first : 8 * end])
            told = read_timeline(segments, first, end)
            assert told == [r for r in ring.records() if first <= r.ring_frame < end]


@given(data=st.data(), harm=st.sampled_from(["flip", "cut", "zero", "noise"]))
@settings(max_examples=80, deadline=None)
def test_damage_costs_what_is_behind_it_in_the_file_and_never_gives_wrong_sound(
    data: st.DataObject, harm: str
) -> None:
    with tempfile.TemporaryDirectory() as folder, ring_in(folder) as (writer, ring):
        place = Path(folder, "journal")
        following = follower(place, ring)
        for _ in range(4):
            writer.write_numbered(3_000)
            following.advance(no_limit, 40_000)
        following.sync()
        following.close()
        files = sorted(place.glob("*.sdj"))
        assert len(files) >= 2 and is_true(place, writer) == [(0, 12_000)]
        file = data.draw(st.sampled_from(files))
        content = bytearray(file.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        if harm == "cut":
            del content[at:]
        elif harm == "flip":
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            end = min(len(content), at + data.draw(st.integers(1, 4096)))
            content[at:end] = (
                bytes(end - at)
                if harm == "zero"
                else data.draw(st.binary(min_size=end - at, max_size=end - at))
            )
        untouched = file.read_bytes() == bytes(content)
        file.write_bytes(content)
        there = is_true(place, writer)
        whole = [s for s in read_ring(place, verify=True) if s.path != file]
        for first, end in spans(whole):
            assert any(a <= first and end <= b for a, b in there), "other files are as whole as before"
        assert untouched or there != [(0, 12_000)]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_segment_or_damaged(data: bytes) -> None:
    for prefix in (b"", b"SDCJRNL\n"):
        try:
            origin, _ = unpack_origin(prefix + data)
            unpack_head(data, origin)
        except Damaged:
            pass


@given(blocks=st.lists(st.integers(1, 900), min_size=5, max_size=40), looks=st.sets(st.integers(0, 40)))
@settings(max_examples=50, deadline=None)
def test_any_file_that_is_left_knows_position_and_loop(blocks: list[int], looks: set[int]) -> None:
    """The oldest files go first: what was in force when the next began is repeated in it."""
    with tempfile.TemporaryDirectory() as folder, ring_in(folder) as (writer, ring):
        place = Path(folder, "journal")
        following = follower(place, ring)
        played: list[Record] = []
        for number, frames in enumerate(blocks):
            records = [
                Record(ring_frame=writer.commit, ppq=float(number), flags=Flag.PLAYING | Flag.VALID_PPQ)
            ]
            if number % 7 == 0:
                records.append(
                    Record(ring_frame=writer.commit, ppq=number, bpm=number + 4.0, flags=Flag.LOOP_RANGE)
                )
            writer.begin(_ones(frames))
            for record in records:
                writer.record(record)
            writer.end()
            played += records
            if number in looks:
                following.advance(no_limit, 0)
        following.advance(no_limit, 0)
        following.sync()
        following.close()
        segments = read_ring(place, verify=True)
        for left in range(len(segments)):
            first, end = spans(segments[left:])[0]
            found = read_timeline(segments[left:], first, end)
            in_force = [r for r in played if r.ring_frame <= first]
            for loop in (True, False):
                wanted = [r for r in in_force if bool(r.flags & Flag.LOOP_RANGE) is loop]
                got = [r for r in found if bool(r.flags & Flag.LOOP_RANGE) is loop and r.ring_frame <= first]
                assert [r.ppq for r in got][-1:] == [r.ppq for r in wanted][-1:]
            after = [(r.ring_frame, r.ppq) for r in played if r.ring_frame > first]
            assert [(r.ring_frame, r.ppq) for r in found if r.ring_frame > first] == after


def _ones(frames: int) -> NDArray[np.float32]:
    return np.ones((frames, 2), np.float32)


KEEP_CLOSED_US = 24 * 3600 * 1_000_000


HELD = st.builds(
    Held,
    ring=st.sampled_from(["a", "b", "c", "d"]),
    number=st.integers(1, 500),
    instance=st.sampled_from(["x", "y", "z"]),
    size_bytes=st.integers(1, 6_000_000),
    seconds=st.floats(0.1, 20),
    wall_us=st.integers(0, 2 * KEEP_ENDED_US),
    ended=st.booleans(),
    open=st.just(False),
).flatmap(
    lambda h: (st.none() | st.integers(KEEP_ENDED_US, 2 * KEEP_ENDED_US) if h.ended else st.none()).map(
        lambda closed_us: msgspec.structs.replace(h, closed_us=closed_us)
    )
)


@given(
    held=st.lists(HELD, max_size=60, unique_by=lambda h: (h.ring, h.number)),
    budget=st.integers(0, 200_000_000),
)
@settings(max_examples=200, deadline=None)
def test_the_budget_is_kept_and_what_a_crash_left_goes_last(held: list[Held], budget: int) -> None:
    now_us = 2 * KEEP_ENDED_US
    gone = to_remove(held, keep_s=300.0, keep_closed_us=KEEP_CLOSED_US, budget_bytes=budget, now_us=now_us)
    left = [h for h in held if h not in gone]
    assert len(gone) == len(set(gone)) and set(gone) <= set(held)
    assert sum(h.size_bytes for h in left) <= budget
    for instance in {h.instance for h in held}:
        live = [h for h in left if h.instance == instance and not h.ended]
        assert sum(h.seconds for h in live) <= 300.0 + max((h.seconds for h in live), default=0.0)
    assert not any(
        h.ended and h.closed_us is not None and now_us - h.closed_us > KEEP_CLOSED_US for h in left
    )
    if any(h.ended and h.closed_us is None and now_us - h.wall_us <= KEEP_ENDED_US for h in gone):
        assert not any(h.closed_us is not None for h in left), "what was closed goes first"
    young = [h for h in gone if h.ended and h.closed_us is None and now_us - h.wall_us <= KEEP_ENDED_US]
    if young:  # then nobody who runs has more than the floor that a file could be spared of
        for instance in {h.instance for h in left}:
            live = sorted(
                (h for h in left if h.instance == instance and not h.ended),
                key=lambda h: (h.wall_us, h.number),
            )
            if live:
                assert sum(h.seconds for h in live[1:]) < FLOOR_S


@given(
    held=st.lists(HELD, max_size=60, unique_by=lambda h: (h.ring, h.number)),
    size_bytes=st.integers(0, 200_000_000),
)
@settings(max_examples=100, deadline=None)
def test_for_a_full_disk_only_what_can_be_spared_goes(held: list[Held], size_bytes: int) -> None:
    gone = to_give_up(held, size_bytes)
    left = [h for h in held if h not in gone]
    assert not any(h.ended and h.closed_us is None for h in gone), "what a crash left stays"
    for instance in {h.instance for h in gone if not h.ended}:
        assert sum(h.seconds for h in left if h.instance == instance and not h.ended) >= FLOOR_S
    if sum(h.size_bytes for h in gone) < size_bytes:
        assert not any(h.closed_us is not None for h in left)


def test_an_open_file_is_never_removed() -> None:
    held = [
        Held(
            ring="a", number=n, instance="x", size_bytes=100, seconds=1.0, wall_us=n, ended=False, open=n == 2
        )
        for n in (1, 2)
    ]
    assert to_remove(held, keep_s=0.0, keep_closed_us=0, budget_bytes=0, now_us=3) == [held[0]]


def test_after_the_clock_was_set_back_the_newest_is_still_the_newest() -> None:
    hour_us, second_us = 3_600_000_000, 1_000_000
    held = [
        Held(
            ring="a",
            number=n,
            instance="x",
            size_bytes=100,
            seconds=15.0,
            wall_us=2 * hour_us + 15 * n * second_us - (hour_us if n > 40 else 0),
            ended=False,
        )
        for n in range(1, 81)
    ]
    gone = to_remove(held, keep_s=300.0, keep_closed_us=0, budget_bytes=1 << 30, now_us=2 * hour_us)
    assert [h.number for h in held if h not in gone] == list(range(61, 81))
    assert [h.number for h in to_give_up(held, 250)] == [1, 2, 3]


def test_a_chunk_of_the_widest_ring_fits_its_limit() -> None:
    assert MAX_CHUNK_BYTES % (2 * 4) == 0
