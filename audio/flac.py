"""FLAC, 24 bits: the take as it was played. Not levelled, not dithered (24 bits are below any converter's noise)."""

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.errors import EncodingFailed
from audio.intake import Samples, require_rate, require_shape

BITS = 24
_FULL_SCALE = 2.0 ** (BITS - 1)
_COMPRESSION = (
    0.0  # 0..1 stands for libFLAC's levels 0..8; level 5 takes 20 to 40 % longer for some 2 % fewer bytes
)
_BLOCK_FRAMES = 65_536


@dataclass(frozen=True)
class Flac:
    """clipped_samples: samples (not frames) beyond full scale, which 24 bits cannot hold."""

    data: bytes
    frames: int
    clipped_samples: int


def encode_flac(samples: Samples, sample_rate_hz: int) -> Flac:
    """All frames at the take's own rate; what came from 24-bit audio returns bit for bit. [worker]

    samples: finite float32 (frames >= 1, 1 or 2 channels). Samples beyond full scale are clipped and counted.
    Raises UnsupportedAudio for a wrong array or rate, EncodingFailed if libFLAC refuses.
    """
    require_shape(samples)
    require_rate(sample_rate_hz)
    buffer = io.BytesIO()
    clipped_samples = 0
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
                pcm, clipped = _int24(samples[start : start + _BLOCK_FRAMES])
                file.write(pcm)
                clipped_samples += clipped
    except soundfile.LibsndfileError as error:
        raise EncodingFailed("flac", str(error)) from error
    return Flac(data=buffer.getvalue(), frames=len(samples), clipped_samples=clipped_samples)


def _int24(block: Samples) -> tuple[NDArray[np.int32], int]:
    """24-bit steps in the upper bits of int32, where libsndfile takes them from; and how many were clipped.

    Exact in float32: a power of two only moves the exponent, and 2^23 - 1 has 23 bits.
    """
    scaled = block * np.float32(_FULL_SCALE)
    clipped_samples = int(np.count_nonzero(np.abs(scaled) > _FULL_SCALE))
    np.rint(scaled, out=scaled)
    np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled)
    pcm = scaled.astype(np.int32)
    pcm <<= 32 - BITS
    return pcm, clipped_samples
