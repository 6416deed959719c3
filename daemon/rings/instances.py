"""The loaded plugins: which Rings are open, what they hold, which played last.

A Ring that arrives by announcement (RingOpened) is opened at once; its descriptor then keeps the history readable
even after the plugin is killed and the name is gone. Not here: what a cut is (daemon.core.capture), how a Take
becomes durable (takes.py).
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from audio.floats import peak
from bridge.control import InstanceInfo
from bridge.errors import BridgeError, RingRefused
from bridge.plugin_endpoint import Peer
from bridge.rounds import next_round
from bridge.shm import RingFile, reap
from bridge.system import awake_ns
from daemon.core.choosing import Candidate, Label, chosen, is_late_enough, named
from daemon.core.sounding import after_last_signal
from daemon.errors import NothingKept, why_of
from daemon.events import Bus, PluginAlive, PluginClosed, PluginsChanged
from daemon.rings.listening import LastSound, Sounded, loudness_db
from daemon.system.opening import open_in_thread
from plugin_protocol.errors import RemoteProtocolError
from plugin_protocol.layout import ABI_MAJOR, Flag, RingState, segment_name
from plugin_protocol.messages import Refused, RingAttached, RingOpened

log = logging.getLogger(__name__)

SUSPENDED_AFTER_NS = 2_000_000_000
GONE_KEPT_S = 120.0  # a killed plugin's history stays keepable this long
REAP_INTERVAL_S = 2.0
SIGNAL_FRAMES = 4_096  # looked at for a signal
REACHES_S = (
    4.0,
    16.0,
    64.0,
    inf,
)  # how far back a choice listens, one after the other, until something sounded
RELOAD = "The plugin offers it again, or makes another, within seconds. Reload the plugin if it does not."
UNREADABLE = (RemoteProtocolError, BridgeError, OSError)  # a Ring that is gone, or wrong
LATEST_RECORDS = 8  # enough to find the last that is a position


class Instance:
    """One loaded plugin and its newest Ring."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.track_name = peer.hello.track_name
        self.ring: RingFile | None = None
        self.earlier: RingFile | None = None  # the Ring before: a Keep may have been pressed for it
        self.trouble = ""  # why its newest Ring could not be opened
        self.not_recording = ""  # why it has none, by its own word
        self.gone_at: float | None = None
        self.closed = False  # it said goodbye; one that fell silent did not
        self.lock = threading.Lock()  # a RingFile serves one thread at a time

    @property
    def name(self) -> str:
        return self.peer.hello.instance.hex()

    @property
    def label(self) -> Label:
        return Label(instance=self.name, host_name=self.peer.hello.host_name, track_name=self.track_name)

    def ring_of(self, generation: int | None) -> RingFile:
        """The Ring of that generation; None: the newest. Raises NothingKept. [worker, holding `lock`]"""
        if self.ring is None:
            why = self.not_recording or f"{self.peer.hello.host_name} has not started its audio yet."
            raise NothingKept(why, "Press play, then keep.")
        for ring in (self.ring, self.earlier):
            if ring and generation in (None, ring.header.generation):
                return ring
        raise NothingKept(
            "What was heard when the button was pressed is gone: the host has started its audio anew since.",
            "Keep again.",
        )

    def replace_ring(self, ring: RingFile) -> None:
        """Take another Ring as the newest; or the same one, announced again. [loop, holding `lock`]"""
        again = self.ring is not None and self.ring.header.generation == ring.header.generation
        given_up = self.ring if again else self.earlier
        if given_up:
            given_up.close()
        if not again:
            self.earlier = self.ring
        self.ring = ring

    def info(self) -> InstanceInfo:
        """What status shows. [worker]"""
        unheard = self._unheard()
        with self.lock:
            ring = self.ring
            if ring is None:
                return replace(unheard, state="gone", reason=self.trouble) if self.trouble else unheard
            try:
                counters, readable, records = (
                    ring.counters(),
                    ring.readable(),
                    ring.records(last=LATEST_RECORDS),
                )
                frozen = ring.state() is RingState.FROZEN
                heard = ring.read(readable.stop - SIGNAL_FRAMES, SIGNAL_FRAMES)
            except UNREADABLE as error:
                reason = f"Its memory cannot be read: {why_of(error)}. Reload the plugin."
                return replace(unheard, state="gone", reason=reason[:512])
        last = next((r for r in reversed(records) if not r.flags & Flag.LOOP_RANGE), None)
        stale = awake_ns() - counters.last_block_ns > SUSPENDED_AFTER_NS
        return replace(
            unheard,
            state="gone" if self.gone_at else "frozen" if frozen else "suspended" if stale else "recording",
            sample_rate_hz=ring.header.sample_rate_hz,
            channels=ring.header.channels,
            heard_frames=len(readable),
            memory_s=(ring.header.capacity_frames - ring.guard_frames) / ring.header.sample_rate_hz,
            playing=bool(last.flags & Flag.PLAYING) if last else None,
            recording=bool(last.flags & Flag.RECORDING) if last else None,
            sounding=after_last_signal(heard.data) > 0 and not stale,
            level=0.0 if stale else peak(heard.data),
            bpm=last.bpm if last and last.flags & Flag.VALID_BPM else None,
            meter=f"{last.numerator}/{last.denominator}" if last and last.flags & Flag.VALID_METER else None,
        )

    def _unheard(self) -> InstanceInfo:
        return InstanceInfo(
            instance=self.name,
            host_name=self.peer.hello.host_name,
            track_name=self.track_name,
            pid=self.peer.hello.pid,
            state="attaching",
            reason=self.not_recording,
        )

    def close(self) -> None:
        for ring in (self.ring, self.earlier):
            if ring:
                ring.close()
        self.ring = self.earlier = None


