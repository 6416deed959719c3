"""Frames out of a WAV file as we write them ourselves (audio/encode/wave.py): float32, one header. No other file is read here."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from audio.encode.wave import wav_f32_header
from daemon.system.reading import open_shared

HEADER_BYTES = len(wav_f32_header(1, 1, 48_000))
CHUNK_BYTES = 1 << 20
_SHAPE = struct.Struct("<22xHI")  # channels, rate
_DATA = struct.Struct("<54xI")


class WavShape(Struct, frozen=True, kw_only=True):
    frames: int
    channels: int
    sample_rate_hz: int


def wav_shape(path: Path) -> WavShape | None:
    """None: it is no such file, or not whole. Raises OSError. [worker]"""
    with open_shared(path) as file:
        head, size = file.read(HEADER_BYTES), os.fstat(file.fileno()).st_size
    if len(head) < HEADER_BYTES:
        return None
    channels, rate_hz = _SHAPE.unpack_from(head)
    (data_bytes,) = _DATA.unpack_from(head)
    if channels not in (1, 2) or rate_hz < 1 or data_bytes % (4 * channels):
        return None
    frames = data_bytes // (4 * channels)
    is_ours = head == wav_f32_header(frames, channels, rate_hz) and size == HEADER_BYTES + data_bytes
    return WavShape(frames=frames, channels=channels, sample_rate_hz=rate_hz) if is_ours and frames else None


def wav_frames(path: Path, channels: int, first_frame: int, frames: int) -> Iterator[bytes]:
    """Interleaved float32 of frames [first_frame, first_frame + frames). Raises OSError, also when it is shorter. [worker]"""
    left = frames * 4 * channels
    with open_shared(path) as file:
        file.seek(HEADER_BYTES + first_frame * 4 * channels)
        while left:
            chunk = file.read(min(CHUNK_BYTES, left))
            if not chunk:
                raise OSError(0, "its sound ends too early", str(path))
            left -= len(chunk)
            yield chunk
