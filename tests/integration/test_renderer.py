"""The pipeline's worker process: real sound through it, and what becomes of Takes that kill it."""

import asyncio
import hashlib
import json
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import soundfile

from daemon.cli.groove import groove
from daemon.core.outbox import Entry, State
from daemon.errors import NoSpace
from daemon.events import Bus, EntryChanged, Event, TakeAnalysed, TakeChanged, TakeProgressed, TakeRendered
from daemon.features.rendering import renderer
from daemon.features.rendering.renderer import MAX_ATTEMPTS, MAX_FAILURES, Renderer
from daemon.library.entries import new_entry
from daemon.library.files import PEAKS_DAT, PEAKS_JSON, TAKE_FLAC, TAKE_MP3, WAVEFORM_SVG
from daemon.library.sidecars import read_take
from daemon.library.store import Store
from tests.support.deadlines import HANG_S
from tests.support.takes import RATE_HZ, publish, take

LIMIT_S = HANG_S
Heard = asyncio.Queue[Event]


def listening() -> tuple[Bus, Heard]:
    bus, heard = Bus(), Heard()
    for kind in (TakeProgressed, TakeRendered, TakeAnalysed, TakeChanged, EntryChanged):
        bus.on(kind, heard.put_nowait)
    return bus, heard


@asynccontextmanager
async def rendering(store: Store, folder: Path, cache: Path | None = None) -> AsyncIterator[Heard]:
    bus, heard = listening()
    task = asyncio.create_task(Renderer(store, folder, bus, cache, 1 << 28).run())
    try:
        async with asyncio.timeout(LIMIT_S):
            yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ends(heard: Heard, count: int) -> list[str]:
    """The next takes that are ready or were given up."""
    found: list[str] = []
    while len(found) < count:
        event = await heard.get()
        if isinstance(event, TakeChanged):
            found.append(event.take_id)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "takes").mkdir()
    return Store(tmp_path / "library.sqlite3")


