"""kernels.c for arrays: the same functions as portable.py, several times faster. Not required: see kernels.py."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels.overlay import Overlays, Words
from audio.kernels.oversample import MIRRORED, REACH
from audio.kernels.statistics import FlatRuns, Statistics, Stretches
from audio.library import LIBRARY, opened

_ADDRESS, _COUNT, _FLOAT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float


def load(path: str = LIBRARY) -> ctypes.CDLL | None:
    """The library with its types, or None where there is none to be used. [any]"""
    library = opened(path)
    if library is None:
        return None
    library.sc_k_energy.argtypes = [_ADDRESS, _COUNT, _ADDRESS, _ADDRESS, _ADDRESS, _COUNT, _ADDRESS]
    library.sc_k_energy.restype = None
    library.sc_true_peak.argtypes = [_ADDRESS, _COUNT, _COUNT, _ADDRESS, _FLOAT, _FLOAT]
    library.sc_true_peak.restype = _FLOAT
    library.sc_envelope.argtypes = [_ADDRESS, _COUNT, _COUNT, _ADDRESS, _FLOAT, _FLOAT, _ADDRESS]
    library.sc_envelope.restype = None
    library.sc_limiter_gain.argtypes = [
        *(_ADDRESS, _COUNT, _COUNT, ctypes.c_double, ctypes.c_double),
        *(_ADDRESS, _ADDRESS, _ADDRESS),
    ]
    library.sc_limiter_gain.restype = None
    library.sc_statistics.argtypes = [_ADDRESS, _COUNT, _COUNT, _ADDRESS]
    library.sc_statistics.restype = None
    library.sc_flat_runs.argtypes = [
        *(_ADDRESS, _COUNT, _COUNT, _ADDRESS, _ADDRESS, _COUNT),
        *(_ADDRESS, _ADDRESS),
    ]
    library.sc_flat_runs.restype = None
    library.sc_stretches.argtypes = [
        *(_ADDRESS, _COUNT, _ADDRESS, _ADDRESS, _COUNT),
        *(_ADDRESS, _ADDRESS, _ADDRESS),
    ]
    library.sc_stretches.restype = None
    library.sc_pcm16.argtypes = [_ADDRESS, _COUNT, _FLOAT, _ADDRESS, _ADDRESS]
    library.sc_pcm16.restype = _COUNT
    library.sc_overlays.argtypes = [
        *(_ADDRESS, _ADDRESS, _COUNT, _ADDRESS, _COUNT),
        *(_ADDRESS, _COUNT, _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS),
    ]
    library.sc_overlays.restype = None
    return library


def _int64(places: NDArray[np.integer]) -> NDArray[np.int64]:
    """As C reads them: what numpy makes of Python's numbers is narrower on some systems, and C would read past its end."""
    return np.ascontiguousarray(places, np.int64)


class Native:
    """The functions of kernels.Kernels on a loaded library."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def k_energy(
        self,
        samples: Samples,
        filters: NDArray[np.float64],
        weights: NDArray[np.float64],
        edges: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        samples = np.ascontiguousarray(samples)
        sections, edges = np.ascontiguousarray(filters[:, [0, 1, 2, 4, 5]]), _int64(edges)
        energy = np.zeros(len(edges) - 1)
        self._library.sc_k_energy(
            samples.ctypes.data,
            samples.shape[1],
            sections.ctypes.data,
            weights.ctypes.data,
            edges.ctypes.data,
            len(energy),
            energy.ctypes.data,
        )
        return energy

    def true_peak(self, samples: Samples) -> float:
        samples = np.ascontiguousarray(samples)
        found: float = self._library.sc_true_peak(
            samples.ctypes.data, *samples.shape, MIRRORED.ctypes.data, REACH, 0.0
        )
        return found

    def envelope(self, samples: Samples, floor: float) -> NDArray[np.float32]:
        samples = np.ascontiguousarray(samples)
        envelope = np.empty(len(samples), np.float32)
        self._library.sc_envelope(
            samples.ctypes.data, *samples.shape, MIRRORED.ctypes.data, REACH, floor, envelope.ctypes.data
        )
        return envelope

    def limiter_gain(
        self, allowed: NDArray[np.float32], ahead_frames: int, release: float, memory: float
    ) -> NDArray[np.float32]:
        work = np.empty(ahead_frames + 1, np.int64)
        reduced = np.empty(len(allowed))
        gain = np.empty(len(allowed), np.float32)
        self._library.sc_limiter_gain(
            allowed.ctypes.data,
            len(allowed),
            ahead_frames,
            release,
            memory,
            work.ctypes.data,
            reduced.ctypes.data,
            gain.ctypes.data,
        )
        return gain

    def statistics(self, samples: Samples) -> Statistics:
        samples = np.ascontiguousarray(samples)
        found = np.empty(4 * samples.shape[1] + 1)
        self._library.sc_statistics(samples.ctypes.data, *samples.shape, found.ctypes.data)
        sums, squares, low, high = found[:-1].reshape(-1, 4).T
        return Statistics(sums, squares, low, high, float(found[-1]))

    def flat_runs(
        self, samples: Samples, low: NDArray[np.float32], high: NDArray[np.float32], run_frames: int
    ) -> list[FlatRuns]:
        samples = np.ascontiguousarray(samples)
        found, first = (np.zeros(samples.shape[1], np.int64) for _ in range(2))
        self._library.sc_flat_runs(
            samples.ctypes.data,
            *samples.shape,
            np.ascontiguousarray(low).ctypes.data,
            np.ascontiguousarray(high).ctypes.data,
            run_frames,
            found.ctypes.data,
            first.ctypes.data,
        )
        return [
            FlatRuns(int(count), int(at) if count else None) for count, at in zip(found, first, strict=True)
        ]

    def stretches(self, samples: Samples, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Stretches:
        samples, starts, ends = np.ascontiguousarray(samples), _int64(starts), _int64(ends)
        shape = (len(starts), samples.shape[1])
        low, high, squares = np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape)
        self._library.sc_stretches(
            samples.ctypes.data,
            samples.shape[1],
            starts.ctypes.data,
            ends.ctypes.data,
            len(starts),
            low.ctypes.data,
            high.ctypes.data,
            squares.ctypes.data,
        )
        return Stretches(low, high, squares)

    def pcm16(self, samples: Samples, scale: float, noise: Samples) -> tuple[NDArray[np.int16], int]:
        samples, noise = np.ascontiguousarray(samples), np.ascontiguousarray(noise)
        pcm = np.empty(samples.shape, np.int16)
        beyond: int = self._library.sc_pcm16(
            samples.ctypes.data, samples.size, scale, noise.ctypes.data, pcm.ctypes.data
        )
        return pcm, beyond

    def overlays(
        self, words: Words, starts: NDArray[np.int64], query: Words, speeds: NDArray[np.float64]
    ) -> Overlays:
        words, query, starts = np.ascontiguousarray(words), np.ascontiguousarray(query), _int64(starts)
        count = len(starts) - 1
        longest = max(len(query), int(np.diff(starts).max(initial=0)))
        work = np.empty(3 * longest, np.uint32)
        found = Overlays(np.empty(count), np.empty(count, np.int64), np.empty(count, np.int64))
        self._library.sc_overlays(
            *(words.ctypes.data, starts.ctypes.data, count, query.ctypes.data, len(query)),
            *(speeds.ctypes.data, len(speeds), work.ctypes.data),
            *(each.ctypes.data for each in found),
        )
        return found