class Choice(NamedTuple):
    """says: why this one, and which were left out; "" when there was no choice."""

    instance: Instance
    says: str


def _choose(candidates: Sequence[Instance]) -> Choice:
    """Of several. One whose memory cannot be read is left out, and said. Raises NothingKept. [worker]"""
    heard: list[tuple[Instance, Sounded | None]] = []
    looks: dict[str, LastSound] = {}
    for reach_s in REACHES_S:
        heard, unreadable = [], []
        for instance in candidates:
            try:
                heard.append((instance, _last_sound(instance, looks, reach_s)))
            except UNREADABLE as error:
                unreadable.append(
                    f"{instance.label.name} is left out, its memory cannot be read: {why_of(error)}."
                )
        if any(sounded for _, sounded in heard):
            break
    if not heard:
        raise NothingKept(" ".join(unreadable)[:512], "Reload these plugins.")
    best, why = chosen(_measured(heard))
    instance = next(one for one in candidates if one.name == best.label.instance)
    return Choice(instance, " ".join([why, *unreadable]).strip())


def _last_sound(instance: Instance, looks: dict[str, LastSound], reach_s: float) -> Sounded | None:
    """looks: those that were begun for this choice, by the instance's name."""
    with instance.lock:
        if instance.ring is None:
            return None
        if instance.name not in looks:
            looks[instance.name] = LastSound(instance.ring, awake_ns())
        return looks[instance.name].within(reach_s)


def _measured(heard: Sequence[tuple[Instance, Sounded | None]]) -> list[Candidate]:
    """With the loudness of those among which it decides."""
    agos_s = [sounded.ago_s if sounded else None for _, sounded in heard]
    found = []
    for (instance, sounded), ago_s in zip(heard, agos_s, strict=True):
        is_asked = is_late_enough(ago_s, agos_s)
        loudness = _loudness_db(instance, sounded.end_frame) if sounded and is_asked else -inf
        found.append(Candidate(label=instance.label, sounded_ago_s=ago_s, loudness_db=loudness))
    return found


def _loudness_db(instance: Instance, end_frame: int) -> float:
    """Of one that cannot be read any more: none."""
    try:
        with instance.lock:
            return loudness_db(instance.ring, end_frame) if instance.ring else -inf
    except UNREADABLE:
        return -inf


