"""The seam of a loop: how well the end goes over into the beginning, why not, and two repairs.

Not a loop finder: the take's ends are where the bars are, and they stay there. The repairs return new arrays of the
same length; the take itself is never changed, so undoing is using it.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnsupportedAudio
from audio.intake import Samples, require_shape
from audio.measure.peak import sample_peak

FADE_MS = 3.0
_NEAR_MS = 10.0  # what counts as the neighbourhood of the seam
_TAIL_MS = 30.0
_TAIL_FADE_MS = 10.0
_INAUDIBLE = 10 ** (-70 / 20)  # re the loudest sample of the clip
_FAIR_RATIO = 4.0  # a jump this many times what is usual near the seam passes as part of the sound
_FAIR_DROP_DB = 12.0  # a sound that falls by less at the seam is heard as its own decay
_WORST_DROP_DB = 36.0


class SeamReason(StrEnum):
    """What is heard at the seam."""

    CLEAN = "clean"
    STEP = "step"  # the waveform jumps: a click
    SLOPE = "slope"  # it bends: a soft tick
    TAIL = "tail"  # what still rings at the end is cut off


@dataclass(frozen=True)
class Seam:
    """score: 1.0 seamless to 0.0 plainly heard; reason: the worst of what is heard."""

    score: float
    reason: SeamReason


def seam(samples: Samples, sample_rate_hz: int) -> Seam | None:
    """How the clip loops, or None when it is silent or shorter than 20 ms. [any]

    samples: finite float32 (frames, 1 or 2 channels). Step and slope are compared with what the waveform does anyway
    around the seam; the tail with how loud the clip goes on. A loop that begins with a hit is not at fault for it.
    """
    near = round(sample_rate_hz * _NEAR_MS / 1000)
    loudest = sample_peak(samples) if len(samples) >= 2 * near else 0.0
    if loudest == 0.0:
        return None
    around = np.concatenate([samples[-near:], samples[:near]]).astype(np.float64)
    floor = loudest * _INAUDIBLE
    steps = np.diff(around, axis=0)  # the seam's own is number near - 1
    bends = steps[2:] - steps[:-2]  # across one step each, so that the seam's step is not taken for a bend
    step = _excess(steps, near - 1, 0, floor)
    slope = _excess(bends, near - 2, 1, floor)
    scores = {
        SeamReason.STEP: min(1.0, _FAIR_RATIO / step),
        SeamReason.SLOPE: min(1.0, (_FAIR_RATIO / slope) ** 0.5),
        SeamReason.TAIL: _tail_score(samples, round(sample_rate_hz * _TAIL_MS / 1000), loudest),
    }
    worst = min(scores, key=lambda reason: scores[reason])
    score = round(scores[worst], 3)
    return Seam(score, worst if score < 1.0 else SeamReason.CLEAN)


def _excess(changes: NDArray[np.float64], seam_at: int, beside: int, floor: float) -> float:
    """The change at the seam as a multiple of the usual one near it, without those beside it; the worst channel."""
    others = np.concatenate([changes[: seam_at - beside], changes[seam_at + beside + 1 :]])
    usual = np.sqrt(np.mean(others**2, axis=0))
    return max(1e-9, float(np.max(np.abs(changes[seam_at]) / np.maximum(usual, floor))))


def _tail_score(samples: Samples, frames: int, loudest: float) -> float:
    """Falls when the sound at the end is far louder than what follows it, at the beginning."""
    end, begin = (
        float(np.sqrt(np.mean(part.astype(np.float64) ** 2)))
        for part in (samples[-frames:], samples[:frames])
    )
    if end < loudest * 10 ** (-50 / 20):
        return 1.0
    drop_db = 20 * float(np.log10(end / max(begin, loudest * _INAUDIBLE)))
    return 1.0 - min(1.0, max(0.0, (drop_db - _FAIR_DROP_DB) / (_WORST_DROP_DB - _FAIR_DROP_DB)))


def micro_fade(samples: Samples, sample_rate_hz: int, fade_ms: float = FADE_MS) -> Samples:
    """A copy that begins and ends in silence over fade_ms (raised cosine): no step, at the price of a tiny gap. [any]

    The fade is at most half the clip.
    """
    require_shape(samples)
    frames = min(round(sample_rate_hz * fade_ms / 1000), len(samples) // 2)
    faded = samples.copy()
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / max(1, frames))).astype(np.float32)[:, None]
    faded[:frames] *= ramp
    faded[len(faded) - frames :] *= ramp[::-1]
    return faded


def wrap_tail(samples: Samples, tail: Samples, sample_rate_hz: int) -> Samples:
    """A copy with the tail, what rang on after the last bar, laid under the beginning. [any]

    tail: the frames that follow samples in the recording, same channels; its last 10 ms are faded out. A tail longer
    than the loop goes round again, as it would if the loop were played. Raises UnsupportedAudio for other channels.
    """
    require_shape(samples)
    if tail.ndim != 2 or tail.shape[1] != samples.shape[1]:
        raise UnsupportedAudio(
            "The tail must have as many channels as the loop; take both from the same recording."
        )
    wrapped = samples.copy()
    faded = tail.copy()
    frames = min(round(sample_rate_hz * _TAIL_FADE_MS / 1000), len(faded))
    faded[len(faded) - frames :] *= np.linspace(1, 0, frames, dtype=np.float32)[:, None]
    for start in range(0, len(faded), len(wrapped)):
        part = faded[start : start + len(wrapped)]
        wrapped[: len(part)] += part
    return wrapped
