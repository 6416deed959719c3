"""Notes: bass, keys, lead, pluck, pad, piano, brass. Each is a sum of partials below the highest that is heard."""

from collections.abc import Callable, Sequence

import numpy as np

from audio.score.kit.waves import HIGHEST_HZ, Wave, hz_of, sines, times

ATTACK_S, TURN_S = 0.4, 2.0
"""Of a held note: how long until it stands, and what is then repeated. A partial of it turns a whole number of times in that: it is off by up
to a quarter of 1 Hz.
"""
_MOST_PARTIALS = 60


def _partials(hz: float, most: int = _MOST_PARTIALS) -> range:
    return range(1, min(most, int(HIGHEST_HZ / hz)) + 1)


def _plucked(
    number: int, seconds: float, *, bright: float, stretch: float = 0.0, attack: float = 0.002
) -> Wave:
    """A string: the higher a partial, the weaker and the sooner over. bright: how slowly. stretch: of a stiff one (inharmonicity B)."""
    hz, t = hz_of(number), times(seconds)
    ns = _partials(hz)
    places = [n * hz * float(np.sqrt(1.0 + stretch * n * n)) for n in ns]
    amounts = [n**-1.2 * float(np.exp(-n / bright)) for n in ns]
    decays = [seconds / (1.0 + 0.25 * n) for n in ns]
    fade = np.clip((seconds - t) / 0.05, 0.0, 1.0)
    return np.minimum(t / attack, 1.0) * fade * sines(t, places, amounts, decays=decays)


def bass(number: int) -> Wave:
    return _plucked(number, 2.5, bright=7.0, attack=0.004)


def piano(number: int) -> Wave:
    return _plucked(number, 4.0, bright=11.0, stretch=0.0004)


def pluck(number: int) -> Wave:
    return _plucked(number, 0.9, bright=14.0)


def keys(number: int) -> Wave:
    """Two tines: one an octave and a half-octave of partials above that is soon over, as of an electric piano (FM, Chowning 1973)."""
    hz, t = hz_of(number), times(4.0)
    body = np.sin(2 * np.pi * hz * t + 1.1 * 10.0 ** (-3.0 * t / 1.6) * np.sin(2 * np.pi * hz * t))
    tine = 0.35 * np.sin(
        2 * np.pi * hz * t
        + 0.6 * 10.0 ** (-3.0 * t / 0.25) * np.sin(2 * np.pi * min(14 * hz, HIGHEST_HZ / 2) * t)
    )
    fade = np.clip((4.0 - t) / 0.05, 0.0, 1.0)
    return np.minimum(t / 0.003, 1.0) * fade * 10.0 ** (-3.0 * t / 5.0) * 0.7 * (body + tine)


def _held(
    number: int, amounts: Callable[[int], float], *, rise: float, detune: Sequence[float] = (0.0,)
) -> Wave:
    """ATTACK_S, then TURN_S that can be repeated without a seam. detune: of its voices, in Hz at the first partial."""
    hz, t = hz_of(number), times(ATTACK_S + TURN_S)
    found = np.zeros_like(t)
    for voice, off in enumerate(detune):
        ns = _partials(hz, 40)
        whole = [round(n * (hz + off) * TURN_S) / TURN_S for n in ns]
        phase = [0.7 * voice * n for n in ns]
        found += sines(t, whole, [amounts(n) for n in ns], phases=phase)
    return np.minimum(t / rise, 1.0) * found / len(detune)


def lead(number: int) -> Wave:
    return _held(number, lambda n: 0.8 / n * float(np.exp(-n / 14)), rise=0.008, detune=(-0.5, 0.5))


def pad(number: int) -> Wave:
    return _held(number, lambda n: 1.0 / n * float(np.exp(-n / 4)), rise=0.3, detune=(-1.0, 0.0, 1.0))


def brass(number: int) -> Wave:
    return _held(number, lambda n: float(np.exp(-abs(n - 2) / 5)) / 2, rise=0.04, detune=(-0.5, 0.5))


TONES: dict[str, Callable[[int], Wave]] = {
    "bass": bass,
    "keys": keys,
    "synth-lead": lead,
    "synth-pluck": pluck,
    "pad": pad,
    "piano": piano,
    "brass": brass,
}
