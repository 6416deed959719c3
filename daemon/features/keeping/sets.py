"""Keep all: the same bars of every plugin that sounded, as one set of Takes on one clock, from anywhere in their Histories.

In each host one plugin says where the bars are; the others give the same frames (tracks.py), to the frame. Without positions they
are aligned by when they were heard, and another host by its own transport: each Take says which (`set_clock`). As much as
MAX_COPIED_BYTES is copied before any of it is written, so that the host playing on takes from none of them; of what is more,
the disk has what memory loses meanwhile.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec

from daemon.config import Config
from daemon.core.journal import Damaged
from daemon.core.titles import fitting
from daemon.errors import NothingKept, UsageError, why_of
from daemon.events import Bus
from daemon.features.keeping.asking import Ask, Parts, require_one_way
from daemon.features.keeping.tracks import FRAMES, TIME, TRANSPORT, Lead, Track, Tracks, lead_of
from daemon.library.rows import TakeRow, name_of_set
from daemon.library.store import Store
from daemon.library.takes import Takes, new_take
from daemon.rings.instances import Instance, Instances
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import reach_of
from relay.wire.ids import uuid7

MAX_COPIED_BYTES = 256 << 20  # of sound, in memory at a time
MAX_SET_BYTES = 16 << 30  # a quarter of an hour of 48 plugins; a minute or two of writing
_UNREADABLE = (Damaged, OSError, NothingKept)


class KeptSet(msgspec.Struct, frozen=True, kw_only=True):
    """note: who was left out and why, and how the parts are aligned; sentences."""

    set_id: str
    takes: list[TakeRow]
    note: str = ""

    @property
    def name(self) -> str:
        """What the set is called."""
        return name_of_set(self.takes)


class SetKeeping:
    """[loop]"""

    def __init__(
        self,
        config: Config,
        store: Store,
        takes: Takes,
        instances: Instances,
        journal: JournalFolder,
        bus: Bus,
    ) -> None:
        self._store = store
        self._takes = takes
        self._instances = instances
        self._journal = journal
        self._parts = Parts(config, journal, bus)
        self._copies = Tracks(journal, self._parts)

    async def keep(self, ask: Ask, host_of: Instance | None = None) -> KeptSet:
        """Make the set durable, all of it. host_of: of the host of this plugin only; frames of `ask` count in its Ring.

        Raises UsageError, NothingKept, NoSpace, LibraryStuck.
        """
        require_one_way(ask)
        if ask.asked and (made := await self._store.run(Store.take_asked, ask.asked)) and made.set_id:
            return KeptSet(set_id=made.set_id, takes=await self._store.run(Store.takes_of_set, made.set_id))
        leads = [host_of] if host_of else await self._leads()
        notes: list[str] = []
        takes = await self._takes.add_all(lambda: self._make(leads, ask, notes, named=host_of is not None))
        assert takes[0].set_id
        return KeptSet(set_id=takes[0].set_id, takes=takes, note=" ".join(notes)[:512])

    async def _leads(self) -> list[Instance]:
        """Of each host the plugin that a keep would choose; of all hosts the one that sounded last first."""
        first, _ = await self._instances.choose(None)
        found = {first.peer.pid: first}
        for instance in self._instances.all():
            if instance.ring and instance.peer.pid not in found:
                found[instance.peer.pid] = (await self._instances.choose_of(instance.peer.pid)).instance
        return list(found.values())

    # on a thread --------------------------------------------------------------------------------------------------

    def _make(self, leads: Sequence[Instance], ask: Ask, notes: list[str], *, named: bool) -> list[TakeRow]:
        """All that sounded, copied and written. Raises as `keep` does, and OSError. [worker]"""
        now_ms = time.time_ns() // 1_000_000
        set_id = uuid7(now_ms, os.urandom(10))
        takes: list[TakeRow] = []
        copied: list[tuple[TakeRow, memoryview]] = []
        with self._takes.all_or_none() as write:
            for track in self._tracks(leads, ask, notes, named=named):
                # A rebuilt library has them in the order of their ids, and the first has to be the first.
                take_id = uuid7(now_ms + len(takes), os.urandom(10))
                asked = None if takes else ask.asked
                takes.append(
                    msgspec.structs.replace(self._take(track, ask, set_id), take_id=take_id, asked=asked)
                )
                copied.append((takes[-1], track.sound))
                if sum(len(sound) for _, sound in copied) >= MAX_COPIED_BYTES:
                    self._write(copied, write)
            self._write(copied, write)
        if not takes:
            raise NothingKept(
                "None of the plugins sounded in that time.", "Play something, then keep it again."
            )
        return takes

    def _write(
        self, copied: list[tuple[TakeRow, memoryview]], write: Callable[[TakeRow, memoryview], None]
    ) -> None:
        """Raises NoSpace, OSError."""
        self._takes.require_space(sum(len(sound) for _, sound in copied))
        for take, sound in copied:
            write(take, sound)
        copied.clear()

    def _tracks(
        self, leads: Sequence[Instance], ask: Ask, notes: list[str], *, named: bool
    ) -> Iterator[Track]:
        """The lead of the first host first."""
        hosts: set[int] = set()
        for instance in leads:
            try:
                lead = (
                    lead_of(instance, self._parts.of(instance, ask))
                    if named
                    else self._longest(instance, ask)
                )
            except NothingKept as error:
                if instance is leads[0]:
                    raise
                notes.append(f"{instance.label.name} is left out: {error.message}")
                continue
            for track in self._of_host(lead, notes, is_first=instance is leads[0]):
                hosts.add(track.instance.peer.pid)
                yield track
        if len(hosts) > 1:
            notes.append("The hosts are aligned by their own transports only.")

    def _of_host(self, lead: Lead, notes: list[str], *, is_first: bool) -> Iterator[Track]:
        instance, cut, reach = lead.instance, lead.part.cut, lead.part.reach
        others = self._beside(instance)
        if cut.frames * reach.frame_bytes * len(others) > MAX_SET_BYTES:
            raise UsageError(
                f"{len(others)} plugins for so long are too much at once.", "Ask for fewer bars."
            )
        clock = FRAMES if is_first else TRANSPORT if cut.anchored else TIME
        silent = []
        for other in sorted(others, key=lambda i: (i is not instance, i.track_name.casefold(), i.name)):
            try:
                track = self._copies.of(other, lead, clock)
            except _UNREADABLE as error:
                notes.append(f"{other.label.name} is left out, its memory cannot be read: {why_of(error)}.")
                continue
            if track:
                yield track
            else:
                silent.append(other.label.name)
        if silent:
            notes.append(f"Silent, and left out: {', '.join(silent)}.")

    def _beside(self, instance: Instance) -> list[Instance]:
        """The plugins of its host, itself among them."""
        return [i for i in self._instances.all() if i.ring and i.peer.pid == instance.peer.pid]

    def _heard_frames(self, instance: Instance) -> int:
        """How much its Ring was ever given; 0 when it cannot be read."""
        try:
            return reach_of(self._journal, instance, None).memory_span().end_frame
        except NothingKept:
            return 0

    def _longest(self, chosen: Instance, ask: Ask) -> Lead:
        """The plugin that a keep would choose; but one of its host that was there before it, if that heard more of it."""
        part = self._parts.of(chosen, ask)
        first = max(self._beside(chosen), key=self._heard_frames)
        if first is not chosen:
            with suppress(NothingKept):
                longer = self._parts.of(first, ask)
                if longer.cut.frames > part.cut.frames:
                    return lead_of(first, longer)
        return lead_of(chosen, part)

    def _take(self, track: Track, ask: Ask, set_id: str) -> TakeRow:
        title = fitting(ask.title).title
        if title and track.instance.track_name:
            title = fitting(f"{title} · {track.instance.track_name}").title
        take = new_take(
            track.cut,
            title=title,
            host_name=track.instance.peer.hello.host_name,
            track_name=track.instance.track_name,
            sample_rate_hz=track.sample_rate_hz,
            channels=track.channels,
        )
        return msgspec.structs.replace(take, set_id=set_id, set_clock=track.clock)
