"""What a clip is called, by the network of J. Pons and X. Serra ("musicnn", ISMIR 2019) as trained on MagnaTagATune, in numpy.

It is given three seconds of a mel spectrogram and tells fifty words of them, each 0..1; of a clip it is their mean. The file of its weights is known by
its hash, so where each lies in it is known here.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.models.weights import BadWeights, Weights
from audio.rate import convert
from audio.tags.shapes import Tags, tags_of

RATE_HZ, HOP, WINDOW, BANDS = 16_000, 256, 512, 96
GIVEN = 187
"""Spectra that the network is given."""
_VARIANCE_FLOOR = 1e-3

Array = NDArray[np.float32]
Progress = Callable[[float], None]

WORDS = (
    "guitar",
    "classical",
    "slow",
    "techno",
    "strings",
    "drums",
    "electronic",
    "rock",
    "fast",
    "piano",
    "ambient",
    "beat",
    "violin",
    "vocal",
    "synth",
    "female",
    "indian",
    "opera",
    "male",
    "singing",
    "vocals",
    "no vocals",
    "harpsichord",
    "loud",
    "quiet",
    "flute",
    "woman",
    "male vocal",
    "no vocal",
    "pop",
    "soft",
    "sitar",
    "solo",
    "man",
    "classic",
    "choir",
    "voice",
    "new age",
    "dance",
    "male voice",
    "female vocal",
    "beats",
    "harp",
    "cello",
    "no voice",
    "weird",
    "country",
    "metal",
    "female voice",
    "choral",
)
"""In the order of its last layer."""
PLACES: Mapping[str, tuple[int, tuple[int, ...]]] = {
    "batch_normalization/beta": (0, (1,)),
    "batch_normalization/gamma": (12, (1,)),
    "batch_normalization/moving_mean": (24, (1,)),
    "batch_normalization/moving_variance": (28, (1,)),
    "batch_normalization_1/beta": (32, (204,)),
    "batch_normalization_1/gamma": (2_480, (204,)),
    "batch_normalization_1/moving_mean": (4_928, (204,)),
    "batch_normalization_1/moving_variance": (5_744, (204,)),
    "batch_normalization_10/beta": (6_560, (200,)),
    "batch_normalization_10/gamma": (8_960, (200,)),
    "batch_normalization_10/moving_mean": (11_360, (200,)),
    "batch_normalization_10/moving_variance": (12_160, (200,)),
    "batch_normalization_2/beta": (12_960, (204,)),
    "batch_normalization_2/gamma": (15_408, (204,)),
    "batch_normalization_2/moving_mean": (17_856, (204,)),
    "batch_normalization_2/moving_variance": (18_672, (204,)),
    "batch_normalization_3/beta": (19_488, (51,)),
    "batch_normalization_3/gamma": (20_100, (51,)),
    "batch_normalization_3/moving_mean": (20_712, (51,)),
    "batch_normalization_3/moving_variance": (20_916, (51,)),
    "batch_normalization_4/beta": (21_120, (51,)),
    "batch_normalization_4/gamma": (21_732, (51,)),
    "batch_normalization_4/moving_mean": (22_344, (51,)),
    "batch_normalization_4/moving_variance": (22_548, (51,)),
    "batch_normalization_5/beta": (22_752, (51,)),
    "batch_normalization_5/gamma": (23_364, (51,)),
    "batch_normalization_5/moving_mean": (23_976, (51,)),
    "batch_normalization_5/moving_variance": (24_180, (51,)),
    "batch_normalization_6/beta": (24_384, (64,)),
    "batch_normalization_6/gamma": (25_152, (64,)),
    "batch_normalization_6/moving_mean": (25_920, (64,)),
    "batch_normalization_6/moving_variance": (26_176, (64,)),
    "batch_normalization_7/beta": (26_432, (64,)),
    "batch_normalization_7/gamma": (27_200, (64,)),
    "batch_normalization_7/moving_mean": (27_968, (64,)),
    "batch_normalization_7/moving_variance": (28_224, (64,)),
    "batch_normalization_8/beta": (28_480, (64,)),
    "batch_normalization_8/gamma": (29_248, (64,)),
    "batch_normalization_8/moving_mean": (30_016, (64,)),
    "batch_normalization_8/moving_variance": (30_272, (64,)),
    "batch_normalization_9/beta": (30_528, (1506,)),
    "batch_normalization_9/gamma": (48_600, (1506,)),
    "batch_normalization_9/moving_mean": (66_672, (1506,)),
    "batch_normalization_9/moving_variance": (72_696, (1506,)),
    "conv2d/bias": (78_728, (204,)),
    "conv2d/kernel": (81_176, (7, 38, 1, 204)),
    "conv2d_1/bias": (732_344, (204,)),
    "conv2d_1/kernel": (734_792, (7, 67, 1, 204)),
    "conv2d_2/bias": (1_882_904, (51,)),
    "conv2d_2/kernel": (1_883_516, (128, 1, 1, 51)),
    "conv2d_3/bias": (1_961_852, (51,)),
    "conv2d_3/kernel": (1_962_464, (64, 1, 1, 51)),
    "conv2d_4/bias": (2_001_632, (51,)),
    "conv2d_4/kernel": (2_002_244, (32, 1, 1, 51)),
    "conv2d_5/bias": (2_021_828, (64,)),
    "conv2d_5/kernel": (2_022_596, (7, 561, 1, 64)),
    "conv2d_6/bias": (5_038_532, (64,)),
    "conv2d_6/kernel": (5_039_300, (7, 64, 1, 64)),
    "conv2d_7/bias": (5_383_364, (64,)),
    "conv2d_7/kernel": (5_384_132, (7, 64, 1, 64)),
    "dense/bias": (5_728_196, (200,)),
    "dense/kernel": (5_730_596, (1506, 200)),
    "dense_1/bias": (9_344_996, (50,)),
    "dense_1/kernel": (9_345_596, (200, 50)),
}
"""Of each array of float32: its first byte in the file, and its shape."""


def hear_tags(samples: Samples, sample_rate_hz: int, on_progress: Progress, files: Sequence[bytes]) -> Tags:
    """files: the weights. A shorter clip is heard again and again. Raises BadWeights, and what on_progress raises. [worker]"""
    (data,) = files
    weights = weights_of(data)
    mono = convert(samples.mean(axis=1, keepdims=True), sample_rate_hz, RATE_HZ)[:, 0]
    mono = np.resize(mono, max(len(mono), GIVEN * HOP))
    spectra = levels(mono)
    firsts = range(0, len(spectra) - GIVEN + 1, GIVEN)
    total = np.zeros(len(WORDS))
    for n, first in enumerate(firsts, 1):
        total += network(spectra[first : first + GIVEN], weights)
        on_progress(n / len(firsts))
    return tags_of(dict(zip(WORDS, map(float, total / len(firsts)), strict=True)))


def weights_of(data: bytes) -> Weights:
    """Raises BadWeights. [any]"""
    if len(data) < max(first + 4 * int(np.prod(shape)) for first, shape in PLACES.values()):
        raise BadWeights("The file of the model is not whole.")
    return {
        name: np.frombuffer(data, "<f4", int(np.prod(shape)), first).reshape(shape)
        for name, (first, shape) in PLACES.items()
    }


def levels(mono: Array) -> Array:
    """Mel spectra of a sound at RATE_HZ, in logarithms as the network was trained on. [worker]"""
    padded = np.pad(mono, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    found = np.empty((len(frames), BANDS), np.float32)
    filters = _filters().T
    for first in range(0, len(frames), 1_024):  # bounds memory
        power = np.square(np.abs(np.fft.rfft(frames[first : first + 1_024] * window, axis=1)))
        found[first : first + 1_024] = np.log10(10_000 * (power @ filters) + 1)
    return found


def _filters() -> NDArray[np.float64]:
    """M. Slaney's mel scale: even below 1 kHz, in ratios above; each band of the same area."""
    most = 15 + 27 * np.log(RATE_HZ / 2_000) / np.log(6.4)
    mels = np.linspace(0, most, BANDS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1_000 * np.exp((mels - 15) * np.log(6.4) / 27))
    hz = np.linspace(0, RATE_HZ / 2, WINDOW // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    shape = np.maximum(0, np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle)))
    return np.asarray(shape * 2 / (high - low), np.float64)


def network(spectra: Array, weights: Weights) -> Array:
    """(GIVEN, BANDS) to the shares of WORDS. [worker]"""
    x = _normal(spectra[..., None], weights, 0)[..., 0]
    found = [_timbre(x, weights, n) for n in (0, 1)] + [_rhythm(x, weights, n) for n in (2, 3, 4)]
    front = np.concatenate(found, axis=1)
    one = _seen(front, weights, 5)
    two = _seen(one, weights, 6) + one
    three = _seen(two, weights, 7) + two
    features = np.concatenate([front, one, two, three], axis=1)
    pooled = np.stack([features.max(axis=0), features.mean(axis=0)], axis=1).reshape(-1)
    inner = np.maximum(_linear(_normal(pooled, weights, 9), weights, "dense"), 0)
    claimed = _linear(_normal(inner, weights, 10), weights, "dense_1")
    return np.asarray(1 / (1 + np.exp(-np.clip(claimed, -80, 80))), np.float32)


def _timbre(x: Array, weights: Weights, n: int) -> Array:
    """Shapes along frequency, wherever they lie: the strongest."""
    kernel, bias = _layer(weights, n)
    height, width, _, count = kernel.shape
    padded = np.pad(x, ((height // 2, height // 2), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (height, width))
    flat = seen.reshape(*seen.shape[:2], height * width) @ kernel.reshape(-1, count) + bias
    return np.asarray(_normal(np.maximum(flat, 0), weights, n + 1).max(axis=1), np.float32)


def _rhythm(x: Array, weights: Weights, n: int) -> Array:
    """Shapes along time, of whichever band: the strongest."""
    kernel, bias = _layer(weights, n)
    height = len(kernel)
    padded = np.pad(x, (((height - 1) // 2, height // 2), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, height, axis=0)
    flat = np.maximum(seen @ kernel[:, 0, 0] + bias, 0)
    return np.asarray(_normal(flat, weights, n + 1).max(axis=1), np.float32)


def _seen(x: Array, weights: Weights, n: int) -> Array:
    kernel, bias = _layer(weights, n)
    height, width, _, count = kernel.shape
    padded = np.pad(x, ((height // 2, height // 2), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, height, axis=0).transpose(0, 2, 1)
    flat = seen.reshape(len(x), height * width) @ kernel.reshape(-1, count) + bias
    return _normal(np.maximum(flat, 0), weights, n + 1)


def _linear(x: Array, weights: Weights, name: str) -> Array:
    return np.asarray(x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"], np.float32)


def _layer(weights: Weights, n: int) -> tuple[Array, Array]:
    name = f"conv2d_{n}" if n else "conv2d"
    return weights[f"{name}/kernel"], weights[f"{name}/bias"]


def _normal(x: Array, weights: Weights, n: int) -> Array:
    name = f"batch_normalization_{n}" if n else "batch_normalization"
    mean, variance, gamma, beta = (
        weights[f"{name}/{each}"] for each in ("moving_mean", "moving_variance", "gamma", "beta")
    )
    return np.asarray((x - mean) / np.sqrt(variance + _VARIANCE_FLOOR) * gamma + beta, np.float32)
