"""The History by the time of day, whole, listed, heard and drawn: real Rings, a real journal, a clock that is told."""

import os
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from bridge.shm import RingFile
from daemon.core.capture import Cut
from daemon.core.picture import FULL_SCALE, STEP
from daemon.errors import NothingKept, UsageError
from daemon.events import HistoryChanged
from daemon.features.history.compress_worker import pack_file
from daemon.features.history.listing import earlier_rings, heard_in
from daemon.features.history.recovering import Recovering
from daemon.features.keeping.asking import SILENT_SINCE, Ask
from daemon.features.keeping.listening import MAX_COPIES, Listening
from daemon.rings.instances import Instance
from daemon.rings.marks import find_marks
from daemon.rings.peaks import Pictures
from daemon.rings.reach import Gone, reach_of
from plugin_protocol.history_messages import MarkFlag
from plugin_protocol.messages import Play
from tests.integration.test_keeping import BAR, RATE_HZ, Desk, desk_in
from tests.support.ringfile import RingWriter, numbered_frames

PLAYED_BARS = 30  # of 2 s; the Ring holds four


async def played(desk: Desk) -> Instance:
    await desk.load("Keys", seconds=0.0)
    desk.song("Keys", 1.0, PLAYED_BARS)
    return desk.instances.named("Keys")


async def cut_of(desk: Desk, **ask: object) -> tuple[Cut, bytes]:
    take, _ = await desk.keeping.keep(desk.instances.named("Keys"), Ask(**ask))  # type: ignore[arg-type]
    return take.cut, desk.sound(take)


