"""Keep all: the same bars of every plugin that sounded, as one set of Takes on one clock, from anywhere in their Histories.

In each host one plugin says where the bars are (hosts.py); the others give the same frames (tracks.py), to the frame. Without
positions they are aligned by when they were heard, and another host by its own transport: each Take says which (`set_clock`). As much as
MAX_COPIED_BYTES is copied before any of it is written, so that the host playing on takes from none of them; of what is more,
the disk has what memory loses meanwhile.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from daemon.config import Config
from daemon.core.choosing import Label
from daemon.core.journal import Damaged
from daemon.core.titles import fitting
from daemon.errors import NothingKept, UsageError, why_of
from daemon.events import Bus, PartKept
from daemon.features.keeping.asking import Ask, Parts, require_one_way
from daemon.features.keeping.hosts import Host, Hosts, Led
from daemon.features.keeping.tracks import FRAMES, TIME, TRANSPORT, Lead, Member, Track, Tracks
from daemon.library.rows import TakeRow, name_of_set
from daemon.library.store import Store
from daemon.library.takes import Takes, new_take
from daemon.rings.instances import Instance, Instances
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Gone
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
        gone: Callable[[], Sequence[Label]],
        bus: Bus,
    ) -> None:
        """gone: the plugins that are not loaded any more and have left something, the newest first."""
        self._store = store
        self._takes = takes
        self._instances = instances
        self._gone = gone
        self._bus = bus
        self._parts = Parts(config, journal, bus)
        self._copies = Tracks(journal, self._parts)
        self._hosts = Hosts(self._parts, self._copies)

    async def keep(self, ask: Ask, host_of: Instance | None = None) -> KeptSet:
        """Make the set durable, all of it: of the loaded plugins, and of those that are gone and were played meanwhile.
        host_of: of the host of this plugin only; frames of `ask` count in its Ring.

        Raises UsageError, NothingKept, NoSpace, LibraryStuck.
        """
        require_one_way(ask)
        if ask.asked and (made := await self._store.run(Store.take_asked, ask.asked)) and made.set_id:
            return KeptSet(set_id=made.set_id, takes=await self._store.run(Store.takes_of_set, made.set_id))
        first = host_of or (await self._instances.choose(None)).instance
        if not host_of and first.gone_at is not None:  # its host may go on without it
            first = (await self._instances.choose_of(first.peer.pid)).instance
        hosts = await self._loaded(first, ask, named=host_of is not None)
        gone = self._gone_besides({first.peer.pid, *self._pids()})
        return await self._keep(ask, lambda notes: self._hosts.of_loaded(hosts, gone, notes))

    async def keep_gone(self, ask: Ask, asked: Sequence[Label], *, named: bool) -> tuple[KeptSet, Label]:
        """The same where no loaded one has it, and who was asked: of `asked`, which are gone, the first that has it says where the
        bars are; named: only its own host's. Raises as `keep`."""
        require_one_way(ask)
        loaded = [_member(one) for one in self._instances.all() if one.ring and one.gone_at is None]
        gone = [Member(Gone(one.instance), one) for one in self._gone()]
        led: Led = []

        def of_gone(notes: list[str]) -> Led:
            led.extend(self._hosts.of_gone(ask, asked, gone, loaded, notes, named=named))
            return led

        return await self._keep(ask, of_gone), led[0][0].asked.label

    async def _keep(self, ask: Ask, hosts: Callable[[list[str]], Led]) -> KeptSet:
        """hosts: who gives to it, the first first; takes the notes that it adds to. [worker]"""
        notes: list[str] = []
        parts: list[PartKept] = []
        takes = await self._takes.add_all(lambda: self._make(hosts(notes), ask, notes, parts))
        for part in parts:
            self._bus.tell(part)
        assert takes[0].set_id
        return KeptSet(set_id=takes[0].set_id, takes=takes, note=" ".join(notes)[:512])

    async def _loaded(self, first: Instance, ask: Ask, *, named: bool) -> list[Host]:
        """The host of `first`, which is loaded or was a moment ago; unless named, every other that has a loaded plugin, by the one
        that a keep of it would choose."""
        others = set() if named else self._pids() - {first.peer.pid}
        leads = [first, *[(await self._instances.choose_of(pid)).instance for pid in sorted(others)]]
        return [Host(_member(one), self._beside(one), named, ask) for one in leads]

    def _pids(self) -> set[int]:
        """Of the hosts that have a loaded plugin."""
        return {one.peer.pid for one in self._instances.all() if one.ring and one.gone_at is None}

    def _beside(self, instance: Instance) -> list[Member]:
        """The plugins of its host, itself among them."""
        return [_member(i) for i in self._instances.all() if i.ring and i.peer.pid == instance.peer.pid]

    def _gone_besides(self, pids: set[int]) -> list[Member]:
        """The plugins that are gone; those whose memory is still there are with these hosts already."""
        held = {one.name: one for one in self._instances.all() if one.ring}
        left = [_member(one) for one in held.values() if one.gone_at is not None and one.peer.pid not in pids]
        return left + [Member(Gone(one.instance), one) for one in self._gone() if one.instance not in held]

    # on a thread --------------------------------------------------------------------------------------------------

    def _make(self, hosts: Led, ask: Ask, notes: list[str], parts: list[PartKept]) -> list[TakeRow]:
        """All that sounded, copied and written. Raises as `keep` does, and OSError. [worker]"""
        now_ms = time.time_ns() // 1_000_000
        set_id = uuid7(now_ms, os.urandom(10))
        takes: list[TakeRow] = []
        copied: list[tuple[TakeRow, memoryview]] = []
        with self._takes.all_or_none(set_id) as write:
            for track in self._tracks(hosts, notes):
                # A rebuilt library has them in the order of their ids, and the first has to be the first.
                take_id = uuid7(now_ms + len(takes), os.urandom(10))
                asked = None if takes else ask.asked
                takes.append(
                    msgspec.structs.replace(self._take(track, ask, set_id), take_id=take_id, asked=asked)
                )
                copied.append((takes[-1], track.sound))
                end_frame = track.cut.first_frame + track.cut.frames
                parts.append(PartKept(ring=track.ring, first_frame=track.first_frame, end_frame=end_frame))
                if sum(len(sound) for _, sound in copied) >= MAX_COPIED_BYTES:
                    self._write(copied, write)
            if not takes:
                raise NothingKept(
                    "None of the plugins sounded in that time.", "Play something, then keep it again."
                )
            self._write(copied, write)
        return takes

    def _write(
        self, copied: list[tuple[TakeRow, memoryview]], write: Callable[[TakeRow, memoryview], None]
    ) -> None:
        """Raises NoSpace, OSError."""
        self._takes.require_space(sum(len(sound) for _, sound in copied))
        for take, sound in copied:
            write(take, sound)
        copied.clear()

    def _tracks(self, hosts: Led, notes: list[str]) -> Iterator[Track]:
        """The lead of the first host first."""
        sounding, since = 0, list[str]()
        for number, (host, lead) in enumerate(hosts):
            for count, track in enumerate(self._of_host(host, lead, notes, is_first=not number)):
                sounding += not count
                if track.member.is_gone:
                    since.append(track.member.label.name)
                yield track
        if sounding > 1:
            notes.append("The hosts are aligned by their own transports only.")
        if since and not hosts[0][1].member.is_gone:
            notes.append(f"Not loaded any more: {', '.join(since)}.")

    def _of_host(self, host: Host, lead: Lead, notes: list[str], *, is_first: bool) -> Iterator[Track]:
        cut, reach, members = lead.part.cut, lead.part.reach, host.all
        if cut.frames * reach.frame_bytes * len(members) > MAX_SET_BYTES:
            raise UsageError(
                f"{len(members)} plugins for so long are too much at once.", "Ask for fewer bars."
            )
        clock = FRAMES if is_first else TRANSPORT if cut.anchored else TIME
        silent = []
        for member in sorted(members, key=lambda one: (one != lead.member, one.order)):
            try:
                track = self._copies.of(member, lead, clock)
            except _UNREADABLE as error:
                notes.append(f"{member.label.name} is left out, its memory cannot be read: {why_of(error)}.")
                continue
            if track:
                yield track
            else:
                silent.append(member.label.name)
        if silent:
            notes.append(f"Silent, and left out: {', '.join(silent)}.")

    def _take(self, track: Track, ask: Ask, set_id: str) -> TakeRow:
        title = fitting(ask.title).title
        label = track.member.label
        if title and label.track_name:
            title = fitting(f"{title} · {label.track_name}").title
        take = new_take(
            track.cut,
            title=title,
            host_name=label.host_name,
            track_name=label.track_name,
            sample_rate_hz=track.sample_rate_hz,
            channels=track.channels,
        )
        return msgspec.structs.replace(take, set_id=set_id, set_clock=track.clock)


def _member(instance: Instance) -> Member:
    return Member(instance, instance.label)
