"""libsndfile on bytes in memory: every frame it gives before it is done or fails."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import soundfile

from audio.errors import UnsupportedAudio
from audio.intake import MAX_CHANNELS, Samples, require_rate
from audio.read.clip import MAX_CLIP_SECONDS, Part, damaged

_READ_FRAMES = 65_536
_CAREFUL_FRAMES = 64  # what may be lost where decoding fails
_UNKNOWN_FRAMES = 2**62
_BLOCK_CODINGS = (
    "IMA_ADPCM",
    "MS_ADPCM",
    "GSM610",
    "G721_32",
    "G723_24",
    "G723_40",
    "NMS_ADPCM_16",
    "VOX_ADPCM",
)
_IN_BLOCKS = (("PAF", "PCM_24"), ("SDS", "PCM_S8"), ("SDS", "PCM_16"), ("SDS", "PCM_24"))


class NotDecodable(Exception):
    """libsndfile does not take these bytes for audio. str(): why, in its words."""


@dataclass(frozen=True)
class Decoded:
    """promised_frames: what the header says, None if it says nothing. failed: decoding ended with an error.

    is_in_blocks: the coding fills up its last block, so that there may be more frames than were recorded.
    """

    samples: Samples
    sample_rate_hz: int
    promised_frames: int | None
    failed: bool
    is_in_blocks: bool = False

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


def those_that_decode(reads: Iterable[Callable[[], Part]]) -> list[Part]:
    """The recordings of a chain, with a word on those between that cannot be decoded. Raises what was wrong with the first.

    Those at the end are left out as if they were not there: whoever reads the file goes on behind the last part.
    """
    parts: list[Part] = []
    failed: list[Exception] = []
    for read in reads:
        try:
            part = read()
        except (NotDecodable, UnsupportedAudio) as error:
            failed.append(error)
            continue
        if failed:
            part = replace(part, lacks=(*part.lacks, damaged("a recording in it cannot be decoded")))
            failed.clear()
        parts.append(part)
    if not parts:
        raise failed[0] if failed else NotDecodable("there is nothing to decode")
    return parts


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


def decode_plain(
    sound: bytes, coding: str, rate_hz: int, channels: int, endian: Literal["LITTLE", "BIG"] = "LITTLE"
) -> Samples:
    """Sound without a head, in one of libsndfile's codings of whole samples. Raises NotDecodable. [worker]"""
    try:
        with soundfile.SoundFile(
            io.BytesIO(sound),
            samplerate=rate_hz,
            channels=channels,
            format="RAW",
            subtype=coding,
            endian=endian,
        ) as file:
            samples: Samples = file.read(dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise NotDecodable(error.error_string) from error
    return samples


def _decoded(data: bytes, read_frames: int) -> Decoded:
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _require_limits(file)
            samples, failed = _read_all(file, read_frames)
            known = 0 < file.frames <= _UNKNOWN_FRAMES
            in_blocks = (file.format, file.subtype) in _IN_BLOCKS or file.subtype in _BLOCK_CODINGS
            return Decoded(samples, file.samplerate, file.frames if known else None, failed, in_blocks)
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
        while frames < len(samples):
            asked = samples[frames : frames + read_frames]
            count = len(file.read(out=asked, always_2d=True))
            frames += count
            if count < len(asked):  # the end: asked again, ALAC's decoder makes up what is not there
                return samples[:frames], False
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
