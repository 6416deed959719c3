"""Meter and limiter beside others of their kind, on the same minute of sound. One run, ratios only.

Not a test of correctness: those are in tests/integration. libebur128 (Debian libebur128-1) and sf-limiter (PyPI) are
measured when they are installed and named as absent when not. Run by `python -m benchmarks.run meter`.
"""

import ctypes
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyloudnorm

from audio.kernels import KERNELS
from audio.kernels.portable import Portable
from audio.level.limiter import Limiter
from audio.measure.loudness import integrated_lufs, k_weighting, loudness
from audio.measure.peak import true_peak_dbtp
from tests.support.tones import Samples, clicks, music_like

RATE_HZ = 48_000
SECONDS = 60
ROUNDS = 5
Row = tuple[str, float, str, str]
_M_S_I_LRA = 0x01 | 0x03 | 0x05 | 0x0B  # ebur128.h
_TRUE_PEAK = 0x31


class SfLimiter(Protocol):
    """What is used of sf_limiter.SFLimiter."""

    def process(self, audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


def _best_s(run: Callable[[], object]) -> float:
    """Least processor time of some rounds."""
    spent = []
    for _ in range(ROUNDS):
        started = time.process_time()
        run()
        spent.append(time.process_time() - started)
    return min(spent)


def _libebur128(clip: Samples, mode: int) -> Callable[[], None] | None:
    try:
        library = ctypes.CDLL("libebur128.so.1")
    except OSError:
        return None
    library.ebur128_init.restype = ctypes.c_void_p
    library.ebur128_init.argtypes = [ctypes.c_uint, ctypes.c_ulong, ctypes.c_int]

    def run() -> None:
        state = ctypes.c_void_p(library.ebur128_init(2, RATE_HZ, mode))
        # Whole hops, as a meter feeds it: momentary and short-term loudness are asked for after each.
        figure = ctypes.c_double()
        for start in range(0, len(clip), RATE_HZ // 10):
            part = clip[start : start + RATE_HZ // 10]
            library.ebur128_add_frames_float(
                state, ctypes.c_void_p(part.ctypes.data), ctypes.c_size_t(len(part))
            )
            if mode == _M_S_I_LRA:
                library.ebur128_loudness_momentary(state, ctypes.byref(figure))
                library.ebur128_loudness_shortterm(state, ctypes.byref(figure))
        library.ebur128_destroy(ctypes.byref(state))

    return run


def _sf_limiter() -> SfLimiter | None:
    try:
        from sf_limiter import SFLimiter  # type: ignore[import-not-found]
    except ImportError:
        return None
    limiter: SfLimiter = SFLimiter(RATE_HZ, -1.0, true_peak=True)
    return limiter


def _metering(clip: Samples) -> list[Row]:
    ours_s, peak_s = _best_s(lambda: loudness(clip, RATE_HZ)), _best_s(lambda: true_peak_dbtp(clip))
    wide = clip.astype(np.float64)
    meter = pyloudnorm.Meter(RATE_HZ)
    filters, edges = np.array(k_weighting(RATE_HZ)), np.arange(0, len(clip) + 1, RATE_HZ // 100)
    portable_s = _best_s(lambda: Portable().k_energy(clip, filters, np.ones(2), edges))
    kernel_s = _best_s(lambda: KERNELS.k_energy(clip, filters, np.ones(2), edges))
    rows: list[Row] = [
        (
            "loudness, all figures, ms per second of stereo",
            1000 * ours_s / SECONDS,
            "",
            "integrated, M, S, range",
        ),
        ("true peak, ms per second of stereo", 1000 * peak_s / SECONDS, "", "four times the rate"),
        (
            "loudness: faster than pyloudnorm",
            _best_s(lambda: meter.integrated_loudness(wide)) / ours_s,
            "≥ 4",
            "pyloudnorm: integrated only",
        ),
        ("C faster than its numpy twin, K-weighting", portable_s / kernel_s, "", type(KERNELS).__name__),
    ]
    for what, mode, mine_s in (("loudness", _M_S_I_LRA, ours_s), ("true peak", _TRUE_PEAK, peak_s)):
        theirs = _libebur128(clip, mode)
        if theirs is not None:
            rows.append(
                (
                    f"{what}: faster than libebur128",
                    _best_s(theirs) / mine_s,
                    "≥ 1",
                    "libebur128, momentary at 10 Hz",
                )
            )
        else:
            rows.append(
                (f"{what}: faster than libebur128", float("nan"), "", "libebur128-1 is not installed")
            )
    bias = _bias_lu()
    return [
        *rows,
        ("bias on EBU Tech 3341 cases 1 to 5 at 48 kHz, LU", bias, "≤ 0.02", "mean of what is read too much"),
    ]


def _bias_lu() -> float:
    cases: list[list[tuple[float, float]]] = [
        [(-23, 20)],
        [(-33, 20)],
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ]
    cases.append([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)])
    period = np.sin(2 * np.pi * 1000 / RATE_HZ * np.arange(RATE_HZ // 1000))
    errors = []
    for steps in cases:
        gain = np.concatenate(
            [np.full(round(seconds * RATE_HZ), 10 ** (level / 20)) for level, seconds in steps]
        )
        tone = (np.resize(period, len(gain)) * gain).astype(np.float32)
        found = integrated_lufs(np.repeat(tone[:, None], 2, axis=1), RATE_HZ)
        errors.append((found if found is not None else np.nan) - (-33 if steps == [(-33, 20)] else -23))
    return abs(float(np.mean(errors)))


def _limiting(clip: Samples) -> list[Row]:
    """The clip with bursts that ask for 6 dB, through both limiters at a ceiling of -1 dBTP."""
    loud = clip + clicks(len(clip), RATE_HZ // 3, level_dbfs=6)

    def ours() -> Samples:
        return Limiter(loud, RATE_HZ, max_gain_db=0.0, ceiling_dbtp=-1.0).run(0.0, -1.0).samples

    ours_s = _best_s(ours)
    peak = true_peak_dbtp(ours())
    rows: list[Row] = [
        ("limiter, ms per second of stereo", 1000 * ours_s / SECONDS, "≤ 3", "envelope, gain, re-measured"),
        ("limiter: true peak reached, dBTP", peak if peak is not None else float("nan"), "≤ -1", "asked: -1"),
    ]
    theirs = _sf_limiter()
    if theirs is None:
        return [*rows, ("limiter: time of sf-limiter", float("nan"), "", "sf-limiter is not installed")]
    turned = np.ascontiguousarray(loud.T)
    reached = true_peak_dbtp(np.ascontiguousarray(theirs.process(turned)[0].T))
    return [
        *rows,
        (
            "limiter: time as a multiple of sf-limiter's",
            ours_s / _best_s(lambda: theirs.process(turned)),
            "",
            "sf-limiter, true peak on",
        ),
        (
            "limiter: true peak sf-limiter reaches, dBTP",
            reached if reached is not None else float("nan"),
            "",
            "asked: -1",
        ),
    ]


def rows() -> list[Row]:
    """One line per comparison. About 10 s."""
    clip = music_like(SECONDS, RATE_HZ)
    return _metering(clip) + _limiting(clip)
