"""The Ring journal: the recent minutes of each Instance, on disk, so that a crash of the DAW or the machine costs a second.

A round every TICK_S on a thread of its own: what each Ring has got since is appended and synced. A plugin that is closed
takes its journal with it; one whose host ends without a word leaves it, and what it holds is offered (recovery.py). At
the start the same is decided for what lies on the disk. Nothing here leaves the machine or touches a plugin.
"""

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from bridge.errors import BridgeError
from bridge.shm import SEGMENT, RingFile
from daemon.config import Config
from daemon.core.journal import MAX_LIFE, Origin
from daemon.core.retention import Held, to_remove
from daemon.core.stretches import Fate, RingState, fate
from daemon.errors import SidechainError
from daemon.events import Bus, HistoryChanged, PluginClosed
from daemon.features.history.journal_files import SUFFIX, Mark, SegmentFile, read_mark, read_ring, write_mark
from daemon.features.history.journal_writer import RingFollower
from daemon.features.history.recovery import Recovered, recovered_in, sentence
from daemon.rings.instances import Instance
from daemon.system.files import make_folder, remove_folder, sweep
from plugin_protocol import layout
from plugin_protocol.errors import RemoteProtocolError
from plugin_protocol.ring import MAX_INDEX

log = logging.getLogger(__name__)

TICK_S = 0.5  # with the sync that follows, less than the second that is promised
MAX_JOURNALED = 64  # Rings; the ones that came first
RETRY_S = 30.0  # after the disk refused
HEADROOM_BYTES = 256 * 1024 * 1024  # free beyond min_free_bytes, or it pauses: a keep must still fit
MAX_OFFERED = 64
MAX_NEWS = 3
UNKNOWN_HOST = "a plugin"
LIFE_FILE = "life"  # in the run folder

P = ParamSpec("P")
R = TypeVar("R")


NO_KEEPING = "New takes are not kept either, until some space is freed."


class NoRoom(OSError):
    """The budget or the disk leaves no room for more."""


