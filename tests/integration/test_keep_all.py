"""Keep all of Rings in a real run folder: who is in the set, once, all or none; and what is said of the others."""

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.shm import RingFile
from daemon.config import Config
from daemon.core.choosing import Label
from daemon.errors import LibraryStuck, NothingKept, UsageError
from daemon.events import PluginsChanged
from daemon.features.history.recovering import Recovering
from daemon.features.keeping import sets
from daemon.features.keeping.asking import Ask
from daemon.features.keeping.sets import KeptSet, SetKeeping
from daemon.library.rebuild import take_in
from daemon.library.store import Store
from daemon.rings import instances
from tests.integration.test_keeping import BAR, RATE_HZ, Desk, desk_in
from tests.support.ringfile import RingWriter, numbered_frames


def keeping_of(desk: Desk) -> SetKeeping:
    config = Config(data_dir=str(desk.run_dir.parent), run_dir=str(desk.run_dir))
    recovering = Recovering(config, desk.journal, desk.takes, desk.bus)
    return SetKeeping(
        config,
        desk.store,
        desk.takes,
        desk.instances,
        desk.folder,
        lambda: [one.label for one in recovering.gone()],
        desk.bus,
    )


async def test_all_that_sounded_are_kept_and_those_that_did_not_are_named(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        for track, level in (("Keys", 0.1), ("Guitar", 0.3), ("Pad", 0.0)):
            await desk.load(track, level)
        kept = await keeping_of(desk).keep(Ask(seconds=1.0, title="Night"))
        assert [(take.track_name, take.set_clock) for take in kept.takes] == [
            ("Guitar", "frames"),
            ("Keys", "time"),
        ]
        assert {take.frames for take in kept.takes} == {RATE_HZ} and {take.set_id for take in kept.takes} == {
            kept.set_id
        }
        assert [take.title for take in kept.takes] == ["Night · Guitar", "Night · Keys"]
        assert "Silent, and left out: Pad (Test Host)." in kept.note
        wav, _ = soundfile.read(desk.takes.folder / kept.takes[1].take_id / "take.wav", dtype="float32")
        assert np.all(wav[: RATE_HZ // 2] == np.float32(0.1)), (
            "aligned by the clock, the end may not be there yet"
        )


async def test_asked_again_by_a_plugin_it_is_the_same_set(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", 0.1)
        await desk.load("Guitar", 0.3)
        keys, ask = desk.instances.named("Keys"), Ask(seconds=1.0, asked="plugin:7")
        first = await keeping_of(desk).keep(ask, keys)
        assert first.takes[0].track_name == "Keys", "the one that asks says where the bars are"
        again = await keeping_of(desk).keep(ask, keys)
        assert (again.set_id, [t.take_id for t in again.takes]) == (
            first.set_id,
            [t.take_id for t in first.takes],
        )


async def test_nothing_heard_and_too_much_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk_in(tmp_path) as desk:
        with pytest.raises(NothingKept, match="No plugin is connected"):
            await keeping_of(desk).keep(Ask(seconds=1.0))
        await desk.load("Pad", 0.0)
        with pytest.raises(NothingKept, match="None of the plugins sounded"):
            await keeping_of(desk).keep(Ask(seconds=1.0))
        with pytest.raises(UsageError, match="only in one of these ways"):
            await keeping_of(desk).keep(Ask(seconds=1.0, bars=1))
        monkeypatch.setattr(sets, "MAX_SET_BYTES", RATE_HZ)
        with pytest.raises(UsageError, match="fewer bars"):
            await keeping_of(desk).keep(Ask(seconds=1.0))


async def test_what_is_too_much_to_be_copied_at_once_is_the_same_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "MAX_COPIED_BYTES", 2 * RATE_HZ * 8)
    async with desk_in(tmp_path) as desk:
        levels = {f"Track {n}": n / 10 for n in range(1, 6)}
        for track, level in levels.items():
            await desk.load(track, level)
        kept = await keeping_of(desk).keep(Ask(seconds=1.0))
        assert {take.track_name for take in kept.takes} == set(levels)
        for take in kept.takes:
            sound = np.frombuffer(desk.sound(take), np.float32)
            assert np.all(sound[:RATE_HZ] == np.float32(levels[take.track_name]))
        assert [t.take_id for t in kept.takes] == sorted(t.take_id for t in kept.takes), "the first first"


@pytest.mark.usefixtures("clock")
async def test_what_all_played_before_the_sample_rate_changed_is_still_one_set(tmp_path: Path) -> None:
    """One of them has been given a new Ring since, too: of each the Ring that was written then."""
    async with desk_in(tmp_path) as desk:
        for track in ("Bass", "Keys"):
            await desk.load(track, seconds=0.0)
        for bar in range(12):
            for track in ("Bass", "Keys"):
                desk.song(track, 1.0, 1, from_beat=4 * bar)
        for track in ("Bass", "Keys"):
            again(desk, track)
        for bar in range(3):
            for track in ("Bass", "Keys"):
                desk.song(track, 1.0, 1, from_beat=4 * bar)
        again(desk, "Keys")
        desk.song("Keys", 1.0, 1)
        # each bar takes twice its length by the clock of the test, which counts the frames of both
        kept = await keeping_of(desk).keep(Ask(bars=2, ago_s=24.0))
        assert {take.track_name for take in kept.takes} == {"Bass", "Keys"}
        for take in kept.takes:
            sound = np.frombuffer(desk.sound(take), np.float32)
            assert np.count_nonzero(sound) > 0.8 * sound.size, take.cut.note


def again(desk: Desk, track: str) -> None:
    """Another Ring for the plugin, at another sample rate."""
    (instance,) = [one for one in desk.instances.all() if one.track_name == track]
    old = desk.rings[track]
    old.close()
    desk.journal.look(desk.instances.all())
    rate_hz = 2 * RATE_HZ if old.header.sample_rate_hz == RATE_HZ else RATE_HZ
    desk.rings[track] = ring = RingWriter(
        desk.run_dir, sample_rate_hz=rate_hz, capacity_frames=1 << 16, instance_id=old.header.instance_id
    )
    with instance.lock:
        instance.replace_ring(RingFile.open(desk.run_dir, ring.segment))


@pytest.mark.parametrize("copied_bytes", [1, 1 << 28])
@pytest.mark.parametrize("fails_at", [0, 1, 2])
async def test_a_disk_that_fails_leaves_all_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int, copied_bytes: int
) -> None:
    monkeypatch.setattr(sets, "MAX_COPIED_BYTES", copied_bytes)
    async with desk_in(tmp_path) as desk:
        for track in ("Bass", "Guitar", "Keys"):
            await desk.load(track, 0.1)
        written: list[str] = []
        rename = os.rename

        def failing(source: Path, to: Path) -> None:
            if "gone" not in str(to):
                written.append(str(to))
                if len(written) > fails_at:
                    raise OSError(5, "Input/output error")
            rename(source, to)

        monkeypatch.setattr(os, "rename", failing)
        with pytest.raises(LibraryStuck):
            await keeping_of(desk).keep(Ask(seconds=1.0))
        monkeypatch.setattr(os, "rename", rename)
        assert take_in(desk.store, desk.takes.folder).takes == 0 and not desk.store.takes(9)
        assert len((await keeping_of(desk).keep(Ask(seconds=1.0))).takes) == 3
        assert desk.store.set_ids(9) == desk.store.find_set("last")


def close(desk: Desk, track: str) -> Label:
    """The plugin is closed in peace."""
    (instance,) = [one for one in desk.instances.all() if one.track_name == track]
    desk.rings.pop(track).close()
    desk.instances.left(instance, closed=True)
    desk.journal.closed(instance.name)
    return instance.label


@pytest.mark.usefixtures("clock")
async def test_the_tracks_of_a_project_that_was_closed_are_one_set_and_no_others(tmp_path: Path) -> None:
    """What the host played in an earlier session is none of it, though it is still in reach."""
    async with desk_in(tmp_path) as desk:
        await desk.load("Old", seconds=0.0)
        desk.song("Old", 1.0, 12)
        gone = [close(desk, "Old")]
        for track in ("Keys", "Bass"):
            await desk.load(track, seconds=0.0)
        for bar in range(6):
            for track in ("Keys", "Bass") if bar >= 2 else ("Keys",):
                desk.song(track, 1.0, 1, from_beat=4 * bar)
        gone += [close(desk, "Keys"), close(desk, "Bass")]
        await desk.journal.do(lambda: None)
        keeping = keeping_of(desk)
        kept, _ = await keeping.keep_gone(Ask(bars=3, title="Night"), gone[:0:-1], named=False)
        assert {take.title for take in kept.takes} == {"Night · Keys", "Night · Bass"}
        assert {(take.frames, take.cut.bars) for take in kept.takes} == {(3 * BAR, 3)}
        for take in kept.takes:
            sound = np.frombuffer(desk.sound(take), np.float32)
            assert np.count_nonzero(sound) > 0.8 * sound.size, take.cut.note
        await desk.journal.do(lambda: None)
        left = {one.track_name: one.kept for one in desk.journal.recovered}
        assert left == {"Old": False, "Keys": True, "Bass": True}, "what was kept is known where it lies"
        named, _ = await keeping.keep_gone(Ask(bars=2), gone[:1], named=True)
        assert [take.track_name for take in named.takes] == ["Old"]


@pytest.mark.usefixtures("clock")
async def test_two_hosts_of_one_name_that_were_closed_are_two_hosts(tmp_path: Path) -> None:
    """Each says where its own bars are; only the plugins of one process share frames."""
    async with desk_in(tmp_path) as desk:
        hosts = {"Vox": 102, "Keys": 101, "Bass": 101}
        for track, pid in hosts.items():
            await desk.load(track, seconds=0.0, pid=pid)
        desk.play("Vox", 0.0, 0.7)  # its bars begin elsewhere in its count, and its song is not the other's
        for bar in range(6):
            for track in hosts:
                desk.song(track, 1.0, 1, from_beat=4 * (bar + (100 if track == "Vox" else 0)))
        gone = [close(desk, track) for track in ("Keys", "Bass", "Vox")]
        await desk.journal.do(lambda: None)
        keeping = keeping_of(desk)
        kept, who = await keeping.keep_gone(Ask(bars=3), gone, named=False)
        assert who == gone[0]
        assert [(take.track_name, take.set_clock) for take in kept.takes] == [
            ("Keys", "frames"),
            ("Bass", "frames"),
            ("Vox", "transport"),
        ]
        assert kept.note == "The hosts are aligned by their own transports only."
        assert {(take.frames, take.cut.bars) for take in kept.takes} == {(3 * BAR, 3)}
        for take in kept.takes:
            begins = int(0.7 * RATE_HZ) if take.track_name == "Vox" else 0
            assert desk.sound(take) == numbered_frames(begins + 3 * BAR, 3 * BAR).tobytes(), take.track_name
        named, _ = await keeping.keep_gone(Ask(bars=2), gone[:1], named=True)
        assert {take.track_name for take in named.takes} == {"Keys", "Bass"}


async def forget(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gone is no longer held in memory, as two minutes later."""
    monkeypatch.setattr(instances, "GONE_KEPT_S", 0.0)
    gone = asyncio.Event()
    desk.bus.on(PluginsChanged, lambda _: gone.set())
    reaping = asyncio.create_task(desk.instances.reap_for_ever(set))
    await gone.wait()
    reaping.cancel()
    assert all(one.gone_at is None for one in desk.instances.all())


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("asked", [None, "Keys", "Bass"])
async def test_a_track_that_was_closed_meanwhile_is_in_the_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: bool, asked: str | None
) -> None:
    """What sounded in those bars is kept: of this host and, unless a plugin was named, of one that was closed; to the frame while
    it was loaded, silent since. What was played and closed before is none of it."""
    async with desk_in(tmp_path) as desk:
        hosts = {"Old": 100, "Vox": 102, "Keys": 101, "Bass": 101}
        await desk.load("Old", seconds=0.0, pid=100)
        desk.song("Old", 1.0, 4)
        close(desk, "Old")
        for track in ("Keys", "Bass", "Vox"):
            await desk.load(track, seconds=0.0, pid=hosts[track])
        for bar in range(6):
            for track in ("Keys", "Bass", "Vox") if bar < 5 else ("Keys",):
                desk.song(track, 1.0, 1, from_beat=4 * bar)
            if bar == 4:
                labels = {track: close(desk, track) for track in ("Bass", "Vox")}
        await desk.journal.do(lambda: None)
        if later:
            await forget(desk, monkeypatch)
        kept = await asked_all(desk, Ask(bars=3), labels, asked)
        tracks = {take.track_name: take for take in kept.takes}
        assert set(tracks) == {"Keys", "Bass", *(["Vox"] if asked is None else [])}
        assert tracks["Bass"].set_clock == tracks["Keys"].set_clock == "frames"
        first_bar = 2 if asked == "Bass" else 3
        keys = np.frombuffer(desk.sound(tracks["Keys"]), np.uint32)
        assert np.array_equal(keys, numbered_frames(first_bar * BAR, 3 * BAR).view(np.uint32).ravel())
        bass = np.frombuffer(desk.sound(tracks["Bass"]), np.uint32)
        there = 2 * BAR * min(5 - first_bar, 3)
        assert np.array_equal(bass[:there], keys[:there]) and not bass[there:].any()
        if asked != "Bass":
            assert "Not loaded any more: " in kept.note and "Bass (Test Host)" in kept.note, kept.note


async def asked_all(desk: Desk, ask: Ask, labels: dict[str, Label], asked: str | None) -> KeptSet:
    """As the control socket asks, of everybody or of the host of a track."""
    keeping = keeping_of(desk)
    try:
        return await keeping.keep(ask, desk.instances.named(asked) if asked else None)
    except NothingKept:
        assert asked
        return (await keeping.keep_gone(ask, [labels[asked]], named=True))[0]


@pytest.mark.usefixtures("clock")
async def test_one_that_was_loaded_since_does_not_keep_the_others_out(tmp_path: Path) -> None:
    """It sounded last, and has nothing of that time; nor has another host that was started since."""
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", seconds=0.0, pid=101)
        desk.song("Keys", 1.0, 8)
        for track, pid in (("Lead", 101), ("Vox", 102)):
            await desk.load(track, seconds=0.0, pid=pid)
            desk.song(track, 1.0, 4)
        kept = await keeping_of(desk).keep(Ask(bars=2, ago_s=20.0))
        assert [(take.track_name, take.cut.bars) for take in kept.takes] == [("Keys", 2)]
        assert "Vox (Test Host) is left out: Nothing that was played then" in kept.note


async def test_a_rebuilt_library_knows_its_sets(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        for track in ("Bass", "Guitar"):
            await desk.load(track, 0.1)
        kept = await keeping_of(desk).keep(Ask(seconds=1.0))
        fresh = Store(tmp_path / "again.sqlite3")
        take_in(fresh, desk.takes.folder)
        assert [(t.take_id, t.set_clock) for t in fresh.takes_of_set(kept.set_id)] == [
            (t.take_id, t.set_clock) for t in kept.takes
        ]
        fresh.close()
