"""The journal of real Rings on a real disk, round by round: limits, trouble, and what is decided at the start."""

import errno
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

import daemon.features.history.holdings as holdings_module
from bridge.paths import prepare_run_dir
from bridge.plugin_endpoint import Peer
from bridge.shm import RingFile, Span
from daemon.config import Config
from daemon.core.journal import Origin, pack_origin, unpack_origin
from daemon.events import Bus
from daemon.features.history.journal import Journal
from daemon.rings.instances import Instance
from daemon.rings.journal_files import MARK, read_frames, read_mark, read_ring, write_mark
from tests.support.deadlines import HANG_S
from tests.support.flatout import FlatOut, corrupt_frames
from tests.support.journals import follower, is_true, no_limit, spans
from tests.support.pair import hello
from tests.support.ringfile import RingWriter

RATE_HZ = 48_000
CAPACITY = 1 << 18
SECOND_BYTES = RATE_HZ * 8


@pytest.fixture
def config(tmp_path: Path) -> Config:
    prepare_run_dir(tmp_path / "run")
    (tmp_path / "data").mkdir(mode=0o700)
    return Config(data_dir=str(tmp_path / "data"), run_dir=str(tmp_path / "run"))


class Played:
    """One plugin that writes numbered frames, and the Instance the daemon has of it."""

    def __init__(self, config: Config, number: int = 1) -> None:
        self.ring = RingWriter(config.run, capacity_frames=CAPACITY, instance_id=bytes([number]) * 16)
        peer = Peer(
            instance=self.ring.header.instance_id, pid=1, uid=0, hello=hello(instance=bytes([number]) * 16)
        )
        self.instance = Instance(peer)
        self.instance.ring = RingFile.open(config.run, self.ring.segment)

    def play(self, seconds: float) -> None:
        self.ring.write_numbered(int(seconds * RATE_HZ))


@pytest.fixture
def played(config: Config) -> Iterator[Played]:
    one = Played(config)
    yield one
    one.instance.close()
    one.ring.close()


@pytest.fixture
async def journal(config: Config) -> AsyncIterator[Journal]:
    found = Journal(config, Bus())
    await found.do(found.judge)
    yield found
    found.close()


def again(config: Config) -> Journal:
    """The journal of the daemon that is started next."""
    found = Journal(config, Bus())
    found.judge()
    return found


def folder_of(journal: Journal) -> Path:
    (folder,) = (p for p in journal.folder.iterdir() if p.is_dir())
    return folder


async def test_rounds_put_on_the_disk_what_was_played(journal: Journal, played: Played) -> None:
    for _ in range(5):
        played.play(0.5)
        await journal.do(journal.look, [played.instance])
    assert is_true(folder_of(journal), played.ring) == [(0, int(2.5 * RATE_HZ))]
    assert journal.used_bytes == sum(p.stat().st_size for p in folder_of(journal).iterdir())
    assert not journal.recovered and not journal.trouble


async def test_the_next_daemon_goes_on_where_the_last_one_was_killed(config: Config, played: Played) -> None:
    for _ in range(3):  # each finds the files of the one before and writes another
        played.play(0.7)
        killed = again(config)
        killed.look([played.instance])
    folder = folder_of(killed)
    assert is_true(folder, played.ring) == [(0, played.ring.commit)]
    assert len(list(folder.glob("*.sdj"))) == 3


async def test_a_dead_plugin_leaves_all_it_played_and_is_offered(journal: Journal, played: Played) -> None:
    played.play(2.0)
    await journal.do(journal.look, [played.instance])
    played.play(1.0)
    played.ring.die()
    await journal.do(journal.look, [played.instance])
    (one,) = journal.recovered
    assert (one.why, one.kept, one.seconds, one.stretch.before_end_s) == ("host", False, 3.0, 0.0)
    assert journal.news() == ["Recovered: 3 s from Test Host, right before the crash."]
    await journal.do(journal.look, [played.instance])  # the daemon holds the dead Ring for a while
    assert len(journal.recovered) == 1 and not journal.spared()