class Journal:
    """[loop] for what is public; the rest runs on the journal's thread."""

    def __init__(self, config: Config, bus: Bus) -> None:
        self.config = config
        self.folder = config.data / "journal"
        self._bus = bus
        bus.on(PluginClosed, lambda event: self.closed(event.instance))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._life = life_of(config.run)
        self._writers: dict[str, RingFollower] = {}  # by the Ring's name
        self._done: set[str] = (
            set()
        )  # Rings whose hosts have ended; the daemon may hold them open for a while
        self._retired: set[str] = set()  # of those, the ones whose plugins may still be there
        self._synced: dict[str, int] = {}  # frames of Rings whose last file failed
        self._held: dict[tuple[str, int], Held] = {}
        self._promised = 0  # bytes that may be in files by now and are not in `_held` yet
        self._judged = False
        self._closing = False
        self._quiet_until = 0.0
        self.trouble = ""
        self.recovered: tuple[Recovered, ...] = ()

    async def run(self, instances: Callable[[], list[Instance]]) -> None:
        """For ever: first what is on the disk, then round after round."""
        await self.do(self.judge)
        self.tell()
        while True:
            now = [i for i in instances() if i.ring and not i.closed]
            due = self.config.journal and time.monotonic() >= self._quiet_until
            if due and (now or self._writers):
                before = self.trouble, self.recovered
                await self.do(self.look, now)
                if (self.trouble, self.recovered) != before:
                    self.tell()
            await asyncio.sleep(TICK_S)

    async def do(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` on the journal's thread, where all its files are touched."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def tell(self) -> None:
        """What is offered, or why nothing is written, is otherwise now."""
        self._bus.tell(HistoryChanged(news=tuple(self.news()), trouble=self.trouble))

    def closed(self, instance: str) -> None:
        """The plugin of this name was closed in peace: nobody asks for what it played."""
        self._thread.submit(self._drop, instance)

    def spared(self) -> set[str]:
        """Names of Rings that must not be removed yet: they hold what is not on the disk."""
        if not self.config.journal:
            return set()
        return set(self._writers) if self._judged else set(_ring_names(self.config.run))

    @property
    def used_bytes(self) -> int:
        return sum(held.size_bytes for held in list(self._held.values()))

    def waiting(self) -> list[Recovered]:
        """What nobody has kept yet, the newest first."""
        return [one for one in self.newest_first() if not one.kept]

    def newest_first(self) -> list[Recovered]:
        return sorted(self.recovered, key=lambda one: -one.stretch.sounded_us)

    def news(self) -> list[str]:
        """One sentence for each stretch that nobody has looked after yet; the newest, and how many more."""
        waiting = self.waiting()
        more = [f"Recovered: {len(waiting) - MAX_NEWS} more stretches."] if len(waiting) > MAX_NEWS else []
        return [*(sentence(one) for one in waiting[:MAX_NEWS]), *more]

    def close(self) -> None:
        """Finish the round under way; what is written is on the disk."""
        self._closing = True
        self._thread.shutdown(wait=True)
        for writer in self._writers.values():
            writer.close()

    # a round --------------------------------------------------------------------------------------------------

    def look(self, instances: Sequence[Instance]) -> None:
        """One round: append what came since, sync, keep the limits. [the journal's thread]"""
        rings = {i.ring.segment: (i, i.ring) for i in instances if i.ring}
        for name in self._writers.keys() - rings.keys():
            self._let_go(name)  # replaced by a newer Ring, or forgotten by the daemon
        self._done &= rings.keys()
        self._retired &= rings.keys()
        try:
            for name, (instance, ring) in rings.items():
                self._follow(name, instance, ring)
            for writer in self._writers.values():
                writer.sync()
            for name in [n for n in self._retired if n in rings and rings[n][0].gone_at]:
                self._retired.discard(
                    name
                )  # it fell silent while it rested: the lock of its Ring tells nothing
                self._end_all(rings[name][0].name)
            trouble = ""
        except (OSError, SidechainError) as error:
            self._promised = 0
            self._quiet_until = time.monotonic() + RETRY_S
            for name in list(
                self._writers
            ):  # what is not known to be on the disk is written again, elsewhere
                self._synced[name] = self._writers[name].synced_frame
                self._let_go(name)
            trouble = f"The last minutes are not kept on disk now: {_why(error)} {self._of_keeping(error)}"
        if trouble != self.trouble:
            self.trouble = trouble
            log.warning("journal: %s", trouble or "it goes on")

    def _of_keeping(self, error: OSError | SidechainError) -> str:
        """Whether takes are kept meanwhile: they need less room than the journal, but they need some."""
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return NO_KEEPING
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self.config.data).free < self.config.min_free_bytes:
                return NO_KEEPING
        return "Keeping takes works as ever."

    def _follow(self, name: str, instance: Instance, ring: RingFile) -> None:
        try:
            writer = self._writers.get(name)
            if writer is None:
                folder = self._folder_of(ring)
                if name in self._done or len(self._writers) >= MAX_JOURNALED or read_mark(folder):
                    return
                hello = instance.peer.hello
                writer = self._writers[name] = self._writer(
                    folder, ring, hello.host_name, instance.track_name
                )
            alive = ring.writer_alive()  # asked first: what a dead one wrote is all there
            self._advance(writer)
            if not alive:
                writer.sync()
                self._let_go(name)
                if (
                    ring.state() is layout.RingState.RETIRED
                ):  # its plugin makes a new one, rests, or is being closed
                    self._retired.add(name)
                else:
                    self._end_all(writer.origin.instance)
                self._done.add(name)
        except (BridgeError, RemoteProtocolError) as error:
            log.info("journal of %s ends: %s", name, error)
            self._let_go(name)

    def _writer(self, folder: Path, ring: RingFile, host_name: str, track_name: str) -> RingFollower:
        """A new one, that goes on where the newest file on the disk ends."""
        make_folder(folder)
        numbers = [int(p.stem) for p in folder.glob(f"*{SUFFIX}") if p.stem.isdecimal()]
        ends = [s.chunks[-1].head.end_frame for s in read_ring(folder, verify=False) if s.chunks]
        next_frame = min(max(ends, default=0), self._synced.get(ring.segment, MAX_INDEX))
        header = ring.header
        origin = Origin(
            instance=header.instance_id.hex(),
            generation=header.generation,
            number=max(numbers, default=0) + 1,
            sample_rate_hz=header.sample_rate_hz,
            channels=header.channels,
            host_name=host_name,
            track_name=track_name,
            boot_id=self._life,
        )
        return RingFollower(folder, ring, origin, next_frame)

    def _advance(self, writer: RingFollower) -> None:
        share = self.config.journal_budget_bytes // (4 * max(1, len(self._writers)))
        done = writer.advance(self._room, share)
        for file in done:
            self._note(writer, file, is_open=False)
        if writer.file:
            self._note(writer, writer.file, is_open=True)
        self._promised = 0
        if done:
            self._trim()

    def _note(self, writer: RingFollower, file: SegmentFile, *, is_open: bool) -> None:
        held = Held(
            ring=writer.folder.name,
            number=file.origin.number,
            instance=file.origin.instance,
            size_bytes=file.size_bytes,
            seconds=file.frames / file.origin.sample_rate_hz,
            wall_us=file.wall_us,
            ended=False,
            open=is_open,
        )
        self._held[held.ring, held.number] = held

    def _let_go(self, name: str) -> None:
        if writer := self._writers.pop(name, None):
            writer.close()
            self._load(writer.folder, ended=False)

    # limits ---------------------------------------------------------------------------------------------------

    def _room(self, size_bytes: int, fresh: bool) -> None:
        """Before a chunk is written. Raises NoRoom."""
        config = self.config
        if fresh:
            free = shutil.disk_usage(self.folder).free
            if free < config.min_free_bytes + HEADROOM_BYTES:
                raise NoRoom(f"only {free // 1_000_000} MB are free.")
        self._promised += size_bytes
        if self.used_bytes + self._promised > config.journal_budget_bytes:
            self._trim()
            if self.used_bytes + self._promised > config.journal_budget_bytes:
                raise NoRoom(f"its {config.journal_budget_bytes // 1_000_000} MB are used up.")

    def _trim(self) -> None:
        gone = to_remove(
            self._held.values(),
            keep_s=self.config.journal_minutes * 60.0,
            budget_bytes=self.config.journal_budget_bytes - self._promised,
            now_us=time.time_ns() // 1000,
        )
        for one in gone:
            (self.folder / one.ring / f"{one.number:08d}{SUFFIX}").unlink(missing_ok=True)
            del self._held[one.ring, one.number]
        for ring in {one.ring for one in gone if one.ended}:
            self._offer(self.folder / ring)

    # ends -----------------------------------------------------------------------------------------------------

    def _drop(self, instance: str) -> None:
        for name, writer in list(self._writers.items()):
            if writer.origin.instance == instance:
                self._let_go(name)
        try:
            for folder in self.folder.glob(f"{instance}-*"):
                self.forget(folder)
        except OSError as error:
            log.warning("journal of %s could not be removed: %s", instance, error)

    def forget(self, folder: Path) -> None:
        """Remove all that is held of a Ring. [the journal's thread]"""
        remove_folder(folder)
        self._held = {key: held for key, held in self._held.items() if held.ring != folder.name}
        self._offer(folder)

    def _end_all(self, instance: str) -> None:
        """Its host is gone: also what an earlier Ring of it held is offered."""
        for folder in self.folder.glob(f"{instance}-*"):
            self._end(folder, read_mark(folder) or Mark(why="host"))

    def _end(self, folder: Path, mark: Mark) -> None:
        write_mark(folder, mark)
        self._load(folder, ended=True)
        self._offer(folder)

    def _offer(self, folder: Path) -> None:
        """Look again at what a Ring's journal has to offer."""
        others = tuple(one for one in self.recovered if one.folder != folder)
        self.recovered = (*others, *recovered_in(folder))[-MAX_OFFERED:]

    def reread(self, folder: Path) -> None:
        """After somebody kept or discarded of it. [the journal's thread]"""
        self._load(folder, ended=True)
        self._offer(folder)

    def _load(self, folder: Path, *, ended: bool) -> None:
        self._held = {key: held for key, held in self._held.items() if held.ring != folder.name}
        for segment in read_ring(folder, verify=False):
            frames = sum(chunk.head.frames for chunk in segment.chunks)
            held = Held(
                ring=folder.name,
                number=segment.origin.number,
                instance=segment.origin.instance,
                size_bytes=segment.size_bytes,
                seconds=frames / segment.origin.sample_rate_hz,
                wall_us=segment.chunks[-1].head.wall_us if segment.chunks else 0,
                ended=ended,
            )
            self._held[held.ring, held.number] = held

    # at the start ---------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """What lies on the disk and in the run folder: goes on, is offered, or was closed in peace."""
        make_folder(self.folder)
        sweep(self.folder)
        rings = self._rings()
        for folder in sorted(p for p in self.folder.iterdir() if p.is_dir()):
            if self._closing:  # reading gigabytes must not hold up the end of a session
                return
            try:
                self._judge_one(folder, rings)
            except (OSError, SidechainError) as error:
                log.warning("journal %s: %s", folder.name, error)
        for ring in [ring for ring, state in rings if state is RingState.LEFT]:
            folder = self._folder_of(ring)
            if self.config.journal and not folder.exists():  # its host ended while no daemon ran
                self._salvage(folder, ring, UNKNOWN_HOST, "")
                self._end(folder, Mark(why="host"))
        for ring, _ in rings:
            ring.close()
        self._trim()
        self._judged = True

    def _judge_one(self, folder: Path, rings: "list[tuple[RingFile, RingState]]") -> None:
        segments = read_ring(folder, verify=False)
        if not segments:
            return  # unreadable: left for who wants to look, and doctor says so
        origin, mark = segments[-1].origin, read_mark(folder)
        same_life = bool(self._life) and origin.boot_id == self._life
        mine = [(r, state) for r, state in rings if r.header.instance_id.hex() == origin.instance]
        states = {state for _, state in mine}
        state = next((s for s in RingState if s in states), RingState.ABSENT)
        match fate(state, marked=mark is not None, same_life=same_life):
            case Fate.CLOSED:
                self.forget(folder)
            case Fate.LIVE:
                self._load(folder, ended=False)
            case Fate.ENDED if mark:
                self.reread(folder)
            case Fate.ENDED:
                ring = next((r for r, _ in mine if r.header.generation == origin.generation), None)
                if ring and self.config.journal:
                    self._salvage(folder, ring, origin.host_name, origin.track_name)
                why = "host" if state is RingState.LEFT or same_life else "machine"
                self._end(folder, Mark(why=why))

    def _salvage(self, folder: Path, ring: RingFile, host_name: str, track_name: str) -> None:
        """Take over what the Ring of a dead host holds beyond the disk."""
        try:
            writer = self._writer(folder, ring, host_name, track_name)
            try:
                self._advance(writer)
                writer.sync()
            finally:
                writer.close()
        except (OSError, SidechainError, BridgeError, RemoteProtocolError) as error:
            log.warning("journal %s: %s", folder.name, error)

    def _rings(self) -> list[tuple[RingFile, RingState]]:
        """Those in the run folder that can be read, open."""
        found = []
        for name in _ring_names(self.config.run):
            try:
                ring = RingFile.open(self.config.run, name)
                retired = ring.state() is layout.RingState.RETIRED
            except (BridgeError, RemoteProtocolError, OSError):
                continue
            left = RingState.RETIRED if retired else RingState.LEFT
            found.append((ring, RingState.WRITTEN if ring.writer_alive() else left))
        return found

    def _folder_of(self, ring: RingFile) -> Path:
        return self.folder / f"{ring.header.instance_id.hex()}-{ring.header.generation:016x}"


def life_of(run_dir: Path) -> str:
    """Which start of the machine this is, and which making of the run folder, for Rings end with either: a session that
    goes down takes its /run/user/UID along. "" when the system does not tell."""
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        if not (mark := run_dir / LIFE_FILE).exists():
            mark.write_text(secrets.token_hex(8))
        return f"{boot_id}/{mark.read_text()}"[:MAX_LIFE]
    except (OSError, UnicodeDecodeError):
        return ""


def _ring_names(run_dir: Path) -> list[str]:
    return sorted(name for name in os.listdir(run_dir) if SEGMENT.fullmatch(name))


def _why(error: OSError | SidechainError) -> str:
    if isinstance(error, NoRoom | SidechainError):
        return str(error)
    return f"the disk says “{error.strerror}”."
