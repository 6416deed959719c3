"""What the plugins that play sound like now: copied out of their Rings whenever somebody asks, and heard by a worker.

Who asks is told what was heard last and never waits, however busy the machine is; asking begins the next round. Nothing is read and no worker runs
for nobody: it ends when it was not asked for IDLE_S.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

import msgspec

from bridge.control import InstanceInfo
from bridge.errors import BridgeError
from daemon.features.analysing.live_worker import FromLiveWorker, Piece, StreamMeasurement
from daemon.rings.instances import Instance
from daemon.system.children import Child, ChildDied
from plugin_protocol.errors import RemoteProtocolError

log = logging.getLogger(__name__)

MOST = 8
"""Plugins that are listened to; the loudest."""
BEHIND_S = 5.0
"""Of what was played while nobody asked, only so much is heard."""
ANSWER_LIMIT_S = 30.0
IDLE_S = 10.0
MAX_ANSWER_BYTES = 64 << 10
_answers: msgspec.msgpack.Decoder[FromLiveWorker] = msgspec.msgpack.Decoder(FromLiveWorker)


class Sounding(NamedTuple):
    """A plugin that is listened to, and what was heard."""

    about: InstanceInfo
    heard: StreamMeasurement


class Round(NamedTuple):
    """What was heard at once; left_out: how many sound besides. is_first: nothing was heard yet since somebody asks."""

    found: list[Sounding]
    left_out: int
    is_first: bool = False


FIRST = Round([], 0, True)


class _Place(NamedTuple):
    """How far a Ring was heard."""

    generation: int
    next_frame: int


class LiveHearing:
    """instances: those there are now. [loop]"""

    def __init__(self, instances: Callable[[], Sequence[Instance]]) -> None:
        command = [sys.executable, "-m", "daemon.features.analysing.live_worker"]
        self._worker = Child(lambda: command, _answers, max_answer_bytes=MAX_ANSWER_BYTES, idle_s=IDLE_S)
        self._instances = instances
        self._places: dict[str, _Place] = {}
        self._last = FIRST
        self._asked_s = -inf
        self._round: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)
        await self._worker.stop()

    def heard(self) -> Round:
        """Of those that sound, the loudest first, by the round before this."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._asked_s > IDLE_S:
            self._last = FIRST
        self._asked_s = now_s
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._hear())
        return self._last

    async def _hear(self) -> None:
        """One round; what the worker cannot hear is left out of it."""
        pieces, left_out = await asyncio.to_thread(self._pieces, list(self._instances()))
        try:
            self._last = Round(await self._answered(pieces), left_out)
        except (ChildDied, TimeoutError, OSError) as error:
            log.warning("what plays cannot be listened to: %s", error)
            self._places.clear()
            self._last = Round([], left_out)

    async def _answered(self, pieces: list[tuple[InstanceInfo, Piece]]) -> list[Sounding]:
        if not pieces:
            return []
        found = []
        async with self._worker.conversation(ANSWER_LIMIT_S) as asked:
            for about, piece in pieces:
                await asked.say(piece)
                if isinstance(answer := await asked.hear(), StreamMeasurement):
                    found.append(Sounding(about, answer))
        return found

    def _pieces(self, instances: Sequence[Instance]) -> tuple[list[tuple[InstanceInfo, Piece]], int]:
        """[worker]"""
        told = [(instance, instance.info()) for instance in instances]
        live = [(one, about) for one, about in told if about.state == "recording" and about.sounding]
        live.sort(key=lambda each: -(each[1].level or 0.0))
        names = {about.instance for _, about in live[:MOST]}
        self._places = {name: place for name, place in self._places.items() if name in names}
        pieces = [(about, piece) for one, about in live[:MOST] if (piece := self._piece(one)) is not None]
        return pieces, max(0, len(live) - MOST)

    def _piece(self, instance: Instance) -> Piece | None:
        """What it has played since it was asked last; None: it cannot be read now. [worker]"""
        with instance.lock:
            ring = instance.ring
            if ring is None:
                return None
            try:
                header, there = ring.header, ring.readable()
                place = self._places.get(instance.name)
                since = place.next_frame if place and place.generation == header.generation else -1
                first_frame = max(since, there.stop - int(BEHIND_S * header.sample_rate_hz))
                span = ring.read(first_frame, there.stop - first_frame, there)
            except (RemoteProtocolError, BridgeError, OSError):
                return None
        self._places[instance.name] = _Place(header.generation, span.first_frame + span.frames)
        return Piece(
            instance=instance.name,
            sample_rate_hz=round(header.sample_rate_hz),
            channels=header.channels,
            data=bytes(span.data),
            anew=span.first_frame != since,
        )