class Instances:
    """All instances, by what their plugins say. All methods are [loop]."""

    def __init__(self, run_dir: Path, bus: Bus) -> None:
        self._run_dir = run_dir
        self._bus = bus
        self._by_id: dict[bytes, Instance] = {}

    def seen(self, peer: Peer) -> tuple[Instance, Instance | None]:
        """The Instance that speaks, and the one that it replaces: the same plugin over an earlier connection."""
        known = self._by_id.get(peer.hello.instance)
        if known is not None and known.peer is peer:
            return known, None
        instance = self._by_id[peer.hello.instance] = Instance(peer)
        if known:  # its Ring is announced again
            known.close()
        self._bus.tell(PluginsChanged())
        return instance, known

    def known(self, peer: Peer) -> Instance | None:
        """The Instance that spoke over this connection before."""
        known = self._by_id.get(peer.hello.instance)
        return known if known is not None and known.peer is peer else None

    def beat(self, instance: Instance, track_name: str | None, trouble: str = "") -> None:
        """A sign of life. track_name: None when it is as before. trouble: why it records nothing; "" when it does."""
        before = instance.track_name, instance.not_recording
        instance.track_name = instance.track_name if track_name is None else track_name
        instance.not_recording = trouble
        if (instance.track_name, trouble) != before:
            self._bus.tell(PluginsChanged())
        self._bus.tell(PluginAlive())

    def left(self, instance: Instance, *, closed: bool) -> None:
        """Its plugin said goodbye (closed), or fell silent."""
        instance.gone_at = time.monotonic()
        instance.closed = closed
        if closed:
            self._bus.tell(PluginClosed(instance=instance.name))
        self._bus.tell(PluginsChanged())

    async def attach(self, instance: Instance, opened: RingOpened) -> RingAttached | Refused:
        """Open the Ring that it announces."""
        try:
            if segment_name(instance.peer.hello.instance, opened.generation) != opened.segment:
                raise RingRefused(opened.segment, "its name does not belong to the plugin that announced it")
            ring = await open_in_thread(lambda: RingFile.open(self._run_dir, opened.segment))
        except UNREADABLE as error:
            log.warning("%s: %s", instance.name, error)
            instance.trouble = f"Its memory cannot be read: {why_of(error)}. {RELOAD}"[:512]
            self._bus.tell(PluginsChanged())
            return Refused(
                code="layout",
                message=f"The Ring cannot be read: {why_of(error)}. {RELOAD}"[:512],
                have=f"ABI {ABI_MAJOR}",
                need=f"ABI {instance.peer.hello.abi_major}",
                update_path=instance.peer.hello.plugin_path,
            )
        with instance.lock:
            instance.replace_ring(ring)
        instance.gone_at, instance.trouble = None, ""
        host_name, rate_hz = instance.peer.hello.host_name, ring.header.sample_rate_hz
        log.info("%s in %s attached: %s Hz", instance.name, host_name, rate_hz)
        self._bus.tell(PluginsChanged())
        return RingAttached(generation=opened.generation)

    async def choose(self, name: str | None) -> Choice:
        """The instance that `name` means (daemon.core.choosing), else the one that sounded last. Raises NothingKept."""
        if name:
            return Choice(self.named(name), "")
        candidates = [instance for instance in self._by_id.values() if instance.ring]
        if not candidates:
            why = next((one.not_recording for one in self._by_id.values() if one.not_recording), "")
            raise NothingKept(
                why or "No plugin is connected.", "Load Sidechain on a track of your DAW and press play."
            )
        if len(candidates) == 1:
            return Choice(candidates[0], "")
        return await asyncio.to_thread(_choose, candidates)

    async def choose_of(self, pid: int) -> Choice:
        """Of the plugins of one host that are loaded (or, when none is, were), the one that sounded last. Raises NothingKept."""
        held = [i for i in self._by_id.values() if i.ring and i.peer.pid == pid]
        candidates = [i for i in held if i.gone_at is None] or held
        if not candidates:
            raise NothingKept("This host has no plugin any more.", "Load Sidechain on a track of it.")
        return await asyncio.to_thread(_choose, candidates)

    def named(self, name: str) -> Instance:
        """Raises NothingKept when `name` means none, or several."""
        by_label = {instance.label: instance for instance in self._by_id.values()}
        found = named(list(by_label), name)
        if len(found) == 1:
            return by_label[found[0]]
        if not found:
            raise NothingKept(f"No plugin is called {name!r}.", "`sidechain instances` lists them.")
        ids = ", ".join(sorted(f"{label.name} {label.instance[:8]}" for label in found))
        raise NothingKept(
            f"{len(found)} plugins are called {name!r}: {ids}."[:512], "Say which by the id behind its name."
        )

    def all(self) -> list[Instance]:
        return list(self._by_id.values())

    async def reap_for_ever(self, spared: Callable[[], set[str]]) -> None:
        """Give back what dead plugins left: their segments at once, their open history after GONE_KEPT_S.

        spared: names of Rings that are still wanted though nobody writes them.
        """
        while True:
            # The kernel frees a dead plugin's lock at once; the socket only falls silent seconds later.
            attached = {i.ring.segment for i in self._by_id.values() if i.ring and i.ring.writer_alive()}
            keep = attached | spared()
            for name in await asyncio.to_thread(reap, self._run_dir, keep, awake_ns()):
                log.info("removed %s, whose plugin is gone", name)
            now = time.monotonic()
            for key, instance in list(self._by_id.items()):
                if instance.gone_at and now - instance.gone_at > GONE_KEPT_S:
                    instance.close()
                    del self._by_id[key]
                    self._bus.tell(PluginsChanged())
            await next_round(REAP_INTERVAL_S)

    def close(self) -> None:
        for instance in self._by_id.values():
            instance.close()
        self._by_id.clear()