async def test_a_ring_that_was_replaced_is_no_crash_and_is_offered_after_one(
    config: Config, journal: Journal, played: Played
) -> None:
    """Another sample rate: the plugin retires its Ring and makes a new one. Then its host dies."""
    played.play(3.0)
    await journal.do(journal.look, [played.instance])
    played.ring.close()
    await journal.do(journal.look, [played.instance])
    assert not journal.recovered and not journal.spared()
    old = played.instance.ring
    played.ring = RingWriter(config.run, capacity_frames=CAPACITY, instance_id=old.header.instance_id)
    played.instance.ring = RingFile.open(config.run, played.ring.segment)
    old.close()
    played.play(2.5)
    await journal.do(journal.look, [played.instance])
    assert not journal.recovered
    played.ring.die()
    await journal.do(journal.look, [played.instance])
    assert sorted(one.seconds for one in journal.recovered) == [2.5, 3.0]


async def test_a_plugin_that_rested_when_its_host_died_is_offered_too(
    journal: Journal, played: Played
) -> None:
    """It gives its Ring back after a while without audio, and keeps its session."""
    played.play(3.0)
    await journal.do(journal.look, [played.instance])
    played.ring.close()
    await journal.do(journal.look, [played.instance])
    assert not journal.recovered
    played.instance.gone_at = 1.0  # the plugin socket has heard nothing of it for long
    await journal.do(journal.look, [played.instance])
    assert [one.seconds for one in journal.recovered] == [3.0]


async def test_a_plugin_that_was_closed_leaves_its_history_for_a_day_and_no_news(
    journal: Journal, played: Played, config: Config
) -> None:
    played.play(3.0)
    await journal.do(journal.look, [played.instance])
    played.play(0.4)  # between the last round and its end
    played.instance.closed = True
    journal.closed(played.instance.name)
    await journal.do(journal.look, [])
    (one,) = journal.recovered
    assert (one.why, one.seconds) == ("closed", 3.4) and not journal.waiting() and not journal.news()
    assert is_true(one.folder, played.ring) == [(0, played.ring.commit)]
    then = again(config)
    assert [each.why for each in then.recovered] == ["closed"]
    then.close()
    mark = read_mark(one.folder)
    assert mark
    write_mark(one.folder, msgspec.structs.replace(mark, ended_us=mark.ended_us - 25 * 3600 * 1_000_000))
    later = again(config)
    assert not list(later.folder.iterdir()) and later.used_bytes == 0
    later.close()


async def test_told_to_keep_nothing_of_closed_plugins_it_goes_at_once(config: Config, played: Played) -> None:
    journal = again(msgspec.structs.replace(config, history_keep_hours=0.0))
    played.play(3.0)
    await journal.do(journal.look, [played.instance])
    journal.closed(played.instance.name)
    await journal.do(journal.look, [])
    assert not list(journal.folder.iterdir()) and not journal.recovered and journal.used_bytes == 0
    journal.close()


async def test_silence_does_not_fill_the_reach(config: Config, played: Played) -> None:
    journal = again(msgspec.structs.replace(config, history_minutes=1.0))
    for _ in range(12):
        played.play(1.0)
        journal.look([played.instance])
    silence = np.zeros((RATE_HZ, 2), np.float32)
    for _ in range(1_500):
        played.ring.write(silence)
        journal.look([played.instance])
    segments = read_ring(folder_of(journal), verify=True)
    assert spans(segments) == [(0, played.ring.commit)], "what was played 25 minutes ago is still in reach"
    assert journal.used_bytes < 13 * SECOND_BYTES
    journal.close()