async def test_a_take_becomes_a_recording_with_all_its_files(tmp_path: Path, store: Store) -> None:
    sound = groove(120.0, 1, RATE_HZ)
    row = take(1, frames=len(sound))
    publish(tmp_path / "takes", row, sound)
    store.add_take(row)
    stages: list[TakeProgressed] = []
    async with rendering(store, tmp_path / "takes") as heard:
        while True:
            event = await heard.get()
            if isinstance(event, TakeProgressed):
                stages.append(event)
            if isinstance(event, TakeRendered):
                rendered = await store.run(Store.takes, 1)
                flac = (tmp_path / "takes" / row.take_id / TAKE_FLAC).read_bytes()
                sha256 = rendered[0].flac_sha256
                assert hashlib.sha256(flac).hexdigest() == sha256, "durable before it is named"
            if isinstance(event, TakeAnalysed):
                found = (await store.run(Store.takes, 1))[0].analysis
                assert found and found.bpm == pytest.approx(120.0, rel=0.04), "a post can say what was heard"
            if isinstance(event, TakeChanged):
                break
    # The lossless copy is made beside the rest where there are several cores.
    levelling = [each.stage for each in stages if each.stage != "flac"]
    assert len(levelling) == len(stages) - 1 and levelling[0] == "measure" and levelling[-1] == "draw"
    shares = [each.fraction for each in stages]
    assert shares == sorted(shares) and shares[-1] == 1.0
    ready = store.takes(1)[0]
    assert ready.state == "ready" and ready.recording and ready.recording["frames"] == len(sound)
    for name in (TAKE_FLAC, TAKE_MP3):
        assert soundfile.info(tmp_path / "takes" / row.take_id / name).frames == len(sound)
    assert (tmp_path / "takes" / row.take_id / WAVEFORM_SVG).stat().st_size > 100
    assert ready.analysis and ready.analysis.fingerprint and len(ready.analysis.embedding) == 4 * 48
    assert read_take(tmp_path / "takes" / row.take_id).analysis == ready.analysis, (
        "a rebuilt library knows it too"
    )
    for size in (256, 1024, 4096):
        data = (tmp_path / "takes" / row.take_id / PEAKS_DAT.format(size)).read_bytes()
        assert struct.unpack("<iIiiIi", data[:24])[3:] == (size, -(-len(sound) // size), 2)
    assert json.loads((tmp_path / "takes" / row.take_id / PEAKS_JSON).read_text())["version"] == 2
    store.close()


async def test_the_same_sound_kept_twice_is_made_once(tmp_path: Path, store: Store) -> None:
    sound = groove(120.0, 1, RATE_HZ)
    for number in (1, 2):
        row = take(number, frames=len(sound), title="same")
        publish(tmp_path / "takes", row, sound)
        store.add_take(row)
    stages: dict[str, list[str]] = {"1": [], "2": []}
    async with rendering(store, tmp_path / "takes", tmp_path / "cache") as heard:
        ended = 0
        while ended < 2:
            event = await heard.get()
            ended += isinstance(event, TakeChanged)
            if isinstance(event, TakeProgressed):
                stages[event.take_id[-1]].append(event.stage)
    assert "encode" in stages["1"] and stages["2"] == ["flac", "recall"]
    first, second = (tmp_path / "takes" / take(number).take_id for number in (1, 2))
    for name in (TAKE_FLAC, TAKE_MP3, WAVEFORM_SVG, PEAKS_JSON):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    two, one = store.takes(2)
    assert one.alike is None and two.alike and (two.alike.take_id, two.alike.same) == (one.take_id, True)
    assert (one.analysis, one.recording, one.flac_sha256) == (two.analysis, two.recording, two.flac_sha256)
    store.close()


async def test_a_library_is_searched_while_takes_are_rendered(tmp_path: Path, store: Store) -> None:
    sounds = [groove(tempo, 1, RATE_HZ) for tempo in (100.0, 140.0)]
    for number, sound in enumerate(sounds):
        row = take(number + 1, frames=len(sound))
        publish(tmp_path / "takes", row, sound)
        store.add_take(row)
    bus, heard = listening()
    pipeline = Renderer(store, tmp_path / "takes", bus)
    task = asyncio.create_task(pipeline.run())
    async with asyncio.timeout(LIMIT_S):
        while not isinstance(await heard.get(), TakeAnalysed):
            pass
        first = store.takes(2)[1]
        assert first.analysis
        asked = (first.analysis.fingerprint, first.analysis.embedding)
        (found,) = await pipeline.search(*asked, but="", limit=1)  # waits until the worker is free
        assert (found.take_id, found.same, found.likeness) == (
            first.take_id,
            True,
            pytest.approx(1.0, abs=1e-3),
        )
        await ends(heard, 2)
        others = await pipeline.search(*asked, but=first.take_id, limit=9)
        assert [each.take_id for each in others] == [take(2).take_id]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    store.close()


async def test_a_take_that_is_no_sound_fails_at_once_and_the_next_is_rendered(
    tmp_path: Path, store: Store
) -> None:
    sound = groove(120.0, 1, RATE_HZ)
    bad, good = take(1), take(2, frames=len(sound))
    publish(tmp_path / "takes", bad, sound)
    (tmp_path / "takes" / bad.take_id / "take.wav").write_bytes(b"no sound at all")
    publish(tmp_path / "takes", good, sound)
    store.add_take(bad)
    store.add_take(good)
    async with rendering(store, tmp_path / "takes") as heard:
        assert await ends(heard, 2) == [bad.take_id, good.take_id]
    second, first = store.takes(2)
    assert (first.take_id, first.state) == (bad.take_id, "failed")
    assert (second.take_id, second.state) == (good.take_id, "ready")
    store.close()


async def test_a_take_that_kills_the_worker_is_set_aside_after_three_tries(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = "import os, sys; sys.stdin.buffer.read(4); os.abort()"
    monkeypatch.setattr(renderer, "worker_command", lambda: [sys.executable, "-c", dies])
    row = take(1)
    store.add_take(row, Entry(entry_id=row.take_id, take_id=row.take_id, account=None))
    async with rendering(store, tmp_path / "takes") as heard:
        await ends(heard, 1)
        told = await heard.get()
    failed, entry = store.takes(1)[0], store.entry_of(row.take_id)
    assert entry and told == EntryChanged(entry=entry), "windows that wait for the post are told, too"
    assert failed.error and "3 times" in failed.error
    assert (failed.state, failed.failures) == ("failed", MAX_FAILURES)
    assert entry and entry.state is State.QUARANTINED
    store.close()


async def test_a_full_disk_is_no_fault_of_the_take(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits, with all its tries, for as long as it takes: before any work when the disk says that it is full, ..."""
    row = take(1, frames=1 << 50)
    store.add_take(row)
    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(NoSpace, match="goes on by itself"):
            await Renderer(store, tmp_path / "takes", Bus()).run()
    assert (store.takes(1)[0].state, store.takes(1)[0].attempts) == ("kept", 0)
    store.close()


async def test_a_full_disk_met_in_the_middle_is_no_fault_of_the_take_either(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """... or after it, where only the write tells, as with a quota."""
    sound = groove(120.0, 1, RATE_HZ)
    row = take(1, frames=len(sound))
    publish(tmp_path / "takes", row, sound)
    store.add_take(row)
    full = [sys.executable, "-c", FULL_DISK, str(Path(renderer.__file__).parents[3])]
    monkeypatch.setattr(renderer, "worker_command", lambda: full)
    with pytest.raises(NoSpace):
        await Renderer(store, tmp_path / "takes", Bus()).run()
    one = store.takes(1)[0]
    assert (one.state, one.attempts, one.failures) == ("kept", 0, 0)
    assert not list((tmp_path / "takes").rglob(".tmp-*"))
    store.close()


FULL_DISK = """
import errno, os, sys
sys.path.insert(0, sys.argv[1])
from daemon.features.rendering import render_worker
def full(fd):
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
os.fsync = full
render_worker.main()
"""


async def test_attempts_count_over_restarts_of_the_daemon(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Take that takes the whole daemon down with it must not do so for ever."""
    row = take(1)
    store.add_take(row)
    for _ in range(MAX_ATTEMPTS):
        store.count_attempt(row.take_id)  # begun, and never ended: the daemon died
    monkeypatch.setattr(
        renderer, "worker_command", lambda: [sys.executable, "-c", "raise SystemExit('never started')"]
    )
    async with rendering(store, tmp_path / "takes") as heard:
        await ends(heard, 1)
    given_up = store.takes(1)[0]
    assert given_up.state == "failed" and given_up.error and f"{MAX_ATTEMPTS} times" in given_up.error
    assert given_up.failures == 0, "it was not begun again"
    store.close()


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_take_on_its_way_to_the_relay_is_levelled_when_it_has_arrived_or_takes_long(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    monkeypatch.setattr(renderer, "POST_FIRST_S", 10 * LIMIT_S if arrives else 0.01)
    sound = groove(120.0, 1, RATE_HZ)
    row = take(1, frames=len(sound))
    publish(tmp_path / "takes", row, sound)
    store.add_take(row, new_entry(row, "", "owl"))
    bus, heard = listening()
    pipeline = Renderer(store, tmp_path / "takes", bus)
    task = asyncio.create_task(pipeline.run())
    async with asyncio.timeout(LIMIT_S):
        while not isinstance(event := await heard.get(), TakeChanged):
            if isinstance(event, TakeAnalysed) and arrives:
                entry = await store.run(Store.entry_of, row.take_id)
                assert entry and entry.state is State.QUEUED
                ended = msgspec.structs.replace(entry, state=State.ACCEPTED, post_id="p", post_url="u")
                await store.run(Store.save_entry, ended)
                bus.tell(EntryChanged(entry=ended))
    assert store.takes(1)[0].state == "ready"
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    store.close()
