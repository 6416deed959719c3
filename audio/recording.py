"""From a take's samples to everything a recording is: levelled MP3, waveform, figures.

One function of values; it reads no file and knows no clock. Not analysis: tempo and key are passed through, and stay
None when nobody knows them.

The figures that are published are measured on the decoded MP3, because that is what people hear: coding at 128 kb/s
moves the true peak by half a decibel and more. When they miss, the gain is corrected once and the clip coded again,
never more than that: the better of the two is kept.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audio.errors import EncodingFailed
from audio.intake import Samples, require_rate, sanitize
from audio.level import CEILING_DBTP, TARGET_LUFS, LoudnessReason, apply_gain, static_gain
from audio.loudness import integrated_lufs
from audio.mp3 import Mp3, encode_mp3
from audio.peak import true_peak_dbtp
from audio.wave import read_audio
from audio.waveform import Peaks, peaks, waveform_svg

LOUDNESS_TOLERANCE_LU = 0.1
# What coding does to the true peak differs by some ±0.2 dB with every change of gain, so it cannot be aimed at
# exactly. The first encode leaves room for the usual case, the second for the worst.
FIRST_MARGIN_DB = 0.3
SECOND_MARGIN_DB = 0.25

Progress = Callable[[str, float], None]
"""Called with a stage that just ended and the share of all work done, 0..1, never falling. Stages: measure; encode and
verify, perhaps twice; draw."""


@dataclass(frozen=True)
class Produced:
    """A recording. frames, channels, sample_rate_hz: the take's (the MP3 has its own, see Mp3).

    lufs_in, dbtp_in: of the sanitized take; lufs_out, dbtp_out: of the decoded MP3; None when too quiet to measure.
    gain_db: applied before the MP3. loudness_reason: about lufs_out.
    bpm, key: as given. nonfinite_samples, clamped_samples: what sanitize() had to repair. peaks: of the decoded MP3.
    """

    frames: int
    channels: int
    sample_rate_hz: int
    lufs_in: float | None
    dbtp_in: float | None
    lufs_out: float | None
    dbtp_out: float | None
    gain_db: float
    loudness_reason: LoudnessReason
    bpm: float | None
    key: str | None
    nonfinite_samples: int
    clamped_samples: int
    encodes: int
    mp3: Mp3
    peaks: Peaks
    waveform_svg: str

    def facts(self) -> dict[str, str | int | float | None]:
        """The figures alone, as plain values: what is stored and shown."""
        names = (
            "frames channels sample_rate_hz lufs_in dbtp_in lufs_out dbtp_out gain_db bpm key"
            " nonfinite_samples clamped_samples encodes"
        )
        return {name: getattr(self, name) for name in names.split()} | {
            "loudness_reason": str(self.loudness_reason),
            "mp3_frames": self.mp3.frames,
            "mp3_sample_rate_hz": self.mp3.sample_rate_hz,
        }


@dataclass(frozen=True)
class _Attempt:
    """One encode and what its decoded result measures."""

    gain_db: float
    mp3: Mp3
    peaks: Peaks
    lufs: float | None
    dbtp: float | None

    @property
    def over_db(self) -> float:
        """True peak above the ceiling, 0 when held."""
        return 0.0 if self.dbtp is None else max(0.0, self.dbtp - CEILING_DBTP)

    @property
    def miss_lu(self) -> float:
        return 0.0 if self.lufs is None else abs(self.lufs - TARGET_LUFS)


def _ignore(stage: str, fraction: float) -> None:
    pass


def produce(
    samples: Samples,
    sample_rate_hz: int,
    *,
    title: str | None,
    bpm: float | None,
    key: str | None,
    bar_fractions: Sequence[float] = (),
    progress: Progress = _ignore,
) -> Produced:
    """The whole pipeline on one take. Same input, same bytes. [worker]: about 1.2 times what LAME alone takes

    samples: any float32 bits, (frames >= 1, 1 or 2 channels), full scale ±1.0, not written to. bar_fractions: where
    bars begin, 0..1 of the clip, drawn as lines. Raises UnsupportedAudio when the audio is outside the limits of
    audio.intake, EncodingFailed when an encoder breaks its promise.
    """
    require_rate(sample_rate_hz)
    intake = sanitize(samples)
    take = intake.samples
    lufs_in = integrated_lufs(take, sample_rate_hz)
    dbtp_in = true_peak_dbtp(take)
    progress("measure", 0.05)

    def attempt(gain_db: float, done: float) -> _Attempt:
        mp3 = encode_mp3(apply_gain(take, gain_db), sample_rate_hz, title=title, bpm=bpm, key=key)
        progress("encode", done - 0.05)
        decoded = _decode(mp3)
        # A take too quiet to measure stays so: coding noise must not be taken for its loudness.
        lufs = None if lufs_in is None else integrated_lufs(decoded, mp3.sample_rate_hz)
        result = _Attempt(gain_db, mp3, peaks(decoded), lufs, true_peak_dbtp(decoded))
        progress("verify", done)
        return result

    first = static_gain(lufs_in, dbtp_in, ceiling_dbtp=CEILING_DBTP - FIRST_MARGIN_DB)
    attempts = [attempt(first.gain_db, 0.5)]
    if correction_db := _correction_db(attempts[0], dbtp_in):
        attempts.append(attempt(first.gain_db + correction_db, 0.9))
    best = min(attempts, key=lambda each: (each.over_db, each.miss_lu))
    svg = waveform_svg(best.peaks, title=title or "Waveform", bar_fractions=bar_fractions)
    progress("draw", 1.0)
    return Produced(
        frames=len(take),
        channels=take.shape[1],
        sample_rate_hz=sample_rate_hz,
        lufs_in=lufs_in,
        dbtp_in=dbtp_in,
        lufs_out=best.lufs,
        dbtp_out=best.dbtp,
        gain_db=best.gain_db,
        loudness_reason=_reason(best),
        bpm=bpm,
        key=key,
        nonfinite_samples=intake.nonfinite_samples,
        clamped_samples=intake.clamped_samples,
        encodes=len(attempts),
        mp3=best.mp3,
        peaks=best.peaks,
        waveform_svg=svg,
    )


def _decode(mp3: Mp3) -> Samples:
    """What listeners get. A length other than promised would make every loop stutter, so it is never published."""
    decoded = read_audio(mp3.data).samples
    if len(decoded) != mp3.frames:
        raise EncodingFailed("mp3", f"{mp3.frames} frames went in and {len(decoded)} come out.")
    return decoded


def _correction_db(result: _Attempt, dbtp_in: float | None) -> float:
    """The change of gain worth a second encode, else 0.0.

    Above the ceiling it is always worth it. Away from the target it is when the target can be reached; a clip that
    the ceiling holds is not coded twice for a fraction of a decibel.
    """
    wanted = static_gain(result.lufs, result.dbtp, ceiling_dbtp=CEILING_DBTP - SECOND_MARGIN_DB)
    if result.over_db > 0:
        return wanted.gain_db
    # Coding may lower the peak (its low-pass does); what goes into the encoder is still held by the ceiling.
    room_db = math.inf if dbtp_in is None else CEILING_DBTP - (dbtp_in + result.gain_db)
    reachable = wanted.reason is LoudnessReason.TARGET and wanted.gain_db <= room_db
    return wanted.gain_db if reachable and result.miss_lu > LOUDNESS_TOLERANCE_LU else 0.0


def _reason(result: _Attempt) -> LoudnessReason:
    if result.over_db > 0:
        return LoudnessReason.PEAK_OVER
    if result.lufs is None:
        return LoudnessReason.SILENT
    if result.lufs < TARGET_LUFS - LOUDNESS_TOLERANCE_LU:
        return LoudnessReason.PEAK_LIMITED
    return LoudnessReason.TARGET
