"""Keep all: the same bars of every plugin that sounded, as one set of Takes on one clock, from anywhere in their Histories.

In each host one plugin says where the bars are; the others give the same frames, found by the positions that the host tells all
of them (daemon.core.alignment), to the frame. Without positions they are aligned by when they were heard, and another host by its own
transport: each Take says which (`set_clock`). Who was not there for all of it is silent where it was not. Nothing is written
before all is copied, so that the host playing on takes from none of them.
"""

import os
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from daemon.config import Config
from daemon.core import capture
from daemon.core.alignment import frames_ahead
from daemon.core.heard import frame_at, wall_at
from daemon.core.journal import Damaged
from daemon.core.sounding import after_last_signal
from daemon.core.titles import fitting
from daemon.errors import NothingKept, UsageError, why_of
from daemon.features.keeping.asking import Ask, Part, Parts, require_one_way
from daemon.library.rows import TakeRow, name_of_set
from daemon.library.store import Store
from daemon.library.takes import Takes, new_take
from daemon.rings.instances import Instance, Instances
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Reach, reach_of
from plugin_protocol.layout import SAMPLE_BYTES, Flag
from relay.wire.ids import uuid7

MAX_SET_BYTES = 1 << 30  # of sound, which is all in memory for a moment
CATCH_UP_S = 0.5  # a host calls its plugins one after the other: so long the last one's block is waited for
CATCH_UP_STEP_S = 0.005
MARGIN_S = 10.0  # of records around the cut, where it has to be read from the disk
FRAMES, TRANSPORT, TIME = "frames", "transport", "time"
_UNREADABLE = (Damaged, OSError, NothingKept)


class Track(NamedTuple):
    """What one plugin gives."""

    instance: Instance
    cut: capture.Cut
    clock: str
    sample_rate_hz: float
    channels: int
    sound: memoryview


