"""What a clip's autocorrelations say of the periods its beat might have: the periods worth a thought, and readings of each.

Not the choice among them (audio.tempo), and not what a reading is worth (audio.tempo_weights).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.onsets import FRAME_RATE_HZ, OnsetEnvelope

MIN_BPM, MAX_BPM = 45.0, 230.0
MAX_LOOP_BEATS = 64  # in longer clips nearly any tempo fits the length

_LOOPED_SECONDS = 10.0  # a shorter clip is repeated up to this: it is a loop, and long lags say more
_RATIOS = (1.0, 0.5, 2.0, 2 / 3, 1.5, 0.75, 4 / 3, 1 / 3, 3.0)
# Multiples of the period; order of tempo_weights.
_READINGS = np.array([0.5, 1.0, 2.0, 4.0, 1.5, 3.0, 1 / 3, 6.0, 8.0, 0.25])
_HARMONY_READINGS = np.array([1.0, 2.0, 4.0, 8.0, 3.0, 6.0])
_MOST_LAGS = 24
_FIT_TOLERANCE = 0.006

Series = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """bands: autocorrelations of the whole, low, middle and high envelope, lag in onset frames. harmony: of its change.

    harmony_scale: frames of harmony per onset frame. seconds: of the clip, not of what was repeated.
    """

    bands: list[Series]
    harmony: Series
    harmony_scale: float
    onsets_per_second: float
    seconds: float


def curves_of(envelope: OnsetEnvelope, harmony: Series, harmony_rate_hz: float, seconds: float) -> Curves:
    """envelope: of the clip; harmony: harmonic_change() of the clip at harmony_rate_hz; seconds: length of the clip. [any]"""
    bands = [envelope.total] + [band / (band.std() + 1e-3) for band in envelope.rise.T]
    change = _looped(harmony, harmony_rate_hz, seconds)
    return Curves(
        bands=[autocorrelation(_looped(band, FRAME_RATE_HZ, seconds)) for band in bands],
        harmony=autocorrelation(change) * min(1.0, float(change.std()) / 0.1),
        harmony_scale=harmony_rate_hz / FRAME_RATE_HZ,
        onsets_per_second=_density(envelope.total),
        seconds=seconds,
    )


def candidates(curves: Curves) -> Series:
    """Periods in onset frames: the four strongest of a comb and their simple ratios, refined; none twice. [any]"""
    curve = curves.bands[0]
    grid: Series = 60 * FRAME_RATE_HZ / np.geomspace(MIN_BPM, MAX_BPM, 500)
    comb = np.zeros(len(grid))
    for multiple in range(1, 13):
        lags: Series = grid * multiple
        inside = lags < len(curve) * 0.75
        comb += np.where(inside, _at(curve, np.minimum(lags, float(len(curve) - 2))), 0.0) / math.sqrt(
            multiple
        )
    tops = np.flatnonzero((comb[1:-1] >= comb[:-2]) & (comb[1:-1] > comb[2:])) + 1
    tops = tops[comb[tops] > 0]
    found: list[float] = []
    for top in tops[np.argsort(-comb[tops])][:4]:
        for ratio in _RATIOS:
            period = float(grid[top]) * ratio
            new = all(abs(period / other - 1) > 0.02 for other in found)
            if new and MIN_BPM <= 60 * FRAME_RATE_HZ / period <= MAX_BPM:
                found.append(period)
    return np.array([_refined(curve, period) for period in found])


def readings(curves: Curves, periods: Series) -> Series:
    """What speaks for or against each period: one row each, columns in the order of tempo_weights.WEIGHTS. [any]"""
    bpm = 60 * FRAME_RATE_HZ / periods
    octaves = np.log2(bpm / 110)
    fits = np.array([_length_fit(curves.seconds * each / 60) for each in bpm])
    whole = np.array([_is_whole_tempo(each, curves.seconds) for each in bpm])
    density = np.log2(np.maximum(0.1, curves.onsets_per_second * 60 / bpm) / 2)
    columns = [means_at(curve, periods[:, None] * _READINGS) for curve in curves.bands]
    columns += [
        np.stack([octaves, octaves**2, np.maximum(0, octaves - 0.6), np.maximum(0, -0.6 - octaves)], 1)
    ]
    columns += [fits, fits * (curves.seconds < _LOOPED_SECONDS), (whole & (fits.max(axis=1) > 0.3))[:, None]]
    columns += [np.stack([density, density**2], 1)]
    columns += [means_at(curves.harmony, periods[:, None] * curves.harmony_scale * _HARMONY_READINGS)]
    return np.hstack(columns)


def autocorrelation(series: Series) -> Series:
    """Unbiased, 1.0 at lag 0 (all zeros for a constant). [any]"""
    count = len(series)
    spectrum = np.fft.rfft(series - series.mean(), 2 * count)
    curve = np.fft.irfft(np.square(np.abs(spectrum)))[:count] / np.maximum(count - np.arange(count), 1)
    scaled: Series = curve / curve[0] if curve[0] > 1e-12 else curve * 0
    return scaled


def means_at(curve: Series, periods: Series) -> Series:
    """Means of the curve at whole multiples of each period: at most 24, up to three quarters of its length; else 0. [any]"""
    lags: Series = periods[..., None] * np.arange(1, _MOST_LAGS + 1)
    inside = lags <= len(curve) * 0.75
    values = np.where(inside, _at(curve, np.where(inside, lags, 0.0)), 0.0)
    means: Series = values.sum(axis=-1) / np.maximum(1, inside.sum(axis=-1))
    return means


def tells_tempo(bpm: float, seconds: float) -> bool:
    """Whether the clip's length makes the tempo a whole number of bpm, to the frame: loops are made at such tempos.

    Of other clips fewer than one in a hundred would do so. A length in whole tenths of a second says nothing: at 12 s
    every count of beats is a whole tempo.
    """
    if abs(10 * seconds - round(10 * seconds)) < 0.001:
        return False
    one_and_a_half_frames = 1.5 / 44_100
    return abs(bpm - round(bpm)) <= bpm * one_and_a_half_frames / seconds


def _looped(series: Series, rate_hz: float, seconds: float) -> Series:
    """A short clip again and again, without rounding its length to whole frames."""
    if seconds >= _LOOPED_SECONDS:
        return series
    repeated_s = math.ceil(_LOOPED_SECONDS / seconds) * seconds
    index = (np.arange(int(repeated_s * rate_hz)) % (seconds * rate_hz)).astype(np.int64)
    looped: Series = series[np.minimum(index, len(series) - 1)]
    return looped


def _at(curve: Series, lags: Series) -> Series:
    lower = lags.astype(np.int64)
    part = lags - lower
    value: Series = curve[lower] * (1 - part) + curve[np.minimum(lower + 1, len(curve) - 1)] * part
    return value


def _refined(curve: Series, period: float) -> float:
    """The period near this one that fits its multiples best; each round reaches further, where errors add up."""
    most = int(max(1, min(32, len(curve) * 0.7 // period)))
    for reach in (2, 4, 8, 16, 32):
        multiples = np.arange(1, min(reach, most) + 1)
        width = 0.12 / len(multiples) * (1 if len(multiples) > 2 else 0.35)
        tried: Series = period * (1 + np.linspace(-width, width, 25))
        lags: Series = np.minimum(tried[:, None] * multiples, len(curve) - 2)
        fit = _at(curve, lags).sum(axis=1)
        period = float(tried[np.argmax(fit - 3 * np.abs(tried / period - 1))])
        if reach >= most:
            break
    return period


def _density(total: Series) -> float:
    """Onsets per second, faint ones included."""
    threshold = 0.2 * float(np.quantile(total, 0.98)) + 1e-9
    tops = (total[1:-1] >= total[:-2]) & (total[1:-1] > total[2:]) & (total[1:-1] > threshold)
    return float(np.count_nonzero(tops)) * FRAME_RATE_HZ / len(total)


def _length_fit(beats: float) -> list[float]:
    """How well so many beats are 1, 2, 4, 8 … bars of four; as many of three; other whole bars of four; other whole beats.

    0 to 1 each, at most one of them above 0.
    """
    whole = round(beats)
    fits = [0.0, 0.0, 0.0, 0.0]
    if not 2 <= whole <= MAX_LOOP_BEATS:
        return fits
    fit = max(0.0, 1 - abs(beats - whole) / beats / _FIT_TOLERANCE)
    if whole % 4 == 0 and whole.bit_count() == 1:
        fits[0] = fit
    elif whole % 3 == 0 and (whole // 3).bit_count() == 1:
        fits[1] = fit
    elif whole % 4 == 0:
        fits[2] = fit
    elif whole > 2:
        fits[3] = fit
    return fits


def _is_whole_tempo(bpm: float, seconds: float) -> bool:
    """Whether the nearest whole count of beats makes a whole number of bpm."""
    beats = round(seconds * bpm / 60)
    return 2 <= beats <= MAX_LOOP_BEATS and tells_tempo(beats * 60 / seconds, seconds)
