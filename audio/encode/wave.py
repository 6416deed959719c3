"""The head of a WAV file of float32, to the bit. No arrays here: the daemon writes such files without numpy."""

import struct

from audio.errors import UnsupportedAudio

MAX_WAV_BYTES = 2**32 - 1  # RIFF counts in 32 bits
_FORMAT_IEEE_FLOAT = 3


def wav_f32_header(frames: int, channels: int, sample_rate_hz: int) -> bytes:
    """The 58 bytes before interleaved little-endian float32 frames of a WAV file. [any]

    RIFF/WAVE with the fmt chunk extended by an empty cbSize and a fact chunk, as Microsoft's "Multiple channel audio
    data and WAVE files" asks of non-PCM formats. Raises UnsupportedAudio if the file would pass 4 GiB.
    """
    frame_bytes = 4 * channels
    data_bytes = frames * frame_bytes
    fmt = struct.pack(
        "<4sIHHIIHHH",
        *(b"fmt ", 18, _FORMAT_IEEE_FLOAT, channels),
        *(sample_rate_hz, sample_rate_hz * frame_bytes, frame_bytes, 32, 0),
    )
    fact = struct.pack("<4sII", b"fact", 4, frames)
    riff_bytes = 4 + len(fmt) + len(fact) + 8 + data_bytes
    if riff_bytes + 8 > MAX_WAV_BYTES:
        raise UnsupportedAudio(
            f"A WAV file of {frames} frames would be larger than 4 GiB; keep a shorter stretch."
        )
    return (
        struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        + fmt
        + fact
        + struct.pack("<4sI", b"data", data_bytes)
    )