class _Lead(NamedTuple):
    """The plugin of a host that says where the bars are, and which these are."""

    instance: Instance
    part: Part


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
        self, config: Config, store: Store, takes: Takes, instances: Instances, journal: JournalFolder
    ) -> None:
        self._store = store
        self._takes = takes
        self._instances = instances
        self._journal = journal
        self._parts = Parts(journal, config.default_bars, config.fallback_seconds)

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
        """All that sounded, copied, then written. Raises as `keep` does, and OSError. [worker]"""
        tracks: list[Track] = []
        for lead in leads:
            try:
                found = _Lead(lead, self._parts.of(lead, ask)) if named else self._there_longest(lead, ask)
                tracks += self._of_host(found, notes, is_first=lead is leads[0])
            except NothingKept as error:
                if lead is leads[0]:
                    raise
                notes.append(f"{lead.label.name} is left out: {error.message}")
        if not tracks:
            raise NothingKept(
                "None of the plugins sounded in that time.", "Play something, then keep it again."
            )
        if len({track.instance.peer.pid for track in tracks}) > 1:
            notes.append("The hosts are aligned by their own transports only.")
        self._takes.require_space(sum(len(track.sound) for track in tracks))
        set_id = uuid7(time.time_ns() // 1_000_000, os.urandom(10))
        takes = [self._take(track, ask, set_id) for track in tracks]
        # A rebuilt library has them in the order of their ids, and the first has to be the first.
        ids = sorted(take.take_id for take in takes)
        takes = [msgspec.structs.replace(take, take_id=id) for take, id in zip(takes, ids, strict=True)]
        takes[0] = msgspec.structs.replace(takes[0], asked=ask.asked)
        self._takes.publish_all(list(zip(takes, (track.sound for track in tracks), strict=True)))
        return takes

    def _of_host(self, lead: _Lead, notes: list[str], *, is_first: bool) -> Iterable[Track]:
        instance, cut, reach = lead.instance, lead.part.cut, lead.part.reach
        others = self._beside(instance)
        if cut.frames * reach.frame_bytes * len(others) > MAX_SET_BYTES:
            raise UsageError(
                f"{len(others)} plugins for so long are too much at once.", "Ask for fewer bars."
            )
        clock = FRAMES if is_first else TRANSPORT if cut.anchored else TIME
        tracks, silent = [], []
        for other in sorted(others, key=lambda i: (i is not instance, i.track_name.casefold(), i.name)):
            try:
                track = self._track(other, lead, clock)
            except _UNREADABLE as error:
                notes.append(f"{other.label.name} is left out, its memory cannot be read: {why_of(error)}.")
                continue
            if track:
                tracks.append(track)
            else:
                silent.append(other.label.name)
        if silent:
            notes.append(f"Silent, and left out: {', '.join(silent)}.")
        return tracks

    def _beside(self, instance: Instance) -> list[Instance]:
        """The plugins of its host, itself among them."""
        return [i for i in self._instances.all() if i.ring and i.peer.pid == instance.peer.pid]

    def _heard_frames(self, instance: Instance) -> int:
        """How much its Ring was ever given; 0 when it cannot be read."""
        try:
            return reach_of(self._journal, instance, None).memory_span().end_frame
        except NothingKept:
            return 0

    def _there_longest(self, chosen: Instance, ask: Ask) -> _Lead:
        """The plugin that a keep would choose; but one of its host that was there before it, if that heard more of it."""
        lead = _Lead(chosen, self._parts.of(chosen, ask))
        first = max(self._beside(chosen), key=self._heard_frames)
        if first is chosen:
            return lead
        try:
            longer = _Lead(first, self._parts.of(first, ask))
        except NothingKept:
            return lead
        return longer if longer.part.cut.frames > lead.part.cut.frames else lead

    def _track(self, instance: Instance, lead: _Lead, clock: str) -> Track | None:
        """The frames of the lead's cut out of this plugin's History; None when they are silent. Raises _UNREADABLE."""
        cut, is_lead = lead.part.cut, instance is lead.instance
        reach = lead.part.reach if is_lead else reach_of(self._journal, instance, None)
        own, ahead = (lead.part.history, 0) if is_lead else _aligned(lead.part, reach)
        if ahead is None:
            ahead, clock = _ahead_by_clock(lead.part, reach), TIME
        first_frame, end_frame = cut.first_frame + ahead, cut.first_frame + ahead + cut.frames
        patience_s = CATCH_UP_S
        while patience_s > 0 and reach.memory_span().end_frame < end_frame:
            time.sleep(CATCH_UP_STEP_S)
            patience_s -= CATCH_UP_STEP_S
        gaps = [r.ring_frame for r in own.records if r.flags & Flag.GAP and r.ring_frame < end_frame]
        floor_frame = min(max(first_frame, *gaps, 0), end_frame)
        sound = reach.read(floor_frame, end_frame - floor_frame)
        pieces = list(sound.parts)
        data = memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if not after_last_signal(data):
            return None
        note, missing = cut.note, cut.frames - len(data) // reach.frame_bytes
        if missing:
            missing_s = missing / reach.sample_rate_hz
            note = f"{note} {missing_s:.1f} s of it were not there, and are silence.".strip()
        return Track(
            instance=instance,
            cut=msgspec.structs.replace(cut, first_frame=max(first_frame, 0), note=note),
            clock=clock,
            sample_rate_hz=reach.sample_rate_hz,
            channels=reach.channels,
            sound=_padded(data, sound.first_frame - first_frame, cut.frames, reach.channels),
        )

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


def _aligned(lead: Part, reach: Reach) -> tuple[capture.History, int | None]:
    """What this plugin remembers of the lead's cut, and by how much its count is ahead; None: no positions say so.

    As far as its memory goes back, else from the disk: where to look there, what is in memory tells. [worker]
    """
    cut, rate_hz = lead.cut, reach.sample_rate_hz
    own = reach.memory()
    if rate_hz != lead.history.sample_rate_hz:
        return own, None
    end_frame = cut.first_frame + cut.frames
    ahead = frames_ahead(lead.history.records, own.records, cut.first_frame, end_frame, rate_hz)
    if ahead is not None and cut.first_frame + ahead >= own.oldest_frame:
        return own, ahead
    newest = lead.reach.memory()
    near = frames_ahead(newest.records, own.records, newest.oldest_frame, newest.commit_frame, rate_hz)
    if near is None:
        near = _ahead_by_clock(lead, reach)
    own = reach.back(end_frame + near, cut.frames / rate_hz + MARGIN_S)
    return own, frames_ahead(lead.history.records, own.records, cut.first_frame, end_frame, rate_hz)


def _ahead_by_clock(lead: Part, reach: Reach) -> int:
    """By when the end of the cut was heard, to a block or so."""
    end_frame = lead.cut.first_frame + lead.cut.frames
    lead.reach.look()
    reach.look()
    heard_us = wall_at(lead.reach.ties(), end_frame, lead.reach.sample_rate_hz)
    return frame_at(reach.ties(), heard_us, reach.sample_rate_hz) - end_frame


def _padded(data: memoryview, skip_frames: int, frames: int, channels: int) -> memoryview:
    """`data` at its place among so many frames, silence around it."""
    size = SAMPLE_BYTES * channels
    if len(data) == frames * size:
        return data
    whole = memoryview(bytearray(frames * size))
    whole[skip_frames * size : skip_frames * size + len(data)] = data
    return whole
