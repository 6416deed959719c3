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


def last_sound(ring: RingFile, now_ns: int, reach_s: float) -> Sounded | None:
    """None: not within `reach_s`, which may be inf.

    now_ns: CLOCK_MONOTONIC. A host that stands still grows older with it.
    """
    rate_hz, there = ring.header.sample_rate_hz, ring.readable()
    stood_s = max(now_ns - ring.counters().last_block_ns, 0) / 1e9
    reach_frames = min(max(reach_s - stood_s, 0.0) * rate_hz, len(there))  # reach_s may be infinite
    floor_frame = there.stop - int(reach_frames)
    step = int(PIECE_S * rate_hz)
    for end in range(there.stop, floor_frame, -step):
        span = ring.read(end - step, step)
        if frames := -(-after_last_signal(span.data) // ring.header.channels):
            ended = span.first_frame + frames
            return Sounded(stood_s + (there.stop - ended) / rate_hz, ended)
    return None


def loudness_db(ring: RingFile, end_frame: int) -> float:
    """RMS in dBFS of the LOUDNESS_S before `end_frame`; -inf where all of it is gone."""
    frames = int(LOUDNESS_S * ring.header.sample_rate_hz)
    return rms_db(ring.read(end_frame - frames, frames).data)
