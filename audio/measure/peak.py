"""Sample peak and true peak (ITU-R BS.1770-4 Annex 2: the maximum of the signal at four times its rate).

Not a limiter, and no history: one figure for the whole clip. A short stretch whose samples, times the interpolator's
absolute gain, cannot beat the highest value found so far is never interpolated, so most clips cost one pass.
"""

import math

from audio.intake import Samples
from audio.kernels import KERNELS

SILENCE_DBFS = -60.0
"""A clip whose highest sample is below is silent: hum and noise, which nobody wants raised. The one threshold of silence."""


def decibels(linear: float) -> float | None:
    """20 log10, or None for 0: digital silence has no level. [any]"""
    return 20 * math.log10(linear) if linear > 0 else None


def sample_peak(samples: Samples) -> float:
    """Largest |sample|, linear. samples: finite float32 (frames >= 1, channels). [any]"""
    return max(float(samples.max()), -float(samples.min()))


def true_peak_dbtp(samples: Samples) -> float | None:
    """True peak of all channels in dBTP (0 = full scale), or None for digital silence. [any]

    samples: finite float32 (frames >= 1, channels). The clip is taken to start and end in silence.
    """
    return decibels(KERNELS.true_peak(samples))


def is_silent(peak: float) -> bool:
    """peak: the highest |sample|, linear. [any]"""
    return peak < 10 ** (SILENCE_DBFS / 20)
