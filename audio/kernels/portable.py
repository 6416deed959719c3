"""kernels.c in numpy: the same definitions, for where the C file was not built. Not slow: passes over whole arrays.

K-weighting. Both biquads are one linear system with four state values. Over a row of R samples that system is one
matrix, [inputs, state] -> [outputs, next state], so a channel is filtered by matrix products; the states at row
starts come from recursive doubling. The result is the recursive filter's, to float64 rounding.
"""

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels.matrices import rows_times
from audio.kernels.overlay import Overlays, Words, overlays
from audio.kernels.oversample import PHASES, REACH, TAPS
from audio.kernels.statistics import FlatRuns, Statistics, Stretches

_ROW_FRAMES = 32
_CHUNK_ROWS = 2048  # 64 k frames: the working set stays in the cache
_SPAN_FRAMES = 32  # interpolated or skipped as one
_BATCH_SPANS = 256
_CHUNK_FRAMES = 2_048 * _SPAN_FRAMES
_INT16_FULL_SCALE = 32_768
_MEAN_FRAMES = 1_024  # of a running mean in one sum, before its terms grow out of proportion
_BEFORE = TAPS // 2 - 1  # frames a span's filter reaches back; it reaches TAPS // 2 ahead

Matrix = NDArray[np.float64]
Row = NDArray[np.float32]


