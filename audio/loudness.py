"""Integrated loudness after ITU-R BS.1770-4 (K-weighting, 400 ms blocks, two gates).

Not a live meter: no momentary or short-term figures, no loudness range.

Method. Both K-weighting biquads are one linear system with four state values. Over a row of R samples that system
is one matrix, [inputs, state] -> [outputs, next state], so a whole channel is filtered by matrix products; the
states at row starts come from recursive doubling. The result is the recursive filter's, to float64 rounding.
"""

import math

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.matrices import rows_times

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
BLOCK_MS = 400
STEPS_PER_BLOCK = 4  # blocks overlap by 75 %

_OFFSET_LUFS = -0.691  # BS.1770-4: makes 997 Hz at 0 dBFS in one channel read -3.01
_ROW_FRAMES = 32
_CHUNK_ROWS = 2048  # 64 k frames: the working set stays in the cache
_REFERENCE_RATE_HZ = 48_000  # the rate of the tables in BS.1770-4

Matrix = NDArray[np.float64]


def integrated_lufs(samples: Samples, sample_rate_hz: int) -> float | None:
    """Integrated loudness in LUFS, or None when no block passes the -70 LUFS gate. [any]

    samples: finite float32 (frames, 1 or 2 channels); channels weigh 1.0 each, so mono reads 3 LU below the same
    signal on both channels. A clip shorter than one block (400 ms) is repeated to one block: takes are loops.
    """
    block_frames = math.ceil(sample_rate_hz * BLOCK_MS / 1000)
    if len(samples) < block_frames:
        samples = np.tile(samples, (math.ceil(block_frames / len(samples)), 1))
    steps = len(samples) * 1000 * STEPS_PER_BLOCK // (sample_rate_hz * BLOCK_MS)
    edges = np.arange(steps + 1) * (sample_rate_hz * BLOCK_MS) // (1000 * STEPS_PER_BLOCK)
    system = _row_system(sample_rate_hz)
    energy = np.zeros(steps)
    for channel in range(samples.shape[1]):
        energy += _step_energies(samples[: edges[-1], channel], edges, system)
    span = STEPS_PER_BLOCK
    sums = np.convolve(energy, np.ones(span), "valid")
    return _gated_lufs(sums / (edges[span:] - edges[:-span]))


def _gated_lufs(block_power: Matrix) -> float | None:
    """Mean power of the blocks above both gates, as LUFS."""
    gate = 10 ** ((ABSOLUTE_GATE_LUFS - _OFFSET_LUFS) / 10)
    audible = block_power[block_power > gate]
    if not len(audible):
        return None
    relative_gate = float(audible.mean()) * 10 ** (RELATIVE_GATE_LU / 10)
    kept = audible[audible > relative_gate]
    return _OFFSET_LUFS + 10 * math.log10(float(kept.mean()))


def k_weighting(sample_rate_hz: int) -> tuple[Matrix, Matrix]:
    """The two biquads of the K filter as rows [b0, b1, b2, 1, a1, a2]: shelf, then high-pass. [any]

    BS.1770-4 tabulates 48 kHz only. The analog prototypes behind its tables (De Man, "Evaluation of
    implementations of the EBU R128 loudness measurement", 2014) are transformed bilinearly for other rates.
    """

    def poles(corner_hz: float, q: float, rate_hz: int) -> tuple[float, float, Matrix]:
        k = math.tan(math.pi * corner_hz / rate_hz)
        a0 = 1 + k / q + k * k
        return k, a0, np.array([1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])

    shelf_hz, shelf_q = 1681.974450955533, 0.7071752369554196
    high_gain = 10 ** (3.999843853973347 / 20)
    band_gain = high_gain**0.4996667741545416
    k, a0, denominator = poles(shelf_hz, shelf_q, sample_rate_hz)
    numerator = np.array(
        [
            high_gain + band_gain * k / shelf_q + k * k,
            2 * (k * k - high_gain),
            high_gain - band_gain * k / shelf_q + k * k,
        ]
    )
    shelf = np.concatenate([numerator / a0, denominator])
    highpass_hz, highpass_q = 38.13547087602444, 0.5003270373238773
    _, a0, denominator = poles(highpass_hz, highpass_q, sample_rate_hz)
    # The standard's numerator is 1, -2, 1 at 48 kHz: a pass-band gain of a0(48k), not of 1. Other rates get that same
    # pass-band gain, or the meter would read up to 0.03 LU differently for the same sound.
    _, reference_a0, _ = poles(highpass_hz, highpass_q, _REFERENCE_RATE_HZ)
    highpass = np.concatenate([np.array([1.0, -2.0, 1.0]) * (reference_a0 / a0), denominator])
    return shelf, highpass


def _row_system(sample_rate_hz: int) -> Matrix:
    """The K filter over one row: [row inputs, 4 states] @ system = [row outputs, 4 next states].

    Found by running the recursive filter on every unit vector at once.
    """
    size = _ROW_FRAMES + 4
    units = np.eye(size)
    states = [units[:, _ROW_FRAMES + i].copy() for i in range(4)]
    outputs = np.empty((size, size))
    for frame in range(_ROW_FRAMES):
        signal = units[:, frame]
        for stage, (b0, b1, b2, _, a1, a2) in enumerate(k_weighting(sample_rate_hz)):
            filtered = b0 * signal + states[2 * stage]
            states[2 * stage] = b1 * signal - a1 * filtered + states[2 * stage + 1]
            states[2 * stage + 1] = b2 * signal - a2 * filtered
            signal = filtered
        outputs[:, frame] = signal
    outputs[:, _ROW_FRAMES:] = np.stack(states, axis=1)
    return outputs


def _step_energies(channel: NDArray[np.float32], edges: NDArray[np.int64], system: Matrix) -> Matrix:
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
