"""When a Ring last sounded, and how loud: what daemon.core.choosing decides by. [worker]"""

from bridge.shm import RingFile
from daemon.core.sounding import after_last_signal, rms_db

LOUDNESS_S = 4.0  # long enough that a drum and a pad compare by what they are, not by the moment


def last_sound(ring: RingFile, now_ns: int, reach_s: float) -> tuple[float, float] | None:
    """Seconds since the Ring last sounded, and its RMS in dBFS before that; None: not within `reach_s`, which may be inf.

    now_ns: CLOCK_MONOTONIC. A host that stands still grows older with it. Raises RemoteProtocolError, BridgeError,
    OSError.
    """
    rate_hz, there = ring.header.sample_rate_hz, ring.readable()
    stood_s = max(now_ns - ring.counters().last_block_ns, 0) / 1e9
    reach_frames = min(max(reach_s - stood_s, 0.0) * rate_hz, len(there))  # reach_s may be infinite
    floor_frame = there.stop - int(reach_frames)
    step = int(rate_hz)
    for end in range(there.stop, floor_frame, -step):
        span = ring.read(end - step, step)
        frames = -(-after_last_signal(span.data) // ring.header.channels)
        if frames:
            ended = span.first_frame + frames
            before = ring.read(ended - int(LOUDNESS_S * rate_hz), int(LOUDNESS_S * rate_hz))
            return stood_s + (there.stop - ended) / rate_hz, rms_db(before.data)
    return None
