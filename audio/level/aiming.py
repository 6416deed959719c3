"""The gain at which a limited clip is as loud as wanted. Not how loud it should be, and no encoder.

Limiting costs loudness, which make-up gain brings back, which asks for more limiting. Where the gentle limiter would have to
take more than MAX_LIMITING_DB off any frame, the quick one is used: it takes nearly nothing but the peaks themselves, which
needs half the make-up gain, and on the drums that come to this it is heard less (BS.1387, see decision 0009).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels import KERNELS
from audio.level.limiter import GENTLE, QUICK, Limited, Limiter, Speed
from audio.measure.loudness import ABSOLUTE_GATE_LUFS, integrated_lufs

MAX_LIMITING_DB = 6.0  # how far a clip may pass the ceiling at the loudness that it is brought to
MAX_REDUCTION_DB = 9.0  # of any frame: make-up gain and what coding adds come on top of that, and end here
MAX_MAKE_UP_DB = 3.0
_ROUNDS = 8
_SPOT_FRAMES = 576
_SPOT_ABOVE_DB = 0.1


class Spots:
    """Where a decoded clip rose to the ceiling, and what gain those places may keep in the next run.

    limited: what was encoded, at gain_db; aim_dbtp: what the decoded places are brought to. A place reaches to where the
    encoder's block of 576 frames may carry its noise: lowered alone, a peak comes back beside where it was.
    """

    def __init__(self, decoded: Samples, limited: Limited, gain_db: float, aim_dbtp: float) -> None:
        aim, high = 10 ** (aim_dbtp / 20), 10 ** ((aim_dbtp + _SPOT_ABOVE_DB) / 20)
        envelope = KERNELS.envelope(decoded, high)
        self._gain = np.full(len(envelope), np.inf, np.float32)
        self._gain_db = gain_db
        frames = np.flatnonzero(envelope > high)
        for hit in np.split(frames, 1 + np.flatnonzero(np.diff(frames) > _SPOT_FRAMES)):
            if len(hit):
                around = slice(max(0, hit[0] - _SPOT_FRAMES), hit[-1] + 1 + _SPOT_FRAMES)
                self._gain[around] = limited.gain[around] * np.float32(aim / envelope[hit].max())

    def at(self, gain_db: float) -> NDArray[np.float32]:
        """The same places under another static gain."""
        kept: NDArray[np.float32] = self._gain * np.float32(10 ** ((self._gain_db - gain_db) / 20))
        return kept.clip(max=1.0)


@dataclass(frozen=True)
class Aimed:
    """limited: the source with gain_db, its peaks taken down; lufs: of that."""

    gain_db: float
    limited: Limited
    lufs: float
    speed: Speed


def aimed(
    limiter: Limiter,
    sample_rate_hz: int,
    *,
    target_lufs: float,
    ceiling_dbtp: float,
    start_db: float,
    near_lu: float,
    speeds: tuple[Speed, ...] = (GENTLE, QUICK),
    spots: Spots | None = None,
) -> Aimed:
    """The first gain found from start_db on that comes within near_lu of target_lufs, or as MAX_REDUCTION_DB and
    MAX_MAKE_UP_DB allow. [worker]

    speeds: the first that takes at most MAX_LIMITING_DB off any frame, else the last.
    """
    for speed in speeds:
        found: list[Aimed] = []
        gain_db, most_db = start_db, start_db + MAX_MAKE_UP_DB
        for _ in range(_ROUNDS):
            limited = limiter.run(
                gain_db, ceiling_dbtp, speed=speed, spots=None if spots is None else spots.at(gain_db)
            )
            if limited.reduction_db > MAX_LIMITING_DB and speed is not speeds[-1]:
                break  # the next one starts where this one got
            # One click over near silence may have to go below what can be measured.
            lufs = integrated_lufs(limited.samples, sample_rate_hz, as_played=True) or ABSOLUTE_GATE_LUFS
            found.append(Aimed(gain_db, limited, lufs, speed))
            beyond_db = limited.reduction_db - MAX_REDUCTION_DB
            if beyond_db > 0:
                most_db = min(most_db, gain_db - beyond_db - 0.01)
            elif abs(lufs - target_lufs) <= near_lu or gain_db == most_db:
                return found[-1]
            gain_db = min(_next_gain_db(found, target_lufs), most_db)
        else:
            # Loudness can jump: a block of 400 ms passes the gate or does not.
            allowed = [each for each in found if each.limited.reduction_db <= MAX_REDUCTION_DB]
            return min(allowed or found[-1:], key=lambda each: abs(each.lufs - target_lufs))
    raise AssertionError("the last speed always returns")


def _next_gain_db(found: list[Aimed], target_lufs: float) -> float:
    """The gain to try next: along the line through the last two tries, of slope 1 after the first."""
    last, slope = found[-1], 1.0
    if len(found) > 1 and last.gain_db != found[-2].gain_db:
        slope = min(1.0, max(0.15, (last.lufs - found[-2].lufs) / (last.gain_db - found[-2].gain_db)))
    return last.gain_db + (target_lufs - last.lufs) / slope
