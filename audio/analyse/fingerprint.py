"""Is this the same sound? A compact fingerprint of a clip and how to lay two of them over each other.

Not likeness (audio.analyse.likeness): two takes of one melody have different fingerprints. It stands levelling, MP3, a
different start or end, rotation of a loop and ±4 % of speed. It stops at 6 % of speed, at transposition by two semitones, at
heavy effects, and below MIN_FRAMES.

Method. One bit per band and frame says whether the slope of the log spectrum from this band to the next grew since
two frames ago (after Haitsma & Kalker, "A highly robust audio fingerprinting system", ISMIR 2002); bands are 1.9
semitones wide and frames 0.37 s long, so that ±3 % of speed move no bit far. All offsets are tried, and speeds in
steps of one per cent (audio.kernels.overlay). The longer clip is taken to be a loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.analyse.key_notes import FRAME_RATE_HZ, HOP_FRAMES, WINDOW_FRAMES
from audio.analyse.spectrum import Frames, analysis_mono, magnitudes, middle, triangles
from audio.intake import Samples
from audio.kernels import KERNELS
from audio.kernels.matrices import rows_times
from audio.kernels.overlay import BITS

SAME_SCORE = 0.78
"""Agreement from which two clips of LONG_FRAMES and more are called the same: what copies keep at their speed. Of other loops of
one drum kit one in ten to twenty pass, unrelated clips stay below 0.60. Measured: benchmarks/README.md, "Analysis"."""
SPED_SAME_SCORE = 0.75
"""The same at another speed, where bits move between bands."""
SHORT_SAME_SCORE = 0.70
"""The same where one is shorter: a cut takes more of it away."""
LONG_FRAMES = 60
"""5.6 s."""
MIN_FRAMES = 12
"""Shorter fingerprints (1.3 s) match nothing: so few bits agree by chance."""
SPEEDS = (1.0, 0.99, 1.01, 0.98, 1.02, 0.97, 1.03, 0.96, 1.04)

_LOWEST_HZ, _HIGHEST_HZ = 80.0, 5_000.0  # what MP3 and small speakers keep
_RISE_FRAMES = 2
LOOPED_SECONDS = 3.0  # a shorter clip is a loop: repeated up to this, so that its start is no edge

Fingerprint = NDArray[np.uint32]
"""uint32 (frames,), FRAME_RATE_HZ (10.8) per second: 43 bytes per second of audio. Empty for silence."""


@dataclass(frozen=True)
class Match:
    """score: share of equal bits at the best overlay, 0.5 by chance to 1.0; 0 when one is empty or too short.

    same: score >= required_score(). offset_s: where the shorter clip begins in the longer one (which wraps). speed: of the
    shorter relative to the longer clip, within a per cent or so.
    """

    score: float
    same: bool
    offset_s: float
    speed: float


def fingerprint(samples: Samples, sample_rate_hz: int) -> Fingerprint:
    """samples: finite float32 (frames >= 1, 1 or 2 channels). [worker]: some 20 ms for 16 s

    A clip longer than audio.analyse.spectrum.MAX_SECONDS is known by its middle.
    """
    _, part = middle(samples, sample_rate_hz)
    mono = analysis_mono(part, sample_rate_hz)
    seconds = len(part) / sample_rate_hz
    if 0 < seconds < LOOPED_SECONDS:
        mono = np.tile(mono, int(np.ceil(LOOPED_SECONDS / seconds)))
    return fingerprint_of(magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES))


def fingerprint_of(spectra: Frames) -> Fingerprint:
    """spectra: magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES) of audio.analyse.key_notes, of a clip of 3 s or more. [any]"""
    if not spectra.any() or len(spectra) <= _RISE_FRAMES:
        return np.zeros(0, np.uint32)
    edges_hz = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, BITS + 3)
    power = rows_times(np.square(spectra), triangles(edges_hz, WINDOW_FRAMES))
    slope = -np.diff(np.log(power + np.float32(1e-9)), axis=1)
    grew = slope[_RISE_FRAMES:] > slope[:-_RISE_FRAMES]
    words: Fingerprint = np.packbits(grew, axis=1, bitorder="little").view("<u4")[:, 0]
    return words.astype(np.uint32)


def required_score(frames: int, speed: float) -> float:
    """Agreement to call two clips the same, the shorter of which has so many frames and is so much faster. [any]

    What chance reaches, the best of all offsets and speeds, grows as one over the root of the length.
    """
    least = SHORT_SAME_SCORE if frames < LONG_FRAMES else SAME_SCORE if speed == 1.0 else SPED_SAME_SCORE
    return max(least, 0.5 + 1.1 / float(np.sqrt(frames)))


def match(one: Fingerprint, other: Fingerprint) -> Match:
    """Lay the shorter over the longer in every place and at every speed. Symmetric in its score. [worker]"""
    return matches(one, [other])[0]


def matches(query: Fingerprint, known: Sequence[Fingerprint]) -> list[Match]:
    """match() of one with each of many. [worker]: 10,000 of 16 s each in half a second"""
    starts = np.cumsum([0, *(len(each) for each in known)], dtype=np.int64)
    words = np.concatenate([np.zeros(0, np.uint32), *known])
    agreeing, places, speeds = KERNELS.overlays(words, starts, query, np.asarray(SPEEDS))
    found = []
    for each, score, place, speed in zip(known, agreeing, places, speeds, strict=True):
        frames = min(len(query), len(each))
        if frames < MIN_FRAMES:
            found.append(Match(0.0, False, 0.0, 1.0))
            continue
        factor = SPEEDS[int(speed)]
        same = bool(score >= required_score(frames, factor))
        found.append(Match(float(score), same, int(place) / FRAME_RATE_HZ, factor))
    return found