@pytest.mark.usefixtures("clock")
async def test_bars_that_ended_a_while_ago(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await played(desk)
        cut, sound = await cut_of(desk, bars=4, ago_s=31.0)
        assert cut.bars == 4
        end = (PLAYED_BARS - 16) * BAR  # 31 s are 15.5 bars
        assert sound == numbered_frames(end - 4 * BAR, 4 * BAR).tobytes()
        _, sound = await cut_of(desk, seconds=3.0, ago_s=40.0)
        first = PLAYED_BARS * BAR - 43 * RATE_HZ
        assert _near(sound, first, 3 * RATE_HZ)
        with pytest.raises(NothingKept, match="is in reach"):
            await cut_of(desk, bars=4, ago_s=600.0)


def _near(sound: bytes, first: int, frames: int) -> bool:
    """The time of day is known to some milliseconds."""
    return any(sound == numbered_frames(first + k, frames).tobytes() for k in range(-80, 81))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("ask", [{"bars": 4}, {"seconds": 8.0}])
async def test_what_ended_in_a_silence_is_what_sounded_before_it(
    tmp_path: Path, ask: dict[str, object]
) -> None:
    """The transport rolls on; the middle of half a minute of rest is asked for."""
    async with desk_in(tmp_path) as desk:
        await played(desk)
        desk.song("Keys", 0.0, 15, from_beat=4 * PLAYED_BARS)
        desk.song("Keys", 1.0, 5, from_beat=4 * (PLAYED_BARS + 15))
        cut, sound = await cut_of(desk, ago_s=20.0, **ask)
        assert sound == numbered_frames((PLAYED_BARS - 4) * BAR, 4 * BAR).tobytes()
        assert SILENT_SINCE in cut.note


@pytest.mark.usefixtures("clock")
async def test_of_several_earlier_rings_the_one_that_was_written_then(tmp_path: Path) -> None:
    """Also when the files of an older one were packed, or trimmed, after all of a newer one was written."""
    async with desk_in(tmp_path) as desk:
        await played(desk)
        first = desk.rings["Keys"]
        anew(desk, "Keys")
        desk.song("Keys", 1.0, 10)
        second = desk.rings["Keys"]
        anew(desk, "Keys")
        desk.song("Keys", 1.0, 5)
        for at_s, ring in enumerate((second, first)):
            folder = desk.folder.folder / f"{ring.header.instance_id.hex()}-{ring.header.generation:016x}"
            os.utime(folder, (at_s, at_s))
        _, sound = await cut_of(desk, bars=2, ago_s=16.0)  # ten seconds of the third, and six of the second
        assert sound == numbered_frames(5 * BAR, 2 * BAR).tobytes()
        instance = desk.instances.named("Keys")
        desk.instances.left(instance, closed=True)
        desk.journal.closed(instance.name)
        await desk.journal.do(lambda: None)
        gone = Gone(instance.name)
        take, _ = await desk.keeping.keep(gone, Ask(bars=2, ago_s=16.0))
        assert desk.sound(take) == numbered_frames(5 * BAR, 2 * BAR).tobytes()
        take, _ = await desk.keeping.keep(gone, Ask(bars=2))
        assert desk.sound(take) == numbered_frames(3 * BAR, 2 * BAR).tobytes() and take.track_name == "Keys"
        take, _ = await desk.keeping.keep(gone, Ask(whole=True))
        assert desk.sound(take) == numbered_frames(0, 5 * BAR).tobytes()


def anew(desk: Desk, track: str) -> None:
    """Its Ring is replaced by another, which begins with nothing."""
    instance, old = desk.instances.named(track), desk.rings[track]
    old.close()
    desk.journal.look(desk.instances.all())
    desk.rings[track] = ring = RingWriter(
        desk.run_dir, sample_rate_hz=RATE_HZ, capacity_frames=1 << 16, instance_id=old.header.instance_id
    )
    with instance.lock:
        instance.replace_ring(RingFile.open(desk.run_dir, ring.segment))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("snap", [True, False])
async def test_from_one_time_to_another(tmp_path: Path, snap: bool) -> None:
    async with desk_in(tmp_path) as desk:
        await played(desk)
        cut, sound = await cut_of(desk, from_ago_s=40.7, ago_s=20.6, snap=snap)
        if snap:
            assert cut.bars == 10 and sound == numbered_frames(10 * BAR, 10 * BAR).tobytes()
        else:
            assert not cut.anchored and _near(sound, round(19.3 * RATE_HZ), round(20.1 * RATE_HZ))


async def test_exact_frames_and_all_of_it(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        instance = await played(desk)
        assert instance.ring
        generation = instance.ring.header.generation
        cut, sound = await cut_of(
            desk, first_frame=3 * BAR - 50, at_frame=7 * BAR + 60, generation=generation
        )
        assert cut.bars == 4 and sound == numbered_frames(3 * BAR, 4 * BAR).tobytes()
        cut, sound = await cut_of(desk, first_frame=123, at_frame=45_678, snap=False)
        assert sound == numbered_frames(123, 45_678 - 123).tobytes()
        _, sound = await cut_of(desk, whole=True)
        assert sound == numbered_frames(0, PLAYED_BARS * BAR).tobytes()
        desk.song("Keys", 0.0, 40, from_beat=4 * PLAYED_BARS, going=False)
        _, sound = await cut_of(desk, whole=True)
        assert sound == numbered_frames(0, PLAYED_BARS * BAR).tobytes(), "silence at its end is no part of it"


async def test_two_ways_at_once_or_a_span_that_ends_before_it_begins_are_refused(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await played(desk)
        for ask in (
            {"bars": 8, "seconds": 2.0},
            {"whole": True, "bars": 8},
            {"from_ago_s": 5.0, "ago_s": 6.0},
            {"first_frame": 10, "at_frame": 10},
            {"first_frame": 10},
            {"whole": True, "ago_s": 4.0},
        ):
            with pytest.raises(UsageError):
                await cut_of(desk, **ask)


@pytest.mark.usefixtures("clock")
async def test_what_was_played_before_the_sample_rate_changed_is_still_in_reach(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        instance = await played(desk)
        old = desk.rings["Keys"]
        old.close()
        desk.journal.look([instance])
        ring = RingWriter(
            desk.run_dir,
            sample_rate_hz=2 * RATE_HZ,
            capacity_frames=1 << 16,
            instance_id=old.header.instance_id,
        )
        desk.rings["Keys"] = ring
        with instance.lock:
            instance.replace_ring(RingFile.open(desk.run_dir, ring.segment))
        desk.song("Keys", 1.0, 10)  # 20 s by the clock of the test, which counts frames at the old rate
        _, sound = await cut_of(desk, bars=2, ago_s=35.0)
        assert sound == numbered_frames((PLAYED_BARS - 10) * BAR, 2 * BAR).tobytes()


@pytest.mark.usefixtures("clock")
async def test_the_list_says_what_sounded_when_how_loud_and_how_many_bars(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        instance = await played(desk)
        desk.song("Keys", 0.0, 20, from_beat=4 * PLAYED_BARS, going=False)
        desk.song("Keys", 1.0, 4)
        newest, oldest = heard_in(desk.folder, desk.journal.recovered)
        assert (newest.instance, newest.found.why, newest.found.bars) == (instance.name, "live", 4)
        assert (oldest.found.bars, oldest.found.bpm, oldest.found.meter) == (PLAYED_BARS, 120.0, (4, 4))
        assert abs(oldest.to_us - oldest.from_us - 64e6) < 2e6, "and up to four seconds of silence"
        assert oldest.picture[0] > 200 and oldest.picture[-1] == 0
        desk.journal.closed(instance.name)
        await desk.journal.do(lambda: None)
        assert [one.found.why for one in heard_in(desk.folder, desk.journal.recovered)] == [
            "closed",
            "closed",
        ]


async def test_what_is_heard_is_what_would_be_kept_and_a_few_copies_lie_about(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        instance = await played(desk)
        listening = Listening(desk.config, desk.folder, desk.bus)
        for _ in range(MAX_COPIES + 2):
            copied = await listening.copy(instance, Ask(bars=20))
        assert copied.path.read_bytes()[-20 * BAR * 8 :] == numbered_frames(10 * BAR, 20 * BAR).tobytes()
        assert len(list(copied.path.parent.iterdir())) == MAX_COPIES


async def test_bar_lines_are_told_across_memory_and_disk_and_a_part_is_played_as_it_was(
    tmp_path: Path,
) -> None:
    async with desk_in(tmp_path) as desk:
        instance = await played(desk)
        assert instance.ring
        generation = instance.ring.header.generation
        found: list[int] = []
        at_frame = 0
        while at_frame < PLAYED_BARS * BAR:
            marks, at_frame = find_marks(desk.folder, instance, generation, at_frame, at_frame + 7 * BAR + 11)
            found += [mark.frame for mark in marks if mark.flags & MarkFlag.LINE]
        assert found == [bar * BAR for bar in range(PLAYED_BARS)]
        listening = Listening(desk.config, desk.folder, desk.bus)
        play = Play(
            id=1,
            generation=generation,
            kind="history",
            target="x",
            first_frame=BAR + 9,
            end_frame=3 * BAR - 9,
            snap=True,
        )
        sound = await listening.sound(instance, play)
        assert (sound.title, sound.bars, sound.bpm, sound.repeats) == ("2 bars", 2, 120.0, True)
        assert sound.plain_at is not None
        assert sound.path.read_bytes()[sound.plain_at :] == numbered_frames(BAR, 2 * BAR).tobytes()
        free = await listening.sound(instance, replace(play, snap=False))
        assert (free.title, free.bars) == ("4.0 s", None)
        with pytest.raises(UsageError, match="longer than 15 minutes"):
            await listening.sound(instance, replace(play, end_frame=BAR + 9 + 901 * RATE_HZ))


def tone(first: int, frames: int) -> np.ndarray:  # type: ignore[type-arg]
    at = np.arange(first, first + frames)
    return np.stack([0.5 * np.sin(at * 0.01), -0.7 * np.sin(at * 0.0001)], axis=1).astype(np.float32)


@pytest.mark.parametrize("packed", [False, True])
async def test_pictures_are_the_extremes_of_what_was_played_at_every_zoom(
    tmp_path: Path, packed: bool
) -> None:
    async with desk_in(tmp_path) as desk:
        ring = await desk.load("Keys", seconds=0.0)
        for _ in range(120):
            ring.write(tone(ring.commit, RATE_HZ // 2))
            desk.journal.look(desk.instances.all())
        if packed:
            for path in sorted(desk.folder.of_instance(ring.header.instance_id.hex())[0].glob("*.sdj"))[:-1]:
                pack_file(path, path.with_name("aside"))
                path.with_name("aside").replace(path)
        instance, pictures = desk.instances.named("Keys"), Pictures(desk.folder)
        for first, end, columns in (
            (0, ring.commit, 100),
            (1_000, 9_000, 400),
            (3_000, 3_100, 200),
            (0, ring.commit, 7),
        ):
            picture = pictures.of(instance, None, first, end, columns)
            found = np.frombuffer(picture.peaks, "<i2").reshape(-1, 2) / FULL_SCALE
            assert not picture.coarse and not any(picture.holes)
            assert (picture.oldest_frame, picture.end_frame) == (0, ring.commit)
            width = (end - first) / columns
            slack = STEP if width >= STEP else width + 1
            for column, (low, high) in enumerate(found):
                inner = tone(first + int(column * width), max(int(width), 1))
                a = max(first + int(column * width - slack), 0)
                outer = tone(a, min(int((column + 1) * width + slack) + 1 + first, ring.commit) - a)
                assert outer.min() - 1e-4 <= low <= inner.min() + 1e-4
                assert inner.max() - 1e-4 <= high <= outer.max() + 1e-4
        beyond = pictures.of(instance, None, ring.commit, 2 * ring.commit, 16)
        assert not any(beyond.peaks) and beyond.holes == b"\xff\xff"


async def test_a_long_picture_is_coarse_first_and_fine_when_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.rings.peaks.MAX_READ_S", 1.0)
    async with desk_in(tmp_path) as desk:
        instance = await played(desk)
        pictures = Pictures(desk.folder)
        looks = [pictures.of(instance, None, 0, PLAYED_BARS * BAR, 300) for _ in range(8)]
        assert looks[0].coarse and not looks[-1].coarse
        assert not any(looks[0].holes), "it is drawn, if only by what each chunk says of itself"
        fine, coarse = (np.frombuffer(look.peaks, "<i2") for look in (looks[-1], looks[0]))
        assert (np.abs(coarse) >= np.abs(fine)).all()


async def test_what_a_window_keeps_of_a_ring_that_went_down_is_no_news_any_more(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        keys = await played(desk)
        assert keys.ring
        generation = keys.ring.header.generation
        Recovering(desk.config, desk.journal, desk.takes, desk.bus)
        told: list[HistoryChanged] = []
        desk.bus.on(HistoryChanged, told.append)
        desk.rings["Keys"].die()
        await desk.journal.do(desk.journal.look, [keys])
        (one,) = desk.journal.waiting()
        await desk.load("Bass", seconds=0.0)
        desk.song("Bass", 1.0, 2)
        bass = desk.instances.named("Bass")
        await desk.keeping.keep(bass, Ask(bars=1))
        await desk.journal.do(lambda: None)
        assert desk.journal.waiting() == [one] and not told, "another's"
        ask = Ask(generation=generation, first_frame=3 * BAR, at_frame=7 * BAR)
        await desk.keeping.keep(bass, ask)
        await desk.journal.do(lambda: None)
        assert not desk.journal.waiting() and told[-1].news == ()
        assert [each.kept for each in desk.journal.recovered] == [True], "it can still be kept from"


async def test_a_ring_that_is_gone_is_listed_drawn_and_kept_from_by_another_plugin(tmp_path: Path) -> None:
    """By its generation alone; the Take says who played it."""
    async with desk_in(tmp_path) as desk:
        keys = await played(desk)
        assert keys.ring
        generation = keys.ring.header.generation
        await desk.load("Bass", seconds=0.0)
        desk.song("Bass", 1.0, 2)
        desk.instances.left(keys, closed=True)
        desk.journal.closed(keys.name)
        await desk.journal.do(lambda: None)
        bass = desk.instances.named("Bass")
        (ring,) = earlier_rings(desk.folder, desk.journal.recovered, [])
        assert (ring.generation, ring.track_name) == (generation, "Keys")
        assert (ring.first_frame, ring.end_frame) == (0, PLAYED_BARS * BAR)
        picture = Pictures(desk.folder).of(bass, generation, 0, PLAYED_BARS * BAR, 8)
        assert (picture.oldest_frame, picture.end_frame) == (0, PLAYED_BARS * BAR) and any(picture.peaks)
        marks, _ = find_marks(desk.folder, bass, generation, 0, PLAYED_BARS * BAR)
        assert sum(bool(mark.flags & MarkFlag.LINE) for mark in marks) >= PLAYED_BARS - 1
        ask = Ask(generation=generation, first_frame=3 * BAR - 50, at_frame=7 * BAR + 60)
        take, _ = await desk.keeping.keep(bass, ask)
        assert (take.cut.bars, take.track_name) == (4, "Keys")
        assert desk.sound(take) == numbered_frames(3 * BAR, 4 * BAR).tobytes()
        with pytest.raises(NothingKept):
            reach_of(desk.folder, bass, generation + 1)
