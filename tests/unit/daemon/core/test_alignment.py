"""Two plugins of one host, loaded at different times, through loops, stops and tempo changes: aligned to the frame."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.core.alignment import frames_ahead
from plugin_protocol.layout import COALESCE_FRAMES, Flag, Record

RATE_HZ = 48_000.0
FRAMES = Flag.PLAYING | Flag.VALID_PROJECT_FRAME
QUARTERS = Flag.PLAYING | Flag.VALID_PPQ | Flag.VALID_BPM


class Plugin:
    """Writes a timeline as the C client does: at what changes, and every COALESCE_FRAMES."""

    def __init__(self, late_by_ns: int) -> None:
        self.records: list[Record] = []
        self.frame = 0
        self._late_by_ns = late_by_ns
        self._next: tuple[int, float] | None = None  # where the last block leads: project frame, bpm

    def hear(self, told: Record, frames: int) -> None:
        steady = self._next == (told.project_frame, told.bpm)
        if not steady or self.frame - self.records[-1].ring_frame >= COALESCE_FRAMES:
            self.records.append(replace(told, ring_frame=self.frame, host_ns=told.host_ns + self._late_by_ns))
        self._next = (told.project_frame + frames, told.bpm)
        self.frame += frames


def play(
    blocks: Sequence[int], jumps: dict[int, int], tempos: dict[int, float], second_from: int, flags: Flag
) -> tuple[Plugin, Plugin, int]:
    """Both plugins, and by how much the second counts ahead. jumps, tempos: at which block, to where, to what."""
    first, second = Plugin(0), Plugin(30_000)
    position, bpm, quarters, heard, began = 1_000, 120.0, 2.0, 0, 0
    for number, frames in enumerate(blocks):
        if number in jumps:
            quarters += (jumps[number] - position) * bpm / 60 / RATE_HZ
            position = jumps[number]
        bpm = tempos.get(number, bpm)
        told = Record(
            ring_frame=0,
            project_frame=position,
            ppq=quarters,
            bpm=bpm,
            flags=flags,
            host_ns=10**12 + round(heard / RATE_HZ * 1e9),
        )
        first.hear(told, frames)
        if number >= second_from:
            began = first.frame - frames if number == second_from else began
            second.hear(told, frames)
        heard, position = heard + frames, position + frames
        quarters += frames * bpm / 60 / RATE_HZ
    return first, second, -began


@given(
    st.lists(st.integers(16, 2_000), min_size=40, max_size=120),
    st.dictionaries(st.integers(1, 119), st.integers(0, 10**6), max_size=3),
    st.dictionaries(st.integers(1, 119), st.sampled_from([90.0, 120.0, 174.0]), max_size=3),
    st.integers(0, 20),
    st.sampled_from([FRAMES, QUARTERS, FRAMES | QUARTERS]),
)
def test_whoever_was_loaded_later_counts_behind_by_what_it_missed(
    blocks: list[int], jumps: dict[int, int], tempos: dict[int, float], second_from: int, flags: Flag
) -> None:
    first, second, ahead = play(blocks, jumps, tempos, second_from, flags)
    assert frames_ahead(first.records, second.records, -ahead, first.frame, RATE_HZ) == ahead
    assert frames_ahead(second.records, first.records, 0, second.frame, RATE_HZ) == -ahead


@pytest.mark.parametrize("turn_blocks", [3, 7, 50])
def test_a_loop_that_turns_and_turns_is_told_apart_by_the_clock(turn_blocks: int) -> None:
    blocks = [512] * 400
    jumps = dict.fromkeys(range(turn_blocks, 400, turn_blocks), 0)
    first, second, ahead = play(blocks, jumps, {}, 11, FRAMES)
    assert frames_ahead(first.records, second.records, -ahead, first.frame, RATE_HZ) == ahead


def test_what_tells_no_position_is_not_guessed() -> None:
    first, second, _ = play([512] * 50, {}, {}, 5, Flag.PLAYING)
    assert frames_ahead(first.records, second.records, 0, first.frame, RATE_HZ) is None
    assert frames_ahead(first.records, [], 0, first.frame, RATE_HZ) is None


def test_two_that_do_not_follow_one_transport_are_not_aligned() -> None:
    first, _, _ = play([512] * 200, {}, {}, 0, FRAMES)
    other = [replace(r, project_frame=r.project_frame * 7919 % 104_729) for r in first.records]
    assert frames_ahead(first.records, other, 0, first.frame, RATE_HZ) is None
