"""MP3, 128 kb/s constant, that decodes to exactly the frames it was made of. Not a level control.

lameenc (LAME 3.100) does the coding. Three things it does not do are done here: the Info frame (its streams have
none), the undoing of LAME's own attenuation, and dither.
"""

from dataclasses import dataclass

import lameenc
import numpy as np

from audio.errors import EncodingFailed
from audio.id3 import id3_tag
from audio.info_frame import ENCODER_DELAY_FRAMES, FRAMES_PER_MP3_FRAME, MAX_PADDING_FRAMES, info_frame
from audio.intake import Samples, require_rate, require_shape
from audio.kernels import KERNELS
from audio.rate import convert

BITRATE_KBPS = 128
DEFAULT_QUALITY = 3  # LAME's own default; 0 is slowest, 9 fastest
NATIVE_RATES_HZ = (32_000, 44_100, 48_000)

# LAME multiplies its input by this at constant 128 kb/s (lame.c, apply_preset), which costs 0.45 dB: undone before.
_LAME_SCALE = 0.95
_INT16_FULL_SCALE = 32_768
_DITHER_SEED = 0x51DE
_BLOCK_FRAMES = 65_536  # what is converted and handed to LAME at a time; also the length of the dither


@dataclass(frozen=True)
class Mp3:
    """data: ID3 tag, Info frame, stream. frames: what any decoder returns, at sample_rate_hz.

    clipped_samples: samples (not frames) that were beyond full scale of the decoded file.
    """

    data: bytes
    frames: int
    sample_rate_hz: int
    bitrate_kbps: int
    clipped_samples: int


def stream_rate_hz(sample_rate_hz: int) -> int:
    """The rate of the MP3 made from audio at this rate: itself where MPEG-1 has it, else of its family. [any]

    88.2, 176.4 and the fractions of 44.1 kHz become 44.1 kHz; everything else becomes 48 kHz.
    """
    if sample_rate_hz in NATIVE_RATES_HZ:
        return sample_rate_hz
    return 44_100 if sample_rate_hz % 11_025 == 0 else 48_000


def encode_mp3(
    samples: Samples,
    sample_rate_hz: int,
    *,
    gain_db: float = 0.0,
    title: str | None = None,
    bpm: float | None = None,
    key: str | None = None,
    quality: int = DEFAULT_QUALITY,
) -> Mp3:
    """A gapless MP3 of samples, gain_db louder. Same input, same bytes. [worker]: most of the pipeline's time

    samples: finite float32 (frames >= 1, 1 or 2 channels), full scale ±1.0; mono stays mono. Other rates than MPEG-1's
    are converted first (stream_rate_hz). title, bpm, key: ID3, None when unknown. quality: LAME's 0 (best) to 9.
    Raises UnsupportedAudio for a wrong array or rate, EncodingFailed if LAME returns something else than it promises.
    """
    require_shape(samples)
    require_rate(sample_rate_hz)
    rate_hz = stream_rate_hz(sample_rate_hz)
    converted = convert(samples, sample_rate_hz, rate_hz)
    frames, channels = converted.shape
    stream, clipped_samples = _lame_stream(converted, rate_hz, gain_db, quality)
    # Every frame has 144 * bits / rate bytes, give or take a fraction of a byte that LAME carries along.
    mp3_frames = round(len(stream) * rate_hz / (144 * BITRATE_KBPS * 1000))
    padding_frames = mp3_frames * FRAMES_PER_MP3_FRAME - ENCODER_DELAY_FRAMES - frames
    if not 0 <= padding_frames <= MAX_PADDING_FRAMES:
        raise EncodingFailed(
            "mp3", f"{frames} frames became {mp3_frames} MP3 frames, which cannot hold them."
        )
    info = info_frame(
        sample_rate_hz=rate_hz,
        channels=channels,
        bitrate_kbps=BITRATE_KBPS,
        mp3_frames=mp3_frames,
        stream_bytes=len(stream),
        padding_frames=padding_frames,
    )
    return Mp3(
        data=id3_tag(title=title, bpm=bpm, key=key) + info + stream,
        frames=frames,
        sample_rate_hz=rate_hz,
        bitrate_kbps=BITRATE_KBPS,
        clipped_samples=clipped_samples,
    )


def _lame_stream(samples: Samples, rate_hz: int, gain_db: float, quality: int) -> tuple[bytes, int]:
    """The bare MP3 stream, and how many samples had to be clipped."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(BITRATE_KBPS)
    encoder.set_in_sample_rate(rate_hz)
    encoder.set_out_sample_rate(rate_hz)
    encoder.set_channels(samples.shape[1])
    encoder.set_quality(quality)
    noise = dither(samples)
    scale = 10 ** (gain_db / 20) * _INT16_FULL_SCALE / _LAME_SCALE
    stream = bytearray()
    clipped_samples = 0
    for start in range(0, len(samples), _BLOCK_FRAMES):
        block = samples[start : start + _BLOCK_FRAMES]
        # int16 is all lameenc takes; it encodes any other type as noise without a word.
        pcm, clipped = KERNELS.pcm16(block, scale, noise[: len(block)])
        stream += encoder.encode(pcm.tobytes())
        clipped_samples += clipped
    stream += encoder.flush()
    return bytes(stream), clipped_samples


def dither(samples: Samples) -> Samples:
    """Triangular noise of one int16 step each way for one block; none for digital silence, which stays silent.

    The same on every call, so that the same take gives the same bytes. It repeats after 1.4 s, at -96 dBFS, which is
    far below what 128 kb/s can carry.
    """
    shape = (min(len(samples), _BLOCK_FRAMES), samples.shape[1])
    if not samples.any():
        return np.zeros(shape, np.float32)
    source = np.random.Generator(np.random.SFC64(_DITHER_SEED))
    return source.random(shape, np.float32) - source.random(shape, np.float32)
