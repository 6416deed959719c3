"""Keep all: the same bars of every plugin that sounded, as one set of Takes on one clock.

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

from bridge.errors import BridgeError
from bridge.shm import RingFile
from daemon.config import Config
from daemon.core import capture
from daemon.core.alignment import frames_ahead
from daemon.core.sounding import after_last_signal
from daemon.core.titles import fitting
from daemon.errors import NothingKept, UsageError
from daemon.library.rows import TakeRow, name_of_set
from daemon.library.store import Store
from daemon.library.takes import Takes, new_take, require_one_length
from daemon.rings.instances import Instance, Instances
from plugin_protocol.errors import RemoteProtocolError
from plugin_protocol.layout import SAMPLE_BYTES, Flag
from relay.wire.ids import uuid7

MAX_SET_BYTES = 1 << 30  # of sound, which is all in memory for a moment
CATCH_UP_S = 0.5  # a host calls its plugins one after the other: so long the last one's block is waited for
CATCH_UP_STEP_S = 0.005
FRAMES, TRANSPORT, TIME = "frames", "transport", "time"
_UNREADABLE = (RemoteProtocolError, BridgeError, OSError, NothingKept)


class AskAll(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of all. host_of: of the host of this plugin only, up to `at_frame` of its Ring, if that is given."""

    bars: int | None = None
    seconds: float | None = None
    title: str = ""
    host_of: Instance | None = None
    at_frame: int | None = None
    generation: int | None = None
    asked: str | None = None


class Part(NamedTuple):
    """What one plugin gives."""

    instance: Instance
    cut: capture.Cut
    clock: str
    sample_rate_hz: float
    channels: int
    sound: memoryview


class _Lead(NamedTuple):
    """The plugin of a host that says where the bars are."""

    instance: Instance
    ring: RingFile
    history: capture.History
    cut: capture.Cut