class Portable:
    """The functions of kernels.Kernels."""

    def k_energy(
        self, samples: Samples, filters: Matrix, weights: Matrix, edges: NDArray[np.int64]
    ) -> Matrix:
        system = _row_system(filters)
        energy = np.zeros(len(edges) - 1)
        for channel, weight in enumerate(weights):
            energy += weight * _step_energies(samples[: edges[-1], channel], edges, system)
        return energy

    def true_peak(self, samples: Samples) -> float:
        return max(_channel_peak(samples[:, channel]) for channel in range(samples.shape[1]))

    def envelope(self, samples: Samples, floor: float) -> Row:
        envelope: Row = np.abs(samples).max(axis=1)
        for channel in range(samples.shape[1]):
            _raise_to_interpolated(envelope, samples[:, channel], floor)
        return envelope

    def limiter_gain(self, allowed: Row, ahead_frames: int, release: float, memory: float) -> Row:
        needed = 1.0 - _sliding_minimum(allowed, ahead_frames + 1).astype(np.float64)
        fast = _released(needed, release)
        reduced = np.maximum(fast, _running_mean(fast, memory))
        window = ahead_frames + 1
        sums = np.cumsum(np.concatenate([[0.0], np.full(window - 1, reduced[0]), reduced]))
        gain: Row = (1.0 - (sums[window:] - sums[:-window]) / window).astype(np.float32)
        return gain

    def statistics(self, samples: Samples) -> Statistics:
        wide = samples.astype(np.float64)
        return Statistics(
            sums=wide.sum(axis=0),
            squares=np.square(wide).sum(axis=0),
            low=wide.min(axis=0),
            high=wide.max(axis=0),
            product=float(np.einsum("i,i", wide[:, 0], wide[:, -1])),
        )

    def flat_runs(self, samples: Samples, low: Row, high: Row, run_frames: int) -> list[FlatRuns]:
        return [
            _flat_runs(channel, {least, most}, run_frames)
            for channel, least, most in zip(samples.T, low, high, strict=True)
        ]

    def stretches(self, samples: Samples, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Stretches:
        parts = [samples[start:end] for start, end in zip(starts, ends, strict=True)]
        return Stretches(
            low=np.array([part.min(axis=0) for part in parts]),
            high=np.array([part.max(axis=0) for part in parts]),
            squares=np.array([np.square(part, dtype=np.float64).sum(axis=0) for part in parts]),
        )

    def pcm16(self, samples: Samples, scale: float, noise: Samples) -> tuple[NDArray[np.int16], int]:
        scaled = samples * np.float32(scale)
        beyond = int(np.count_nonzero(np.abs(scaled) > _INT16_FULL_SCALE))
        scaled += noise
        np.rint(scaled, out=scaled)
        np.clip(scaled, -_INT16_FULL_SCALE, _INT16_FULL_SCALE - 1, out=scaled)
        return scaled.astype(np.int16), beyond

    def overlays(
        self, words: Words, starts: NDArray[np.int64], query: Words, speeds: NDArray[np.float64]
    ) -> Overlays:
        return overlays(words, starts, query, speeds)


def _flat_runs(channel: Row, extremes: set[np.float32], run_frames: int) -> FlatRuns:
    starts: list[int] = []
    for extreme in extremes:
        at = np.flatnonzero(channel == extreme)
        runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
        starts += [int(run[0]) for run in runs if len(run) >= run_frames]
    return FlatRuns(len(starts), min(starts, default=None))


def _sliding_minimum(values: Row, window: int) -> Row:
    """min(values[n : n + window]), cut at the end. Two overlapping powers of two cover any window."""
    span, least = 1, np.concatenate([values, np.full(window, np.inf, np.float32)])
    while 2 * span <= window:
        least[:-span] = np.minimum(least[:-span], least[span:])
        span *= 2
    rest = window - span
    frames = len(values)
    result: Row = np.minimum(least[:frames], least[rest : rest + frames])
    return result


def _released(needed: Matrix, release: float) -> Matrix:
    """r[n] = max(needed[n], release * r[n - 1]), as a running maximum of logarithms that rise along a ramp."""
    ramp = -np.log(release) * np.arange(len(needed))
    with np.errstate(divide="ignore"):
        held = np.maximum.accumulate(np.log(np.maximum(needed, 0.0)) + ramp) - ramp
    result: Matrix = np.exp(held)
    return result


def _running_mean(values: Matrix, memory: float) -> Matrix:
    """m[n] = memory * m[n - 1] + (1 - memory) * values[n], as a running sum of values that grow by 1 / memory."""
    means, last = np.empty_like(values), 0.0
    for start in range(0, len(values), _MEAN_FRAMES):
        part = values[start : start + _MEAN_FRAMES]
        decay = memory ** np.arange(1, len(part) + 1)
        means[start : start + _MEAN_FRAMES] = decay * (last + (1 - memory) * np.cumsum(part / decay))
        last = float(means[start + len(part) - 1])
    return means


def _span_interpolator() -> Row:
    """Matrix that turns a span with its neighbours into the span's interpolated values, [frame][phase]."""
    width = _SPAN_FRAMES + TAPS - 1
    matrix = np.zeros((width, _SPAN_FRAMES * len(PHASES)), np.float32)
    for frame in range(_SPAN_FRAMES):
        for phase, taps in enumerate(PHASES):
            matrix[frame : frame + TAPS, frame * len(PHASES) + phase] = taps
    return matrix


def _raise_to_interpolated(envelope: Row, channel: Row, floor: float) -> None:
    """Lift envelope to the values between frames wherever the channel could pass floor."""
    frames = len(channel)
    spans = -(-frames // _SPAN_FRAMES)
    padded = np.zeros((spans + 2) * _SPAN_FRAMES, np.float32)
    padded[_SPAN_FRAMES : _SPAN_FRAMES + frames] = channel
    loudest = np.abs(padded).reshape(-1, _SPAN_FRAMES).max(axis=1)
    reach = REACH * np.maximum(np.maximum(loudest[:-2], loudest[1:-1]), loudest[2:])
    matrix = _span_interpolator()
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(matrix))
    windows = windows[_SPAN_FRAMES - _BEFORE :: _SPAN_FRAMES]
    candidates = np.flatnonzero(reach > floor)
    for first in range(0, len(candidates), _BATCH_SPANS):
        batch = candidates[first : first + _BATCH_SPANS]
        values = np.abs(rows_times(windows[batch], matrix))
        between = values.reshape(len(batch), _SPAN_FRAMES, -1).max(axis=2)
        where = batch[:, None] * _SPAN_FRAMES + np.arange(_SPAN_FRAMES)
        for at in (where, where + 1):
            inside = at < frames
            np.maximum.at(envelope, at[inside], between[inside])


def _row_system(filters: Matrix) -> Matrix:
    """The filters over one row: [row inputs, 4 states] @ system = [row outputs, 4 next states].

    Found by running the recursive filter on every unit vector at once.
    """
    size = _ROW_FRAMES + 4
    units = np.eye(size)
    states = [units[:, _ROW_FRAMES + i].copy() for i in range(4)]
    outputs = np.empty((size, size))
    for frame in range(_ROW_FRAMES):
        signal = units[:, frame]
        for stage, (b0, b1, b2, _, a1, a2) in enumerate(filters):
            filtered = b0 * signal + states[2 * stage]
            states[2 * stage] = b1 * signal - a1 * filtered + states[2 * stage + 1]
            states[2 * stage + 1] = b2 * signal - a2 * filtered
            signal = filtered
        outputs[:, frame] = signal
    outputs[:, _ROW_FRAMES:] = np.stack(states, axis=1)
    return outputs


def _step_energies(channel: Row, edges: NDArray[np.int64], system: Matrix) -> Matrix:
    """Sum of squares of the K-weighted channel between successive edges (the last edge is its length)."""
    energy = np.zeros(len(edges) - 1)
    state = np.zeros(4)
    chunk_frames = _CHUNK_ROWS * _ROW_FRAMES
    for start in range(0, len(channel), chunk_frames):
        part = channel[start : start + chunk_frames]
        rows = np.zeros((-(-len(part) // _ROW_FRAMES), _ROW_FRAMES + 4))
        whole = len(part) // _ROW_FRAMES
        rows[:whole, :_ROW_FRAMES] = part[: whole * _ROW_FRAMES].reshape(whole, _ROW_FRAMES)
        rows[whole:, : len(part) - whole * _ROW_FRAMES] = part[whole * _ROW_FRAMES :]
        state = _fill_states(rows, state, system)
        squares = np.square(rows_times(rows, system[:, :_ROW_FRAMES])).ravel()[: len(part)]
        first = int(np.searchsorted(edges, start, "right")) - 1
        last = int(np.searchsorted(edges, start + len(part), "left"))
        inner = edges[first + 1 : last] - start
        energy[first:last] += np.add.reduceat(squares, np.concatenate([[0], inner]))
    return energy


def _fill_states(rows: Matrix, state: Matrix, system: Matrix) -> Matrix:
    """Write the filter state at the start of each row into its last four columns; return the state after them.

    s[k+1] = s[k] P + e[k] is solved for all k by recursive doubling: e += shifted e times P, P squared, ... until
    P has decayed away (the slowest pole, 38 Hz, is gone after some thousand frames).
    """
    advance = system[_ROW_FRAMES:, _ROW_FRAMES:]
    states = rows_times(rows[:, :_ROW_FRAMES], system[:_ROW_FRAMES, _ROW_FRAMES:])
    states[0] += state @ advance
    distance = 1
    while distance < len(states) and np.abs(advance).max() > 1e-18:
        states[distance:] += states[:-distance] @ advance
        advance = advance @ advance
        distance *= 2
    rows[0, _ROW_FRAMES:] = state
    rows[1:, _ROW_FRAMES:] = states[:-1]
    result: Matrix = states[-1]
    return result


def _channel_peak(channel: Row) -> float:
    matrix = _span_interpolator()
    highest = max(float(channel.max()), -float(channel.min()))
    padded = np.empty(_CHUNK_FRAMES + 2 * _SPAN_FRAMES, np.float32)
    # From a span before the clip to one after it: the signal between samples does not stop where they do.
    for start in range(-_SPAN_FRAMES, len(channel) + _SPAN_FRAMES, _CHUNK_FRAMES):
        first = max(0, start - _SPAN_FRAMES)
        part = channel[first : start + _CHUNK_FRAMES + _SPAN_FRAMES]
        offset = first - (start - _SPAN_FRAMES)
        padded[:offset] = 0
        padded[offset : offset + len(part)] = part
        padded[offset + len(part) :] = 0
        highest = _chunk_peak(padded, matrix, highest)
    return highest


def _chunk_peak(padded: Row, matrix: Row, highest: float) -> float:
    """The larger of highest and the interpolated peak of padded without its first and last span."""
    # reduceat is three times faster here than a reshaped max
    starts = np.arange(0, len(padded), _SPAN_FRAMES)
    loudest = np.maximum(np.maximum.reduceat(padded, starts), -np.minimum.reduceat(padded, starts))
    reach = REACH * np.maximum(np.maximum(loudest[:-2], loudest[1:-1]), loudest[2:])
    candidates = np.flatnonzero(reach > highest)
    candidates = candidates[np.argsort(-reach[candidates], kind="stable")]
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(matrix))
    windows = windows[_SPAN_FRAMES - _BEFORE :: _SPAN_FRAMES]
    for first in range(0, len(candidates), _BATCH_SPANS):
        batch = candidates[first : first + _BATCH_SPANS]
        if reach[batch[0]] <= highest:
            break
        values = rows_times(windows[batch], matrix)
        highest = max(highest, float(values.max()), -float(values.min()))
    return highest
