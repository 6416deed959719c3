"""Voices out of a mix by Spleeter's two networks (R. Hennequin et al., JOSS 5/50, 2020), in numpy: a U-Net for each part tells its share.

Each network is given magnitudes below some 11 kHz, 512 spectra at a time, and says what of them is its part's; the parts share each point by
the squares of what they claim. What is above belongs to no voice. The accompaniment is the clip without the vocals, so the two sum up to it.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.models.weights import Weights, read_pickled
from audio.rate import convert

RATE_HZ = 44_100
WINDOW, HOP = 4096, 1024
SPECTRA, BINS = 512, 1024
"""What a network takes at once."""
_SLOPE, _VARIANCE_FLOOR, _SHARE_FLOOR = 0.2, 1e-3, 1e-10
_NOTHING = -80.0  # a claim of so little is none, and less would overflow
_LEVELS = 6
_SQUARED = 1.5  # Hann windows, squared, laid over one another at a quarter of their length

Array = NDArray[np.float32]
Progress = Callable[[float], None]


def separate(
    samples: Samples, sample_rate_hz: int, on_progress: Progress, files: Sequence[bytes]
) -> Mapping[str, Samples]:
    """files: weights of vocals and of accompaniment. Raises BadWeights, and what on_progress raises. [worker]"""
    networks = [read_pickled(each) for each in files]
    clip = convert(samples, sample_rate_hz, RATE_HZ)
    stereo = np.repeat(clip, 2, axis=1) if clip.shape[1] == 1 else clip
    found = _vocals(stereo, networks, on_progress)
    if clip.shape[1] == 1:
        found = found.mean(axis=1, keepdims=True)
    vocals = convert(found, RATE_HZ, sample_rate_hz)[: len(samples)]
    vocals = np.pad(vocals, ((0, len(samples) - len(vocals)), (0, 0)))
    return {"vocals": vocals, "accompaniment": samples - vocals}


def _vocals(stereo: Samples, networks: Sequence[Weights], on_progress: Progress) -> Samples:
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    padded = np.pad(stereo, ((WINDOW, 2 * WINDOW), (0, 0)))
    count = 1 + (len(padded) - WINDOW) // HOP
    out = np.zeros_like(padded)
    views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)[::HOP]
    for first in range(0, count, SPECTRA):
        spectra = np.fft.rfft(views[first : min(first + SPECTRA, count)] * window).astype(np.complex64)
        spectra[:, :, :BINS] *= _share(np.abs(spectra[:, :, :BINS]), networks).transpose(1, 0, 2)
        spectra[:, :, BINS:] = 0
        pieces = np.fft.irfft(spectra, WINDOW).astype(np.float32) * window
        for n, piece in enumerate(pieces):
            at = (first + n) * HOP
            out[at : at + WINDOW] += piece.T
        on_progress(min((first + SPECTRA) / count, 1.0))
    vocals: Samples = out[WINDOW : WINDOW + len(stereo)] / np.float32(_SQUARED)
    return vocals


def _share(levels: Array, networks: Sequence[Weights]) -> Array:
    """levels: (spectra, channels, bins). What of each point is the first network's part, 0..1: (channels, spectra, bins)."""
    whole = np.zeros((levels.shape[1], SPECTRA, BINS), np.float32)
    whole[:, : len(levels)] = levels.transpose(1, 0, 2)
    claims = [np.square(network(whole, weights)) for weights in networks]
    share = (claims[0] + _SHARE_FLOOR / 2) / (sum(claims) + _SHARE_FLOOR)
    return np.asarray(share[:, : len(levels)], np.float32)


def network(levels: Array, weights: Weights) -> Array:
    """What of levels (2, height, width; multiples of 64) the network claims: the same shape."""
    down: list[Array] = []
    x = levels
    for n in range(1, _LEVELS + 1):
        down.append(halved(x, weights[f"down{n}_conv.1.weight"], weights[f"down{n}_conv.1.bias"]))
        x = _normalised(down[-1], weights, f"down{n}_act.0")
        x = np.where(x > 0, x, _SLOPE * x).astype(np.float32)
    x = down.pop()
    for n in range(1, _LEVELS + 1):
        x = doubled(x, weights[f"up{n}.0.weight"], weights[f"up{n}.0.bias"])
        x = _normalised(np.maximum(x, 0), weights, f"up{n}.3")
        if down:
            x = np.concatenate([down.pop(), x])
    claimed = _wide(x[0], weights["up7.0.weight"], weights["up7.0.bias"])
    return np.asarray(levels / (1 + np.exp(-np.maximum(claimed, _NOTHING))), np.float32)


def halved(x: Array, kernel: Array, bias: Array) -> Array:
    """x (n, height, width) seen through kernels (m, n, 5, 5) at every second place: (m, height / 2, width / 2)."""
    padded = np.pad(x, ((0, 0), (1, 2), (1, 2)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))[:, ::2, ::2]
    _, height, width = seen.shape[:3]
    columns = np.ascontiguousarray(seen.transpose(0, 3, 4, 1, 2)).reshape(-1, height * width)
    flat = kernel.reshape(len(kernel), -1) @ columns + bias[:, None]
    return flat.reshape(-1, height, width)


def doubled(x: Array, kernel: Array, bias: Array) -> Array:
    """Each place of x (n, height, width) laid out by kernels (n, m, 5, 5), two apart: (m, 2 height, 2 width)."""
    inner, height, width = x.shape
    laid = (kernel.reshape(inner, -1).T @ x.reshape(inner, -1)).reshape(-1, 5, 5, height, width)
    out = np.zeros((len(laid), 2 * height + 3, 2 * width + 3), np.float32)
    for row in range(5):
        for column in range(5):
            out[:, row : row + 2 * height : 2, column : column + 2 * width : 2] += laid[:, row, column]
    cut: Array = out[:, 1:-2, 1:-2] + bias[:, None, None]
    return cut


def _wide(x: Array, kernel: Array, bias: Array) -> Array:
    """x (height, width) through kernels (2, 1, 4, 4) whose places are two apart: (2, height, width)."""
    height, width = x.shape
    padded = np.pad(x, 3)
    out = np.zeros((len(kernel), height, width), np.float32) + bias[:, None, None]
    for row in range(4):
        for column in range(4):
            seen = padded[2 * row : 2 * row + height, 2 * column : 2 * column + width]
            out += kernel[:, 0, row, column, None, None] * seen
    return out


def _normalised(x: Array, weights: Weights, name: str) -> Array:
    scale = weights[f"{name}.weight"] / np.sqrt(weights[f"{name}.running_var"] + _VARIANCE_FLOOR)
    offset = weights[f"{name}.bias"] - weights[f"{name}.running_mean"] * scale
    return np.asarray(x * scale[:, None, None] + offset[:, None, None], np.float32)
