"""One stroke or note of the kit, as frames."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.score.kit.drums import DRUMS
from audio.score.kit.tones import ATTACK_S, TONES, TURN_S
from audio.score.kit.waves import RATE_HZ, hz_of
from audio.score.sounds import SOUNDS

RELEASE_FRAMES = RATE_HZ // 100
"""A held note that ends goes down to nothing in so many, in a straight line."""
LOWEST_NOTE, HIGHEST_NOTE = 24, 108
"""What lies beyond is played in the nearest octave that is not."""
PEAK = 0.9
"""Of every stroke and note, so that gains mean the same."""
_KEPT = 256


class Shot(NamedTuple):
    """samples: float32, (frames,), at RATE_HZ, within ±1. repeat: its frames from there to the end go on as long as the note lasts; None: it ends."""

    samples: NDArray[np.float32]
    repeat: int | None


@lru_cache(_KEPT)
def one_shot(sound: str, number: int) -> Shot:
    """sound: of SOUNDS. number: MIDI; a sound without pitch sounds the same with each. [any]"""
    if not SOUNDS[sound].is_pitched:
        return Shot(_within(DRUMS[sound]()), None)
    while number < LOWEST_NOTE:
        number += 12
    while number > HIGHEST_NOTE:
        number -= 12
    samples = _within(TONES[sound](number))
    repeats = SOUNDS[sound].repeats
    assert not repeats or len(samples) == round((ATTACK_S + TURN_S) * RATE_HZ), hz_of(number)
    return Shot(samples, round(ATTACK_S * RATE_HZ) if repeats else None)


def _within(wave: NDArray[np.float64]) -> NDArray[np.float32]:
    """At one peak for all, so that gains mean the same; read only, for it is shared."""
    found: NDArray[np.float32] = (wave * (PEAK / np.max(np.abs(wave)))).astype(np.float32)
    found.flags.writeable = False
    return found
