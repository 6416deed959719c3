"""Where the beats of a clip are, once its tempo is known: the steadiest path from onset to onset.

Not the tempo (audio.analyse.tempo) and not the bar: no beat is called the first.

Method: D. Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36 (2007). A path is worth the onset strength at its
beats, less TIGHTNESS times the squared logarithm of each step over the period; of all paths the best is found frame by frame.
"""

import numpy as np
from numpy.typing import NDArray

from audio.analyse.onsets import FRAME_RATE_HZ, Envelope, OnsetEnvelope, onset_times_s

TIGHTNESS = 100.0
_WIDTH = 1 / 32  # of a period: how near an onset has to be to speak for a beat (standard deviation)
_CUT_S = 0.05  # so near the clip's start, a beat is at its start
_WEAK = 0.5  # of the beats' mean strength (RMS): before the first and behind the last that has it nobody would tap


def beat_times_s(envelope: OnsetEnvelope, bpm: float) -> tuple[float, ...]:
    """Seconds from the start, rising, within some 15 ms. bpm: > 0. Empty when nothing in the clip starts. [any]"""
    spread = float(envelope.total.std())
    if spread < 1e-9 or not onset_times_s(envelope):
        return ()
    period = 60 * FRAME_RATE_HZ / bpm
    strength = _blurred(envelope.total / spread, period)
    beats_s = [float(frame) / FRAME_RATE_HZ for frame in _trimmed(best_path(strength, period), strength)]
    if beats_s and abs(beats_s[0] - 60 / bpm) < _CUT_S:
        beats_s.insert(0, 0.0)  # a clip that begins on a beat has no rise there: it was there before
    return tuple(beats_s)


def best_path(strength: Envelope, period: float) -> list[int]:
    """The frames of the beats, rising. strength: (frames,); period: frames from beat to beat, > 0. Empty for no frames. [any]

    Each step is between half and twice the period, rounded; a path may begin anywhere, and ends within the last period.
    """
    shortest = max(1, round(period / 2))
    steps = np.arange(max(shortest, round(period * 2)), shortest - 1, -1)  # the farthest first
    cost = TIGHTNESS * np.square(np.log(steps / period))
    worth = np.array(strength, np.float64)
    before = np.full(len(worth), -1)
    for frame in range(shortest, len(worth)):
        reachable = min(len(steps), frame - shortest + 1)
        first = frame - shortest - reachable + 1
        gains = worth[first : first + reachable] - cost[len(steps) - reachable :]
        best = int(np.argmax(gains))
        if gains[best] > 0:  # else a path that begins here is worth more
            worth[frame] += gains[best]
            before[frame] = first + best
    if not len(worth):
        return []
    last = max(0, len(worth) - max(1, round(period)))
    path = [last + int(np.argmax(worth[last:]))]
    while (frame := int(before[path[-1]])) >= 0:
        path.append(frame)
    return path[::-1]


def _blurred(values: Envelope, period: float) -> Envelope:
    width = period * _WIDTH
    reach = max(1, round(4 * width))
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / width))
    return np.convolve(values, kernel / kernel.sum(), "same")[: len(values)]


def _trimmed(path: list[int], strength: Envelope) -> NDArray[np.int64]:
    frames = np.array(path, np.int64)
    heard = strength[frames]
    strong = np.flatnonzero(heard >= _WEAK * float(np.sqrt(np.mean(np.square(heard)))))
    return frames[strong[0] : strong[-1] + 1] if len(strong) else frames[:0]
