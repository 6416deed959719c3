"""A part of a cut: every part by bars is what its lines say, and nothing is known of it that was not known of the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.capture import Cut
from daemon.core.importing import IN_FOUR, Words, cut_of_file
from daemon.core.trimming import part_by_bars, trimmed

RATE_HZ = 48_000


def whole(bars: int, bar_frames: int, tempo_map: tuple[tuple[int, float], ...] = ((0, 120.0),)) -> Cut:
    return Cut(
        first_frame=5,
        frames=bars * bar_frames,
        bars=bars,
        anchored=True,
        bar_frames=tuple(k * bar_frames for k in range(bars + 1)),
        bpm=tempo_map[0][1] if len(tempo_map) == 1 else None,
        tempo_map=tempo_map,
        meter=(4, 4),
        note="as kept",
    )


@given(st.integers(1, 40), st.integers(1, 100_000), st.data())
def test_a_part_by_bars_has_just_these_bars(bars: int, bar_frames: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, bars))
    last = data.draw(st.integers(first, bars))
    cut = whole(bars, bar_frames)
    part = trimmed(cut, *part_by_bars(cut, first, last))
    assert (part.bars, part.frames) == (last - first + 1, (last - first + 1) * bar_frames)
    assert part.first_frame == 5 + (first - 1) * bar_frames
    assert part.bar_frames == tuple(k * bar_frames for k in range(part.bars + 1))
    assert (part.bpm, part.tempo_map, part.anchored, part.note) == (120.0, ((0, 120.0),), True, "")


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (1, 5), (5, 5)])
def test_bars_that_it_has_not_are_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError):
        part_by_bars(whole(4, 100), first, last)


def test_of_a_tempo_that_changes_the_part_has_what_reaches_into_it() -> None:
    cut = whole(4, 100, ((0, 120.0), (200, 90.0)))
    assert trimmed(cut, 0, 200).bpm == 120.0
    assert trimmed(cut, 200, 400).tempo_map == ((0, 90.0),)
    both = trimmed(cut, 100, 300)
    assert (both.bpm, both.tempo_map) == (None, ((0, 120.0), (100, 90.0)))
    off_the_lines = trimmed(cut, 50, 150)
    assert (off_the_lines.bars, off_the_lines.bar_frames, off_the_lines.anchored) == (None, (), False)


@given(st.floats(40, 240), st.integers(1, 32), st.sampled_from([None, (3, 4), (4, 4), (6, 8)]))
def test_a_file_of_whole_bars_has_these_bars(bpm: float, bars: int, meter: tuple[int, int] | None) -> None:
    above, below = meter or (4, 4)
    frames = round(bars * above * 4 / below * 60 / bpm * RATE_HZ)
    cut = cut_of_file(frames, RATE_HZ, Words(bpm=bpm, meter=meter))
    assert (cut.bars, cut.bar_frames[0], cut.bar_frames[-1], cut.bpm_source) == (bars, 0, frames, "file")
    assert cut.note == ("" if meter else IN_FOUR) and list(cut.bar_frames) == sorted(set(cut.bar_frames))


def test_unknown_stays_unknown() -> None:
    cut = cut_of_file(RATE_HZ, RATE_HZ, Words())
    assert (cut.bars, cut.bpm, cut.meter, cut.tempo_map, cut.bar_frames) == (None, None, None, (), ())
    odd = cut_of_file(round(3.3 * RATE_HZ), RATE_HZ, Words(bpm=120.0, given=True))
    assert (odd.bars, odd.bpm, odd.meter, odd.bpm_source) == (None, 120.0, None, "given")
    assert cut_of_file(RATE_HZ, RATE_HZ, Words(bpm=1e9)).bpm is None
