"""Instruments that are a recording of one stroke or note: made ready once, and then higher or lower by how fast it is played."""

from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.intake import Samples
from audio.rate import convert
from audio.score.kit.shots import HIGHEST_NOTE, LOWEST_NOTE, PEAK
from audio.score.kit.waves import RATE_HZ
from audio.score.sounds import CUSTOM

MAX_S = 5.0
"""Of a recording, and of each note of it: what is longer is cut, and fades out."""
_FADE_FRAMES = RATE_HZ // 100


class Recorded(NamedTuple):
    """samples: float32, (frames,), at RATE_HZ, as it sounds at CUSTOM's note. is_pitched: whether another note changes it."""

    samples: NDArray[np.float32]
    is_pitched: bool


def recorded(samples: Samples, rate_hz: int, *, is_pitched: bool) -> Recorded:
    """At the kit's rate and peak; of two channels their middle, for an instrument stands at one place. [worker]"""
    most = round(MAX_S * rate_hz)
    mono = samples[:most].mean(axis=1, dtype=np.float64)[:, None].astype(np.float32)
    found = convert(mono, rate_hz, RATE_HZ)[:, 0]
    return Recorded(_ended(found, is_cut=len(samples) > most), is_pitched)


def note_of(recording: Recorded, number: int) -> NDArray[np.float32]:
    """(frames,): number is MIDI; what lies beyond the kit's notes sounds an octave or more nearer. [worker]"""
    if not recording.is_pitched or number == CUSTOM.note:
        return recording.samples
    while number < LOWEST_NOTE:
        number += 12
    while number > HIGHEST_NOTE:
        number -= 12
    speed = 2.0 ** ((number - CUSTOM.note) / 12)
    needed = recording.samples[: round(MAX_S * RATE_HZ * speed) + 1]
    most = round(MAX_S * RATE_HZ)
    moved = np.asarray(soxr.resample(needed, RATE_HZ * speed, RATE_HZ, quality="HQ"), dtype=np.float32)
    return _ended(moved[:most], is_cut=len(recording.samples) / speed > most)


def _ended(samples: NDArray[np.float32], *, is_cut: bool) -> NDArray[np.float32]:
    """At the kit's peak, or silent as it was; read only, for it is shared."""
    found = samples * np.float32(PEAK / max(float(np.max(np.abs(samples), initial=0.0)), 1e-6))
    if is_cut:
        fade = min(_FADE_FRAMES, len(found))
        found[len(found) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    found.flags.writeable = False
    return found
