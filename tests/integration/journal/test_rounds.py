"""The journal of real Rings on a real disk, round by round, and how each way to end is told."""

import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.paths import prepare_run_dir
from bridge.shm import RingFile, Span
from daemon.config import Config
from daemon.core.journal import Origin, pack_origin, unpack_origin
from daemon.features.history.journal import Journal
from daemon.rings.journal_files import read_frames, read_mark, read_ring, write_mark
from tests.support.deadlines import HANG_S
from tests.support.flatout import FlatOut, corrupt_frames
from tests.support.journals import (
    CAPACITY,
    RATE_HZ,
    Played,
    again,
    folder_of,
    follower,
    is_true,
    no_limit,
    spans,
)
from tests.support.ringfile import RingWriter


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
    played.ring.write(np.full((int(2.5 * RATE_HZ), 2), 0.25, np.float32))
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


async def test_switched_off_nothing_is_written(config: Config, played: Played) -> None:
    off = again(msgspec.structs.replace(config, journal=False))
    played.play(2.5)
    played.ring.die()
    assert not list(off.folder.iterdir()) and off.spared() == set()
    off.close()
    again(msgspec.structs.replace(config, journal=False)).close()
    assert not list(off.folder.iterdir())


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