class _Noticed(NamedTuple):
    commit_frame: int
    at_ns: int  # CLOCK_MONOTONIC


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

    def __init__(self, config: Config, store: Store, takes: Takes, instances: Instances) -> None:
        self._config = config
        self._store = store
        self._takes = takes
        self._instances = instances

    async def keep(self, ask: AskAll) -> KeptSet:
        """Make the set durable, all of it. Raises UsageError, NothingKept, NoSpace, LibraryStuck."""
        require_one_length(ask.bars, ask.seconds)
        if ask.asked and (made := await self._store.run(Store.take_asked, ask.asked)) and made.set_id:
            return KeptSet(set_id=made.set_id, takes=await self._store.run(Store.takes_of_set, made.set_id))
        leads = [ask.host_of] if ask.host_of else await self._leads()
        notes: list[str] = []
        takes = await self._takes.add_all(lambda: self._make(leads, ask, notes))
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

    def _make(self, leads: Sequence[Instance], ask: AskAll, notes: list[str]) -> list[TakeRow]:
        """All that sounded, copied, then written. Raises as `keep` does, and OSError. [worker]"""
        parts: list[Part] = []
        for lead in leads:
            try:
                parts += self._of_host(lead, ask, notes, is_first=lead is leads[0])
            except NothingKept as error:
                if lead is leads[0]:
                    raise
                notes.append(f"{lead.label.name} is left out: {error.message}")
        if not parts:
            raise NothingKept(
                "None of the plugins sounded in that time.", "Play something, then keep it again."
            )
        if len({part.instance.peer.pid for part in parts}) > 1:
            notes.append("The hosts are aligned by their own transports only.")
        self._takes.require_space(sum(len(part.sound) for part in parts))
        set_id = uuid7(time.time_ns() // 1_000_000, os.urandom(10))
        takes = [self._take(part, ask, set_id) for part in parts]
        # A rebuilt library has them in the order of their ids, and the first has to be the first.
        ids = sorted(take.take_id for take in takes)
        takes = [msgspec.structs.replace(take, take_id=id) for take, id in zip(takes, ids, strict=True)]
        takes[0] = msgspec.structs.replace(takes[0], asked=ask.asked)
        self._takes.publish_all(list(zip(takes, (part.sound for part in parts), strict=True)))
        return takes

    def _of_host(self, lead: Instance, ask: AskAll, notes: list[str], *, is_first: bool) -> Iterable[Part]:
        with lead.lock:
            ring = lead.ring_of(ask.generation if lead is ask.host_of else None)
            history = _history(ring)
            cut = self._cut(history, ask, ask.at_frame if lead is ask.host_of else None)
        others = [i for i in self._instances.all() if i.ring and i.peer.pid == lead.peer.pid]
        if cut.frames * ring.header.frame_bytes * len(others) > MAX_SET_BYTES:
            raise UsageError(
                f"{len(others)} plugins for so long are too much at once.", "Ask for fewer bars."
            )
        clock = FRAMES if is_first else TRANSPORT if cut.anchored else TIME
        parts, silent = [], []
        for instance in sorted(others, key=lambda i: (i is not lead, i.track_name.casefold(), i.name)):
            try:
                part = _part(instance, _Lead(lead, ring, history, cut), clock)
            except _UNREADABLE as error:
                notes.append(f"{instance.label.name} is left out, its memory cannot be read: {error}.")
                continue
            if part:
                parts.append(part)
            else:
                silent.append(instance.label.name)
        if silent:
            notes.append(f"Silent, and left out: {', '.join(silent)}.")
        return parts

    def _cut(self, history: capture.History, ask: AskAll, at_frame: int | None) -> capture.Cut:
        now = history.commit_frame if at_frame is None else at_frame
        try:
            if ask.seconds is not None:
                return capture.last_seconds(history, ask.seconds, now)
            wanted = ask.bars or self._config.default_bars
            return capture.last_bars(history, wanted, now, self._config.fallback_seconds)
        except capture.NothingToKeep as error:
            raise NothingKept(error.message, error.next_step) from error

    def _take(self, part: Part, ask: AskAll, set_id: str) -> TakeRow:
        title = fitting(ask.title).title
        if title and part.instance.track_name:
            title = fitting(f"{title} · {part.instance.track_name}").title
        take = new_take(
            part.cut,
            title=title,
            host_name=part.instance.peer.hello.host_name,
            track_name=part.instance.track_name,
            sample_rate_hz=part.sample_rate_hz,
            channels=part.channels,
        )
        return msgspec.structs.replace(take, set_id=set_id, set_clock=part.clock)


def _history(ring: RingFile) -> capture.History:
    """What a Ring remembers. Raises NothingKept. [worker, holding its lock]"""
    try:
        records, readable = ring.records(), ring.readable()
    except (RemoteProtocolError, BridgeError, OSError) as error:
        raise NothingKept(f"The plugin's memory cannot be read: {error}.", "Reload the plugin.") from error
    return capture.History(
        records=records,
        oldest_frame=readable.start,
        commit_frame=readable.stop,
        sample_rate_hz=ring.header.sample_rate_hz,
    )


def _part(instance: Instance, lead: _Lead, clock: str) -> Part | None:
    """The frames of the lead's cut out of this plugin's Ring; None when they are silent. Raises _UNREADABLE. [worker]"""
    cut = lead.cut
    with instance.lock:
        ring = lead.ring if instance is lead.instance else instance.ring_of(None)
        own, header = _history(ring), ring.header
        ahead, clock = (0, clock) if ring is lead.ring else _ahead(lead, ring, own, clock)
        first_frame, end_frame = cut.first_frame + ahead, cut.first_frame + ahead + cut.frames
        patience_s = CATCH_UP_S
        while patience_s > 0 and ring.readable().stop < end_frame:
            time.sleep(CATCH_UP_STEP_S)
            patience_s -= CATCH_UP_STEP_S
        gaps = [r.ring_frame for r in own.records if r.flags & Flag.GAP and r.ring_frame < end_frame]
        floor_frame = max(first_frame, *gaps, 0)
        span = ring.read(floor_frame, end_frame - floor_frame)
    if not after_last_signal(span.data):
        return None
    note = cut.note
    if span.frames < cut.frames:
        missing_s = (cut.frames - span.frames) / header.sample_rate_hz
        note = f"{note} {missing_s:.1f} s of it were not there, and are silence.".strip()
    return Part(
        instance=instance,
        cut=msgspec.structs.replace(cut, first_frame=max(first_frame, 0), note=note),
        clock=clock,
        sample_rate_hz=header.sample_rate_hz,
        channels=header.channels,
        sound=_padded(span.data, span.first_frame - first_frame, cut.frames, header.channels),
    )


def _ahead(lead: _Lead, ring: RingFile, own: capture.History, clock: str) -> tuple[int, str]:
    """By how much a Ring's count is ahead of the lead's, and how that is known."""
    rate_hz, cut = own.sample_rate_hz, lead.cut
    if rate_hz == lead.history.sample_rate_hz:
        end_frame = cut.first_frame + cut.frames
        ahead = frames_ahead(lead.history.records, own.records, cut.first_frame, end_frame, rate_hz)
        if ahead is not None:
            return ahead, clock
    theirs, ours = _noticed(lead.ring), _noticed(ring)
    since_frames = round((ours.at_ns - theirs.at_ns) / 1e9 * rate_hz)
    return ours.commit_frame - theirs.commit_frame - since_frames, TIME


def _noticed(ring: RingFile) -> _Noticed:
    """How far a Ring was when its writer last looked at the clock, to a block or so."""
    return _Noticed(ring.readable().stop, ring.counters().last_block_ns)


def _padded(data: memoryview, skip_frames: int, frames: int, channels: int) -> memoryview:
    """`data` at its place among so many frames, silence around it."""
    size = SAMPLE_BYTES * channels
    if len(data) == frames * size:
        return data
    whole = memoryview(bytearray(frames * size))
    whole[skip_frames * size : skip_frames * size + len(data)] = data
    return whole
