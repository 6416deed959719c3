"""What the journal may take of the disk, and what it does when the disk takes no more."""

import asyncio
import errno
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import daemon.features.history.holdings as holdings_module
import daemon.features.history.journal as journal_module
from bridge.shm import RingFile
from daemon.config import Config
from daemon.core import capture
from daemon.core import journal as segments
from daemon.features.history import checking, recovery
from daemon.features.history.journal import Journal
from daemon.features.history.listing import heard_in
from daemon.rings import journal_folder
from daemon.rings.journal_files import read_ring, read_segment
from daemon.rings.journal_folder import JournalFolder
from plugin_protocol.layout import Flag, Record
from tests.support.deadlines import HANG_S
from tests.support.journals import (
    FILE_BYTES,
    RATE_HZ,
    Played,
    again,
    check_all,
    folder_of,
    follower,
    is_true,
    no_limit,
    spans,
)
from tests.support.ringfile import RingWriter

SECOND_BYTES = RATE_HZ * 8
TOLD = Flag.PLAYING | Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_BAR_START


async def test_silence_does_not_fill_the_reach(config: Config, played: Played) -> None:
    journal = again(msgspec.structs.replace(config, history_minutes=1.0))
    for _ in range(12):
        played.play(1.0)
        journal.look([played.instance])
    silence = np.zeros((RATE_HZ, 2), np.float32)
    for _ in range(1_500):
        played.ring.write(silence)
        journal.look([played.instance])
    played.play(1.0)  # with which the silence before it is written
    journal.look([played.instance])
    segments = read_ring(folder_of(journal), verify=True)
    assert spans(segments) == [(0, played.ring.commit)], "what was played 25 minutes ago is still in reach"
    assert journal.used_bytes < 14 * SECOND_BYTES
    journal.close()


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


async def test_what_was_closed_is_checked_once_though_more_of_it_goes_again_and_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget is full, and who plays takes the place of who was closed, file after file."""
    checked, counted = [], []
    check, count = segments.check_sound, capture.last_bars
    monkeypatch.setattr(
        capture, "last_bars", lambda history, *rest: counted.append(history) or count(history, *rest)
    )
    monkeypatch.setattr(
        segments, "check_sound", lambda head, *rest: checked.append(head) or check(head, *rest)
    )
    journal = again(msgspec.structs.replace(config, history_bytes=40 * SECOND_BYTES))
    closed, playing = Played(config, 1), Played(config, 2)
    for second in range(30):
        if second >= 16:  # before, its transport did not say where it is
            at = {"bpm": 120.0, "ppq": 2.0 * second, "bar_start_ppq": 2.0 * second // 4 * 4}
            closed.ring.record(
                Record(ring_frame=closed.ring.commit, numerator=4, denominator=4, flags=TOLD, **at)
            )
        closed.play(1.0)
        journal.look([closed.instance])
    journal.closed(closed.instance.name)
    await journal.do(check_all, journal)
    (offered,) = journal.recovered
    first, at_first = offered.stretch.first_frame, (len(checked), len(counted))
    assert offered.bars == 7
    for _ in range(18):
        playing.play(1.0)
        journal.look([playing.instance])
    check_all(journal)
    (offered,) = journal.recovered
    assert offered.stretch.first_frame > first, "or nothing had to go"
    assert all(at_first) and (len(checked), len(counted)) == at_first
    (anew,) = recovery.recovered_in(offered.folder, read_ring(offered.folder, verify=True))
    assert anew.last == offered.last and len(counted) > at_first[1]
    journal.close()
    for one in (closed, playing):
        one.instance.close()
        one.ring.close()


async def test_what_was_closed_is_offered_at_once_and_checked_file_by_file_between_the_rounds(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much it has left: no round of who plays waits for more than a part of it."""
    monkeypatch.setattr(checking, "SLICE_BYTES", 1)
    monkeypatch.setattr(journal_module, "TICK_S", 0.001)
    journal = again(msgspec.structs.replace(config, history_bytes=200 * SECOND_BYTES))
    closed, playing = Played(config, 1), Played(config, 2)
    for _ in range(75):
        closed.play(1.0)
        journal.look([closed.instance])
    files = sorted(folder_of(journal).glob("*.sdj"))
    bad = files[1].read_bytes()
    files[1].write_bytes(bad[:-64] + bytes(64))
    events: list[str] = []
    read, look = read_segment, journal.look
    monkeypatch.setattr(
        checking, "read_segment", lambda *args, **how: events.append("file") or read(*args, **how)
    )
    monkeypatch.setattr(journal, "look", lambda now: events.append("round") or look(now))
    heads: list[Path] = []
    read_heads = read_segment
    monkeypatch.setattr(
        journal_folder, "read_segment", lambda path, **how: heads.append(path) or read_heads(path, **how)
    )
    journal.closed(closed.instance.name)
    await journal.do(lambda: None)
    assert set(heads) == {files[1], files[-1]}, "only of what has changed since it was finished"
    (offered,) = journal.recovered
    assert (offered.why, offered.seconds, events) == ("closed", 75.0, []), (
        "offered, and nothing was read for it"
    )
    playing.play(1.0)
    running = asyncio.create_task(journal.run(lambda: [playing.instance]))
    async with asyncio.timeout(HANG_S):
        while events.count("file") < len(files):
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await journal.do(lambda: None)
    assert len(files) > 4 and "file file" not in " ".join(events), events
    assert sum(one.seconds for one in journal.recovered) < 75.0, "what is damaged is not offered any more"
    journal.close()
    for one in (closed, playing):
        one.instance.close()
        one.ring.close()


async def test_however_many_are_closed_the_newest_are_offered_and_none_is_called_loaded(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdings_module, "MAX_OFFERED", 3)
    journal = again(config)
    plugins = [Played(config, number) for number in range(5, 0, -1)]
    for one in plugins:
        one.play(2.5)
        journal.look([one.instance])
        journal.closed(one.instance.name)
        await journal.do(lambda: None)
    newest = {one.instance.name for one in plugins[2:]}
    assert {one.folder.name.partition("-")[0] for one in journal.recovered} == newest
    listed = heard_in(JournalFolder(journal.folder), journal.recovered)
    assert [one.found.why for one in listed] == ["closed"] * 3
    journal.close()
    then = again(config)
    assert {one.folder.name.partition("-")[0] for one in then.recovered} == newest, "and after a start"
    then.close()
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

    def usage(_: Path) -> Any:
        used = sum(p.stat().st_size for p in journal.folder.rglob("*.sdj"))
        free = capacity - used + config.min_free_bytes + holdings_module.HEADROOM_BYTES
        return shutil._ntuple_diskusage(capacity, used, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
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


def test_silence_is_written_now_and_then_and_sound_behind_it_at_once(tmp_path: Path) -> None:
    folder, silence, looks = tmp_path / "journal", np.zeros((RATE_HZ // 2, 2), np.float32), 0
    with (
        closing(RingWriter(tmp_path, capacity_frames=1 << 20)) as writer,
        closing(RingFile.open(tmp_path, writer.segment)) as ring,
        closing(follower(folder, ring)) as following,
    ):
        for _ in range(3):
            writer.write_numbered(RATE_HZ // 2)
            following.advance(no_limit, FILE_BYTES)
            assert spans(read_ring(folder, verify=True)) == [(0, writer.commit)]
            for _ in range(24):
                writer.write(silence)
                following.advance(no_limit, FILE_BYTES)
                looks += 1
        (segment,) = read_ring(folder, verify=True)
        assert sum(chunk.head.silent for chunk in segment.chunks) < looks / 4
