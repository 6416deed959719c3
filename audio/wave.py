"""Audio files as bytes: the header of a float WAV we write ourselves, and a reader of what others wrote.

Not a streaming reader: a clip is decoded whole, up to MAX_CLIP_SECONDS.
"""

import io
import struct
from dataclasses import dataclass

import numpy as np
import soundfile

from audio.errors import UnsupportedAudio
from audio.intake import MAX_CHANNELS, MAX_RATE_HZ, Samples, require_rate

MAX_CLIP_SECONDS = 900
MAX_WAV_BYTES = 2**32 - 1  # RIFF counts in 32 bits
MAX_FILE_BYTES = MAX_CLIP_SECONDS * MAX_RATE_HZ * MAX_CHANNELS * 4 + 2**20
"""A longer file is no clip, whatever it holds; for callers, who would have to read it first."""
_UNKNOWN_BYTES = 2**31 - 2**16  # sizes from here on are written by who does not know them
_UNKNOWN_FRAMES = 2**62
_FORMAT_IEEE_FLOAT = 3
_OGG_HEAD_BYTES = 27
_OGG_LAST_PAGE = 4
_READ_FRAMES = 65_536


@dataclass(frozen=True)
class Clip:
    """samples: float32 (frames >= 1, 1 or 2 channels) as decoded, not yet sanitized.

    ends_early: the file breaks off before its end, as after a copy that was interrupted.
    """

    samples: Samples
    sample_rate_hz: int
    ends_early: bool = False


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


def read_audio(data: bytes) -> Clip:
    """Decode a whole audio file: WAV, FLAC, AIFF, Ogg, MP3 and whatever else libsndfile knows. [worker]

    Raises UnsupportedAudio, with a sentence for the user, for bytes that are no audio, an empty file, more than two
    channels, a rate outside the limits or more than MAX_CLIP_SECONDS. What the file declares about its length is not
    believed; decoded frames are counted.
    """
    if not data:
        raise UnsupportedAudio("The file is empty.")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.channels > MAX_CHANNELS:
                raise UnsupportedAudio(
                    f"The file has {file.channels} channels; mix it down to mono or stereo and try again."
                )
            require_rate(file.samplerate)
            samples = _read_all(file)
            early = len(samples) < file.frames <= _UNKNOWN_FRAMES or _is_cut(data)
            return Clip(samples=samples, sample_rate_hz=file.samplerate, ends_early=early)
    except soundfile.LibsndfileError as error:
        raise UnsupportedAudio(
            "These bytes cannot be read as audio; send a WAV, FLAC, AIFF, Ogg or MP3 file that plays elsewhere."
        ) from error


def _is_cut(data: bytes) -> bool:
    """Whether a RIFF or IFF file says that it is longer than it is, or an Ogg file lacks its end."""
    if data[:4] == b"OggS":
        return _ogg_is_cut(data)
    order = {b"RIFF": "<", b"FORM": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return False
    told_bytes: int = struct.unpack_from(f"{order}I", data, 4)[0]
    return len(data) - 8 < told_bytes < _UNKNOWN_BYTES  # who streamed it may not have known: 0, all ones


def _ogg_is_cut(data: bytes) -> bool:
    """Whether the last page (RFC 3533, section 6) is not all there or does not say that it is the last.

    Ogg tells no length at its head. libsndfile takes it from the last page it finds, so it never misses one.
    """
    page = data[data.rfind(b"OggS") :]
    if len(page) < _OGG_HEAD_BYTES or not page[5] & _OGG_LAST_PAGE:
        return True
    lacing = page[_OGG_HEAD_BYTES : _OGG_HEAD_BYTES + page[26]]
    return len(page) < _OGG_HEAD_BYTES + page[26] + sum(lacing)


def _read_all(file: soundfile.SoundFile) -> Samples:
    """Every frame there is. The length in the header only saves copying: it is neither trusted nor needed."""
    limit = MAX_CLIP_SECONDS * file.samplerate
    samples = np.empty((file.frames if 0 < file.frames <= limit else 0, file.channels), np.float32)
    frames = 0
    while frames < len(samples) and (
        count := len(file.read(out=samples[frames : frames + _READ_FRAMES], always_2d=True))
    ):
        frames += count
    blocks = [samples[:frames]]
    while len(block := file.read(_READ_FRAMES, dtype="float32", always_2d=True)):
        frames += len(block)
        if frames > limit:
            raise UnsupportedAudio(
                f"The file is longer than {MAX_CLIP_SECONDS} seconds; cut it and try again."
            )
        blocks.append(block)
    if frames == 0:
        raise UnsupportedAudio("The file has no audio in it.")
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
