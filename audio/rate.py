"""Sample-rate conversion with a promised length. Not pitch or time stretching."""

import numpy as np
import soxr

from audio.intake import Samples


def converted_frames(frames: int, from_hz: int, to_hz: int) -> int:
    """Length after conversion: rounded half up, at least one frame. [any]"""
    return max(1, (2 * frames * to_hz + from_hz) // (2 * from_hz))


def convert(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """samples at another rate (soxr, high quality), exactly converted_frames() long. [any]"""
    if from_hz == to_hz:
        return samples
    wanted = converted_frames(len(samples), from_hz, to_hz)
    # soxr rounds the length its own way; one frame of silence at the end makes sure it is never short by one.
    padded = np.concatenate([samples, np.zeros((1 + from_hz // to_hz, samples.shape[1]), np.float32)])
    converted: Samples = soxr.resample(padded, from_hz, to_hz, quality="HQ")
    return np.ascontiguousarray(converted[:wanted])
