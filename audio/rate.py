"""Sample-rate conversion with a promised length. Not pitch or time stretching."""

import math

import numpy as np
import soxr

from audio.intake import Samples

_FILTER_FRAMES = 1024  # soxr's, on either side, with room to spare


def converted_frames(frames: int, from_hz: int, to_hz: int) -> int:
    """Length after conversion: rounded half up, at least one frame. [any]"""
    return max(1, (2 * frames * to_hz + from_hz) // (2 * from_hz))


def convert(samples: Samples, from_hz: int, to_hz: int, *, loops: bool = False) -> Samples:
    """samples at another rate (soxr, high quality), exactly converted_frames() long. [any]

    loops: what comes before the beginning is the end and the other way round; else silence.
    """
    if from_hz == to_hz:
        return samples
    if loops:
        return _converted_loop(samples, from_hz, to_hz)
    wanted = converted_frames(len(samples), from_hz, to_hz)
    # soxr rounds the length its own way; one frame of silence at the end makes sure it is never short by one.
    padded = np.concatenate([samples, np.zeros((1 + from_hz // to_hz, samples.shape[1]), np.float32)])
    converted: Samples = soxr.resample(padded, from_hz, to_hz, quality="HQ")
    return np.ascontiguousarray(converted[:wanted])


def _converted_loop(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """With as much of the other end on both sides as the filter reaches: so many frames that both rates count them whole."""
    common = math.gcd(from_hz, to_hz)
    times = math.ceil(_FILTER_FRAMES * common / min(from_hz, to_hz))
    around, around_out = times * from_hz // common, times * to_hz // common
    places = np.arange(-around, len(samples) + around) % len(samples)
    wanted = converted_frames(len(samples), from_hz, to_hz)
    return np.ascontiguousarray(convert(samples[places], from_hz, to_hz)[around_out : around_out + wanted])
