"""The closed loop: level, encode, decode, measure, correct once. What is promised is promised of the decoded MP3.

Coding at 128 kb/s moves the true peak by half a decibel and more, and differs by some ±0.2 dB with every change of
gain, so it cannot be aimed at exactly. What it does to the loudness can be foretold: bright clips lose what lies above its low-pass. The first encode leaves room for the usual case; a second one, never a third,
corrects what the first one measures. The better of the two is kept.

Without the limiter there is one gain for the whole clip and its dynamics are untouched. With it, the clip is brought to the
target, or to where it would pass the ceiling by MAX_LIMITING_DB without it; what coding adds to single peaks is taken off
there alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from audio.encode.mp3 import Mp3
from audio.encode.mp3_decode import decode_mp3
from audio.intake import Samples
from audio.kernels import KERNELS
from audio.level.aiming import MAX_LIMITING_DB, MAX_MAKE_UP_DB, Aimed, Spots, aimed
from audio.level.bandwidth import as_coded
from audio.level.limiter import Limiter
from audio.level.target import (
    CEILING_DBTP,
    MAX_GAIN_DB,
    TARGET_LUFS,
    TOLERANCE_LU,
    Gain,
    LoudnessReason,
    static_gain,
)
from audio.loop import micro_fade
from audio.measure.loudness import Loudness, integrated_lufs, loudness
from audio.measure.peak import true_peak_dbtp
from audio.spread import Spread

FIRST_MARGIN_DB = 0.3  # static gain: below the ceiling before the first encode
SECOND_MARGIN_DB = 0.25  # and what a measured excess is corrected to
LIMITER_MARGIN_DB = 0.7
SPOT_MARGIN_DB = 0.5  # places that rose in coding are brought this far below the ceiling
SECOND_PASS_HZ = (
    15_000  # what is above takes the bits that such places lack: their noise falls by half a decibel
)
PROBE_FROM_S = 120  # from here on a probe costs less than the second encode it mostly saves
PROBE_WINDOWS = 24
PROBE_WINDOW_MS = 500
PROBE_MARGIN_DB = 0.2  # what the rest of the clip may add to the excess of the probe
CODING_GAIN_LU = 0.07  # the encoder's noise makes a clip louder by nothing to 0.15 LU
_AIM_LU = 0.01
_AGAIN_LU = 0.02  # the first gain is kept when it comes so near: any other is a new throw of its noise

Progress = Callable[[str, float], None]
"""Called with a stage and the share of all work done, 0..1, never falling. Stages: measure; encode and verify, perhaps
twice; draw. encode is told several times for a long clip, the others as they end."""
Encode = Callable[[Samples, float, Callable[[float], None]], Mp3]
"""Makes the MP3 of samples with so many dB of gain; tells what share of it is done."""


@dataclass(frozen=True)
class Attempt:
    """One encode and what its decoded result measures. loudness and dbtp: None in them for what is too quiet.

    reduction_db, 0..MAX_LIMITING_DB: how far the source would pass the ceiling at this loudness without the limiter.
    deepest_db, 0..MAX_REDUCTION_DB: the most that the limiter took off any frame, with what make-up gain and coding ask.
    """

    gain_db: float
    reduction_db: float
    deepest_db: float
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
        if lufs < TARGET_LUFS - TOLERANCE_LU and self.gain_db >= MAX_GAIN_DB:
            return LoudnessReason.GAIN_LIMITED
        if lufs < TARGET_LUFS - TOLERANCE_LU:
            return LoudnessReason.PEAK_LIMITED
        return LoudnessReason.LIMITED if self.deepest_db > 0 else LoudnessReason.TARGET


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

    def _attempt(self, gain_db: float, limited: Aimed | None = None) -> Attempt:
        """gain_db: of the source; limited: the source with that gain, its peaks taken down."""

        def encoding(share: float) -> None:
            self._progress("encode", self._done + 0.4 * share)

        if limited is None:
            mp3, deepest_db = self._encode(self._source, gain_db, encoding), 0.0
        else:
            mp3 = self._encode(limited.limited.samples, 0.0, encoding)
            deepest_db = limited.limited.reduction_db
        decoded = decode_mp3(mp3, self._spread)
        measured = loudness(decoded, self._rate_hz, as_played=True)
        if (
            self._lufs is None
        ):  # a clip too quiet to measure stays so: coding noise must not be taken for its loudness
            measured = Loudness(None, None, None, None)
        self._done += 0.45
        self._progress("verify", self._done)
        heard_lufs = measured.integrated_lufs
        reduction_db = 0.0 if limited is None or heard_lufs is None else self._passed_db(heard_lufs)
        return Attempt(gain_db, reduction_db, deepest_db, mp3, decoded, measured, true_peak_dbtp(decoded))

    def _static(self) -> list[Attempt]:
        first = self._gain(self._lufs)
        if first.reason is LoudnessReason.TARGET:
            first = self._gain(self._foretold_lufs())
        gain_db = first.gain_db
        if first.reason is LoudnessReason.PEAK_LIMITED and len(self._source) >= PROBE_FROM_S * self._rate_hz:
            gain_db -= max(0.0, self._probed_excess_db(gain_db) + PROBE_MARGIN_DB)
        attempts = [self._attempt(gain_db)]
        if correction_db := _correction_db(attempts[0], self._dbtp):
            gain_db += correction_db
            attempts.append(self._attempt(gain_db))
        return attempts

    def _gain(self, lufs: float | None) -> Gain:
        return static_gain(lufs, self._dbtp, ceiling_dbtp=CEILING_DBTP - FIRST_MARGIN_DB)

    def _foretold_lufs(self) -> float | None:
        """How loud the clip will come out of the encoder at the gain that it has now."""
        coded = as_coded(self._source, self._rate_hz)
        lufs = integrated_lufs(coded, self._rate_hz, as_played=True)
        return self._lufs if lufs is None else lufs + CODING_GAIN_LU / 2

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
        self._source = as_coded(self._source, self._rate_hz)
        self._dbtp = true_peak_dbtp(self._source)
        self._lufs = integrated_lufs(self._source, self._rate_hz, as_played=True)
        if self._lufs is None or self._dbtp is None:
            return self._static()
        beyond_db = self._passed_db(TARGET_LUFS) - MAX_LIMITING_DB
        target_lufs = TARGET_LUFS if beyond_db <= 0 else TARGET_LUFS - beyond_db - TOLERANCE_LU
        if (
            target_lufs - self._lufs > MAX_GAIN_DB - MAX_MAKE_UP_DB
        ):  # so quiet that make-up gain would pass the bound
            return self._static()
        ceiling_dbtp, start_db = CEILING_DBTP - LIMITER_MARGIN_DB, target_lufs - self._lufs
        aim = partial(aimed, self._limiter(self._source, ceiling_dbtp, start_db), self._rate_hz)
        aimed_once = aim(
            target_lufs=target_lufs - CODING_GAIN_LU,
            ceiling_dbtp=ceiling_dbtp,
            start_db=start_db,
            near_lu=_AIM_LU,
        )
        first = self._attempt(aimed_once.gain_db, aimed_once)
        coded_lufs = first.loudness.integrated_lufs or aimed_once.lufs
        # A clip that keeps its peaks at the price of loudness is not coded twice for a fraction of a decibel.
        short = aimed_once.lufs < target_lufs - CODING_GAIN_LU - TOLERANCE_LU
        missed = not short and abs(coded_lufs - target_lufs) > 0.98 * TOLERANCE_LU
        if not (first.over_db > 0 or missed):
            return [first]
        darker = as_coded(self._source, self._rate_hz, SECOND_PASS_HZ)
        aim = partial(aimed, self._limiter(darker, ceiling_dbtp, start_db), self._rate_hz)
        again = aim(
            target_lufs=target_lufs - max(0.0, 0.75 * (coded_lufs - aimed_once.lufs)),  # it takes less noise
            # Where coding adds much, it will add much elsewhere too.
            ceiling_dbtp=ceiling_dbtp - max(first.over_db / 2, coded_lufs - target_lufs, 0.0),
            start_db=aimed_once.gain_db,
            near_lu=_AGAIN_LU,
            speeds=(aimed_once.speed,),
            spots=Spots(first.decoded, aimed_once.limited, aimed_once.gain_db, CEILING_DBTP - SPOT_MARGIN_DB),
        )
        return [first, self._attempt(again.gain_db, again)]

    def _limiter(self, source: Samples, ceiling_dbtp: float, start_db: float) -> Limiter:
        most_db = start_db + 2 * MAX_MAKE_UP_DB
        return Limiter(source, self._rate_hz, max_gain_db=most_db, ceiling_dbtp=ceiling_dbtp)

    def _passed_db(self, lufs: float) -> float:
        """How far the untouched clip would pass the ceiling at this loudness, 0 if it would not."""
        if self._lufs is None or self._dbtp is None:
            return 0.0
        return max(0.0, self._dbtp + lufs - self._lufs - CEILING_DBTP)


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
    room_db = min(room_db, MAX_GAIN_DB - result.gain_db)
    reachable = wanted.reason is LoudnessReason.TARGET and wanted.gain_db <= room_db
    return wanted.gain_db if reachable and result.miss_lu > TOLERANCE_LU else 0.0
