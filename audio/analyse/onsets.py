"""When notes and hits begin: the onset envelope of a clip and its peaks.

Not a beat tracker: onsets say where something starts, not where a bar does.

Method: log-compressed energy in 24 bands a third of an octave wide or wider, its rise over two frames (spectral flux;
Bello et al., "A tutorial on onset detection in music signals", 2005; log compression after Klapuri, 1999).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.analyse.spectrum import ANALYSIS_RATE_HZ, Frames, triangles
from audio.kernels.matrices import rows_times

WINDOW_FRAMES = 1024
HOP_FRAMES = 256
FRAME_RATE_HZ = ANALYSIS_RATE_HZ / HOP_FRAMES
BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 30.0, 10_500.0
_COMPRESSION = 1_000.0  # log(1 + c x): what is 60 dB below the clip's loud bands begins to count
_RISE_FRAMES = 2  # the window is four hops long: over one hop a hit has only begun to rise
_MEAN_SECONDS = 0.8  # the envelope's slow part, removed
_PEAK_SECONDS = 0.03  # an onset is the highest within this distance
_EDGE_FRAMES = 8  # the window and the rise reach this far into the silence around the clip
MIN_CLARITY = 0.06
_PEAK_THRESHOLD = 0.12  # of the envelope's 98th percentile: below it nobody hears a start

Envelope = NDArray[np.float64]


@dataclass(frozen=True)
class OnsetEnvelope:
    """rise: (frames, 3) mean flux of the low (< 200 Hz), middle and high (> 2.5 kHz) bands, FRAME_RATE_HZ per second.

    total: (frames,), their mean over all bands less its slow part, >= 0.
    strength: mean flux of the strongest 2 % of the frames, in nepers.
    clarity: 98th percentile of total, away from the clip's own start and end: below 0.04 for drones, about 0.25 for
    steady noise, above 0.5 for nearly all that has notes or hits.
    """

    rise: Envelope
    total: Envelope
    strength: float
    clarity: float


def onset_envelope(spectra: Frames) -> OnsetEnvelope:
    """spectra: magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES) of audio.analyse.spectrum. [any]"""
    return envelope_of_bands(bands_of(spectra))


def bands_of(spectra: Frames) -> Frames:
    """Level in the bands in which onsets are looked for, float32 (frames, BANDS): of a long clip, piece by piece. [any]"""
    return rows_times(spectra, triangles(_edges_hz(), WINDOW_FRAMES))


def envelope_of_bands(bands: Frames) -> OnsetEnvelope:
    """bands: bands_of() the whole clip. [any]"""
    loud = float(np.quantile(bands.max(axis=1), 0.95))
    if loud < 1e-6:
        frames = len(bands)
        return OnsetEnvelope(np.zeros((frames, 3)), np.zeros(frames), 0.0, 0.0)
    level = np.log1p(bands * np.float32(_COMPRESSION / loud))
    flux = np.zeros(level.shape)
    np.maximum(level[_RISE_FRAMES:] - level[:-_RISE_FRAMES], 0, out=flux[_RISE_FRAMES:])
    centres_hz = _edges_hz()[1:-1]
    groups = (centres_hz < 200, (centres_hz >= 200) & (centres_hz <= 2_500), centres_hz > 2_500)
    rise = np.stack([flux[:, group].mean(axis=1) for group in groups], axis=1)
    mean = flux.mean(axis=1)
    width = min(len(mean), round(_MEAN_SECONDS * FRAME_RATE_HZ))
    total = np.maximum(mean - np.convolve(mean, np.full(width, 1 / width), "same"), 0)
    strongest = np.sort(mean)[-max(1, len(mean) // 50) :]
    inner = total[_EDGE_FRAMES:-_EDGE_FRAMES]
    clarity = float(np.quantile(inner, 0.98)) if len(inner) else 0.0
    return OnsetEnvelope(rise, total, float(strongest.mean()), clarity)


def _edges_hz() -> Envelope:
    return np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, BANDS + 2)


def onset_times_s(envelope: OnsetEnvelope) -> tuple[float, ...]:
    """Where onsets are, in seconds from the start, rising, within some 15 ms. Empty when nothing starts. [any]"""
    total = envelope.total
    reach = max(1, round(_PEAK_SECONDS * FRAME_RATE_HZ))
    if envelope.clarity < MIN_CLARITY or len(total) < 2 * reach + 1:
        return ()
    padded = np.pad(total, reach)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    threshold = _PEAK_THRESHOLD * float(np.quantile(total, 0.98))
    found = np.flatnonzero((total == highest) & (total > max(threshold, 1e-9)))
    return tuple(float(frame) / FRAME_RATE_HZ for frame in found)
