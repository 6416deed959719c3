"""The closed loop: level, encode, decode, measure, correct once. What is promised is promised of the decoded MP3.

Coding at 128 kb/s moves the true peak by half a decibel and more, and differs by some ±0.2 dB with every change of
gain, so it cannot be aimed at exactly. The first encode leaves room for the usual case; a second one, never a third,
corrects what the first one measures. The better of the two is kept.

Without the limiter there is one gain for the whole clip and its dynamics are untouched. With it, at most
MAX_LIMITING_DB of peaks are taken down to reach the target; what coding adds to single peaks is taken off there alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels import KERNELS
from audio.level import (
    CEILING_DBTP,
    TARGET_LUFS,
    TOLERANCE_LU,
    LoudnessReason,
    static_gain,
)
from audio.limiter import Limited, Limiter
from audio.loop import micro_fade
from audio.loudness import ABSOLUTE_GATE_LUFS, Loudness, integrated_lufs, loudness
from audio.mp3 import Mp3
from audio.mp3_decode import decode_mp3
from audio.peak import true_peak_dbtp
from audio.spread import Spread

MAX_LIMITING_DB = 6.0  # the most that is taken off anywhere, make-up gain and corrections included
FIRST_MARGIN_DB = 0.3  # static gain: below the ceiling before the first encode
SECOND_MARGIN_DB = 0.25  # and what a measured excess is corrected to
LIMITER_MARGIN_DB = 0.7
SPOT_MARGIN_DB = 0.9  # peaks that rose in coding are brought this far below the ceiling
PROBE_FROM_S = 120  # from here on a probe costs less than the second encode it mostly saves
PROBE_WINDOWS = 24
PROBE_WINDOW_MS = 500
PROBE_MARGIN_DB = 0.2  # what the rest of the clip may add to the excess of the probe
_AIM_DB = 0.01
_AIM_ROUNDS = 8

Progress = Callable[[str, float], None]
"""Called with a stage and the share of all work done, 0..1, never falling. Stages: measure; encode and verify, perhaps
twice; draw. encode is told several times for a long clip, the others as they end."""
Encode = Callable[[Samples, float, Callable[[float], None]], Mp3]
"""Makes the MP3 of samples with so many dB of gain; tells what share of it is done."""


@dataclass(frozen=True)
class Attempt:
    """One encode and what its decoded result measures. loudness and dbtp: None in them for what is too quiet."""

    gain_db: float
    reduction_db: float
    mp3: Mp3
    decoded: Samples
    loudness: Loudness
    dbtp: float | None

    @property
    def over_db(self) -> float:
        """True peak above the ceiling, 0 when held."""
        return 0.0 if self.dbtp is None else max(0.0, self.dbtp - CEILING_DBTP)

    @property
    def miss_lu(self) -> float:
        lufs = self.loudness.integrated_lufs
        return 0.0 if lufs is None else abs(lufs - TARGET_LUFS)

    @property
    def reason(self) -> LoudnessReason:
        lufs = self.loudness.integrated_lufs
        if self.over_db > 0:
            return LoudnessReason.PEAK_OVER
        if lufs is None:
            return LoudnessReason.SILENT
        if lufs < TARGET_LUFS - TOLERANCE_LU:
            return LoudnessReason.PEAK_LIMITED
        return LoudnessReason.LIMITED if self.reduction_db > 0 else LoudnessReason.TARGET


class Levelling:
    """One clip on its way. source: finite float32 at a rate MP3 has; dbtp: its true peak; spread: who decodes the parts."""

    def __init__(
        self,
        source: Samples,
        sample_rate_hz: int,
        lufs: float | None,
        dbtp: float | None,
        encode: Encode,
        spread: Spread,
        progress: Progress,
    ) -> None:
        self._source = source
        self._rate_hz = sample_rate_hz
        self._lufs = lufs
        self._dbtp = dbtp
        self._encode = encode
        self._spread = spread
        self._progress = progress
        self._done = 0.05

    def run(self, *, limiter: bool) -> tuple[Attempt, int]:
        """The best attempt and how many were made, 1 or 2."""
        attempts = self._limited() if limiter and self._lufs is not None else self._static()
        return min(attempts, key=lambda each: (each.over_db, each.miss_lu)), len(attempts)

    def _attempt(self, gain_db: float, limited: Limited | None = None) -> Attempt:
        """gain_db: of the source; limited: the source with that gain, its peaks taken down."""

        def encoding(share: float) -> None:
            self._progress("encode", self._done + 0.4 * share)

        if limited is None:
            mp3, reduction_db = self._encode(self._source, gain_db, encoding), 0.0
        else:
            mp3, reduction_db = self._encode(limited.samples, 0.0, encoding), limited.reduction_db
        decoded = decode_mp3(mp3, self._spread)
        measured = loudness(decoded, self._rate_hz)
        if (
            self._lufs is None
        ):  # a clip too quiet to measure stays so: coding noise must not be taken for its loudness
            measured = Loudness(None, None, None, None)
        self._done += 0.45
        self._progress("verify", self._done)
        return Attempt(gain_db, reduction_db, mp3, decoded, measured, true_peak_dbtp(decoded))

    def _static(self) -> list[Attempt]:
        first = static_gain(self._lufs, self._dbtp, ceiling_dbtp=CEILING_DBTP - FIRST_MARGIN_DB)
        gain_db = first.gain_db
        if first.reason is LoudnessReason.PEAK_LIMITED and len(self._source) >= PROBE_FROM_S * self._rate_hz:
            gain_db -= max(0.0, self._probed_excess_db(gain_db) + PROBE_MARGIN_DB)
        attempts = [self._attempt(gain_db)]
        if correction_db := _correction_db(attempts[0], self._dbtp):
            gain_db += correction_db
            attempts.append(self._attempt(gain_db))
        return attempts

    def _probed_excess_db(self, gain_db: float) -> float:
        """How far above the ceiling the clip's highest half seconds come out of the encoder; below it, negative."""
        frames = self._rate_hz * PROBE_WINDOW_MS // 1000
        starts = np.arange(0, len(self._source) - frames + 1, frames)
        found = KERNELS.stretches(self._source, starts, starts + frames)
        highest = np.maximum(found.high, -found.low).max(axis=1)
        windows = np.sort(np.argsort(-highest, kind="stable")[:PROBE_WINDOWS])
        # Faded, because the steps between the pieces would be peaks that the clip does not have.
        pieces = [micro_fade(self._source[n * frames : (n + 1) * frames], self._rate_hz) for n in windows]
        probe = self._encode(np.concatenate(pieces), gain_db, lambda _: None)
        dbtp = true_peak_dbtp(decode_mp3(probe))
        return -math.inf if dbtp is None else dbtp - CEILING_DBTP

    def _limited(self) -> list[Attempt]:
        assert self._lufs is not None
        ceiling_dbtp = CEILING_DBTP - LIMITER_MARGIN_DB
        headroom_db = math.inf if self._dbtp is None else ceiling_dbtp - self._dbtp
        wanted_db, most_db = TARGET_LUFS - self._lufs, headroom_db + MAX_LIMITING_DB
        start_db = min(wanted_db, most_db)
        limiter = Limiter(
            self._source,
            self._rate_hz,
            max_gain_db=min(wanted_db + MAX_LIMITING_DB, most_db),
            ceiling_dbtp=ceiling_dbtp,
        )

        def aimed(target_lufs: float, gain_db: float, spots: _Spots | None) -> tuple[float, Limited, float]:
            """Gain, result and its loudness, as near to target_lufs as MAX_LIMITING_DB allows."""
            tried, most = list[tuple[float, float]](), most_db
            while True:
                limited = limiter.run(gain_db, ceiling_dbtp, None if spots is None else spots.at(gain_db))
                # One click over near silence may have to go below what can be measured.
                lufs = integrated_lufs(limited.samples, self._rate_hz) or ABSOLUTE_GATE_LUFS
                tried.append((gain_db, lufs))
                if limited.reduction_db > MAX_LIMITING_DB:
                    most = min(most, gain_db - (limited.reduction_db - MAX_LIMITING_DB) - _AIM_DB)
                next_db = min(_next_gain_db(tried, target_lufs), most)
                settled = len(tried) >= _AIM_ROUNDS or abs(next_db - gain_db) < _AIM_DB
                if settled and limited.reduction_db <= MAX_LIMITING_DB:
                    return gain_db, limited, lufs
                gain_db = next_db

        gain_db, limited, lufs = aimed(TARGET_LUFS, start_db, None)
        first = self._attempt(gain_db, limited)
        coded_lufs = first.loudness.integrated_lufs or lufs
        # A clip that keeps its peaks at the price of loudness is not coded twice for a fraction of a decibel.
        short = lufs < TARGET_LUFS - TOLERANCE_LU
        missed = not short and first.miss_lu > TOLERANCE_LU / 2
        if not (first.over_db > 0 or missed):
            return [first]
        spots = _Spots(first.decoded, limited.gain, gain_db)
        gain_db, limited, _ = aimed(TARGET_LUFS - (coded_lufs - lufs), gain_db, spots)
        return [first, self._attempt(gain_db, limited)]


