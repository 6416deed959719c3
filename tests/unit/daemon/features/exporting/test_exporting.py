"""Which exported files stay, and what is written when several ask for the same at once."""

import asyncio
import os
from pathlib import Path

import pytest

from daemon.config import Config
from daemon.errors import NoSpace, SidechainError
from daemon.events import Bus
from daemon.features.exporting.exporting import LEAST_KEPT_US, Exporting
from daemon.library.sounds import Sound
from daemon.system.clock import Clock
from relay.wire.rest import AudioPost

DAY_NS = LEAST_KEPT_US * 1000
NOW_NS = 1_800_000_000 * 10**9


class StoppedClock(Clock):
    def unix_us(self) -> int:
        return NOW_NS // 1000

    async def wait(self, event: asyncio.Event, limit_s: float) -> None:
        raise asyncio.CancelledError


async def no_relay(post: AudioPost, progress: object) -> Path:
    raise AssertionError("nothing is fetched")


def exporting(folder: Path, **settings: object) -> Exporting:
    config = Config(data_dir=str(folder), **{"min_free_bytes": 0} | settings)
    return Exporting(config, no_relay, Bus(), StoppedClock())


def sound(folder: Path, name: str = "Lead · 104 BPM · 08:59") -> Sound:
    path = folder / "take.wav"
    path.write_bytes(b"RIFF")
    return Sound(kind="take", target="01", title=name, seconds=1.0, bpm=None, bars=None, path=path)


async def test_the_newest_stay_and_all_of_the_last_day(tmp_path: Path) -> None:
    ages_ns = [0, DAY_NS // 2, DAY_NS - 10**9, DAY_NS + 10**9, 3 * DAY_NS]
    for number, age_ns in enumerate(ages_ns):
        folder = tmp_path / "exports" / str(number)
        folder.mkdir(parents=True)
        (folder / "a.wav").write_bytes(b"")
        os.utime(folder, ns=(NOW_NS - age_ns, NOW_NS - age_ns))
    for drag_files, stay in ((4, {"0", "1", "2", "3"}), (1, {"0", "1", "2"})):
        with pytest.raises(asyncio.CancelledError):
            await exporting(tmp_path, drag_files=drag_files).run()
        assert {each.name for each in (tmp_path / "exports").iterdir()} == stay


async def test_asked_for_again_it_stays_for_another_day(tmp_path: Path) -> None:
    what, exports = sound(tmp_path), exporting(tmp_path)
    first = await exports.export(what, None)
    os.utime(first.path.parent, ns=(0, 0))
    again, other = await asyncio.gather(exports.export(what, None), exports.export(what, None))
    assert first.path == again.path == other.path
    assert first.path.name == "Lead · 104 BPM · 08.59.wav"
    assert first.path.parent.stat().st_mtime_ns > 0


async def test_another_name_is_another_file(tmp_path: Path) -> None:
    exports = exporting(tmp_path)
    first = await exports.export(sound(tmp_path), None)
    renamed = await exports.export(sound(tmp_path, "Night"), None)
    assert renamed.path.name == "Night.wav" and first.path.exists()


async def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(NoSpace):
        await exporting(tmp_path, min_free_bytes=1 << 60).export(sound(tmp_path), None)
    gone = sound(tmp_path)
    gone.path.unlink()
    with pytest.raises(SidechainError):
        await exporting(tmp_path).export(gone, None)
    assert list((tmp_path / "exports").iterdir()) == []


async def test_a_path_that_the_message_cannot_hold_is_a_sentence(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 5)
    with pytest.raises(SidechainError, match="too long"):
        await exporting(deep).export(sound(tmp_path), None)


async def test_the_tempo_is_left_alone_where_one_is_not_known(tmp_path: Path) -> None:
    exported = await exporting(tmp_path, drag_tempo="project").export(sound(tmp_path), 120.0)
    assert "tempo of this sound is not known" in exported.note
    assert (await exporting(tmp_path).export(sound(tmp_path), 120.0)).note == ""
