"""Loudness after ITU-R BS.1770-4, EBU Tech 3341 (momentary, short-term, integrated) and EBU Tech 3342 (range).

Not a live meter: the whole clip is at hand. The clip is K-weighted once and its power summed over hops of 10 ms; every
figure is a window over those hops. A clip shorter than a window is repeated to fill it: takes are loops, and that is
what their listeners hear. Nothing here is ever minus infinity: what cannot be measured is None.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels import KERNELS

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0  # EBU Tech 3342: of the short-term values behind the loudness range
RANGE_PERCENTILES = (10, 95)
HOP_MS = 10
BLOCK_HOPS = 40  # 400 ms: momentary loudness, and the blocks of integrated loudness
BLOCK_STEP_HOPS = 10  # integrated: blocks overlap by 75 %
SHORT_TERM_HOPS = 300  # 3 s
RANGE_STEP_HOPS = 10  # EBU Tech 3342: at least 10 short-term values a second

_OFFSET_LUFS = -0.691  # BS.1770-4: makes 997 Hz at 0 dBFS in one channel read -3.01
_REFERENCE_RATE_HZ = 48_000  # the rate of the tables in BS.1770-4
# BS.1770-4 table 3, by number of channels. Five are left, right, centre, left and right surround: measured, never made.
_CHANNEL_WEIGHTS = {1: [1.0], 2: [1.0, 1.0], 5: [1.0, 1.0, 1.0, 1.41, 1.41]}

_PLAYED_WEIGHTS = _CHANNEL_WEIGHTS | {1: [2.0]}

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Loudness:
    """All in LUFS but range_lu. None: nothing passes the -70 LUFS gate (for the two maxima: no such value exists).

    momentary_max_lufs: over 400 ms, at every 10 ms; short_term_max_lufs: over 3 s, at every 10 ms.
    range_lu: 0.0 for a clip of 3 s or less, which has one short-term value.
    """

    integrated_lufs: float | None
    momentary_max_lufs: float | None
    short_term_max_lufs: float | None
    range_lu: float | None


@dataclass(frozen=True)
class LoudnessCurve:
    """Loudness over time, of windows that start every HOP_MS. None stands for less than -70 LUFS."""

    momentary_lufs: list[float | None]
    short_term_lufs: list[float | None]


def loudness(samples: Samples, sample_rate_hz: int, *, as_played: bool = False) -> Loudness:
    """All figures of a clip in one pass. [any]

    samples: finite float32 (frames >= 1; 1, 2 or 5 channels). Channels weigh 1.0 (surround 1.41), so mono reads 3 LU
    below the same signal on both channels; as_played: it counts twice, as players put it on both speakers.
    """
    energy, edges = _hops(samples, sample_rate_hz, as_played)
    momentary = _window_power(energy, edges, BLOCK_HOPS)
    short_term = _window_power(energy, edges, SHORT_TERM_HOPS)
    return Loudness(
        integrated_lufs=_gated_lufs(momentary[::BLOCK_STEP_HOPS]),
        momentary_max_lufs=_audible_lufs(float(momentary.max())),
        short_term_max_lufs=_audible_lufs(float(short_term.max())),
        range_lu=_range_lu(short_term[::RANGE_STEP_HOPS]),
    )


def integrated_lufs(samples: Samples, sample_rate_hz: int, *, as_played: bool = False) -> float | None:
    """Integrated loudness alone; arguments as in loudness(). [any]"""
    return loudness(samples, sample_rate_hz, as_played=as_played).integrated_lufs


def loudness_curve(samples: Samples, sample_rate_hz: int, *, as_played: bool = False) -> LoudnessCurve:
    """Momentary and short-term loudness over time; arguments as in loudness(). [any]"""
    energy, edges = _hops(samples, sample_rate_hz, as_played)
    momentary, short_term = (
        [_audible_lufs(float(power)) for power in _window_power(energy, edges, hops)]
        for hops in (BLOCK_HOPS, SHORT_TERM_HOPS)
    )
    return LoudnessCurve(momentary_lufs=momentary, short_term_lufs=short_term)


def _hops(samples: Samples, sample_rate_hz: int, as_played: bool) -> tuple[Matrix, NDArray[np.int64]]:
    """The K-weighted energy of every hop, and the frames the hops lie between. At least one block of them."""
    block_frames = math.ceil(sample_rate_hz * HOP_MS * BLOCK_HOPS / 1000)
    if len(samples) < block_frames:
        samples = np.tile(samples, (math.ceil(block_frames / len(samples)), 1))
    hops = len(samples) * 1000 // (sample_rate_hz * HOP_MS)
    edges = np.arange(hops + 1) * (sample_rate_hz * HOP_MS) // 1000
    weights = np.array((_PLAYED_WEIGHTS if as_played else _CHANNEL_WEIGHTS)[samples.shape[1]])
    return KERNELS.k_energy(samples, np.array(k_weighting(sample_rate_hz)), weights, edges), edges


def _window_power(energy: Matrix, edges: NDArray[np.int64], hops: int) -> Matrix:
    """Mean power of every window of so many hops; of the clip repeated when it is shorter than one."""
    if len(energy) < hops:
        return np.array([energy.sum() / edges[-1]])
    sums = np.cumsum(np.concatenate([[0.0], energy]))
    power: Matrix = np.maximum(sums[hops:] - sums[:-hops], 0.0) / (edges[hops:] - edges[:-hops])
    return power


def _lufs(power: float) -> float:
    return _OFFSET_LUFS + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LUFS) / 10))


def _audible_lufs(power: float) -> float | None:
    return _lufs(power) if power > _power(ABSOLUTE_GATE_LUFS) else None


def _gated(power: Matrix, relative_lu: float) -> Matrix:
    """What lies above -70 LUFS and above the mean of all that does, by relative_lu; empty if nothing does."""
    audible = power[power > _power(ABSOLUTE_GATE_LUFS)]
    if not len(audible):
        return audible
    return audible[audible > float(audible.mean()) * 10 ** (relative_lu / 10)]


def _gated_lufs(block_power: Matrix) -> float | None:
    kept = _gated(block_power, RELATIVE_GATE_LU)
    return _lufs(float(kept.mean())) if len(kept) else None


def _range_lu(short_term_power: Matrix) -> float | None:
    """EBU Tech 3342: from the 10th to the 95th percentile of the gated short-term loudness."""
    kept = np.sort(_gated(short_term_power, RANGE_GATE_LU))
    if not len(kept):
        return None
    low, high = (float(kept[round((len(kept) - 1) * percent / 100)]) for percent in RANGE_PERCENTILES)
    return 10 * math.log10(high / low)


def k_weighting(sample_rate_hz: int) -> tuple[Matrix, Matrix]:
    """The two biquads of the K filter as rows [b0, b1, b2, 1, a1, a2]: shelf, then high-pass. [any]

    BS.1770-4 tabulates 48 kHz only. The analog prototypes behind its tables (De Man, "Evaluation of
    implementations of the EBU R128 loudness measurement", 2014) are transformed bilinearly for other rates.
    """

    def poles(corner_hz: float, q: float, rate_hz: int) -> tuple[float, float, Matrix]:
        k = math.tan(math.pi * corner_hz / rate_hz)
        a0 = 1 + k / q + k * k
        return k, a0, np.array([1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])

    shelf_hz, shelf_q = 1681.974450955533, 0.7071752369554196
    high_gain = 10 ** (3.999843853973347 / 20)
    band_gain = high_gain**0.4996667741545416
    k, a0, denominator = poles(shelf_hz, shelf_q, sample_rate_hz)
    numerator = np.array(
        [
            high_gain + band_gain * k / shelf_q + k * k,
            2 * (k * k - high_gain),
            high_gain - band_gain * k / shelf_q + k * k,
        ]
    )
    shelf = np.concatenate([numerator / a0, denominator])
    highpass_hz, highpass_q = 38.13547087602444, 0.5003270373238773
    _, a0, denominator = poles(highpass_hz, highpass_q, sample_rate_hz)
    # The standard's numerator is 1, -2, 1 at 48 kHz: a pass-band gain of a0(48k), not of 1. Other rates get that same
    # pass-band gain, or the meter would read up to 0.03 LU differently for the same sound.
    _, reference_a0, _ = poles(highpass_hz, highpass_q, _REFERENCE_RATE_HZ)
    highpass = np.concatenate([np.array([1.0, -2.0, 1.0]) * (reference_a0 / a0), denominator])
    return shelf, highpass