class _Spots:
    """Where the decoded clip rose above the ceiling, and what gain those frames may keep in the next run."""

    def __init__(self, decoded: Samples, gain: NDArray[np.float32], gain_db: float) -> None:
        aim = 10 ** ((CEILING_DBTP - SPOT_MARGIN_DB) / 20)
        envelope = KERNELS.envelope(decoded, aim)
        self._gain = np.where(envelope > aim, gain * np.float32(aim) / np.maximum(envelope, aim), np.inf)
        self._gain_db = gain_db

    def at(self, gain_db: float) -> NDArray[np.float32]:
        """The same places under another static gain."""
        kept = self._gain * 10 ** ((self._gain_db - gain_db) / 20)
        return np.minimum(kept, 1.0).astype(np.float32)


def _next_gain_db(tried: list[tuple[float, float]], target_lufs: float) -> float:
    """The gain to try next: along the line through the last two tries, of slope 1 after the first."""
    gain_db, lufs = tried[-1]
    slope = 1.0
    if len(tried) > 1 and gain_db != tried[-2][0]:
        slope = min(1.0, max(0.15, (lufs - tried[-2][1]) / (gain_db - tried[-2][0])))
    return gain_db + (target_lufs - lufs) / slope


def _correction_db(result: Attempt, dbtp_in: float | None) -> float:
    """The change of static gain worth a second encode, else 0.0.

    Above the ceiling it is always worth it. Away from the target it is when the target can be reached; a clip that
    the ceiling holds is not coded twice for a fraction of a decibel.
    """
    lufs = result.loudness.integrated_lufs
    wanted = static_gain(lufs, result.dbtp, ceiling_dbtp=CEILING_DBTP - SECOND_MARGIN_DB)
    if result.over_db > 0:
        return wanted.gain_db
    # Coding may lower the peak (its low-pass does); what goes into the encoder is still held by the ceiling.
    room_db = math.inf if dbtp_in is None else CEILING_DBTP - (dbtp_in + result.gain_db)
    reachable = wanted.reason is LoudnessReason.TARGET and wanted.gain_db <= room_db
    return wanted.gain_db if reachable and result.miss_lu > TOLERANCE_LU else 0.0
