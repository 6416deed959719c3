"""Peaks that were cut off flat: how many, and where. A quantised crest, a rest at zero and a square wave are flat, too.

A peak that was cut is left at a slope. A crest of slow bass in few bits is a parabola that rounding made flat: as long as it
stands still, as slowly it leaves, and how slowly follows from the step of the quantiser. A square wave is left by a jump to the
other side; and a level that a waveform rests at for half of the time is not where it was cut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels import KERNELS
from audio.kernels.statistics import Statistics

FLAT_FRAMES = 4  # this many equal samples at the very top
MIN_FLAT_PEAKS = 3
_JUMP = 0.25  # of the way from lowest to highest: left this fast on both sides, it is an edge
_BESIDE_FRAMES = 4  # how far beside a flat place it is looked at how fast it was left
_CREST_MARGIN = 1.5
_WINDOW_FRAMES, _WINDOWS = (
    64,
    200,
)  # where the step of the quantiser is looked for: around so many flat places
_RESTING_SHARE = 0.5
_LEVEL_SHARE = 0.25  # of the clip's peak: what is flat below that is no peak

Channel = NDArray[np.float32]


@dataclass(frozen=True)
class CutPeaks:
    count: int
    first_frame: int


def cut_peaks(samples: Samples, statistics: Statistics) -> CutPeaks | None:
    """samples: finite float32 (frames, channels); statistics: of them. None: hardly any. [worker]"""
    low, high = statistics.low.astype(np.float32), statistics.high.astype(np.float32)
    flat = KERNELS.flat_runs(samples, low, high, FLAT_FRAMES)
    starts: list[NDArray[np.int64]] = []
    peak = max(float(high.max()), -float(low.min()))
    for number, found in enumerate(flat):
        if found.count >= MIN_FLAT_PEAKS or sum(each.count for each in flat) >= MIN_FLAT_PEAKS:
            for level in (low[number], high[number]):
                if abs(level) >= _LEVEL_SHARE * peak and low[number] < high[number]:
                    spread = float(high[number] - low[number])
                    starts.append(_cut_at(np.ascontiguousarray(samples[:, number]), float(level), spread))
    all_starts = np.concatenate([np.zeros(0, np.int64), *starts])
    return CutPeaks(len(all_starts), int(all_starts.min())) if len(all_starts) >= MIN_FLAT_PEAKS else None


def _cut_at(channel: Channel, level: float, spread: float) -> NDArray[np.int64]:
    """Where the runs at this level begin that look cut."""
    at = np.flatnonzero(channel == np.float32(level))
    nothing = np.zeros(0, np.int64)
    if len(at) > _RESTING_SHARE * len(channel):
        return nothing
    breaks = np.flatnonzero(np.diff(at) > 1)
    first, last = at[np.concatenate([[0], breaks + 1])], at[np.concatenate([breaks, [len(at) - 1]])]
    whole = (last - first + 1 >= FLAT_FRAMES) & (first > 0) & (last < len(channel) - 1)
    first, last = first[whole], last[whole]
    if not len(first):
        return nothing
    step = _quantiser_step(channel, first)
    half = (last - first) / 2
    crest = step * ((half + _BESIDE_FRAMES) / half) ** 2  # how far below it a rounded crest may be there
    next_to = _below(channel, level, first - 1, last + 1)
    further = _below(channel, level, first - _BESIDE_FRAMES, last + _BESIDE_FRAMES)
    is_cut = (further.max(axis=0) > _CREST_MARGIN * crest) & (next_to.min(axis=0) <= _JUMP * spread)
    cut: NDArray[np.int64] = first[is_cut]
    return cut


def _below(
    channel: Channel, level: float, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float32]:
    """How far below the level the waveform is at both places; (2, places)."""
    both = np.stack([np.maximum(left, 0), np.minimum(right, len(channel) - 1)])
    below: NDArray[np.float32] = np.abs(channel[both] - np.float32(level))
    return below


def _quantiser_step(channel: Channel, first: NDArray[np.int64]) -> float:
    """The smallest distance between two values near the flat places; as good as 0 for audio that was never quantised."""
    chosen = first[:: max(1, len(first) // _WINDOWS)]
    around = chosen[:, None] + np.arange(-_WINDOW_FRAMES, _WINDOW_FRAMES)
    values = np.unique(channel[around.clip(0, len(channel) - 1)])
    return float(np.diff(values.astype(np.float64)).min())
