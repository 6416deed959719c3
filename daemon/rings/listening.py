"""When a Ring last sounded, and how loud: what daemon.core.choosing decides by. [worker]"""

from math import inf, log10

import numpy as np
from numpy.typing import NDArray

from bridge.shm import RingFile, Span

SIGNAL = 1e-3  # -60 dBFS: below are noise floors
LOUDNESS_S = 4.0  # long enough that a drum and a pad compare by what they are, not by the moment


def last_sound(ring: RingFile, now_ns: int, reach_s: float) -> tuple[float, float] | None:
    """Seconds since the Ring last sounded, and its RMS in dBFS before that; None: not within `reach_s`.

    now_ns: CLOCK_MONOTONIC. A host that stands still grows older with it. Raises RemoteProtocolError, BridgeError,
    OSError.
    """
    rate_hz, there = ring.header.sample_rate_hz, ring.readable()
    stood_s = max(now_ns - ring.counters().last_block_ns, 0) / 1e9
    floor_frame = max(there.stop - int(max(reach_s - stood_s, 0.0) * rate_hz), there.start)
    step = int(rate_hz)
    for end in range(there.stop, floor_frame, -step):
        span = ring.read(end - step, step)
        loud = np.flatnonzero(_peaks(span, ring.header.channels) >= SIGNAL)
        if loud.size:
            ended = span.first_frame + int(loud[-1]) + 1
            return stood_s + (there.stop - ended) / rate_hz, _rms_db(ring, ended)
    return None


def _peaks(span: Span, channels: int) -> NDArray[np.float32]:
    """Of each frame its largest sample, (n,) float32; what is not finite is silence."""
    samples = np.nan_to_num(np.frombuffer(span.data, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    peaks: NDArray[np.float32] = np.abs(samples.reshape(-1, channels)).max(axis=1, initial=0.0)
    return peaks


def _rms_db(ring: RingFile, end_frame: int) -> float:
    frames = int(LOUDNESS_S * ring.header.sample_rate_hz)
    data = np.frombuffer(ring.read(end_frame - frames, frames).data, np.float32)
    finite = data[np.isfinite(data)]
    power = float(np.mean(np.square(finite, dtype=np.float64))) if finite.size else 0.0
    return 10 * log10(power) if power > 0 else -inf
