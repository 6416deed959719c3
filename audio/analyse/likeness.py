"""How alike two clips sound: a vector of DIMENSIONS numbers per clip and the cosine between two of them.

Not identity (audio.analyse.fingerprint) and not a model of taste: timbre, rhythm and harmony in fixed proportions. No key and
no level in it: a transposed or quieter clip stays where it was.
"""

import math

import numpy as np
from numpy.typing import NDArray

from audio.analyse.likeness_scale import DIMENSIONS, MEANS, SPREADS
from audio.analyse.onsets import FRAME_RATE_HZ, WINDOW_FRAMES, OnsetEnvelope, onset_times_s
from audio.analyse.spectrum import Frames, SpectralSummary, cepstrum, log_mel
from audio.kernels.matrices import rows_times

_RHYTHM_LAGS_S = (0.1, 0.15, 0.2, 0.25, 0.3, 0.375, 0.5, 0.6, 0.75)
_LIMIT = 3.0  # spreads from the mean: an odd clip is odd, but not in one number alone
# Group, dimensions, weight of the whole group.
_GROUPS = (("timbre", 28, 1.0), ("rhythm", 14, 0.7), ("harmony", 6, 0.4))

Vector = NDArray[np.float32]


def embedding(
    spectra: Frames,
    envelope: OnsetEnvelope,
    spectrum: SpectralSummary,
    chroma: tuple[float, ...],
    seconds: float,
) -> Vector:
    """float32 (DIMENSIONS,), length 1; zeros for silence. [any]

    spectra: of the onset analysis; the others as audio.analyse.analysis has them. Each figure is taken relative to its mean
    and spread over the clips named in audio.analyse.likeness_scale.
    """
    if not spectra.any():
        return np.zeros(DIMENSIONS, np.float32)
    figures = np.asarray(raw_figures(spectra, envelope, spectrum, chroma, seconds))
    relative = np.clip((figures - np.asarray(MEANS)) / np.asarray(SPREADS), -_LIMIT, _LIMIT)
    weights = np.concatenate([np.full(count, math.sqrt(weight / count)) for _, count, weight in _GROUPS])
    weighted = relative * weights
    unit: Vector = (weighted / (np.linalg.norm(weighted) + 1e-9)).astype(np.float32)
    return unit


def likeness(one: Vector, other: Vector) -> float:
    """Cosine of two embeddings, -1 to 1; unrelated clips lie around 0. 0 when one is of silence. [any]"""
    return float(np.dot(one, other))


def likeness_by_group(one: Vector, other: Vector) -> dict[str, float]:
    """The same for each group alone: "timbre", "rhythm", "harmony" (intervals, whatever the key). [any]"""
    found, first = dict[str, float](), 0
    for name, count, _ in _GROUPS:
        mine, theirs = (each[first : first + count].astype(np.float64) for each in (one, other))
        size = float(np.linalg.norm(mine) * np.linalg.norm(theirs))
        found[name] = float(mine @ theirs) / size if size > 0 else 0.0
        first += count
    return found


def raw_figures(
    spectra: Frames,
    envelope: OnsetEnvelope,
    spectrum: SpectralSummary,
    chroma: tuple[float, ...],
    seconds: float,
) -> list[float]:
    """The DIMENSIONS figures before scaling: 28 of timbre, 14 of rhythm, 6 of harmony. [any]"""
    mel = log_mel(spectra, WINDOW_FRAMES)
    loud = mel.mean(axis=1)
    heard = mel[loud > loud.max() - 40]  # pauses say nothing of timbre
    coefficients = cepstrum(heard)[:, 1:]
    timbre = [*coefficients.mean(axis=0), *coefficients.std(axis=0)]
    timbre += [math.log2(max(50.0, spectrum.centroid_hz)), math.log2(max(50.0, spectrum.bandwidth_hz))]
    timbre += [math.log10(spectrum.flatness + 1e-4), float(loud.std())]
    rhythm = [math.log2(1 + len(onset_times_s(envelope)) / seconds), envelope.strength]
    rises = envelope.rise.mean(axis=0)
    rhythm += [float(value) for value in rises / (rises.sum() + 1e-9)]
    rhythm += _pulse(envelope.total)
    return [float(value) for value in (*timbre, *rhythm, *_intervals(chroma))]


def _pulse(total: NDArray[np.float64]) -> list[float]:
    """Autocorrelation of the onsets at fixed lags, each the best within 8 %."""
    centred = total - total.mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    curve = np.fft.irfft(np.square(np.abs(spectrum)))[: len(centred)]
    curve = curve / curve[0] if curve[0] > 1e-12 else curve * 0
    spans = [(int(lag * 0.92 * FRAME_RATE_HZ), int(lag * 1.08 * FRAME_RATE_HZ) + 2) for lag in _RHYTHM_LAGS_S]
    return [float(curve[first:end].max(initial=-1.0)) if first < len(curve) else 0.0 for first, end in spans]


def _intervals(chroma: tuple[float, ...]) -> list[float]:
    """How much each interval class, one to six semitones, is in the chroma: the same in every key."""
    notes = np.asarray(chroma)
    notes = notes - notes.mean()
    products = rows_times(np.stack([np.roll(notes, step) for step in range(1, 7)]), notes[:, None])[:, 0]
    return [float(value) for value in products / (float(notes @ notes) + 1e-9)]
