"""Peaks for zooming players: minimum, maximum and RMS at a fixed number of frames per point, in levels.

Written as audiowaveform does (BBC audiowaveform, doc/DataFormat.md, version 2), so that peaks.js and wavesurfer read
them; that format has no RMS. Not the drawing: waveform.py draws from one fixed number of points.
"""

import struct
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels import KERNELS

LEVELS = (256, 1024, 4096)
"""Frames per point; each divides the next, which is made from it."""
_FULL_SCALE = 127
_VERSION = 2
_FLAG_8_BIT = 1


@dataclass(frozen=True)
class ZoomLevel:
    """minimum, maximum, rms: int8, shape (points, channels), 127 is full scale; the last point may cover less."""

    frames_per_point: int
    sample_rate_hz: int
    minimum: NDArray[np.int8]
    maximum: NDArray[np.int8]
    rms: NDArray[np.int8]

    def dat(self) -> bytes:
        """audiowaveform's binary format.

        | offset | type     | content                                          |
        |--------|----------|--------------------------------------------------|
        | 0      | int32    | version, 2                                       |
        | 4      | uint32   | flags: bit 0 set, 8-bit values                   |
        | 8      | int32    | sample rate in Hz                                |
        | 12     | int32    | samples per point                                |
        | 16     | uint32   | points                                           |
        | 20     | int32    | channels                                         |
        | 24     | int8 × 2 | minimum, maximum of each channel, for each point |
        """
        points, channels = self.minimum.shape
        head = (_VERSION, _FLAG_8_BIT, self.sample_rate_hz, self.frames_per_point, points, channels)
        return struct.pack("<iIiiIi", *head) + self._pairs().tobytes()

    def json(self) -> bytes:
        """The same as audiowaveform's JSON."""
        points, channels = self.minimum.shape
        return msgspec.json.encode(
            {
                "version": _VERSION,
                "channels": channels,
                "sample_rate": self.sample_rate_hz,
                "samples_per_pixel": self.frames_per_point,
                "bits": 8,
                "length": points,
                "data": self._pairs().ravel().tolist(),
            }
        )

    def _pairs(self) -> NDArray[np.int8]:
        return np.stack([self.minimum, self.maximum], axis=2)


def zoom_levels(samples: Samples, sample_rate_hz: int) -> list[ZoomLevel]:
    """One level for each of LEVELS. samples: finite float32 (frames >= 1, 1 or 2 channels). [worker]"""
    starts = np.arange(0, len(samples), LEVELS[0])
    found = KERNELS.stretches(samples, starts, np.minimum(starts + LEVELS[0], len(samples)))
    low, high, power = found.low, found.high, found.squares
    levels = []
    for finer, size in zip((LEVELS[0], *LEVELS), LEVELS, strict=False):
        starts = np.arange(0, len(low), size // finer)
        low = np.minimum.reduceat(low, starts, axis=0)
        high = np.maximum.reduceat(high, starts, axis=0)
        power = np.add.reduceat(power, starts, axis=0)
        frames = np.minimum(size, len(samples) - size * np.arange(len(low)))[:, None]
        rms = np.sqrt(power / frames)
        levels.append(ZoomLevel(size, sample_rate_hz, _int8(low), _int8(high), _int8(rms)))
    return levels


def _int8(values: NDArray[np.floating]) -> NDArray[np.int8]:
    scaled: NDArray[np.int8] = np.rint(np.clip(values, -1.0, 1.0) * _FULL_SCALE).astype(np.int8)
    return scaled
