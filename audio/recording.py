"""From a take's samples to everything a recording is: levelled MP3, waveform, figures.

One function of values; it reads no file and knows no clock. Not analysis: tempo and key are passed through, and stay
None when nobody knows them. The figures that are published are measured on the decoded MP3: that is what people hear.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from audio.draw.waveform import Peaks, peaks, waveform_svg
from audio.encode.mp3 import Mp3, encode_mp3, stream_rate_hz
from audio.intake import Intake, Samples, require_rate, sanitize
from audio.level.levelling import Attempt, Encode, Levelling, Progress
from audio.level.target import LoudnessReason
from audio.loop import Seam, seam
from audio.measure.loudness import Loudness, loudness
from audio.measure.peak import is_silent, sample_peak, true_peak_dbtp
from audio.rate import convert
from audio.spread import Spread, one_by_one


@dataclass(frozen=True)
class Produced:
    """A recording. frames, channels, sample_rate_hz: the take's (the MP3 has its own, see Mp3).

    lufs_in, dbtp_in: of the sanitized take; lufs_out, dbtp_out: of the decoded MP3; None when too quiet to measure, lufs_out also
    for a silent take (see audio.level.target). A mono take is measured as it is played, on both speakers.
    gain_db: applied before the MP3; reduction_db: how far the clip would pass the ceiling at its loudness without the
    limiter; deepest_db: the most that was taken off any frame; both 0.0 without it.
    loudness: of the decoded MP3. loudness_reason: about lufs_out. seam: about the take.
    bpm, key: as given. nonfinite_samples, clamped_samples: what sanitize() had to repair.
    decoded: the MP3 as it is heard, at mp3.sample_rate_hz; peaks: of that.
    """

    frames: int
    channels: int
    sample_rate_hz: int
    lufs_in: float | None
    dbtp_in: float | None
    lufs_out: float | None
    dbtp_out: float | None
    gain_db: float
    reduction_db: float
    deepest_db: float
    loudness: Loudness
    loudness_reason: LoudnessReason
    seam: Seam | None
    bpm: float | None
    key: str | None
    nonfinite_samples: int
    clamped_samples: int
    encodes: int
    mp3: Mp3
    decoded: Samples = field(repr=False, compare=False)
    peaks: Peaks
    waveform_svg: str

    def facts(self) -> dict[str, str | int | float | None]:
        """The figures alone, as plain values: what is stored and shown."""
        names = (
            "frames channels sample_rate_hz lufs_in dbtp_in lufs_out dbtp_out gain_db reduction_db bpm key"
            " nonfinite_samples clamped_samples encodes"
        )
        return {name: getattr(self, name) for name in names.split()} | {
            "momentary_max_lufs": self.loudness.momentary_max_lufs,
            "short_term_max_lufs": self.loudness.short_term_max_lufs,
            "lra_lu": self.loudness.range_lu,
            "seam_score": None if self.seam is None else self.seam.score,
            "seam_reason": None if self.seam is None else str(self.seam.reason),
            "loudness_reason": str(self.loudness_reason),
            "mp3_frames": self.mp3.frames,
            "mp3_sample_rate_hz": self.mp3.sample_rate_hz,
        }


LOOP_SCORE = 0.5
"""A clip whose end goes over into its beginning this well is resampled and encoded as a loop; if it is none, nothing is lost."""


def _ignore(stage: str, fraction: float) -> None:
    pass


def produce(
    samples: Samples,
    sample_rate_hz: int,
    *,
    title: str | None,
    bpm: float | None,
    key: str | None,
    limiter: bool = False,
    bar_fractions: Sequence[float] = (),
    spread: Spread = one_by_one,
    progress: Progress = _ignore,
) -> Produced:
    """The whole pipeline on one take. Same input, same bytes. [worker]: about 1.2 times what LAME alone takes

    samples: any float32 bits, (frames >= 1, 1 or 2 channels), full scale ±1.0, not written to. limiter: let peaks be
    taken down to reach the target (see levelling.py). bar_fractions: where bars begin, 0..1 of the clip, drawn as
    lines. spread: who encodes and decodes the parts of a clip longer than 13 s; the result is the same. Raises UnsupportedAudio when the audio is outside the limits of audio.intake, EncodingFailed when an encoder
    breaks its promise.
    """
    require_rate(sample_rate_hz)
    came = _measured(sanitize(samples), sample_rate_hz)
    progress("measure", 0.05)
    encode = _encoder(came, title=title, bpm=bpm, key=key, spread=spread)
    best, encodes = _levelling(came, encode, spread, progress).run(limiter=limiter)
    drawn = peaks(best.decoded)
    svg = waveform_svg(drawn, title=title or "Waveform", bar_fractions=bar_fractions)
    progress("draw", 1.0)
    return _produced(came, best, encodes=encodes, bpm=bpm, key=key, drawn=drawn, svg=svg)


class _Came(NamedTuple):
    """The take as it came, and what was measured of it."""

    intake: Intake
    sample_rate_hz: int
    loudness: Loudness
    dbtp: float | None
    seam: Seam | None

    @property
    def samples(self) -> Samples:
        return self.intake.samples

    @property
    def loops(self) -> bool:
        return self.seam is not None and self.seam.score >= LOOP_SCORE


def _measured(intake: Intake, sample_rate_hz: int) -> _Came:
    take = intake.samples
    measured = loudness(take, sample_rate_hz, as_played=True)
    return _Came(intake, sample_rate_hz, measured, true_peak_dbtp(take), seam(take, sample_rate_hz))


def _encoder(came: _Came, *, title: str | None, bpm: float | None, key: str | None, spread: Spread) -> Encode:
    """What encodes it as loud as it is asked to."""

    def encode(source: Samples, gain_db: float, done: Callable[[float], None]) -> Mp3:
        return encode_mp3(
            source,
            stream_rate_hz(came.sample_rate_hz),
            gain_db=gain_db,
            title=title,
            bpm=bpm,
            key=key,
            loops=came.loops,
            spread=spread,
            progress=done,
        )

    return encode


def _levelling(
    came: _Came,
    encode: Encode,
    spread: Spread,
    progress: Progress,
) -> Levelling:
    rate_hz = stream_rate_hz(came.sample_rate_hz)
    source = convert(came.samples, came.sample_rate_hz, rate_hz, loops=came.loops)
    dbtp = came.dbtp if source is came.samples else true_peak_dbtp(source)
    lufs = None if is_silent(sample_peak(came.samples)) else came.loudness.integrated_lufs
    return Levelling(source, rate_hz, lufs, dbtp, encode, spread, progress)


def _produced(
    came: _Came, best: Attempt, *, encodes: int, bpm: float | None, key: str | None, drawn: Peaks, svg: str
) -> Produced:
    return Produced(
        frames=len(came.samples),
        channels=came.samples.shape[1],
        sample_rate_hz=came.sample_rate_hz,
        lufs_in=came.loudness.integrated_lufs,
        dbtp_in=came.dbtp,
        lufs_out=best.loudness.integrated_lufs,
        dbtp_out=best.dbtp,
        gain_db=best.gain_db,
        reduction_db=best.reduction_db,
        deepest_db=best.deepest_db,
        loudness=best.loudness,
        loudness_reason=best.reason,
        seam=came.seam,
        bpm=bpm,
        key=key,
        nonfinite_samples=came.intake.nonfinite_samples,
        clamped_samples=came.intake.clamped_samples,
        encodes=encodes,
        mp3=best.mp3,
        decoded=best.decoded,
        peaks=drawn,
        waveform_svg=svg,
    )
