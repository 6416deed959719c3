"""The gate every sample passes first: whatever bits a plugin or file delivered become finite, bounded float32.

Not a level control: samples above full scale stay (they are levelled later), only absurd ones are clamped.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnsupportedAudio

Samples = NDArray[np.float32]
"""float32, shape (frames, channels), full scale ±1.0."""

MIN_RATE_HZ = 8_000
MAX_RATE_HZ = 192_000
MAX_CHANNELS = 2
SAMPLE_LIMIT = 8.0  # +18 dBFS: louder than any healthy bus, small enough that squares and sums stay exact
_BLOCK_FRAMES = 65_536  # what is looked at in one piece: fits the cache
_SMALLEST_NORMAL = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Intake:
    """samples: finite, C-contiguous, |x| <= SAMPLE_LIMIT. The counts are single samples, not frames."""

    samples: Samples
    nonfinite_samples: int
    clamped_samples: int


def require_rate(sample_rate_hz: int) -> None:
    """Raises UnsupportedAudio unless MIN_RATE_HZ <= sample_rate_hz <= MAX_RATE_HZ. [any]"""
    if not MIN_RATE_HZ <= sample_rate_hz <= MAX_RATE_HZ:
        raise UnsupportedAudio(
            f"A sample rate of {sample_rate_hz} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz; "
            "convert the audio to a rate in that range."
        )


def require_shape(samples: NDArray[np.float32]) -> None:
    """Raises UnsupportedAudio unless samples is float32, shape (frames >= 1, 1 or 2 channels). [any]"""
    if samples.dtype != np.float32:
        raise UnsupportedAudio(f"Samples must be float32, these are {samples.dtype}; convert them first.")
    if samples.ndim != 2 or not 1 <= samples.shape[1] <= MAX_CHANNELS:
        raise UnsupportedAudio(
            f"Audio must have 1 or 2 channels as an array (frames, channels); this one has shape {samples.shape}."
        )
    if samples.shape[0] == 0:
        raise UnsupportedAudio("The audio is empty: it has no frames.")


def sanitize(samples: NDArray[np.float32]) -> Intake:
    """Any float32 bits in, finite bounded samples out. [any]

    samples: float32, (frames >= 1, 1 or 2 channels), never written to; returned as is when already clean.
    NaN and infinities become 0 and are counted; what exceeds ±SAMPLE_LIMIT is clamped and counted; subnormals
    become 0 (they slow every filter after us a hundredfold and cannot be heard). Raises UnsupportedAudio.
    """
    require_shape(samples)
    clean = np.ascontiguousarray(samples)
    blocks = [clean[start : start + _BLOCK_FRAMES] for start in range(0, len(clean), _BLOCK_FRAMES)]
    if all(_is_clean(block) for block in blocks):
        return Intake(samples=clean, nonfinite_samples=0, clamped_samples=0)
    magnitude = np.abs(clean)
    broken = ~np.isfinite(clean)
    beyond = (magnitude > SAMPLE_LIMIT) & ~broken
    clean = np.where(broken | (magnitude < _SMALLEST_NORMAL), np.float32(0), clean)
    np.clip(clean, -SAMPLE_LIMIT, SAMPLE_LIMIT, out=clean)
    return Intake(
        samples=clean,
        nonfinite_samples=int(np.count_nonzero(broken)),
        clamped_samples=int(np.count_nonzero(beyond)),
    )


def _is_clean(block: Samples) -> bool:
    """Whether sanitize() would leave every sample of the block as it is. NaN fails the first comparison."""
    magnitude = np.abs(block)
    if not magnitude.max() <= SAMPLE_LIMIT:
        return False
    return not ((magnitude < _SMALLEST_NORMAL) & (magnitude != 0)).any()
