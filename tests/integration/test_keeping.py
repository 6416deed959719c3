"""Keeps from Rings in a real run folder: which plugin, what is left when the host plays on, and Rings that lie."""

import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.plugin_endpoint import Peer
from daemon.config import Config
from daemon.core.capture import History
from daemon.core.titles import fitting
from daemon.errors import NothingKept
from daemon.events import Bus
from daemon.features.history.journal import Journal
from daemon.features.keeping.asking import SILENT_SINCE, Ask
from daemon.features.keeping.keeping import Keeping
from daemon.identity.account import Account
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.rings.instances import Instances
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Reach
from plugin_protocol.layout import Flag, Record
from plugin_protocol.messages import Refused, RingAttached, RingOpened
from tests.support.pair import hello
from tests.support.ringfile import RingWriter, numbered_frames

RATE_HZ = 8_000
BAR = 4 * RATE_HZ // 2  # at 120 BPM
KNOWN = Flag.PLAYING | Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_BAR_START


class Desk:
    """A daemon's instances and library, and plugins that tests write Rings for."""

    def __init__(self, home: Path) -> None:
        self.run_dir = home / "run"
        self.run_dir.mkdir(mode=0o700)
        self.store = Store(home / "library.sqlite3")
        self.config = config = Config(data_dir=str(home), run_dir=str(self.run_dir))
        self.bus = bus = Bus()
        self.journal = Journal(config, bus)
        self.journal.judge()
        self.takes = Takes(config, self.store, bus)
        self.takes.folder.mkdir(parents=True, exist_ok=True)
        account = Account(config, self.store, "0", bus)
        self.folder = JournalFolder(self.journal.folder)
        self.keeping = Keeping(config, self.store, self.takes, account, self.folder, bus)
        self.instances = Instances(self.run_dir, bus)
        self.rings: dict[str, RingWriter] = {}

    async def load(
        self, track: str, level: float = 0.0, seconds: float = 4.0, *, pid: int | None = None
    ) -> RingWriter:
        """A plugin on `track` that has played a constant for a while; its Ring attached. pid: of its host; None: ours."""
        ring = RingWriter(self.run_dir, sample_rate_hz=RATE_HZ, capacity_frames=1 << 16, writer_pid=pid)
        self.rings[track] = ring
        self.play(track, level, seconds)
        said = hello(instance=ring.header.instance_id, track_name=track)
        peer = Peer(instance=said.instance, pid=pid or os.getpid(), uid=os.getuid(), hello=said)
        opened = RingOpened(
            segment=ring.segment,
            generation=ring.header.generation,
            sample_rate_hz=RATE_HZ,
            channels=2,
            capacity_frames=1 << 16,
        )
        instance, _ = self.instances.seen(peer)
        assert isinstance(await self.instances.attach(instance, opened), RingAttached)
        return ring

    def play(self, track: str, level: float, seconds: float) -> None:
        frames = np.full((int(seconds * RATE_HZ), 2), level, np.float32)
        for at in range(0, len(frames), 4096):
            self.rings[track].write(frames[at : at + 4096])

    async def kept(self, **ask: object) -> TakeRow:
        instance, _ = await self.instances.choose(None)
        take, _ = await self.keeping.keep(instance, Ask(**ask))  # type: ignore[arg-type] # Ask's own fields
        return take

    def song(self, track: str, level: float, bars: int, *, from_beat: int = 0, going: bool = True) -> None:
        """`bars` of frames that tell their number (level 0: of silence) at 120 BPM, the transport going or standing; the
        journal has a round for each bar."""
        ring = self.rings[track]
        for beat in range(from_beat, from_beat + 4 * bars):
            at = Record(
                ring_frame=ring.commit,
                ppq=float(beat),
                bpm=120.0,
                bar_start_ppq=beat // 4 * 4.0,
                numerator=4,
                denominator=4,
                flags=KNOWN if going else KNOWN & ~Flag.PLAYING,
            )
            frames = numbered_frames(ring.commit, BAR // 4) if level else np.zeros((BAR // 4, 2), np.float32)
            ring.write(frames, at)
            if beat % 4 == 3:
                self.journal.look(self.instances.all())

    def sound(self, take: TakeRow) -> bytes:
        return (self.takes.folder / take.take_id / "take.wav").read_bytes()[-take.frames * 8 :]

    def close(self) -> None:
        self.journal.close()
        self.instances.close()
        for ring in self.rings.values():
            ring.die()


@asynccontextmanager
async def desk_in(home: Path) -> AsyncIterator[Desk]:
    desk = Desk(home)
    try:
        yield desk
    finally:
        desk.close()


async def test_the_loudest_of_those_that_play_is_kept_every_time(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        for track, level in (("Keys", 0.1), ("Guitar", 0.3), ("Pad", 0.0)):
            await desk.load(track, level)
        for track in ("Guitar", "Keys", "Pad", "Keys"):  # whoever had the last block
            desk.play(track, {"Keys": 0.1, "Guitar": 0.3}.get(track, 0.0), 0.01)
            instance, says = await desk.instances.choose(None)
            assert (instance.track_name, "Keys" in says, "Pad" in says) == ("Guitar", True, False)
        assert (await desk.kept(seconds=1.0)).track_name == "Guitar"


async def test_the_one_that_sounded_last_is_kept_though_others_were_louder(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.load("Drums", 0.9, seconds=1.0)
        await desk.load("Bass", 0.1, seconds=1.0)
        desk.play("Drums", 0.0, 6.0)
        desk.play("Bass", 0.1, 1.0)
        desk.play("Bass", 0.0, 0.5)
        instance, says = await desk.instances.choose(None)
        assert (instance.track_name, "sounded last" in says) == ("Bass", True)


@pytest.mark.parametrize("sounded_at_all", [True, False])
async def test_a_choice_among_plugins_that_have_been_silent_for_long(
    tmp_path: Path, sounded_at_all: bool
) -> None:
    """However far back the last sound lies: `keep` and previews name no plugin, and still get one."""
    async with desk_in(tmp_path) as desk:
        await desk.load("Bass", 0.0, seconds=1.0)
        ring = await desk.load("Drums", 0.5 if sounded_at_all else 0.0, seconds=1.0)
        desk.play("Drums", 0.0, 5.0)
        for each in (ring, desk.rings["Bass"]):
            each.touch(time.monotonic_ns() - 600 * 10**9)
        instance, says = await desk.instances.choose(None)
        wanted = ("Drums", "sounded last") if sounded_at_all else ("Bass", "None of 2 plugins has sounded")
        assert (instance.track_name, wanted[1] in says) == (wanted[0], True)


async def test_a_track_is_named_and_a_name_that_is_none_or_two_is_refused_in_words(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        for track in ("Keys", "Guitar", "Guitar 2"):
            await desk.load(track, 0.1)
        assert (await desk.instances.choose("guitar")).instance.track_name == "Guitar"
        assert (await desk.instances.choose("guitar 2")).instance.track_name == "Guitar 2"
        assert desk.instances.named("key").track_name == "Keys"
        with pytest.raises(NothingKept, match="2 plugins are called 'gui'"):
            desk.instances.named("gui")
        with pytest.raises(NothingKept, match="No plugin is called 'Horn'"):
            await desk.instances.choose("Horn")


async def test_a_plugin_whose_ring_was_removed_is_not_said_to_attach_for_ever(tmp_path: Path) -> None:
    """The run folder was made anew: who was attached goes on, who announces itself again cannot be read."""
    async with desk_in(tmp_path) as desk:
        ring = await desk.load("Keys", 0.1)
        ring.path.unlink()
        (instance,) = desk.instances.all()
        assert instance.info().state == "recording"
        again, _ = desk.instances.seen(msgspec.structs.replace(instance.peer))
        opened = RingOpened(
            segment=ring.segment,
            generation=ring.header.generation,
            sample_rate_hz=RATE_HZ,
            channels=2,
            capacity_frames=1 << 16,
        )
        refused = await desk.instances.attach(again, opened)
        assert isinstance(refused, Refused) and "Reload the plugin" in refused.message
        assert again.info().state == "gone" and "Reload the plugin" in again.info().reason


def truncated(ring: RingWriter) -> None:
    os.truncate(ring.path, 300)


def overwritten(ring: RingWriter) -> None:
    with ring.path.open("r+b") as file:
        file.write(b"\xff" * 4096)


@pytest.mark.parametrize("ruin", [truncated, overwritten])
async def test_a_ring_that_cannot_be_read_is_left_out_and_told(
    tmp_path: Path, ruin: Callable[[RingWriter], None]
) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", 0.1)
        ruin(await desk.load("Guitar", 0.9))
        instance, says = await desk.instances.choose(None)
        assert instance.track_name == "Keys"
        assert "Guitar" in says and "left out" in says and ".." not in says
        assert (await desk.kept(seconds=1.0)).frames == RATE_HZ
        infos = {one.track_name: one.info() for one in desk.instances.all()}
        assert "Reload the plugin" in infos["Guitar"].reason and ".." not in infos["Guitar"].reason
        assert not infos["Keys"].reason
        with pytest.raises(NothingKept, match="cannot be read"):
            await desk.keeping.keep(desk.instances.named("Guitar"), Ask(seconds=1.0))
        ruin(desk.rings["Keys"])
        with pytest.raises(NothingKept, match=r"Keys.*Guitar.*Reload"):
            await desk.instances.choose(None)


def played_on_meanwhile(desk: Desk, frames: int) -> Callable[[Reach], History]:
    """Reach.memory, with a host that plays `frames` more between the look and the copy."""
    look = Reach.memory

    def meanwhile(reach: Reach) -> History:
        found = look(reach)
        desk.play("Keys", 0.2, frames / RATE_HZ)
        return found

    return meanwhile


@pytest.mark.parametrize("ask", [{"seconds": 60.0}, {"bars": 64}])
async def test_what_is_overwritten_while_it_is_copied_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: dict[str, object]
) -> None:
    async with desk_in(tmp_path) as desk:
        ring = await desk.load("Keys", 0.1, seconds=0.0)
        for beat in range(20):
            at = Record(
                ring_frame=ring.commit,
                ppq=beat * 1.0,
                bpm=120.0,
                bar_start_ppq=beat // 4 * 4.0,
                numerator=4,
                denominator=4,
                flags=KNOWN,
            )
            ring.write(np.full((BAR // 4, 2), 0.1, np.float32), at)
        monkeypatch.setattr(Reach, "memory", played_on_meanwhile(desk, 5_000))
        take = await desk.kept(**ask)
        assert 0 < take.frames < 1 << 16 and "Only" in take.cut.note
        assert (desk.takes.folder / take.take_id / "take.wav").stat().st_size > take.frames * 8


async def test_a_keep_reaches_through_memory_into_the_journal(tmp_path: Path) -> None:
    """The Ring holds eight seconds, four bars; thirty were played."""
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", seconds=0.0)
        desk.song("Keys", 1.0, 30)
        take = await desk.kept(bars=20)
        assert (take.cut.bars, take.frames, take.cut.note) == (20, 20 * BAR, "")
        assert desk.sound(take) == numbered_frames(10 * BAR, 20 * BAR).tobytes()
        take = await desk.kept(seconds=45.0)
        assert desk.sound(take) == numbered_frames(30 * BAR - 45 * RATE_HZ, 45 * RATE_HZ).tobytes()
        take = await desk.kept(bars=64)
        assert take.cut.bars == 30 and "Only 30 whole bars were heard" in take.cut.note
        assert desk.sound(take) == numbered_frames(0, 30 * BAR).tobytes()
        take = await desk.kept(seconds=600.0)
        assert take.frames == 30 * BAR and "Only 60.0 s are kept" in take.cut.note


@pytest.mark.parametrize("going", [True, False])
@pytest.mark.parametrize("ask", [{"bars": 4}, {"seconds": 8.0}])
async def test_a_minute_after_the_last_note_the_last_bars_are_still_the_last_bars(
    tmp_path: Path, going: bool, ask: dict[str, object]
) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", seconds=0.0)
        desk.song("Keys", 1.0, 6)
        desk.song("Keys", 0.0, 30, from_beat=24, going=going)
        take = await desk.kept(**ask)
        assert desk.sound(take) == numbered_frames(2 * BAR, 4 * BAR).tobytes()
        assert (SILENT_SINCE in take.cut.note) == (going or "seconds" in ask)


async def test_what_only_ever_was_silence_is_kept_as_asked(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", seconds=0.0)
        desk.song("Keys", 0.0, 10)
        take = await desk.kept(bars=8)
        assert take.frames == 8 * BAR and not any(desk.sound(take))


@pytest.mark.parametrize("title", ["x" * 300, "caf\udce9", "a\u202eb\n"])
async def test_a_title_that_does_not_fit_costs_no_take(tmp_path: Path, title: str) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", 0.1)
        take = await desk.kept(seconds=1.0, title=title)
        assert (take.frames, take.title) == (RATE_HZ, fitting(title).title)


async def test_a_keep_makes_a_folder_of_takes_that_was_removed_again(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.load("Keys", 0.3)
        shutil.rmtree(desk.takes.folder, ignore_errors=True)
        assert len(desk.sound(await desk.kept(seconds=1.0))) == RATE_HZ * 8
