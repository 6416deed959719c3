"""Older files of the History, packed by the real worker: the same bits, less room, and never fewer files than were safe."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.paths import prepare_run_dir
from bridge.plugin_endpoint import Peer
from bridge.shm import RingFile
from daemon.config import Config
from daemon.core.retention import Held
from daemon.events import Bus
from daemon.features.history.compress_worker import pack_file
from daemon.features.history.compressing import RAW_S, Compressing, to_pack
from daemon.features.history.journal import Journal
from daemon.rings.instances import Instance
from daemon.rings.journal_files import read_frames, read_ring, read_timeline
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import reach_of
from daemon.system import files as files_module
from plugin_protocol.layout import Flag, Record
from tests.support.journals import spans
from tests.support.pair import hello
from tests.support.ringfile import RingWriter

RATE_HZ = 8_000
CAPACITY = 1 << 16
SECONDS = 260
TOLD = Flag.PLAYING | Flag.VALID_PPQ | Flag.VALID_BPM


def music(first_frame: int, frames: int) -> bytes:
    """Two sines that tell the frame, 1 s of them and then half a second of silence, again and again."""
    at = np.arange(first_frame, first_frame + frames, dtype=np.float64)
    sound = np.stack([0.4 * np.sin(at * 0.031), 0.2 * np.sin(at * 0.0577 + 1)], axis=1).astype(np.float32)
    sound[(at % (1.5 * RATE_HZ)) >= RATE_HZ] = 0.0
    return sound.tobytes()


class Player:
    def __init__(self, home: Path) -> None:
        prepare_run_dir(home / "run")
        (home / "data").mkdir(mode=0o700)
        self.config = Config(data_dir=str(home / "data"), run_dir=str(home / "run"), min_free_bytes=0)
        self.ring = RingWriter(
            self.config.run, capacity_frames=CAPACITY, sample_rate_hz=RATE_HZ, instance_id=b"sixteen bytes id"
        )
        said = hello(instance=b"sixteen bytes id")
        self.instance = Instance(Peer(instance=said.instance, pid=1, uid=0, hello=said))
        self.instance.ring = RingFile.open(self.config.run, self.ring.segment)
        self.records: list[Record] = []
        self.journal = Journal(self.config, Bus())
        self.journal.judge()

    def play(self, seconds: int) -> None:
        for _ in range(2 * seconds):
            record = Record(
                ring_frame=self.ring.commit, ppq=self.ring.commit / RATE_HZ * 2, bpm=120.0, flags=TOLD
            )
            frames = np.frombuffer(music(self.ring.commit, RATE_HZ // 2), np.float32).reshape(-1, 2)
            self.ring.write(frames, record)
            self.records.append(record)
            self.journal.look([self.instance])

    @property
    def folder(self) -> Path:
        (folder,) = (p for p in self.journal.folder.iterdir() if p.is_dir())
        return folder

    def is_whole(self) -> None:
        """All that was played is on the disk, to the bit, and all that the host told."""
        segments = read_ring(self.folder, verify=True)
        end = self.ring.commit
        assert spans(segments) == [(0, end)]
        assert b"".join(read_frames(segments, 0, end)) == music(0, end)
        assert read_timeline(segments, 0, end) == self.records

    def close(self) -> None:
        self.journal.close()
        self.instance.close()
        self.ring.close()


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    found = Player(tmp_path)
    yield found
    found.close()


@asynccontextmanager
async def compressing(player: Player) -> AsyncIterator[Compressing]:
    found = Compressing(player.journal)
    try:
        yield found
    finally:
        await found.close()


async def test_what_is_older_is_packed_to_the_same_bits_and_takes_less_room(player: Player) -> None:
    player.play(SECONDS)
    before = player.journal.used_bytes
    async with compressing(player) as one:
        await one.round(batch=1)
    held = sorted(player.journal.held(), key=lambda h: h.number)
    packed = [h for h in held if h.packed]
    assert packed and packed == held[: len(packed)], "the oldest"
    assert sum(h.seconds for h in held if not h.packed) >= RAW_S, "the newest stay as they are"
    player.is_whole()
    on_disk = sum(p.stat().st_size for p in player.folder.iterdir())
    assert player.journal.used_bytes == on_disk < before
    player.play(20)
    player.is_whole()


async def test_what_was_packed_is_kept_like_what_was_not(player: Player) -> None:
    player.play(SECONDS)
    journal = JournalFolder(player.journal.folder)
    reach = reach_of(journal, player.instance, None)
    reach.back(None, 1e6)
    parts = iter(reach.read(0, player.ring.commit).parts)
    begun = bytes(next(parts))
    async with compressing(player) as one:
        await one.round(batch=1)
    assert begun + b"".join(parts) == music(0, player.ring.commit), "also who reads while files are replaced"


async def test_a_worker_that_dies_or_a_full_disk_cost_nothing(
    player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    player.play(SECONDS)
    with monkeypatch.context() as sick:
        sick.setattr("daemon.features.history.compressing._command", lambda: ["false"])
        async with compressing(player) as one:
            await one.round(batch=1)
    assert not any(h.packed for h in player.journal.held())
    async with compressing(player) as one:
        with monkeypatch.context() as full:
            full.setattr("shutil.disk_usage", lambda _: _Usage(free=10))
            await one.round(batch=1)
    assert not any(h.packed for h in player.journal.held())
    assert not list(player.folder.glob(files_module.TMP_PREFIX + "*"))
    player.is_whole()


class _Usage(msgspec.Struct):
    free: int


def test_a_file_that_was_given_up_meanwhile_does_not_come_back(player: Player) -> None:
    player.play(40)
    one = min(player.journal.held(), key=lambda h: h.number)
    target = player.folder / f"{files_module.TMP_PREFIX}{one.number:08d}.sdj"
    size = pack_file(player.folder / f"{one.number:08d}.sdj", target)
    found = Compressing(player.journal)
    player.journal.forget(player.folder)
    target.parent.mkdir()
    target.write_bytes(bytes(size))
    assert not found._take_over(one, size)
    assert not list(target.parent.iterdir())


def test_silence_is_one_chunk_however_long(player: Player) -> None:
    silence = np.zeros((RATE_HZ // 2, 2), np.float32)
    for _ in range(1_100):
        player.ring.write(silence)
        player.journal.look([player.instance])
    first, *_ = sorted(player.folder.glob("*.sdj"))
    size = pack_file(first, first.with_name("packed"))
    assert size < 400


def held(number: int, **more: object) -> Held:
    return Held(
        **{
            "ring": "a",
            "number": number,
            "instance": "x",
            "size_bytes": 9,
            "seconds": 15.0,
            "wall_us": number,
            "ended": False,
        }
        | more,
    )  # type: ignore[arg-type] # Held's own fields


def test_the_newest_two_minutes_stay_raw_and_a_batch_comes_together_first() -> None:
    many = [held(n) for n in range(1, 13)]
    assert to_pack(many, batch=1) == many[:4]
    assert to_pack(many, batch=5) == []
    fewer = [msgspec.structs.replace(h, instance="b" * 32, ring="other") for h in many[1:]]
    of_both = sorted([*many[:4], *fewer[:3]], key=lambda h: h.number)
    assert to_pack([*many, *fewer], batch=4) == of_both, "one start of the worker for all"
    ended = [msgspec.structs.replace(h, ended=True) for h in many]
    assert to_pack(ended, batch=50) == ended, "who is gone plays no more"
    assert to_pack([msgspec.structs.replace(h, packed=True) for h in ended], batch=1) == []
    assert to_pack([held(1, open=True, ended=True)], batch=1) == []
