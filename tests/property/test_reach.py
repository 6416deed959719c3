"""Ring and journal as one: what memory has lost and the disk has got is the same as if nothing had ever been lost.

The oracle is a Ring without end: all records that were written, and numbered frames, whose bits tell their number.
"""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.plugin_endpoint import Peer
from bridge.shm import RingFile
from daemon.core.capture import Cut, History, NothingToKeep, last_bars, last_seconds
from daemon.core.reach import There, merged
from daemon.features.history.journal_writer import RingFollower
from daemon.rings.instances import Instance
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Reach, reach_of
from plugin_protocol.layout import Record
from tests.property.test_capture import scripts
from tests.support.journals import follower, no_limit
from tests.support.pair import hello
from tests.support.ringfile import RingWriter, numbered_frames
from tests.support.transport import Action, Script, play

CAPACITY = 1 << 14
BLOCK = 480
SPANS = 1_000
FAR_S = 1e6


class Desk:
    """One plugin with a small Ring, and its journal."""

    def __init__(self, home: Path, rate_hz: float = 8_000, timeline_capacity: int = 1 << 8) -> None:
        self.writer = RingWriter(
            home,
            capacity_frames=CAPACITY,
            sample_rate_hz=rate_hz,
            timeline_capacity=timeline_capacity,
            instance_id=b"sixteen bytes id",
            generation=77,
        )
        self.ring = RingFile.open(home, self.writer.segment)
        said = hello(instance=b"sixteen bytes id")
        self.instance = Instance(Peer(instance=said.instance, pid=1, uid=0, hello=said))
        self.instance.ring = self.ring
        self.journal = JournalFolder(home / "journal")
        self.journal.folder.mkdir()
        self.files = 0
        self.following = self.follow()

    def follow(self, next_frame: int = 0) -> RingFollower:
        self.files += 100
        folder = self.journal.of(self.ring)
        return follower(folder, self.ring, number=self.files, next_frame=next_frame)

    def play(self, records: list[Record], end_frame: int, look: set[int] | None = None) -> None:
        """Numbered frames up to `end_frame` with these records; after the blocks numbered in `look` (None: every sixth)
        the journal has a round."""
        block = 0
        while self.writer.commit < end_frame:
            count = min(BLOCK, end_frame - self.writer.commit)
            self.writer.begin(numbered_frames(self.writer.commit, count))
            for record in records:
                if self.writer.commit <= record.ring_frame < self.writer.reserve:
                    self.writer.record(record)
            self.writer.end()
            if (block % 6 == 5) if look is None else block in look:
                self.round()
            block += 1

    def round(self, file_bytes: int = 120_000) -> None:
        self.following.advance(no_limit, file_bytes)
        self.following.sync()

    def reach(self) -> Reach:
        return reach_of(self.journal, self.instance, None)

    def sound(self, first_frame: int, frames: int) -> tuple[int, bytes]:
        reach = self.reach()
        reach.back(None, FAR_S)
        found = reach.read(first_frame, frames)
        return found.first_frame, b"".join(found.parts)

    def close(self) -> None:
        self.following.close()
        self.instance.close()
        self.writer.close()


@contextmanager
def desk_of(rate_hz: float = 8_000, timeline_capacity: int = 1 << 8) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as home:
        desk = Desk(Path(home), rate_hz, timeline_capacity)
        try:
            yield desk
        finally:
            desk.close()


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 192_000])
def test_a_thousand_spans_across_the_seam_are_the_bits_that_were_played(rate_hz: float) -> None:
    chance = random.Random(11)
    with desk_of(rate_hz) as desk:
        desk.play([], 6 * CAPACITY + 321)
        seam = desk.ring.readable().start
        reach = desk.reach()
        reach.back(None, FAR_S)
        for _ in range(SPANS):
            first = chance.randrange(max(seam - 3 * CAPACITY, 0), seam)
            frames = chance.randrange(seam - first, desk.writer.commit - first + 1)
            sound = reach.read(first, frames)
            assert sound.first_frame == first
            assert b"".join(sound.parts) == numbered_frames(first, frames).tobytes()


def cut_or_none(history: History, bars: int | None, at_frame: int) -> Cut | None:
    try:
        if bars is None:
            return last_seconds(history, 3.0, at_frame)
        return last_bars(history, bars, at_frame, 2.0)
    except NothingToKeep:
        return None


