"""Drums, bass, voices and the rest of a mix by Hybrid Transformer Demucs (S. Rouard et al., ICASSP 2023), whose network onnxruntime runs.

The network is given 7.8 s and their spectra at once, and tells for each part a waveform and spectra that add up to it. Such stretches are laid over
one another by a quarter, each fading in and out. What none of the parts has is put to `other`, so that they sum up to the clip.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.models.runtime import Run, loaded
from audio.models.weights import BadWeights
from audio.rate import convert

RATE_HZ = 44_100
STRETCH = 343_980
"""Frames that the network is given: 7.8 s."""
STRIDE = STRETCH * 3 // 4
WINDOW, HOP = 4096, 1024
SPECTRA, BINS = 336, 2048
NAMES = ("drums", "bass", "other", "vocals")
"""In the order in which the network tells them."""
_BEFORE = 3 * HOP // 2  # of a stretch, so that its first spectrum is centred on its first hop
_LEFT_OUT = 2  # spectra at either end, which see more of the padding than of the sound

Array = NDArray[np.float32]
Complex = NDArray[np.complex64]
Progress = Callable[[float], None]


def separate(
    samples: Samples, sample_rate_hz: int, on_progress: Progress, files: Sequence[bytes]
) -> Mapping[str, Samples]:
    """files: the model. Raises NoRuntime, BadWeights, and what on_progress raises. [worker]"""
    (data,) = files
    run = loaded(data)
    clip = convert(samples, sample_rate_hz, RATE_HZ)
    stereo = np.repeat(clip, 2, axis=1) if clip.shape[1] == 1 else clip
    found = np.zeros((len(NAMES), *stereo.shape), np.float32)
    sums = np.zeros((len(stereo), 1), np.float32)
    fade = np.minimum(np.arange(1, STRETCH + 1), np.arange(STRETCH, 0, -1)).astype(np.float32) / STRETCH * 2
    for first, stretch, before in _stretches(stereo):
        parts = _parts(run, stretch)
        end = min(first + STRETCH, len(stereo))
        weight = fade[: end - first, None]
        found[:, first:end] += weight * parts.transpose(0, 2, 1)[:, before : before + end - first]
        sums[first:end] += weight
        on_progress(end / len(stereo))
    found /= sums
    if clip.shape[1] == 1:
        found = found.mean(axis=2, keepdims=True)
    out = {
        name: _as_long(convert(part, RATE_HZ, sample_rate_hz), len(samples))
        for name, part in zip(NAMES, found, strict=True)
    }
    out["other"] = samples - out["drums"] - out["bass"] - out["vocals"]
    return out


def _stretches(stereo: Samples) -> Iterator[tuple[int, Array, int]]:
    """(first frame, (2, STRETCH) of sound, how much of it comes before that frame): a short one at the end has what came before it."""
    for first in range(0, len(stereo), STRIDE):
        length = min(STRETCH, len(stereo) - first)
        before = (STRETCH - length) // 2
        start = first - before
        stretch = np.zeros((2, STRETCH), np.float32)
        known = stereo[max(start, 0) : start + STRETCH]
        offset = max(-start, 0)
        stretch[:, offset : offset + len(known)] = known.T
        yield first, stretch, before


def _parts(run: Run, stretch: Array) -> Array:
    """(parts, 2, STRETCH). Raises BadWeights."""
    spectra = _spectra(stretch)
    planes = np.stack([spectra.real, spectra.imag], axis=1).reshape(1, 4, BINS, SPECTRA)
    found = run([stretch[None], planes])
    shapes = [each.shape for each in found]
    if shapes != [(1, len(NAMES), 4, BINS, SPECTRA), (1, len(NAMES), 2, STRETCH)]:
        raise BadWeights("The model answers with what Demucs does not.")
    pairs = found[0][0].reshape(len(NAMES), 2, 2, BINS, SPECTRA)
    heard = (pairs[:, :, 0] + 1j * pairs[:, :, 1]).astype(np.complex64)
    return np.asarray(np.stack([_sound(each) for each in heard]) + found[1][0], np.float32)


def _window() -> Array:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def _spectra(stretch: Array) -> Complex:
    """(2, BINS, SPECTRA), of unit energy."""
    after = _BEFORE + SPECTRA * HOP - STRETCH
    padded = np.pad(stretch, ((0, 0), (_BEFORE, after)), mode="reflect")
    padded = np.pad(padded, ((0, 0), (WINDOW // 2, WINDOW // 2)), mode="reflect")
    views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=1)[:, ::HOP]
    views = views[:, _LEFT_OUT : _LEFT_OUT + SPECTRA]
    found = np.fft.rfft(views * (_window() / np.float32(WINDOW**0.5)))[:, :, :BINS]
    return found.transpose(0, 2, 1).astype(np.complex64)


def _sound(spectra: Complex) -> Array:
    """(2, BINS, SPECTRA) to (2, STRETCH): the way back."""
    whole = np.zeros((2, SPECTRA + 2 * _LEFT_OUT, BINS + 1), np.complex64)
    whole[:, _LEFT_OUT:-_LEFT_OUT, :BINS] = spectra.transpose(0, 2, 1)
    window = _window()
    pieces = np.fft.irfft(whole, WINDOW).astype(np.float32) * (window * np.float32(WINDOW**0.5))
    frames = WINDOW + (whole.shape[1] - 1) * HOP
    out, sums = np.zeros((2, frames), np.float32), np.full(frames, 1e-8, np.float32)
    for n in range(whole.shape[1]):
        out[:, n * HOP : n * HOP + WINDOW] += pieces[:, n]
        sums[n * HOP : n * HOP + WINDOW] += np.square(window)
    first = WINDOW // 2 + _BEFORE
    heard: Array = (out / sums)[:, first : first + STRETCH]
    return heard


def _as_long(samples: Samples, frames: int) -> Samples:
    return np.pad(samples[:frames], ((0, max(frames - len(samples), 0)), (0, 0)))
