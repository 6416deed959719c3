"""The tempo of a clip: beats per minute, where the figure comes from, how sure, or nothing.

Not a beat tracker: no beat positions, and one tempo per clip. When the host's transport is known it is the truth, and
only its fit to the clip's length is judged here.

Method. Onset envelopes repeat at the beat and its multiples: autocorrelations (whole, low, middle, high, and of the
change of harmony) are read at multiples of candidate periods. Candidates are the strongest periods and their simple
ratios, refined on long lags. What each reading says for or against a candidate is weighed by audio.tempo_weights.
A clip of a whole number of bars, the usual take or loop, gives itself away by its length, which then fixes the tempo
to the sample.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from audio.onsets import FRAME_RATE_HZ, OnsetEnvelope, onset_times_s
from audio.tempo_weights import CONFIDENCE, HIDDEN, HIDDEN_WEIGHTS, WEIGHTS

MIN_BPM, MAX_BPM = 45.0, 230.0
MIN_SECONDS = 1.0  # a shorter clip holds two beats at best
MIN_ONSETS = 3
NOISE_SECONDS, NOISE_CLARITY = (
    4.0,
    0.35,
)  # a shorter clip with fainter onsets cannot be told from steady noise
MIN_CONFIDENCE = 0.3  # below, the tempo is called unknown
LENGTH_TOLERANCE = 0.004  # relative: a length this near whole bars is taken for whole bars
MAX_LOOP_BEATS = 64  # in longer clips nearly any tempo fits the length

_LOOPED_SECONDS = 10.0  # a shorter clip is repeated up to this: it is a loop, and long lags say more
_RATIOS = (1.0, 0.5, 2.0, 2 / 3, 1.5, 0.75, 4 / 3, 1 / 3, 3.0)
_READINGS = (0.5, 1.0, 2.0, 4.0, 1.5, 3.0, 1 / 3)  # multiples of the period; order of tempo_weights
_HARMONY_READINGS = (1.0, 2.0, 4.0, 8.0)
_FIT_TOLERANCE = 0.006

Series = NDArray[np.float64]


class TempoSource(StrEnum):
    TRANSPORT = "transport"  # the host said so
    LENGTH = "length"  # whole bars: counted, or found in the audio and fixed by the clip's length
    AUDIO = "audio"


@dataclass(frozen=True)
class Tempo:
    """bpm: MIN_BPM to MAX_BPM by analysis, anything positive by transport, None when unknown; source None with it.

    confidence: 0 to 1, the probability that bpm is within 4 % of what a musician would say; 1.0 by transport, 0.9
    when the clip's length is no whole number of its beats. How it is calibrated: audio.tempo_weights.
    alternatives: other readings, as a rule half or double, likeliest first.
    """

    bpm: float | None
    source: TempoSource | None
    confidence: float
    alternatives: tuple[float, ...] = ()


def tempo_of_transport(bpm: float, seconds: float) -> Tempo:
    """What the host played at, judged by the clip's length. bpm > 0. [any]"""
    beats = seconds * bpm / 60
    whole = round(beats) >= 1 and abs(beats - round(beats)) <= max(0.02, LENGTH_TOLERANCE * beats / 4)
    return Tempo(bpm, TempoSource.TRANSPORT, 1.0 if whole else 0.9, (bpm / 2, bpm * 2))


def tempo_of_bars(bars: int, beats_per_bar: float, seconds: float) -> Tempo:
    """The tempo at which so many bars, in quarter notes each, take so long. [any]"""
    bpm = bars * beats_per_bar * 60 / seconds
    return Tempo(bpm, TempoSource.LENGTH, 0.95, (bpm / 2, bpm * 2))


