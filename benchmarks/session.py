"""A day's session, played faster than it lasts into Rings of this process: journal and packing are the product's own.

The clock is that of the Rings: each round finds what half a second brings, at the session's own rate, and there are as many
rounds, files, syncs and starts of the worker as in a day. What is left out is waiting, and the daemon's loop between two rounds
(`bench_daemon` has it). Limits of minutes count sound, not the wall clock, and so hold as on that day.
"""

import os
import resource
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.paths import prepare_run_dir
from bridge.plugin_endpoint import Peer
from bridge.shm import RingFile
from daemon.config import Config
from daemon.events import Bus
from daemon.features.history.compressing import ROUND_S, Compressing
from daemon.features.history.journal import TICK_S, Journal
from daemon.rings.instances import Instance
from tests.support.pair import hello
from tests.support.ringfile import RingWriter

RING_S = 43.0  # as the plugin's at 48 kHz
PERIOD_S, SOUNDS_S = 240, 180  # three minutes of every four are played


@dataclass(frozen=True, kw_only=True)
class Hour:
    """What stands after so much of the session. cpu_s: of journal and packing, since the one before."""

    played_s: float
    sounded_s: float  # of all plugins together, since the one before
    held_bytes: int
    resident_bytes: int
    journal_cpu_s: float
    packing_cpu_s: float
    worker_cpu_s: float


class Player:
    """One plugin: plays its piece round and round, three minutes of four."""

    def __init__(self, config: Config, number: int, piece: NDArray[np.float32], rate_hz: int) -> None:
        instance_id = bytes([number + 1]) * 16
        capacity = 1 << (int(RING_S * rate_hz).bit_length() - 1)
        self.ring = RingWriter(
            config.run, sample_rate_hz=rate_hz, capacity_frames=capacity, instance_id=instance_id
        )
        said = hello(instance=instance_id)
        self.instance = Instance(Peer(instance=said.instance, pid=1, uid=0, hello=said))
        self.instance.ring = RingFile.open(config.run, self.ring.segment)
        self._frames = int(TICK_S * rate_hz)
        self._piece = piece[: len(piece) // self._frames * self._frames]
        self._silence = np.zeros((self._frames, 2), np.float32)

    def play(self, at_s: float) -> bool:
        """Half a second; whether it sounded."""
        sounds = at_s % PERIOD_S < SOUNDS_S
        at = self.ring.commit % len(self._piece)
        self.ring.write(self._piece[at : at + self._frames] if sounds else self._silence)
        return sounds

    def close(self) -> None:
        self.instance.close()
        self.ring.close()


class _Spent:
    """Processor time of what is measured, apart from what plays."""

    def __init__(self) -> None:
        self.journal_s = self.packing_s = 0.0
        self._worker_s = _children_s()

    def worker_s(self) -> float:
        """Of workers that have ended since the last question."""
        before, self._worker_s = self._worker_s, _children_s()
        return self._worker_s - before


async def play_session(
    folder: Path,
    pieces: Sequence[NDArray[np.float32]],
    *,
    rate_hz: int,
    seconds: float,
    told_every_s: float,
    minutes: float = 10.0,
) -> AsyncIterator[Hour]:
    """pieces: one for each plugin, float32 (frames, 2), longer than half a second. minutes: the reach."""
    for place in ("run", "data"):
        (folder / place).mkdir(mode=0o700)
    prepare_run_dir(folder / "run")
    config = Config(data_dir=str(folder / "data"), run_dir=str(folder / "run"), history_minutes=minutes)
    journal = Journal(config, Bus())
    await journal.do(journal.judge)
    packing, spent = Compressing(journal), _Spent()
    players = [Player(config, number, piece, rate_hz) for number, piece in enumerate(pieces)]
    sounded_s = 0.0
    try:
        for step in range(1, round(seconds / TICK_S) + 1):
            at_s = step * TICK_S
            sounded_s += TICK_S * sum(one.play(at_s) for one in players)
            began = time.process_time()
            await journal.do(journal.look, [one.instance for one in players])
            spent.journal_s += time.process_time() - began
            if at_s % ROUND_S == 0:
                began = time.process_time()
                await packing.round()
                await packing.close()  # at half a minute's distance no worker outlives its idle time
                spent.packing_s += time.process_time() - began
            if at_s % told_every_s == 0:
                yield _hour(journal, spent, played_s=at_s, sounded_s=sounded_s)
                sounded_s = 0.0
    finally:
        await packing.close()
        journal.close()
        for one in players:
            one.close()


def _hour(journal: Journal, spent: _Spent, *, played_s: float, sounded_s: float) -> Hour:
    told = Hour(
        played_s=played_s,
        sounded_s=sounded_s,
        held_bytes=journal.used_bytes,
        resident_bytes=_resident_bytes(),
        journal_cpu_s=spent.journal_s,
        packing_cpu_s=spent.packing_s,
        worker_cpu_s=spent.worker_s(),
    )
    spent.journal_s = spent.packing_s = 0.0
    return told


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
