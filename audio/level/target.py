"""How loud a recording becomes, as numbers: target, ceiling, the gain they allow, and why it ended where it did.

Static gain only; what happens when the ceiling is in the way is decided in levelling.py.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from audio.intake import Samples

TARGET_LUFS = -14.0
CEILING_DBTP = -1.0
TOLERANCE_LU = 0.1
MAX_GAIN_DB = 30.0
"""More is never applied: it would bring up the noise of whatever recorded the clip."""


class LoudnessReason(StrEnum):
    """Why a recording is as loud as it is."""

    TARGET = "target"  # at the target loudness
    LIMITED = "limited"  # at the target loudness, with peaks taken down by the limiter
    PEAK_LIMITED = "peak_limited"  # quieter than the target: more gain would pass the ceiling
    PEAK_OVER = "peak_over"  # the encoded file's true peak is above the ceiling in spite of the correction
    GAIN_LIMITED = "gain_limited"  # quieter than the target: it would need more than MAX_GAIN_DB
    SILENT = "silent"  # nothing loud enough to measure, or no sample above SILENCE_DBFS


@dataclass(frozen=True)
class Gain:
    """gain_db: to be applied to every sample alike."""

    gain_db: float
    reason: LoudnessReason


def static_gain(
    lufs: float | None,
    dbtp: float | None,
    target_lufs: float = TARGET_LUFS,
    ceiling_dbtp: float = CEILING_DBTP,
) -> Gain:
    """The gain that brings a clip of this loudness and true peak to the target, held by the ceiling. [any]

    lufs None (not measurable) means SILENT and 0 dB; only a clip that is unmeasurable and yet above the ceiling
    (a constant offset, a subsonic) is lowered. dbtp None is digital silence: nothing to hold.
    """
    headroom_db = math.inf if dbtp is None else ceiling_dbtp - dbtp
    if lufs is None:
        return Gain(min(0.0, headroom_db), LoudnessReason.SILENT)
    wanted_db = target_lufs - lufs
    if headroom_db < min(wanted_db, MAX_GAIN_DB):
        return Gain(headroom_db, LoudnessReason.PEAK_LIMITED)
    if wanted_db > MAX_GAIN_DB:
        return Gain(MAX_GAIN_DB, LoudnessReason.GAIN_LIMITED)
    return Gain(wanted_db, LoudnessReason.TARGET)


def apply_gain(samples: Samples, gain_db: float) -> Samples:
    """A new float32 array of the same shape, every sample times the gain. [any]"""
    return samples * np.float32(10 ** (gain_db / 20))
