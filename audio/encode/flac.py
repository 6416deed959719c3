"""FLAC, 24 bits: the take as it was played. Not levelled, not dithered (24 bits are below any converter's noise).

Float audio above full scale is not clipped: it is written at a half, a quarter or an eighth, and a comment in the file says so.
Our reader (audio.read) undoes that, so what was played comes back; other programs play the file quieter, and whole.
"""

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.errors import EncodingFailed
from audio.intake import Samples, require_rate, require_shape
from audio.measure.peak import sample_peak
from audio.read.vorbis_comment import SCALE_COMMENT, SCALES, with_comment

BITS = 24
_FULL_SCALE = 2.0 ** (BITS - 1)
_COMPRESSION = (
    0.0  # 0..1 stands for libFLAC's levels 0..8; level 5 takes 20 to 40 % longer for some 2 % fewer bytes
)
_BLOCK_FRAMES = 65_536


@dataclass(frozen=True)
class Flac:
    """scale: what the samples in the file are of those that were given; 1.0 unless those pass full scale."""

    data: bytes
    frames: int
    scale: float


def encode_flac(samples: Samples, sample_rate_hz: int) -> Flac:
    """All frames at the take's own rate; what came from 24-bit audio returns bit for bit. [worker]

    samples: finite float32 (frames >= 1, 1 or 2 channels), at most 8.0. Raises UnsupportedAudio for a wrong array or rate,
    EncodingFailed if libFLAC refuses.
    """
    require_shape(samples)
    require_rate(sample_rate_hz)
    peak = sample_peak(samples)
    scale = next((scale for scale in SCALES if peak * scale <= 1.0), SCALES[-1])
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer,
            "w",
            sample_rate_hz,
            samples.shape[1],
            subtype="PCM_24",
            format="FLAC",
            compression_level=_COMPRESSION,
        ) as file:
            for start in range(0, len(samples), _BLOCK_FRAMES):
                file.write(_int24(samples[start : start + _BLOCK_FRAMES], scale))
    except soundfile.LibsndfileError as error:
        raise EncodingFailed("flac", str(error)) from error
    data = buffer.getvalue()
    if scale != 1.0:
        data = with_comment(data, f"{SCALE_COMMENT}={scale}")
    return Flac(data=data, frames=len(samples), scale=scale)


def _int24(block: Samples, scale: float) -> NDArray[np.int32]:
    """24-bit steps in the upper bits of int32, where libsndfile takes them from.

    Exact in float32: a power of two only moves the exponent, and 2^23 - 1 has 23 bits.
    """
    scaled = block * np.float32(_FULL_SCALE * scale)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled)
    pcm = scaled.astype(np.int32)
    pcm <<= 32 - BITS
    return pcm