def tempo_of_audio(envelope: OnsetEnvelope, harmony: Series, harmony_rate_hz: float, seconds: float) -> Tempo:
    """The tempo heard. [any]

    envelope: of the clip; harmony: harmonic_change() of the clip at harmony_rate_hz; seconds: length of the clip.
    """
    is_noise = seconds < NOISE_SECONDS and envelope.clarity < NOISE_CLARITY
    if seconds < MIN_SECONDS or is_noise or len(onset_times_s(envelope)) < MIN_ONSETS:
        return Tempo(None, None, 0.0)
    bands = [envelope.total] + [band / (band.std() + 1e-3) for band in envelope.rise.T]
    curves = [_autocorrelation(_looped(band, FRAME_RATE_HZ, seconds)) for band in bands]
    change = _looped(harmony, harmony_rate_hz, seconds)
    periods = _candidates(curves[0])
    if not periods:
        return Tempo(None, None, 0.0)
    clip = _Clip(
        curves=curves,
        harmony=_autocorrelation(change) * min(1.0, float(change.std()) / 0.1),
        harmony_scale=harmony_rate_hz / FRAME_RATE_HZ,
        onsets_per_second=_density(envelope.total),
        seconds=seconds,
    )
    readings = np.array([_readings(clip, period) for period in periods])
    hidden = np.asarray(HIDDEN)
    units = np.tanh(readings @ hidden[:, 1:].T + hidden[:, 0])
    scores = readings @ np.asarray(WEIGHTS) + units @ np.asarray(HIDDEN_WEIGHTS)
    odds = np.exp(scores - scores.max())
    ranked = _merged([60 * FRAME_RATE_HZ / period for period in periods], odds / odds.sum())
    bpm, share = ranked[0]
    exact = _fixed_by_length(bpm, seconds)
    confidence = _confidence(share, envelope.total, 60 * FRAME_RATE_HZ / bpm, _tells_tempo(exact, seconds))
    heard = tuple(other for other, rest in ranked[1:4] if rest >= 0.02)
    others = heard or tuple(other for other in (bpm / 2, bpm * 2) if MIN_BPM <= other <= MAX_BPM)
    if confidence < MIN_CONFIDENCE:
        return Tempo(None, None, confidence, (exact or bpm, *others))
    return Tempo(exact or bpm, TempoSource.LENGTH if exact else TempoSource.AUDIO, confidence, others)


def _merged(bpms: list[float], shares: Series) -> list[tuple[float, float]]:
    """(bpm, share), likeliest first; candidates that refining brought within 2 % of a likelier one add to it."""
    merged: list[tuple[float, float]] = []
    for i in np.argsort(-shares):
        for place, (bpm, share) in enumerate(merged):
            if abs(bpms[i] / bpm - 1) < 0.02:
                merged[place] = (bpm, share + float(shares[i]))
                break
        else:
            merged.append((bpms[i], float(shares[i])))
    return sorted(merged, key=lambda each: -each[1])


@dataclass(frozen=True)
class _Clip:
    """curves: autocorrelations of the whole, low, middle and high envelope, lag in onset frames."""

    curves: list[Series]
    harmony: Series
    harmony_scale: float  # frames of harmony per onset frame
    onsets_per_second: float
    seconds: float


def _looped(series: Series, rate_hz: float, seconds: float) -> Series:
    """A short clip again and again, without rounding its length to whole frames."""
    if seconds >= _LOOPED_SECONDS:
        return series
    repeated_s = math.ceil(_LOOPED_SECONDS / seconds) * seconds
    index = (np.arange(int(repeated_s * rate_hz)) % (seconds * rate_hz)).astype(np.int64)
    looped: Series = series[np.minimum(index, len(series) - 1)]
    return looped


def _autocorrelation(series: Series) -> Series:
    """Unbiased, 1.0 at lag 0 (all zeros for a constant)."""
    count = len(series)
    spectrum = np.fft.rfft(series - series.mean(), 2 * count)
    curve = np.fft.irfft(np.square(np.abs(spectrum)))[:count] / np.maximum(count - np.arange(count), 1)
    scaled: Series = curve / curve[0] if curve[0] > 1e-12 else curve * 0
    return scaled


def _at(curve: Series, lags: Series) -> Series:
    lower = lags.astype(np.int64)
    part = lags - lower
    value: Series = curve[lower] * (1 - part) + curve[lower + 1] * part
    return value


