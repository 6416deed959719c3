"""WAV files of 24 bits, for what reads no float."""

import struct

import numpy as np
from numpy.typing import NDArray

from audio.encode.wave import MAX_WAV_BYTES
from audio.errors import UnsupportedAudio

_FORMAT_PCM = 1
_S24_SCALE = 1 << 23


def wav_s24(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """A WAV file of 24-bit PCM. [worker]

    samples: (frames, channels), finite; 1.0 is full scale. Raises UnsupportedAudio if it would pass 4 GiB.
    """
    frames, channels = samples.shape
    packed = packed_s24(samples)
    return wav_s24_header(frames, channels, sample_rate_hz) + packed + bytes(len(packed) % 2)


def wav_s24_header(frames: int, channels: int, sample_rate_hz: int) -> bytes:
    """The 44 bytes before that many interleaved frames of 24 bits, and one byte of padding if those are odd. [any]

    Raises UnsupportedAudio if the file would pass 4 GiB.
    """
    frame_bytes = 3 * channels
    data_bytes = frames * frame_bytes
    padding_bytes = data_bytes % 2
    if 36 + data_bytes + padding_bytes + 8 > MAX_WAV_BYTES:
        raise UnsupportedAudio(
            f"A WAV file of {frames} frames would be larger than 4 GiB; export it shorter."
        )
    fmt = struct.pack(
        "<4sIHHIIHH",
        *(b"fmt ", 16, _FORMAT_PCM, channels, sample_rate_hz, sample_rate_hz * frame_bytes, frame_bytes, 24),
    )
    riff_bytes = 4 + len(fmt) + 8 + data_bytes + padding_bytes
    return (
        struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + fmt + struct.pack("<4sI", b"data", data_bytes)
    )


def packed_s24(samples: NDArray[np.float32]) -> bytes:
    """Interleaved little-endian samples of 24 bits. [worker]

    samples: (frames, channels), finite. Each is rounded to the nearest step, without dither: half a step is -144 dBFS.
    What is above full scale is clipped to it.
    """
    steps = np.rint(samples.astype(np.float64) * _S24_SCALE).clip(-_S24_SCALE, _S24_SCALE - 1).astype("<i4")
    return np.ascontiguousarray(steps).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
