"""Keep all: the same bars of every plugin that sounded, as one set of Takes on one clock, from anywhere in their Histories.

In each host one plugin says where the bars are; the others give the same frames (tracks.py), to the frame. Without positions they
are aligned by when they were heard, and another host by its own transport: each Take says which (`set_clock`). As much as
MAX_COPIED_BYTES is copied before any of it is written, so that the host playing on takes from none of them; of what is more,
the disk has what memory loses meanwhile.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from daemon.config import Config
from daemon.core.choosing import Label
from daemon.core.journal import Damaged
from daemon.core.titles import fitting
from daemon.errors import NothingKept, UsageError, why_of
from daemon.events import Bus, PartKept
from daemon.features.keeping.asking import Ask, Parts, require_one_way
from daemon.features.keeping.tracks import (
    FRAMES,
    TIME,
    TRANSPORT,
    Lead,
    Member,
    Track,
    Tracks,
    lead_of,
)
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


class Host(NamedTuple):
    """The plugins of a host, which is a process. lead: the one that a keep would choose; named: or whoever was asked for by name.
    ask: what is asked of it."""

    lead: Member
    members: list[Member]
    named: bool
    ask: Ask


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
        self._bus = bus
        self._parts = Parts(config, journal, bus)
        self._copies = Tracks(journal, self._parts)

    async def keep(self, ask: Ask, host_of: Instance | None = None) -> KeptSet:
        """Make the set of loaded plugins durable, all of it. host_of: of the host of this plugin only; frames of `ask` count in
        its Ring.

        Raises UsageError, NothingKept, NoSpace, LibraryStuck.
        """
        require_one_way(ask)
        if ask.asked and (made := await self._store.run(Store.take_asked, ask.asked)) and made.set_id:
            return KeptSet(set_id=made.set_id, takes=await self._store.run(Store.takes_of_set, made.set_id))
        leads = [host_of] if host_of else await self._leads()
        named = host_of is not None
        hosts = [Host(_member(one), self._beside(one), named, ask) for one in leads]
        return await self._keep(hosts, ask)

    async def keep_gone(
        self, ask: Ask, asked: Sequence[Label], gone: Sequence[Label], *, named: bool
    ) -> tuple[KeptSet, Label]:
        """The same of hosts that are gone, and who was asked: of `asked` the first that has what is asked for says where the bars
        are, and those of `gone` that were played meanwhile give theirs; named: only its own host's. Raises as `keep`."""
        require_one_way(ask)
        hosts = await asyncio.to_thread(self._gone_hosts, ask, asked, gone, named=named)
        return await self._keep(hosts, ask), hosts[0].lead.label

    async def _keep(self, hosts: Sequence[Host], ask: Ask) -> KeptSet:
        notes: list[str] = []
        parts: list[PartKept] = []
        takes = await self._takes.add_all(lambda: self._make(hosts, ask, notes, parts))
        for part in parts:
            self._bus.tell(part)
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

    def _beside(self, instance: Instance) -> list[Member]:
        """The plugins of its host, itself among them."""
        return [_member(i) for i in self._instances.all() if i.ring and i.peer.pid == instance.peer.pid]

    # on a thread --------------------------------------------------------------------------------------------------

    def _gone_hosts(
        self, ask: Ask, asked: Sequence[Label], gone: Sequence[Label], *, named: bool
    ) -> list[Host]:
        """Who was played at that time, by the processes they were in; that of the first of `asked` that has it is the first."""
        for label in asked:
            with suppress(NothingKept):
                first = Member(Gone(label.instance), label)
                lead = lead_of(first, self._parts.of(first.player, ask))
                assert lead.part.reach.origin, "it is gone"
                hosts = {lead.part.reach.origin.host: [first]}
                for one in gone:
                    player = Gone(one.instance)
                    if one.instance != label.instance and (host := self._copies.host_then(player, lead)):
                        hosts.setdefault(host, []).append(Member(player, one))
                then = _asked_then(ask, lead)
                found = [Host(each[0], each, named, then) for each in hosts.values()]
                found[0] = found[0]._replace(ask=ask)
                return found[:1] if named else found
        raise NothingKept("Nothing that was played then is in reach.", "`sidechain history` shows what is.")

    def _make(
        self, hosts: Sequence[Host], ask: Ask, notes: list[str], parts: list[PartKept]
    ) -> list[TakeRow]:
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

    def _tracks(self, hosts: Sequence[Host], notes: list[str]) -> Iterator[Track]:
        """The lead of the first host first."""
        sounding = 0
        for number, host in enumerate(hosts):
            try:
                lead = self._lead(host)
            except NothingKept as error:
                if not number:
                    raise
                notes.append(f"{host.lead.label.name} is left out: {error.message}")
                continue
            tracks = self._of_host(host, lead, notes, is_first=not number)
            for count, track in enumerate(tracks):
                sounding += not count
                yield track
        if sounding > 1:
            notes.append("The hosts are aligned by their own transports only.")

    def _of_host(self, host: Host, lead: Lead, notes: list[str], *, is_first: bool) -> Iterator[Track]:
        cut, reach = lead.part.cut, lead.part.reach
        if cut.frames * reach.frame_bytes * len(host.members) > MAX_SET_BYTES:
            raise UsageError(
                f"{len(host.members)} plugins for so long are too much at once.", "Ask for fewer bars."
            )
        clock = FRAMES if is_first else TRANSPORT if cut.anchored else TIME
        silent = []
        for member in sorted(host.members, key=lambda one: (one != lead.member, one.order)):
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

    def _heard_frames(self, member: Member) -> int:
        """How much its Ring was ever given; 0 when it cannot be read."""
        try:
            return self._parts.newest(member.player).memory_span().end_frame
        except NothingKept:
            return 0

    def _lead(self, host: Host) -> Lead:
        """The plugin that a keep would choose; but one of its host that was there before it, if that heard more of it."""
        part = self._parts.of(host.lead.player, host.ask)
        first = host.lead if host.named else max(host.members, key=self._heard_frames)
        if first != host.lead:
            with suppress(NothingKept):
                longer = self._parts.of(first.player, host.ask)
                if longer.cut.frames > part.cut.frames:
                    return lead_of(first, longer)
        return lead_of(host.lead, part)

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


def _asked_then(ask: Ask, lead: Lead) -> Ask:
    """Of another host that is gone, which has no "now" of its own: up to its bar line that is nearest to the lead's."""
    if ask.whole or ask.ago_s is not None or ask.from_ago_s is not None:
        return ask
    bars = lead.part.cut.bars
    end_us = lead.heard_us + (round(1e6 * lead.seconds / bars / 2) if bars else 0)
    return msgspec.structs.replace(ask, ago_s=max((time.time_ns() // 1000 - end_us) / 1e6, 0.0))


def _member(instance: Instance) -> Member:
    return Member(instance, instance.label)
