"""What a clip's autocorrelations say of the periods its beat might have: the periods worth a thought, and readings of each.

Not the choice among them (audio.analyse.tempo), and not what a reading is worth (audio.analyse.tempo_weights).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.analyse.onsets import FRAME_RATE_HZ, OnsetEnvelope

MIN_BPM, MAX_BPM = 45.0, 230.0
MAX_LOOP_BEATS = 64  # in longer clips nearly any tempo fits the length

_LOOPED_SECONDS = 10.0  # a shorter clip is repeated up to this: it is a loop, and long lags say more
RATIOS = (1.0, 0.5, 2.0, 2 / 3, 1.5, 0.75, 4 / 3, 1 / 3, 3.0)
# Multiples of the period; order of tempo_weights.
_READINGS = np.array([0.5, 1.0, 2.0, 4.0, 1.5, 3.0, 1 / 3, 6.0, 8.0, 0.25])
_HARMONY_READINGS = np.array([1.0, 2.0, 4.0, 8.0, 3.0, 6.0])
_MOST_LAGS = 24
_FIT_TOLERANCE = 0.006
_FRACTION = 0.85  # see roundness()
_FASTEST_RIVAL_BPM = 176.0

Series = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """bands: autocorrelations of the whole, low, middle and high envelope, lag in onset frames. harmony: of its change.

    harmony_scale: frames of harmony per onset frame. seconds: of the clip, not of what was repeated.
    length_is_exact: False when a coder's padding may be part of it; then the length says nothing.
    """

    bands: list[Series]
    harmony: Series
    harmony_scale: float
    onsets_per_second: float
    seconds: float
    length_is_exact: bool


def curves_of(
    envelope: OnsetEnvelope,
    harmony: Series,
    harmony_rate_hz: float,
    seconds: float,
    *,
    length_is_exact: bool,
) -> Curves:
    """envelope: of the clip; harmony: harmonic_change() of the clip at harmony_rate_hz; seconds: length of the clip. [any]"""
    bands = [envelope.total] + [band / (band.std() + 1e-3) for band in envelope.rise.T]
    change = harmony
    if length_is_exact:
        bands = [_looped(band, FRAME_RATE_HZ, seconds) for band in bands]
        change = _looped(harmony, harmony_rate_hz, seconds)
    return Curves(
        bands=[autocorrelation(band) for band in bands],
        harmony=autocorrelation(change) * min(1.0, float(change.std()) / 0.1),
        harmony_scale=harmony_rate_hz / FRAME_RATE_HZ,
        onsets_per_second=_density(envelope.total),
        seconds=seconds,
        length_is_exact=length_is_exact,
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
        for ratio in RATIOS:
            period = float(grid[top]) * ratio
            new = all(abs(period / other - 1) > 0.02 for other in found)
            if new and MIN_BPM <= 60 * FRAME_RATE_HZ / period <= MAX_BPM:
                found.append(period)
    return np.array([_refined(curve, period) for period in found])


def readings(curves: Curves, periods: Series) -> Series:
    """What speaks for or against each period: one row each, columns in the order of tempo_weights.Fit.straight. [any]"""
    bpm = 60 * FRAME_RATE_HZ / periods
    octaves = np.log2(bpm / 110)
    fits = np.array([_length_fit(curves.seconds * each / 60) for each in bpm])
    if not curves.length_is_exact:
        fits *= 0
    whole = np.array([_roundness_near(each, curves.seconds) for each in bpm])
    density = np.log2(np.maximum(0.1, curves.onsets_per_second * 60 / bpm) / 2)
    columns = [means_at(curve, periods[:, None] * _READINGS) for curve in curves.bands]
    columns += [
        np.stack([octaves, octaves**2, np.maximum(0, octaves - 0.6), np.maximum(0, -0.6 - octaves)], 1)
    ]
    columns += [fits, fits * (curves.seconds < _LOOPED_SECONDS), (whole * (fits.max(axis=1) > 0.3))[:, None]]
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


def roundness(bpm: float, seconds: float) -> float:
    """How much the clip's length speaks for a tempo that somebody chose: 1.0 where it makes it a whole number of bpm, to the frame. [any]

    Loops are made at such tempi, and at halves, thirds and quarters. Of other clips fewer than one in a hundred would be at a
    whole number, and one in twenty at a simple fraction: _FRACTION for those. A half that is twice a whole number has that
    number for its rival, which would win nearly always; from _FASTEST_RIVAL_BPM on a rival is faster than people count, and a
    half is as good as whole. 0.0: the length says nothing, also at whole tenths of a second: at 12 s every count of beats is a
    whole tempo.
    """
    if abs(10 * seconds - round(10 * seconds)) < 0.001:
        return 0.0
    one_and_a_half_frames = 1.5 / 44_100

    def is_whole(tempo: float) -> bool:
        return abs(tempo - round(tempo)) <= tempo * one_and_a_half_frames / seconds

    if is_whole(bpm) or (2 * bpm >= _FASTEST_RIVAL_BPM and is_whole(2 * bpm)):
        return 1.0
    return _FRACTION if any(is_whole(parts * bpm) for parts in (2, 3, 4)) else 0.0


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


def _roundness_near(bpm: float, seconds: float) -> float:
    """roundness() of the tempo that the nearest whole count of beats makes."""
    beats = round(seconds * bpm / 60)
    return roundness(beats * 60 / seconds, seconds) if 2 <= beats <= MAX_LOOP_BEATS else 0.0
