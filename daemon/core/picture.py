"""A picture of sound: the lowest and the highest sample of each column, drawn from windows of any length. Pure; numpy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEP = 512  # frames of one window that is remembered
FULL_SCALE = 32_767


class Extremes(NamedTuple):
    """Of windows of at most `step` frames: where each begins, and its lowest and highest sample."""

    firsts: NDArray[np.int64]
    lows: NDArray[np.int16]
    highs: NDArray[np.int16]
    step: int


class Canvas:
    """The columns of one picture of `[first_frame, end_frame)`; step: frames of the windows it wants. [one thread]"""

    def __init__(self, first_frame: int, end_frame: int, columns: int) -> None:
        self._first_frame = first_frame
        self._end_frame = end_frame
        self._columns = columns
        self._width = (end_frame - first_frame) / columns  # in frames
        self._lows = np.full(columns, FULL_SCALE, np.int16)
        self._highs = np.full(columns, -FULL_SCALE, np.int16)
        self._there = np.zeros(columns, bool)
        self.step = STEP if self._width >= STEP else max(int(self._width), 1)

    def draw(self, extremes: Extremes) -> None:
        """A window lies in the column where it begins, in the one where it ends, and in all between."""
        last = extremes.step - min(self._width, 1.0) / 2
        for offset in (*np.arange(0.0, last, self._width), last):
            at = np.floor((extremes.firsts + offset - self._first_frame) / self._width).astype(np.int64)
            inside = (at >= 0) & (at < self._columns)
            np.minimum.at(self._lows, at[inside], extremes.lows[inside])
            np.maximum.at(self._highs, at[inside], extremes.highs[inside])
            self._there[at[inside]] = True

    def fill(self, first_frame: int, end_frame: int, level: int) -> None:
        """Sound as loud as this at most."""
        first = max(int((first_frame - self._first_frame) / self._width), 0)
        end = min(int(np.ceil((end_frame - self._first_frame) / self._width)), self._columns)
        if first < end:
            self._lows[first:end] = np.minimum(self._lows[first:end], -level)
            self._highs[first:end] = np.maximum(self._highs[first:end], level)
            self._there[first:end] = True

    def picture(self) -> tuple[bytes, bytes]:
        """(peaks, holes) as PeaksAre of the control socket."""
        drawn = np.where(self._there, [self._lows, self._highs], 0).T
        holes = np.packbits(~self._there, bitorder="little")
        return np.ascontiguousarray(drawn, "<i2").tobytes(), holes.tobytes()


def extremes_of(
    sound: bytes | bytearray | memoryview, first_frame: int, channels: int, step: int
) -> Extremes:
    """Of interleaved float32 that begins at `first_frame`, in windows of `step` frames. [any]"""
    samples = np.frombuffer(sound, np.float32).reshape(-1, channels)
    starts = np.arange(0, len(samples), step)
    flat = samples.reshape(-1)
    lows = np.fmin.reduceat(flat, starts * channels)
    highs = np.fmax.reduceat(flat, starts * channels)
    return Extremes(starts + first_frame, _scaled(lows), _scaled(highs), step)


def _scaled(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """What is above full scale is drawn as full scale, what is no number not at all."""
    bounded = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    scaled: NDArray[np.int16] = np.rint(bounded * FULL_SCALE).astype(np.int16)
    return scaled


def joined(found: list[Extremes], step: int) -> Extremes:
    """One after the other. [any]"""
    if not found:
        nothing = np.zeros(0, np.int16)
        return Extremes(np.zeros(0, np.int64), nothing, nothing, step)
    firsts, lows, highs = (np.concatenate([one[k] for one in found]) for k in range(3))
    return Extremes(firsts, lows, highs, step)
