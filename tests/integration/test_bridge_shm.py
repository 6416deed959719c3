"""The ring reader against peers that die, lie, truncate, unlink and write flat out."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import RingGone, RingRefused
from bridge.paths import prepare_run_dir
from bridge.shm import REAP_AFTER_NS, RingFile, Span, reap
from plugin_protocol.errors import LayoutError
from plugin_protocol.layout import (
    COMMIT_OFFSET,
    HEADER_BYTES,
    RECORD_BYTES,
    RESERVE_OFFSET,
    STATE_OFFSET,
    TIMELINE_COMMIT_OFFSET,
    Flag,
    Record,
    RingState,
    pack_header,
)
from tests.support.flatout import FlatOut, corrupt_frames
from tests.support.ringfile import RingWriter, numbered_frames

CAPACITY = 1 << 14
GUARD = CAPACITY // 8


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """On tmpfs, as the real one: this is about memory, not about a disk."""
    path = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="sdc-test-"))
    yield prepare_run_dir(path / "run")
    shutil.rmtree(path)


@pytest.fixture
def ring(run_dir: Path) -> Iterator[RingWriter]:
    writer = RingWriter(run_dir, capacity_frames=CAPACITY)
    yield writer
    writer.die()


@pytest.fixture
def reader(run_dir: Path, ring: RingWriter) -> Iterator[RingFile]:
    opened = RingFile.open(run_dir, ring.segment)
    yield opened
    opened.close()


def assert_numbered(span: Span, channels: int = 2) -> None:
    """Every frame of `span` is the one it claims to be, bit for bit."""
    expected = numbered_frames(span.first_frame, span.frames, channels)
    assert span.data.nbytes == expected.nbytes
    assert np.array_equal(np.frombuffer(span.data, np.uint32), expected.view(np.uint32).ravel())


def test_what_was_written_is_read_across_the_wrap(ring: RingWriter, reader: RingFile) -> None:
    ring.write_numbered(CAPACITY + 5_000, block=777)
    there = reader.readable()
    assert there == range(5_000 + GUARD, CAPACITY + 5_000)
    span = reader.read(0, 1 << 40)
    assert (span.first_frame, span.frames) == (there.start, len(there))
    assert_numbered(span)
    part = reader.read(CAPACITY - 100, 200)
    assert (part.first_frame, part.frames) == (CAPACITY - 100, 200)
    assert_numbered(part)


def test_mono_is_read_as_stereo_is(run_dir: Path) -> None:
    ring = RingWriter(run_dir, channels=1, capacity_frames=CAPACITY)
    ring.write_numbered(3 * CAPACITY)
    reader = RingFile.open(run_dir, ring.segment)
    assert_numbered(reader.read(0, 1 << 40), channels=1)
    reader.close()
    ring.close()


def test_what_is_not_there_is_an_empty_span_not_an_error(ring: RingWriter, reader: RingFile) -> None:
    assert reader.read(0, 100).frames == 0
    ring.write_numbered(1_000)
    for first, frames in ((1_000, 5), (5_000, 5), (10, 0), (10, -5)):
        assert reader.read(first, frames).frames == 0


def test_counters_state_and_liveness_are_the_writers(ring: RingWriter, reader: RingFile) -> None:
    ring.write_numbered(100, block=50)
    assert reader.counters().process_count == 2
    ring.set_state(RingState.FROZEN)
    assert reader.state() is RingState.FROZEN
    assert reader.writer_alive()
    ring.die()
    assert not reader.writer_alive()


def test_a_writer_that_died_in_the_middle_of_a_block_leaves_all_before_it(
    ring: RingWriter, reader: RingFile
) -> None:
    ring.write_numbered(CAPACITY)
    ring.begin(numbered_frames(ring.commit + 999_999, 512))  # what it copied last is rubbish
    ring.die()
    span = reader.read(0, 1 << 40)
    assert (span.first_frame, span.frames) == (512 + GUARD, CAPACITY - 512 - GUARD)
    assert_numbered(span)


def test_an_unlinked_ring_stays_readable_to_who_has_it_open(ring: RingWriter, reader: RingFile) -> None:
    ring.write_numbered(5_000)
    ring.close()
    assert reader.state() is RingState.RETIRED
    assert_numbered(reader.read(0, 5_000))


@pytest.mark.parametrize("left_bytes", [0, 64, 0x200, HEADER_BYTES, HEADER_BYTES * 8])
def test_a_truncated_ring_is_gone_and_nobody_is_killed(
    ring: RingWriter, reader: RingFile, left_bytes: int
) -> None:
    ring.write_numbered(CAPACITY)
    os.truncate(ring.path, left_bytes)
    with pytest.raises(RingGone, match="truncated"):
        reader.read(0, CAPACITY)


def test_another_generation_in_the_same_file_is_noticed(ring: RingWriter, reader: RingFile) -> None:
    ring.poke(0x030, (12345).to_bytes(8, "little"))
    with pytest.raises(RingGone, match="another generation"):
        reader.read(0, 1)


def test_a_closed_ring_reads_nothing_and_no_other_file(ring: RingWriter, reader: RingFile) -> None:
    reader.close()
    reader.close()
    with pytest.raises(RingGone, match="closed"):
        reader.indices()
    assert not reader.writer_alive()


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [
        (COMMIT_OFFSET, 1 << 63, "commit"),
        (COMMIT_OFFSET, 101, "commit"),
        (RESERVE_OFFSET, (1 << 64) - 1, "reserve"),
        (RESERVE_OFFSET, 99, "commit"),
        (TIMELINE_COMMIT_OFFSET, 1 << 62, "timeline_commit"),
    ],
)
def test_lying_indices_are_refused(
    ring: RingWriter, reader: RingFile, offset: int, value: int, field: str
) -> None:
    ring.write_numbered(100)
    ring.poke(offset, value.to_bytes(8, "little"))
    for call in (reader.indices, reader.records, lambda: reader.read(0, 100)):
        with pytest.raises(LayoutError) as refused:
            call()
        assert refused.value.field == field


def test_indices_that_go_backwards_are_refused(ring: RingWriter, reader: RingFile) -> None:
    ring.write_numbered(5_000)
    reader.indices()
    ring.poke(COMMIT_OFFSET, (10).to_bytes(8, "little"))
    with pytest.raises(LayoutError, match="went backwards"):
        reader.read(0, 10)


def test_a_number_that_is_no_state_is_refused(ring: RingWriter, reader: RingFile) -> None:
    ring.poke(STATE_OFFSET, b"\x09\0\0\0")
    with pytest.raises(LayoutError, match="state is 9"):
        reader.state()


def test_records_come_oldest_first_and_survive_the_wrap(ring: RingWriter, reader: RingFile) -> None:
    for i in range(600):
        record = Record(ring_frame=ring.commit, ppq=i / 8, flags=Flag.PLAYING | Flag.VALID_PPQ)
        ring.write(numbered_frames(ring.commit, 16), record)
    records = reader.records()
    assert [r.ring_frame for r in records] == [i * 16 for i in range(600 - 256 + 8, 600)]
    assert records[-1].ppq == 599 / 8
    assert reader.records(last=3) == records[-3:]
    assert reader.records(last=0) == []


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_byte_of_a_header_or_record_can_do_more_than_be_refused(
    data: st.DataObject, run_dir: Path, ring: RingWriter
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(
            st.integers(0, HEADER_BYTES + 4 * RECORD_BYTES) | st.sampled_from([0x180, 0x200, 0x280])
        )
        ring.poke(at, data.draw(st.binary(min_size=1, max_size=8)))
    try:
        reader = RingFile.open(run_dir, ring.segment)
    except LayoutError:
        return
    finally:
        if data.draw(st.booleans()):
            ring.poke(0, pack_header(ring.header))
    try:
        assert reader.read(0, 1 << 40).frames <= CAPACITY
        assert len(reader.records()) <= 256
    except (LayoutError, RingGone):
        pass
    finally:
        reader.close()


def test_only_a_plain_private_file_of_ours_under_a_rings_name_is_opened(
    run_dir: Path, ring: RingWriter
) -> None:
    name = "sdc.000000000000.00000000"
    for bad in ("../x", "/etc/passwd", "sdc.0.0", ring.segment + "\n", ""):
        with pytest.raises(RingRefused, match="not the name of a Ring"):
            RingFile.open(run_dir, bad)
    with pytest.raises(RingGone, match="no such file"):
        RingFile.open(run_dir, name)
    (run_dir / name).symlink_to(ring.path)
    with pytest.raises(RingRefused):
        RingFile.open(run_dir, name)
    (run_dir / name).unlink()
    os.mkfifo(run_dir / name, 0o600)
    with pytest.raises(RingRefused, match="not a plain file"):
        RingFile.open(run_dir, name)
    ring.path.chmod(0o640)
    with pytest.raises(RingRefused, match="open to other users"):
        RingFile.open(run_dir, ring.segment)


def test_a_ring_under_anothers_name_is_refused(run_dir: Path, ring: RingWriter) -> None:
    other = "sdc.000000000000.00000000"
    os.link(ring.path, run_dir / other)
    with pytest.raises(LayoutError, match="does not belong to the name"):
        RingFile.open(run_dir, other)


def test_no_descriptor_is_left_open_by_refusals(run_dir: Path, ring: RingWriter) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    ring.poke(0, b"XXXX")
    for _ in range(20):
        with pytest.raises(LayoutError):
            RingFile.open(run_dir, ring.segment)
        reap(run_dir, set(), time.monotonic_ns())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# reaping ------------------------------------------------------------------------------------------------------


def test_reaping_takes_the_dead_and_old_and_nothing_else(run_dir: Path) -> None:
    rings = {
        name: RingWriter(run_dir, capacity_frames=1 << 12) for name in ("dead", "fresh", "alive", "kept")
    }
    now_ns = time.monotonic_ns()
    for name, ring in rings.items():
        ring.touch(now_ns - REAP_AFTER_NS + (1_000_000 if name == "fresh" else -1_000_000))
    for name in ("dead", "fresh", "kept"):
        rings[name].die()
    stranger = run_dir / "sdc.notes"
    stranger.touch()
    assert reap(run_dir, {rings["kept"].segment}, now_ns) == [rings["dead"].segment]
    assert {path.name for path in run_dir.iterdir()} == {
        stranger.name,
        *(rings[name].segment for name in ("fresh", "alive", "kept")),
    }
    rings["alive"].die()


def test_a_ring_whose_writer_died_building_it_is_reaped_by_the_files_own_age(run_dir: Path) -> None:
    half = run_dir / "sdc.0123456789ab.00000001"
    half.write_bytes(b"\0" * 100)
    half.chmod(0o600)
    assert reap(run_dir, set(), time.monotonic_ns()) == []
    old = time.time() - REAP_AFTER_NS / 1e9 - 1
    os.utime(half, (old, old))
    assert reap(run_dir, set(), time.monotonic_ns()) == [half.name]


def test_a_killed_writer_is_noticed_at_once(run_dir: Path) -> None:
    with FlatOut(run_dir, CAPACITY, 64) as writer:
        reader = RingFile.open(run_dir, writer.segment)
        while reader.indices().commit < CAPACITY:
            assert reader.writer_alive()
    assert not reader.writer_alive()
    span = reader.read(0, 1 << 40)
    assert span.frames > 0 and corrupt_frames(span) == 0
    reader.close()
    assert reap(run_dir, set(), time.monotonic_ns() + 11_000_000_000) == [writer.segment]


def test_no_corrupt_frame_and_no_mixed_record_is_accepted_under_a_flat_out_writer(run_dir: Path) -> None:
    random = np.random.default_rng(20_261_121)
    copies = accepted = trimmed = corrupt = mixed = 0
    with FlatOut(run_dir, CAPACITY, 512) as writer:
        reader = RingFile.open(run_dir, writer.segment)
        while copies < 3_000 or accepted == 0 or trimmed == 0:
            there = reader.readable()
            # Nearest to the edge, where the danger is.
            first = there.start + int(random.integers(0, 1_000))
            frames = int(random.integers(1, CAPACITY))
            span = reader.read(first, frames)
            copies += 1
            accepted += span.frames
            trimmed += span.first_frame > first
            corrupt += corrupt_frames(span)
            if copies % 20 == 0:
                mixed += sum(r.ring_frame != r.project_frame for r in reader.records())
        reader.close()
    assert (corrupt, mixed) == (0, 0)
