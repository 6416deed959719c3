"""libsndfile on bytes in memory: every frame it gives before it is done or fails."""

import io
from dataclasses import dataclass

import numpy as np
import soundfile

from audio.errors import UnsupportedAudio
from audio.intake import MAX_CHANNELS, Samples, require_rate
from audio.read.clip import MAX_CLIP_SECONDS

_READ_FRAMES = 65_536
_CAREFUL_FRAMES = 64  # what may be lost where decoding fails
_UNKNOWN_FRAMES = 2**62


class NotDecodable(Exception):
    """libsndfile does not take these bytes for audio. str(): why, in its words."""


@dataclass(frozen=True)
class Decoded:
    """promised_frames: what the header says, None if it says nothing. failed: decoding ended with an error."""

    samples: Samples
    sample_rate_hz: int
    promised_frames: int | None
    failed: bool

    @property
    def is_whole(self) -> bool:
        return not self.failed and self.promised_frames == len(self.samples)


def decode(data: bytes) -> Decoded:
    """All frames of one audio file of a form that libsndfile knows, perhaps none. [worker]

    Raises NotDecodable, and UnsupportedAudio for what is audio beyond our limits.
    """
    decoded = _decoded(data, _READ_FRAMES)
    if decoded.failed:  # what came before the error in the same call is not told: ask for little at a time
        decoded = _decoded(data, _CAREFUL_FRAMES)
    return decoded


def decode_frames(data: bytes, frames: int) -> Samples:
    """Exactly so many frames from the beginning on, which are known to be there. Raises NotDecodable. [worker]"""
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _require_limits(file)
            if frames > MAX_CLIP_SECONDS * file.samplerate:
                raise _too_long()
            samples: Samples = file.read(frames, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise NotDecodable(error.error_string) from error
    if len(samples) != frames:
        raise NotDecodable(f"{len(samples)} frames instead of {frames}")
    return samples


def _decoded(data: bytes, read_frames: int) -> Decoded:
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _require_limits(file)
            samples, failed = _read_all(file, read_frames)
            known = 0 < file.frames <= _UNKNOWN_FRAMES
            return Decoded(samples, file.samplerate, file.frames if known else None, failed)
    except soundfile.LibsndfileError as error:
        raise NotDecodable(error.error_string) from error


def _require_limits(file: soundfile.SoundFile) -> None:
    if file.channels > MAX_CHANNELS:
        raise UnsupportedAudio(
            f"The file has {file.channels} channels; mix it down to mono or stereo and try again."
        )
    require_rate(file.samplerate)


def _read_all(file: soundfile.SoundFile, read_frames: int) -> tuple[Samples, bool]:
    """Every frame there is. The length in the header only saves copying: it is neither trusted nor needed."""
    limit = MAX_CLIP_SECONDS * file.samplerate
    samples = np.empty((file.frames if 0 < file.frames <= limit else 0, file.channels), np.float32)
    blocks = [samples]
    frames, failed = 0, False
    try:
        while frames < len(samples) and (
            count := len(file.read(out=samples[frames : frames + read_frames], always_2d=True))
        ):
            frames += count
        blocks = [samples[:frames]]
        while len(block := file.read(read_frames, dtype="float32", always_2d=True)):
            frames += len(block)
            if frames > limit:
                raise _too_long()
            blocks.append(block)
    except soundfile.LibsndfileError:
        failed = True
        blocks[0] = samples[: min(frames, len(samples))]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks), failed


def _too_long() -> UnsupportedAudio:
    return UnsupportedAudio(f"The file is longer than {MAX_CLIP_SECONDS} seconds; cut it and try again.")