def told(cut: Cut | None) -> Cut | None:
    return cut and replace(cut, note="")  # how far memory goes back is part of a note


@given(
    script=scripts(),
    data=st.data(),
    timeline=st.sampled_from([64, 256]),
    bars=st.none() | st.integers(1, 12),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_cut_is_the_same_as_if_memory_had_lost_nothing(
    script: Script, data: st.DataObject, timeline: int, bars: int | None
) -> None:
    truth = play(script)
    with desk_of(script.rate_hz, timeline) as desk:
        desk.play(truth.records, script.frames)
        whole = History(
            records=truth.records, oldest_frame=0, commit_frame=script.frames, sample_rate_hz=script.rate_hz
        )
        found = desk.reach().back(None, FAR_S)
        assert (found.oldest_frame, found.commit_frame) == (0, script.frames)
        assert list(found.records) == truth.records
        at = data.draw(st.integers(1, script.frames))
        wanted = cut_or_none(whole, bars, at)
        assert cut_or_none(found, bars, at) == wanted
        # From a part that reaches back far enough for these bars it is the same cut.
        seconds = data.draw(st.integers(1, 8))
        part = desk.reach().back(at, seconds)
        near = cut_or_none(part, bars, at)
        if near and wanted and near.anchored and wanted.anchored and near.bars == wanted.bars:
            assert near.bar_frames[-1] == wanted.bar_frames[-1] or script.loop
            assert told(near) == told(wanted) or script.loop, "an odd loop is counted from its beginning"


@given(
    records=scripts(),
    holes=st.lists(st.tuples(st.integers(0, 100), st.integers(40, 90)), min_size=1, max_size=3),
    at=st.integers(1, 80_000),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_kept_across_a_hole(records: Script, holes: list[tuple[int, int]], at: int) -> None:
    """The journal slept through some blocks, and the host went on: what is cut lies between the holes, all there."""
    truth = play(records)
    blocks = records.frames // BLOCK + 1
    asleep = {block for first, count in holes for block in range(first, first + count)}
    with desk_of(records.rate_hz, 1 << 12) as desk:
        desk.play(truth.records, records.frames, set(range(blocks)) - asleep)
        reach = desk.reach()
        history = reach.back(None, FAR_S)
        memory = desk.ring.readable()
        spans = [(head.first_frame, head.end_frame) for head in reach.heads]
        there = merged([*spans, There(memory.start, memory.stop)])
        for bars in (None, 1, 3):
            cut = cut_or_none(history, bars, at)
            if cut is None or not any(one.first_frame < at <= one.end_frame for one in there):
                continue
            end = cut.first_frame + cut.frames
            assert any(one.first_frame <= cut.first_frame and end <= one.end_frame for one in there)
            sound = reach.read(cut.first_frame, cut.frames)
            assert b"".join(sound.parts) == numbered_frames(cut.first_frame, cut.frames).tobytes()


def test_behind_a_hole_bars_are_counted_on_from_what_was_in_force() -> None:
    script = Script(8_000, 6 * CAPACITY, [(0, 240.0)], actions=[Action(0, "play")], blocks=[BLOCK])
    truth = play(script)
    (first, *_) = truth.records
    with desk_of() as desk:
        desk.play([first], script.frames, {0, 1, 2})  # and never again: a hole from there to the Ring
        history = desk.reach().back(None, FAR_S)
        cut = last_bars(history, 2, script.frames, 1.0)
        assert cut.anchored and cut.bars == 1 and cut.first_frame % 8_000 == 0, "a bar is a second"
        assert "audio was last missing" in cut.note


def test_files_that_are_given_up_under_a_read_are_asked_for_again() -> None:
    with desk_of() as desk:
        desk.play([], 4 * CAPACITY)
        reach = desk.reach()
        reach.back(None, FAR_S)
        parts = iter(reach.read(0, 2 * CAPACITY).parts)
        sound = bytes(next(parts))
        for path in sorted(desk.journal.of(desk.ring).glob("*.sdj"))[:3]:
            copy = path.read_bytes()
            path.unlink()
            path.write_bytes(copy)
        assert sound + b"".join(parts) == numbered_frames(0, 2 * CAPACITY).tobytes()
