"""MP3, 128 kb/s constant, that decodes to exactly the frames it was made of. Not a level control.

lameenc (LAME 3.100) does the coding. Three things it does not do are done here: the Info frame (its streams have
none), the undoing of LAME's own attenuation, and dither.
"""

from collections.abc import Callable
from dataclasses import dataclass

import lameenc
import numpy as np

from audio.encode.id3 import id3_tag
from audio.encode.info_frame import ENCODER_DELAY_FRAMES, info_frame
from audio.encode.mp3_parts import PERIOD_SAMPLES, Encoded, encode_in_parts, period_bytes
from audio.intake import Samples, require_rate, require_shape
from audio.kernels import KERNELS
from audio.rate import convert
from audio.spread import Spread, one_by_one

BITRATE_KBPS = 128
LOOP_LEAD_FRAMES = (
    1152  # one MP3 frame: what the transforms overlap, within what an Info frame can tell to leave out
)
DEFAULT_QUALITY = 3  # LAME's own default; 0 is slowest, 9 fastest
NATIVE_RATES_HZ = (32_000, 44_100, 48_000)

# LAME multiplies its input by this at constant 128 kb/s (lame.c, apply_preset), which costs 0.45 dB: undone before.
_LAME_SCALE = 0.95
_INT16_FULL_SCALE = 32_768
_DITHER_SEED = 0x51DE
# What is converted and handed to LAME at a time, and the length of the dither: parts begin where a block does, so that
# where two of them overlap they are made of the same samples.
_BLOCK_FRAMES = PERIOD_SAMPLES


@dataclass(frozen=True)
class Mp3:
    """tag: ID3, may be empty. info: the Info frame. stream: all other frames. frames: what any decoder returns, at
    sample_rate_hz.

    clipped_samples: samples (not frames) that were beyond full scale of the decoded file. lead_frames: of a loop's other end,
    coded before the beginning and after the end, and left out by decoders.
    """

    tag: bytes
    info: bytes
    stream: bytes
    frames: int
    channels: int
    sample_rate_hz: int
    bitrate_kbps: int
    clipped_samples: int
    lead_frames: int = 0

    @property
    def data(self) -> bytes:
        """The whole file."""
        return self.tag + self.info + self.stream


def stream_rate_hz(sample_rate_hz: int) -> int:
    """The rate of the MP3 made from audio at this rate: itself where MPEG-1 has it, else of its family. [any]

    88.2, 176.4 and the fractions of 44.1 kHz become 44.1 kHz; everything else becomes 48 kHz.
    """
    if sample_rate_hz in NATIVE_RATES_HZ:
        return sample_rate_hz
    return 44_100 if sample_rate_hz % 11_025 == 0 else 48_000


def _ignore(done: float) -> None:
    pass


def encode_mp3(
    samples: Samples,
    sample_rate_hz: int,
    *,
    gain_db: float = 0.0,
    title: str | None = None,
    bpm: float | None = None,
    key: str | None = None,
    quality: int = DEFAULT_QUALITY,
    loops: bool = False,
    spread: Spread = one_by_one,
    progress: Callable[[float], None] = _ignore,
) -> Mp3:
    """A gapless MP3 of samples, gain_db louder. Same input, same bytes. [worker]: most of the pipeline's time

    samples: finite float32 (frames >= 1, 1 or 2 channels), full scale ±1.0; mono stays mono. Other rates than MPEG-1's
    are converted first (stream_rate_hz). title, bpm, key: ID3, None when unknown. quality: LAME's 0 (best) to 9.
    loops: the clip goes on at its beginning: at both ends the coder hears the other end, where it would hear silence.
    spread: who encodes the parts of a long clip; the bytes are the same. progress: called on this thread with the share
    that is done, 0..1. Raises UnsupportedAudio for a wrong array or rate, EncodingFailed if LAME returns something
    else than it promises.
    """
    require_shape(samples)
    require_rate(sample_rate_hz)
    rate_hz = stream_rate_hz(sample_rate_hz)
    converted = convert(samples, sample_rate_hz, rate_hz, loops=loops)
    lead_frames = LOOP_LEAD_FRAMES if loops else 0
    frames = len(converted)
    if loops:
        converted = converted[np.arange(-lead_frames, frames + lead_frames) % frames]
    noise = dither(converted)

    def encode(start: int, end: int, stop: int) -> Encoded:
        return _lame_stream(converted[start:stop], end - start, rate_hz, gain_db, quality, noise)

    encoded = encode_in_parts(encode, len(converted), period_bytes(BITRATE_KBPS, rate_hz), spread, progress)
    tag = id3_tag(title=title, bpm=bpm, key=key)
    return _file(encoded, tag, converted.shape[1], frames, rate_hz, lead_frames)


def _file(encoded: Encoded, tag: bytes, channels: int, frames: int, rate_hz: int, lead_frames: int) -> Mp3:
    info = info_frame(
        sample_rate_hz=rate_hz,
        channels=channels,
        bitrate_kbps=BITRATE_KBPS,
        stream_bytes=len(encoded.stream),
        frames=frames,
        delay_frames=ENCODER_DELAY_FRAMES + lead_frames,
    )
    return Mp3(
        tag=tag,
        info=info,
        stream=encoded.stream,
        frames=frames,
        channels=channels,
        sample_rate_hz=rate_hz,
        bitrate_kbps=BITRATE_KBPS,
        clipped_samples=encoded.clipped_samples,
        lead_frames=lead_frames,
    )


def _lame_stream(
    samples: Samples, counted_frames: int, rate_hz: int, gain_db: float, quality: int, noise: Samples
) -> Encoded:
    """The bare MP3 stream; what had to be clipped is counted in the first counted_frames, whole blocks or all."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(BITRATE_KBPS)
    encoder.set_in_sample_rate(rate_hz)
    encoder.set_out_sample_rate(rate_hz)
    encoder.set_channels(samples.shape[1])
    encoder.set_quality(quality)
    scale = 10 ** (gain_db / 20) * _INT16_FULL_SCALE / _LAME_SCALE
    stream = bytearray()
    clipped_samples = 0
    for start in range(0, len(samples), _BLOCK_FRAMES):
        block = samples[start : start + _BLOCK_FRAMES]
        # int16 is all lameenc takes; it encodes any other type as noise without a word.
        pcm, clipped = KERNELS.pcm16(block, scale, noise[: len(block)])
        stream += encoder.encode(pcm.tobytes())
        if start < counted_frames:
            clipped_samples += clipped
    stream += encoder.flush()
    return Encoded(bytes(stream), clipped_samples)


def dither(samples: Samples) -> Samples:
    """Triangular noise of one int16 step each way for one block; none for digital silence, which stays silent.

    The same on every call, so that the same take gives the same bytes. It repeats after 1.3 s, at -96 dBFS, which is
    far below what 128 kb/s can carry.
    """
    shape = (min(len(samples), _BLOCK_FRAMES), samples.shape[1])
    if not samples.any():
        return np.zeros(shape, np.float32)
    source = np.random.Generator(np.random.SFC64(_DITHER_SEED))
    return source.random(shape, np.float32) - source.random(shape, np.float32)
