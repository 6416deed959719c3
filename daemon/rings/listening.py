"""When a Ring last sounded, and how loud: what daemon.core.choosing decides by. [worker]

Both raise RemoteProtocolError, BridgeError, OSError.
"""

from typing import NamedTuple

from bridge.shm import RingFile
from daemon.core.sounding import after_last_signal, rms_db

LOUDNESS_S = 4.0  # long enough that a drum and a pad compare by what they are, not by the moment
PIECE_S = 0.25  # read at once: who plays, sounds in the last of them


class Sounded(NamedTuple):
    """The last sound of a Ring: how long ago it ended, and where."""

    ago_s: float
    end_frame: int


class LastSound:
    """The last sound of a Ring, looked for ever further back; no frame is looked at twice. [one thread]"""

    def __init__(self, ring: RingFile, now_ns: int) -> None:
        """now_ns: CLOCK_MONOTONIC. A host that stands still grows older with it."""
        self._ring = ring
        self._rate_hz = ring.header.sample_rate_hz
        self._there = ring.readable()
        self._stood_s = max(now_ns - ring.counters().last_block_ns, 0) / 1e9
        self._silent_from = self._there.stop
        self._found: Sounded | None = None

    def within(self, reach_s: float) -> Sounded | None:
        """None: it is not within `reach_s`, which may be inf."""
        reach_frames = min(max(reach_s - self._stood_s, 0.0) * self._rate_hz, len(self._there))
        floor_frame = self._there.stop - int(reach_frames)
        step = int(PIECE_S * self._rate_hz)
        while self._found is None and self._silent_from > floor_frame:
            span = self._ring.read(self._silent_from - step, step)
            if frames := -(-after_last_signal(span.data) // self._ring.header.channels):
                ended = span.first_frame + frames
                ago_s = self._stood_s + (self._there.stop - ended) / self._rate_hz
                self._found = Sounded(ago_s, ended)
            self._silent_from -= step
        return self._found


def loudness_db(ring: RingFile, end_frame: int) -> float:
    """RMS in dBFS of the LOUDNESS_S before `end_frame`; -inf where all of it is gone."""
    frames = int(LOUDNESS_S * ring.header.sample_rate_hz)
    return rms_db(ring.read(end_frame - frames, frames).data)