@pytest.mark.parametrize("end", ["die", "close"])
async def test_who_ended_while_no_daemon_ran_is_judged_by_the_ring_it_left(
    config: Config, played: Played, end: str
) -> None:
    played.play(2.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    played.play(0.5)
    getattr(played.ring, end)()
    then = again(config)
    (one,) = then.recovered
    if end == "close":
        assert one.why == "closed" and not then.waiting()
        assert is_true(one.folder, played.ring) == [(0, 2 * RATE_HZ)], "a Ring that was closed is gone"
    else:
        assert one.seconds == 2.5, "also what only the Ring still held"
        assert is_true(one.folder, played.ring) == [(0, played.ring.commit)]
    then.close()
    third = again(config)
    assert len(third.recovered) == len(then.recovered), "and it is said again at each start"
    third.close()


async def test_a_ring_that_no_daemon_ever_saw_is_saved_too(config: Config, played: Played) -> None:
    played.play(2.5)
    played.ring.die()
    found = again(config)
    (one,) = found.recovered
    assert (one.seconds, one.host_name) == (2.5, "a plugin")
    found.close()


async def test_after_a_start_of_the_machine_what_is_left_is_offered(config: Config, played: Played) -> None:
    played.play(3.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    folder = folder_of(first)
    for path in folder.glob("*.sdj"):
        data = path.read_bytes()
        origin, at = unpack_origin(data)
        path.write_bytes(pack_origin(msgspec.structs.replace(origin, boot_id="the start before")) + data[at:])
    played.ring.close()
    then = again(config)
    (one,) = then.recovered
    assert one.why == "machine"
    assert then.news() == [
        "Recovered: 3 s from Test Host, right before the session or the computer went down."
    ]
    then.close()


@pytest.mark.parametrize("ended", [True, False])
async def test_a_session_that_goes_down_takes_the_run_folder_along_and_not_the_sound(
    config: Config, played: Played, ended: bool
) -> None:
    """A display server that crashes logs out: host and daemon are killed, and /run/user/UID is removed."""
    played.play(3.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    played.ring.close()
    if ended:
        shutil.rmtree(config.run)
        config.run.mkdir(mode=0o700)
    then = again(config)
    assert [one.why for one in then.recovered] == ["machine" if ended else "closed"]
    assert [one.seconds for one in then.waiting()] == ([3.0] if ended else []), "a close in peace is no news"
    then.close()


async def test_switched_off_nothing_is_written(config: Config, played: Played) -> None:
    off = again(msgspec.structs.replace(config, journal=False))
    played.play(2.5)
    played.ring.die()
    assert not list(off.folder.iterdir()) and off.spared() == set()
    off.close()
    again(msgspec.structs.replace(config, journal=False)).close()
    assert not list(off.folder.iterdir())


async def test_the_budget_is_never_exceeded_and_the_newest_stays(config: Config) -> None:
    budget = 24 * SECOND_BYTES
    journal = again(msgspec.structs.replace(config, history_bytes=budget))
    plugins = [Played(config, number) for number in (1, 2, 3)]
    for _ in range(30):
        for one in plugins:
            one.play(0.5)
        journal.look([one.instance for one in plugins])
        on_disk = sum(p.stat().st_size for p in journal.folder.rglob("*.sdj"))
        assert on_disk <= budget and not journal.trouble
    for one in plugins:
        (folder,) = journal.folder.glob(f"{one.instance.name}-*")
        ((first, end),) = is_true(folder, one.ring)
        assert end == one.ring.commit and end - first >= 3 * RATE_HZ
    journal.close()
    for one in plugins:
        one.instance.close()
        one.ring.close()


async def test_minutes_are_a_limit_of_their_own(config: Config, played: Played) -> None:
    journal = again(msgspec.structs.replace(config, history_minutes=0.5))
    for _ in range(70):
        played.play(1.0)
        journal.look([played.instance])
    ((first, end),) = is_true(folder_of(journal), played.ring)
    assert end == 70 * RATE_HZ and 30 * RATE_HZ <= end - first <= 61 * RATE_HZ
    journal.close()


async def test_a_full_disk_pauses_the_journal_and_later_it_goes_on(
    journal: Journal, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(holdings_module, "HEADROOM_BYTES", 1 << 60)
        played.play(1.0)
        await journal.do(journal.look, [played.instance])
        assert "MB are free" in journal.trouble and "Keeping takes works" in journal.trouble
        assert not list(folder_of(journal).glob("*.sdj"))
    await journal.do(journal.look, [played.instance])
    assert journal.trouble == "" and is_true(folder_of(journal), played.ring) == [(0, RATE_HZ)]


async def test_on_a_full_disk_the_oldest_goes_and_the_newest_is_written(
    config: Config, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else fills the disk: what is left of it is for what was played last."""
    journal = again(config)
    capacity = 70 * SECOND_BYTES

    def usage(_: Path) -> holdings_module.shutil._ntuple_diskusage:
        used = sum(p.stat().st_size for p in journal.folder.rglob("*.sdj"))
        free = capacity - used + config.min_free_bytes + holdings_module.HEADROOM_BYTES
        return holdings_module.shutil._ntuple_diskusage(capacity, used, free)

    monkeypatch.setattr(holdings_module.shutil, "disk_usage", usage)
    for _ in range(100):
        played.play(1.0)
        journal.look([played.instance])
        assert not journal.trouble
    ((first, end),) = is_true(folder_of(journal), played.ring)
    assert end == 100 * RATE_HZ and end - first >= 60 * RATE_HZ
    monkeypatch.undo()
    real, failed = os.write, []

    def full(fd: int, data: bytes) -> int:
        if len(failed) < 1:
            failed.append(fd)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data)

    monkeypatch.setattr(os, "write", full)
    for _ in range(3):
        played.play(1.0)
        journal.look([played.instance])
    assert not journal.trouble and is_true(folder_of(journal), played.ring)[-1][1] == 103 * RATE_HZ
    journal.close()


async def test_a_disk_too_full_for_takes_is_not_said_to_keep_them(config: Config, played: Played) -> None:
    journal = again(msgspec.structs.replace(config, min_free_bytes=1 << 60))
    played.play(1.0)
    journal.look([played.instance])
    assert "MB are free" in journal.trouble
    assert "works as ever" not in journal.trouble and "New takes are not kept either" in journal.trouble
    journal.close()


@pytest.mark.parametrize("call", ["write", "fdatasync"])
async def test_after_a_failed_write_another_file_is_written_from_what_is_known_to_be_safe(
    journal: Journal, played: Played, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    played.play(1.0)
    await journal.do(journal.look, [played.instance])
    (first,) = folder_of(journal).glob("*.sdj")
    played.play(1.0)
    real = getattr(os, call)
    with monkeypatch.context() as sick:

        def failing(fd: int, *data: bytes) -> int:
            if data:
                real(fd, memoryview(data[0])[: len(data[0]) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        sick.setattr(os, call, failing)
        await journal.do(journal.look, [played.instance])
    assert "No space left" in journal.trouble
    size = first.stat().st_size
    played.play(1.0)
    await journal.do(journal.look, [played.instance])
    assert journal.trouble == "" and first.stat().st_size == size, (
        "the file of unknown state is left as it was"
    )
    assert is_true(folder_of(journal), played.ring) == [(0, 3 * RATE_HZ)]
    after = [s for s in read_ring(folder_of(journal), verify=True) if s.path != first]
    assert spans(after) == [(RATE_HZ, 3 * RATE_HZ)], "what no sync has answered for is written again"


def test_a_ring_that_is_overwritten_while_it_is_read_leaves_holes_and_no_wrong_sound(tmp_path: Path) -> None:
    prepare_run_dir(tmp_path / "run")
    with FlatOut(tmp_path / "run", 1 << 18, 512) as writer:
        ring = RingFile.open(tmp_path / "run", writer.segment)
        following = follower(tmp_path / "journal", ring)
        deadline, looks = time.monotonic() + HANG_S, 0
        while looks < 25 or (following.file is None and time.monotonic() < deadline):
            following.advance(no_limit, 1 << 30)  # on a busy machine it may be lapped each time, for a while
            looks += 1
        following.sync()
        following.close()
        ring.close()
    segments = read_ring(tmp_path / "journal", verify=True)
    found = spans(segments)
    assert found and segments[0].whole
    frames = wrong = 0
    for first, end in found:
        sound = b"".join(read_frames(segments, first, end))
        wrong += corrupt_frames(Span(first_frame=first, frames=end - first, data=memoryview(sound)))
        frames += end - first
    print(f"frames={frames} holes={len(found) - 1} wrong={wrong}")
    assert wrong == 0


async def test_an_unreadable_journal_is_left_alone_and_stops_nothing(config: Config, played: Played) -> None:
    played.play(3.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    strange = first.folder / "strange"
    strange.mkdir()
    (strange / "00000001.sdj").write_bytes(b"SDCJRNL\n" + bytes(100))
    (folder_of_instance(first, played) / MARK).write_bytes(b"{")
    played.ring.die()
    then = again(config)
    assert len(then.recovered) == 1 and strange.exists()
    then.close()


def folder_of_instance(journal: Journal, played: Played) -> Path:
    (folder,) = journal.folder.glob(f"{played.instance.name}-*")
    return folder


def test_an_origin_of_another_format_is_not_read() -> None:
    origin = Origin(
        instance="0" * 32,
        generation=1,
        number=1,
        sample_rate_hz=48_000.0,
        channels=2,
        host_name="",
        track_name="",
        boot_id="",
        format=1,
    )
    with pytest.raises(Exception, match="format 1"):
        unpack_origin(pack_origin(origin))
