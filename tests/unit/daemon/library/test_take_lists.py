"""The library as a window lists it: pages that nothing falls out of, and waveforms in short."""

import struct
from pathlib import Path

import msgspec
import numpy as np
import pytest

from audio.draw.zoom import LEVELS, zoom_levels
from daemon.core.analysis import TakeAnalysis
from daemon.library.outlines import read_outline
from daemon.library.store import Store
from tests.support.takes import take

TAKES = 7


def test_pages_hold_each_take_once_though_some_go_while_it_is_paged(tmp_path: Path) -> None:
    store = Store(tmp_path / "library.sqlite3")
    rows = [take(number, title="lead" if number % 2 else "bass") for number in range(TAKES)]
    for row in rows:
        store.add_take(row)
    first = store.page_of_takes(2)
    store.delete_take(first.takes[-1][0].take_id)  # the very one that the next page is behind
    store.add_take(take(TAKES + 1))  # newer than all: on no later page
    found, after = [row.title for row, _ in first.takes], first.after
    while after is not None:
        page = store.page_of_takes(2, before=after)
        found += [row.title for row, _ in page.takes]
        after = page.after
    assert found == [row.title for row in reversed(rows)]
    leads = store.page_of_takes(3, search="LEAD")
    assert [row.title for row, _ in leads.takes] == ["lead"] * 2 and leads.after is None
    assert store.page_of_takes(1, search="lead").after is not None
    store.close()


def test_a_take_with_a_name_is_found_by_its_tempo_too(tmp_path: Path) -> None:
    store = Store(tmp_path / "library.sqlite3")
    row = take(1, title="Night bus")
    told = msgspec.structs.replace(row, cut=msgspec.structs.replace(row.cut, bpm=104.0))
    heard = msgspec.structs.replace(
        take(2, title="Day bus"), analysis=TakeAnalysis(bpm=92.5, bpm_source="audio")
    )
    for each in (told, heard):
        store.add_take(each)
    for search, found in (("night 104", "Night bus"), ("92.5 bpm day", "Day bus")):
        assert [row.title for row, _ in store.page_of_takes(9, search=search).takes] == [found]
    store.close()


@pytest.mark.parametrize("frames", [1, 255, 40_000, 900_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_outline_is_the_loudest_sample_of_each_column(tmp_path: Path, frames: int, channels: int) -> None:
    sound = np.random.default_rng(frames).uniform(-1, 1, (frames, channels)).astype(np.float32)
    sound *= np.linspace(0.1, 0.9, frames, dtype=np.float32)[:, None]
    for level in zoom_levels(sound, 48_000):
        (tmp_path / f"peaks.{level.frames_per_point}.dat").write_bytes(level.dat())
    outline = read_outline(tmp_path, 160)
    assert 1 <= len(outline) <= 160
    loudest = [127 * float(np.abs(part).max()) for part in np.array_split(sound, len(outline))]
    widest = LEVELS[-1] if frames > 160 * LEVELS[-1] else LEVELS[0]  # a point may lie across two columns
    near = 2 + 127 * 0.8 * widest / frames + (127 if frames < 40_000 else 12)
    assert all(abs(drawn - really) <= near for drawn, really in zip(outline, loudest, strict=True))
    assert max(outline) in (round(max(loudest)), int(max(loudest)), int(max(loudest)) + 1)


def test_what_is_not_there_or_damaged_is_no_outline(tmp_path: Path) -> None:
    assert read_outline(tmp_path, 160) == b""
    for damaged in (b"", b"short", struct.pack("<iIiiIi", 2, 1, 48_000, 256, 1 << 31, 2) + b"\1\2"):
        (tmp_path / "peaks.256.dat").write_bytes(damaged)
        assert read_outline(tmp_path, 160) == b""
