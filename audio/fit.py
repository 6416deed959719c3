"""A sound made to fit a host: its rate, its channels and, if wanted, its tempo. Not levels, not fades.

Without a change of tempo it is done piece by piece, so that the beginning can be heard while the rest is still decoded.
The tempo is changed by Signalsmith Stretch, which needs the whole.
"""

import io
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr

from audio.errors import UnsupportedAudio
from audio.intake import MAX_CHANNELS, Samples, require_rate
from audio.read.clip import MAX_CLIP_SECONDS
from audio.read.reader import read_audio

MIN_SPEED, MAX_SPEED = 0.5, 2.0
PIECE_FRAMES = 1 << 15


def fitted_frames(frames: int, from_hz: float, to_hz: float, speed: float = 1.0) -> int:
    """Length after fitting, rounded to the nearest. [any]"""
    return max(1, int(frames * to_hz / (from_hz * speed) + 0.5))


def fit(data: bytes, rate_hz: float, channels: int, speed: float = 1.0) -> Iterator[Samples]:
    """The sound of an audio file in pieces of float32 (frames, channels) at `rate_hz`, `speed` times as fast, at its own pitch.

    The pieces make fitted_frames() together. speed: MIN_SPEED to MAX_SPEED. [worker] Raises UnsupportedAudio.
    """
    if speed != 1.0:
        yield _stretched(data, rate_hz, channels, speed)
        return
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.channels > MAX_CHANNELS:
                raise UnsupportedAudio(
                    f"The file has {file.channels} channels; only mono and stereo can be played."
                )
            require_rate(file.samplerate)
            yield from _converted(file, rate_hz, channels)
    except soundfile.LibsndfileError as error:
        raise UnsupportedAudio("The sound cannot be read as audio; it may be damaged.") from error


def _converted(file: soundfile.SoundFile, rate_hz: float, channels: int) -> Iterator[Samples]:
    """Each piece at the other rate, and the last one as long as the sum has to be."""
    stream = soxr.ResampleStream(file.samplerate, rate_hz, file.channels, quality="HQ")
    same = file.samplerate == rate_hz
    read = made = 0
    while True:
        piece: Samples = file.read(PIECE_FRAMES, dtype="float32", always_2d=True)
        read += len(piece)
        if read > MAX_CLIP_SECONDS * file.samplerate:
            raise UnsupportedAudio(f"The sound is longer than {MAX_CLIP_SECONDS} seconds.")
        last = len(piece) < PIECE_FRAMES
        out = piece if same else stream.resample_chunk(piece, last=last)
        if last and read:
            out = _exactly(out, fitted_frames(read, file.samplerate, rate_hz) - made)
        made += len(out)
        if len(out):
            yield _channels(out, channels)
        if last:
            break
    if not read:
        raise UnsupportedAudio("The file has no sound in it.")


def _stretched(data: bytes, rate_hz: float, channels: int, speed: float) -> Samples:
    from python_stretch import Signalsmith  # only here: it is seldom needed

    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise UnsupportedAudio(f"{speed:.3f} times the speed is too far from the original.")
    clip = read_audio(data)
    samples = _channels(clip.samples, channels)
    if clip.sample_rate_hz != rate_hz:
        samples = soxr.resample(samples, clip.sample_rate_hz, rate_hz, quality="HQ")
    stretch = Signalsmith.Stretch()
    stretch.preset(channels, rate_hz)
    stretch.setTimeFactor(speed)
    # One more block of silence, so that the sum is never short of what it has to be.
    padded = np.concatenate([samples, np.zeros((int(rate_hz) // 10, channels), np.float32)])
    out: Samples = np.asarray(stretch.process(np.ascontiguousarray(padded.T)), np.float32)
    return _exactly(
        np.ascontiguousarray(out.T), fitted_frames(len(clip.samples), clip.sample_rate_hz, rate_hz, speed)
    )


def _channels(samples: Samples, channels: int) -> Samples:
    """Mono to both sides; stereo to its mean."""
    if samples.shape[1] == channels:
        return samples
    if channels == 1:
        mono: Samples = (samples[:, :1] + samples[:, 1:2]) * np.float32(0.5)
        return mono
    return np.repeat(samples, channels, axis=1)


def _exactly(samples: Samples, frames: int) -> Samples:
    """Cut, or silence added."""
    if len(samples) >= frames:
        return samples[:frames]
    return np.concatenate([samples, np.zeros((frames - len(samples), samples.shape[1]), np.float32)])