def _mean_at(curve: Series, period: float) -> float:
    """Mean of the curve at whole multiples of the period: at most 24, up to three quarters of its length."""
    count = int(min(24, len(curve) * 0.75 // period))
    lags: Series = period * np.arange(1, count + 1, dtype=np.float64)
    return float(_at(curve, lags).mean()) if count else 0.0


def _candidates(curve: Series) -> list[float]:
    """Periods in onset frames: the four strongest of a comb and their simple ratios, refined; none twice."""
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
    return [_refined(curve, period) for period in found]


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


def _readings(clip: _Clip, period: float) -> list[float]:
    """What speaks for or against a period, in the order of tempo_weights.WEIGHTS."""
    values = [_mean_at(curve, period * multiple) for curve in clip.curves for multiple in _READINGS]
    bpm = 60 * FRAME_RATE_HZ / period
    octaves = math.log2(bpm / 110)
    values += [octaves, octaves * octaves, max(0.0, octaves - 0.6), max(0.0, -0.6 - octaves)]
    fit = _length_fit(clip.seconds * bpm / 60)
    values += fit
    values += [each if clip.seconds < _LOOPED_SECONDS else 0.0 for each in fit]
    density = math.log2(max(0.1, clip.onsets_per_second * 60 / bpm) / 2)
    values += [density, density * density]
    scaled = period * clip.harmony_scale
    values += [_mean_at(clip.harmony, scaled * multiple) for multiple in _HARMONY_READINGS]
    return values


def _length_fit(beats: float) -> list[float]:
    """How well so many beats are 1, 2, 4, 8 … bars of four; other whole bars of four or three; other whole beats.

    0 to 1 each, at most one of them above 0.
    """
    whole = round(beats)
    if not 2 <= whole <= MAX_LOOP_BEATS:
        return [0.0, 0.0, 0.0]
    fit = max(0.0, 1 - abs(beats - whole) / beats / _FIT_TOLERANCE)
    if whole % 4 == 0 and (whole & (whole - 1)) == 0:
        return [fit, 0.0, 0.0]
    if whole % 4 == 0 or whole % 3 == 0:
        return [0.0, fit, 0.0]
    return [0.0, 0.0, fit if whole > 2 else 0.0]


def _fixed_by_length(bpm: float, seconds: float) -> float | None:
    """The tempo that makes the clip whole bars of four, when this one nearly does."""
    beats = seconds * bpm / 60
    whole = 4 * round(beats / 4)
    if not 4 <= whole <= MAX_LOOP_BEATS or abs(beats - whole) > LENGTH_TOLERANCE * beats:
        return None
    return whole * 60 / seconds


def _tells_tempo(bpm: float | None, seconds: float) -> bool:
    """Whether the clip's length makes the tempo a whole number of bpm, to the frame: loops are made at such tempos.

    Of other clips fewer than one in a hundred would do so. A length in whole tenths of a second says nothing: at 12 s
    every count of beats is a whole tempo.
    """
    if bpm is None or abs(10 * seconds - round(10 * seconds)) < 0.001:
        return False
    one_and_a_half_frames = 1.5 / 44_100
    return abs(bpm - round(bpm)) <= bpm * one_and_a_half_frames / seconds


def _confidence(share: float, total: Series, period: float, length_tells: bool) -> float:
    """share: of the best candidate among all. Its pulse is looked for in the clip as it is, not repeated: a short
    noise, repeated, has a perfect pulse. What chance would show in so few frames is taken off."""
    curve = _autocorrelation(total)
    pulse = max(_mean_at(curve, period * multiple) for multiple in (0.5, 1.0, 2.0)) - 1 / math.sqrt(
        len(total)
    )
    log_odds = (
        CONFIDENCE.bias
        + CONFIDENCE.share * math.log(max(share, 1e-3) / max(1 - share, 1e-3))
        + CONFIDENCE.pulse * math.log(max(pulse, 0.01))
        + CONFIDENCE.length * length_tells
    )
    return 1 / (1 + math.exp(-log_odds))
