"""A Return Ring under any order of writing and copying: the reader gets every frame once, as it was written."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.return_file import ReturnFile, sweep_returns
from plugin_protocol.errors import LayoutError
from plugin_protocol.return_ring import (
    COMMIT_OFFSET,
    END_OFFSET,
    NO_END,
    RESERVE_OFFSET,
    capacity_for,
    unpack_header,
    writable,
)

INSTANCE = bytes(range(16))
RATE_HZ = 8_000.0


def word(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], "little")


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 40_000)), max_size=12),
    channels=st.integers(1, 2),
)
def test_every_frame_arrives_once_and_unchanged(steps: list[tuple[int, int]], channels: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        returned = ReturnFile.create(Path(folder), INSTANCE, RATE_HZ, channels)
        path = Path(folder) / returned.name
        header = unpack_header(path.read_bytes()[:4096], path.stat().st_size)
        assert header == returned.header and word(path.read_bytes(), END_OFFSET) == NO_END
        written = copied = 0
        for write, copy in steps:
            count = min(write, returned.room_frames())
            frames = np.arange(written, written + count, dtype="<f4").repeat(channels)
            returned.write(frames.tobytes())
            written += count
            data = path.read_bytes()
            commit, reserve = word(data, COMMIT_OFFSET), word(data, RESERVE_OFFSET)
            assert commit == reserve == written and reserve - copied <= header.capacity_frames
            audio = np.frombuffer(data, "<f4", offset=header.audio_offset).reshape(-1, channels)
            ahead = min(copy, commit - copied)
            seen = audio[(copied + np.arange(ahead)) % header.capacity_frames]
            assert np.array_equal(seen[:, 0], np.arange(copied, copied + ahead, dtype=np.float32))
            copied += ahead
            returned.copied(copied)
        returned.end()
        assert word(path.read_bytes(), END_OFFSET) == written
        returned.close()
        returned.close()
        assert not path.exists()


@given(
    committed=st.integers(0, 1 << 40),
    copied=st.integers(-(1 << 62), 1 << 62),
    capacity=st.integers(1, 1 << 22),
)
def test_a_plugin_that_lies_gets_no_more_room_than_there_is(
    committed: int, copied: int, capacity: int
) -> None:
    assert 0 <= writable(committed, copied, capacity) <= capacity


@given(st.binary(max_size=5000))
def test_any_bytes_are_refused_by_a_sentence_or_read(data: bytes) -> None:
    with pytest.raises(LayoutError):
        unpack_header(data, len(data))


def test_more_than_there_is_room_for_is_our_bug(tmp_path: Path) -> None:
    returned = ReturnFile.create(tmp_path, INSTANCE, RATE_HZ, 2)
    with pytest.raises(ValueError):
        returned.write(bytes(8 * (returned.room_frames() + 1)))
    with pytest.raises(ValueError):
        returned.write(b"half a frame")
    returned.close()


def test_a_new_daemon_removes_what_a_dead_one_left_and_nothing_else(tmp_path: Path) -> None:
    left = ReturnFile.create(tmp_path, INSTANCE, RATE_HZ, 2)
    for name in ("sdc.000000000000.00000000", "sdr.mine", "daemon.lock"):
        (tmp_path / name).touch()
    assert sweep_returns(tmp_path) == [left.name]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "daemon.lock",
        "sdc.000000000000.00000000",
        "sdr.mine",
    ]


@pytest.mark.parametrize("rate_hz", [8_000.0, 44_100.0, 48_000.0, 192_000.0, 768_000.0])
def test_four_seconds_fit_at_every_rate(rate_hz: float) -> None:
    assert 4.0 * rate_hz <= capacity_for(rate_hz) < 8.0 * rate_hz
