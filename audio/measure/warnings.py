"""What a producer would want to know before posting. Not a judgement of sound, and nothing is changed."""

from enum import StrEnum

import msgspec
import numpy as np

from audio.intake import Intake, Samples
from audio.kernels import KERNELS
from audio.kernels.statistics import Statistics
from audio.measure.clipping import cut_peaks
from audio.measure.peak import is_silent

DC_LEVEL = 0.01  # -40 dBFS
DC_SHARE = 0.05  # of the clip's RMS
MIN_DC_SECONDS = 0.5  # of a shorter clip the mean may be its bass
MONO_LOSS_DB = 6.0  # unrelated channels lose 3 dB
INVERTED_CORRELATION = -0.9
ONE_SIDED_POWER = 1e-6  # -60 dB


class WarningKind(StrEnum):
    SILENCE = "silence"
    BROKEN_SAMPLES = "broken_samples"
    CLIPPING = "clipping"
    DC_OFFSET = "dc_offset"
    POLARITY = "polarity"
    MONO_COLLAPSE = "mono_collapse"
    ONE_SIDED = "one_sided"


class SoundWarning(msgspec.Struct, frozen=True, kw_only=True):
    """says: one sentence for the producer."""

    kind: WarningKind
    says: str


def warnings(intake: Intake, sample_rate_hz: int) -> list[SoundWarning]:
    """All that is amiss with a clip, in a fixed order; empty when nothing is. [worker]: some ms per minute"""
    samples = intake.samples
    found: list[tuple[WarningKind, str]] = []
    broken = intake.nonfinite_samples + intake.clamped_samples
    if broken:
        found.append(
            (
                WarningKind.BROKEN_SAMPLES,
                f"{broken} samples were not numbers or absurdly loud; they were silenced or clamped.",
            )
        )
    one = KERNELS.statistics(samples)
    if is_silent(max(one.high.max(), -one.low.min())):
        found.append((WarningKind.SILENCE, "The clip is silent; check what the track was routed to."))
    else:
        found += _clipping(samples, sample_rate_hz, one)
        if len(samples) >= MIN_DC_SECONDS * sample_rate_hz:
            found += _dc_offset(len(samples), one)
        found += _stereo(len(samples), one)
    return [SoundWarning(kind=kind, says=says) for kind, says in found]


def _clipping(samples: Samples, sample_rate_hz: int, one: Statistics) -> list[tuple[WarningKind, str]]:
    cut = cut_peaks(samples, one)
    if cut is None:
        return []
    first_s = cut.first_frame / sample_rate_hz
    says = f"{cut.count} peaks are cut off flat, the first at {first_s:.2f} s; lower the level before the clipping stage."
    return [(WarningKind.CLIPPING, says)]


def _dc_offset(frames: int, one: Statistics) -> list[tuple[WarningKind, str]]:
    means = one.sums / frames
    worst = float(means[np.argmax(np.abs(means))])
    rms = float(np.sqrt(one.squares.mean() / frames))
    if abs(worst) < max(DC_LEVEL, DC_SHARE * rms):
        return []
    says = f"The waveform sits {100 * worst:+.1f} % off its centre line; a high-pass at 20 Hz removes that."
    return [(WarningKind.DC_OFFSET, says)]


def _stereo(frames: int, one: Statistics) -> list[tuple[WarningKind, str]]:
    """Polarity and mono compatibility of the moving part of the signal: an offset correlates with anything."""
    if len(one.sums) != 2:
        return []
    left, right = np.maximum(one.squares - one.sums**2 / frames, 0.0)
    both = one.product - one.sums[0] * one.sums[1] / frames
    if min(left, right) <= ONE_SIDED_POWER * max(left, right):
        side = "left" if left > right else "right"
        says = f"Only the {side} channel has sound; pan it, or record it in mono."
        return [(WarningKind.ONE_SIDED, says)] if max(left, right) > 0 else []
    if both / np.sqrt(left * right) <= INVERTED_CORRELATION:
        says = "One channel is the other turned upside down; invert the polarity of one."
        return [(WarningKind.POLARITY, says)]
    loss_db = 10 * float(np.log10(2 * (left + right) / max(left + right + 2 * both, 1e-30)))
    if loss_db <= MONO_LOSS_DB:
        return []
    says = f"Played in mono it loses {loss_db:.0f} dB; narrow the stereo effect on the low end."
    return [(WarningKind.MONO_COLLAPSE, says)]
