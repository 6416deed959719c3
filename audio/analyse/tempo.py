"""The tempo of a clip: beats per minute, where the figure comes from, how sure, or nothing.

Not a beat tracker: no beat positions, and one tempo per clip. When the host's transport is known it is the truth, and
only its fit to the clip's length is judged here.

Method. Onset envelopes repeat at the beat and its multiples: autocorrelations (whole, low, middle, high, and of the
change of harmony) are read at multiples of candidate periods. Candidates are the strongest periods and their simple
ratios, refined on long lags. What each reading says for or against a candidate is weighed by audio.analyse.tempo_weights.
A clip of a whole number of bars, the usual take or loop, gives itself away by its length, which then fixes the tempo
to the sample.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from audio.analyse.onsets import FRAME_RATE_HZ, OnsetEnvelope, onset_times_s
from audio.analyse.tempo_readings import (
    MAX_BPM,
    MAX_LOOP_BEATS,
    MIN_BPM,
    RATIOS,
    Series,
    autocorrelation,
    candidates,
    curves_of,
    means_at,
    readings,
    roundness,
)
from audio.analyse.tempo_weights import CONFIDENCE, EARLIER
from audio.analyse.tempo_weights_grooves import GROOVES

MIN_SECONDS = 1.0  # a shorter clip holds two beats at best
MIN_ONSETS = 3
NOISE_SECONDS, NOISE_CLARITY = 4.0, 0.35  # a shorter clip with fainter onsets is as good as steady noise
MIN_CONFIDENCE = 0.2  # below, the tempo is called unknown
LENGTH_TOLERANCE = 0.004  # relative: a length this near whole bars is taken for whole bars

_PULSES = np.array([0.5, 1.0, 2.0, 4.0, 8.0])  # periods
# All fits as one: a sum of sums, and every hidden unit beside the others.
_FITS = (EARLIER, *GROOVES)
_STRAIGHT = np.sum([fit.share * np.array(fit.straight) for fit in _FITS], axis=0)
_HIDDEN = np.concatenate([fit.hidden for fit in _FITS])
_HIDDEN_WEIGHTS = np.concatenate([fit.share * np.array(fit.hidden_weights) for fit in _FITS])


class TempoSource(StrEnum):
    TRANSPORT = "transport"  # the host said so
    LENGTH = "length"  # whole bars: counted, or found in the audio and fixed by the clip's length
    AUDIO = "audio"


@dataclass(frozen=True)
class Tempo:
    """bpm: MIN_BPM to MAX_BPM by analysis, anything positive by transport, None when unknown; source None with it.

    confidence: 0 to 1, the probability that bpm is within 4 % of what a musician would say; 1.0 by transport, 0.9
    when the clip's length is no whole number of its beats. How it is calibrated: audio.analyse.tempo_weights.
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


def tempo_of_audio(
    envelope: OnsetEnvelope,
    harmony: Series,
    harmony_rate_hz: float,
    seconds: float,
    *,
    length_is_exact: bool = True,
) -> Tempo:
    """The tempo by analysis. [any]

    envelope: of the clip; harmony: harmonic_change() of the clip at harmony_rate_hz; seconds: length of the clip;
    length_is_exact: False when a coder's padding may be part of it: then nothing is concluded from it.
    """
    is_noise = seconds < NOISE_SECONDS and envelope.clarity < NOISE_CLARITY
    if seconds < MIN_SECONDS or is_noise or len(onset_times_s(envelope)) < MIN_ONSETS:
        return Tempo(None, None, 0.0)
    curves = curves_of(envelope, harmony, harmony_rate_hz, seconds, length_is_exact=length_is_exact)
    periods = candidates(curves)
    if not len(periods):
        return Tempo(None, None, 0.0)
    scores = _scores(readings(curves, periods))
    odds = np.exp(scores - scores.max())
    ranked = _merged(60 * FRAME_RATE_HZ / periods, odds / odds.sum())
    bpm, share = ranked[0]
    exact = _fixed_by_length(bpm, seconds) if length_is_exact else None
    confidence = _confidence(
        share, envelope.total, 60 * FRAME_RATE_HZ / bpm, 0.0 if exact is None else roundness(exact, seconds)
    )
    best = bpm if exact is None else exact
    likely = tuple(best * _ratio(other / bpm) for other, rest in ranked[1:4] if rest >= 0.02)
    others = likely or tuple(other for other in (best / 2, best * 2) if MIN_BPM <= other <= MAX_BPM)
    sure_of_octave = share / sum(rest for other, rest in ranked if _is_octave(other, bpm))
    if confidence < MIN_CONFIDENCE:
        return Tempo(None, None, confidence * sure_of_octave, (best, *others))
    source = TempoSource.AUDIO if exact is None else TempoSource.LENGTH
    return Tempo(best, source, confidence * sure_of_octave, others)


def _scores(read: Series) -> Series:
    """Of each candidate, in log odds. read: as readings() returns them."""
    units = np.tanh(read @ _HIDDEN[:, 1:].T + _HIDDEN[:, 0])
    scores: Series = read @ _STRAIGHT + units @ _HIDDEN_WEIGHTS
    return scores


def _ratio(ratio: float) -> float:
    """The simple ratio that this one is near, else itself: beside an exact 120, its half is 60 and not 59.95."""
    near = min(RATIOS, key=lambda simple: abs(ratio / simple - 1))
    return near if abs(ratio / near - 1) < 0.02 else ratio


def _is_octave(bpm: float, of_bpm: float) -> bool:
    """Whether it is that tempo, its half or its double."""
    return any(abs(bpm / (of_bpm * factor) - 1) < 0.02 for factor in (0.5, 1.0, 2.0))


def _merged(bpms: Series, shares: Series) -> list[tuple[float, float]]:
    """(bpm, share), likeliest first; candidates that refining brought within 2 % of a likelier one add to it."""
    merged: list[tuple[float, float]] = []
    for i in np.argsort(-shares):
        for place, (bpm, share) in enumerate(merged):
            if abs(bpms[i] / bpm - 1) < 0.02:
                merged[place] = (bpm, share + float(shares[i]))
                break
        else:
            merged.append((float(bpms[i]), float(shares[i])))
    return sorted(merged, key=lambda each: -each[1])


def _fixed_by_length(bpm: float, seconds: float) -> float | None:
    """The tempo that makes the clip whole bars of four, when this one nearly does."""
    beats = seconds * bpm / 60
    whole = 4 * round(beats / 4)
    if not 4 <= whole <= MAX_LOOP_BEATS or abs(beats - whole) > LENGTH_TOLERANCE * beats:
        return None
    return whole * 60 / seconds


def _confidence(share: float, total: Series, period: float, round_by_length: float) -> float:
    """But for the octave, which the candidates' shares tell: a length in whole bars, a clear pulse are the same at half and double.

    share: of the best candidate among all. Its pulse is looked for in the clip as it is, not repeated: a short
    noise, repeated, has a perfect pulse. What chance would show in so few frames is taken off."""
    pulses = means_at(autocorrelation(total), period * _PULSES)
    pulse = float(pulses.max()) - 1 / math.sqrt(len(total))
    log_odds = (
        CONFIDENCE.bias
        + CONFIDENCE.share * math.log(max(share, 1e-3) / max(1 - share, 1e-3))
        + CONFIDENCE.pulse * math.log(max(pulse, 0.01))
        + (CONFIDENCE.length if round_by_length == 1.0 else CONFIDENCE.fraction if round_by_length else 0.0)
    )
    return 1 / (1 + math.exp(-log_odds))
