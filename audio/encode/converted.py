"""A clip as a file of another format: WAV and FLAC of 24 bits, MP3, Ogg Vorbis. Levels stay; what passes full scale is turned down as a whole."""

import io

import numpy as np
import soundfile

from audio.encode.flac import encode_flac
from audio.encode.mp3 import stream_rate_hz
from audio.encode.wave_s24 import wav_s24
from audio.errors import EncodingFailed
from audio.intake import Samples, require_rate, require_shape
from audio.measure.peak import sample_peak
from audio.rate import convert

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg"}
"""By the name of the format, which is the ending of its files."""
MIN_KBPS, MAX_KBPS, DEFAULT_KBPS = 32, 320, 192
_BLOCK_FRAMES = 65_536  # libvorbis lays what it is given on its stack
_SMALLEST = 0.999  # libsndfile 1.2 takes no 1.0 for MP3
_VORBIS_KBPS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500)
"""What the qualities 0 to 10 of Vorbis come to, about, in stereo at 44.1 kHz (Vorbis I, recommended settings of the reference encoder)."""


def encode_as(
    samples: Samples,
    sample_rate_hz: int,
    name: str,
    *,
    bitrate_kbps: int = DEFAULT_KBPS,
    rate_hz: int | None = None,
) -> bytes:
    """samples: as sanitize() returns them. name: of MEDIA_TYPES. bitrate_kbps: of MP3 and Vorbis. rate_hz None: as it is.

    MP3 has 32, 44.1 and 48 kHz: others become the next of their family. Raises UnsupportedAudio, EncodingFailed. [worker]
    """
    require_shape(samples)
    to_hz = rate_hz or sample_rate_hz
    require_rate(to_hz)
    if name == "mp3":
        to_hz = stream_rate_hz(to_hz)
    samples = convert(samples, sample_rate_hz, to_hz)
    if name == "flac":
        return encode_flac(samples, to_hz).data
    peak = sample_peak(samples)
    if peak > 1.0:
        samples = (samples / np.float32(peak)).astype(np.float32)
    return wav_s24(samples, to_hz) if name == "wav" else _lossy(samples, to_hz, name, bitrate_kbps)


def _lossy(samples: Samples, rate_hz: int, name: str, bitrate_kbps: int) -> bytes:
    """libsndfile counts from the best (0) to the smallest (1)."""
    kbps = min(max(bitrate_kbps, MIN_KBPS), MAX_KBPS)
    if name == "mp3":
        how = {
            "format": "MP3",
            "subtype": "MPEG_LAYER_III",
            "bitrate_mode": "CONSTANT",
            "compression_level": min((MAX_KBPS - kbps) / (MAX_KBPS - MIN_KBPS), _SMALLEST),
        }
    else:
        quality = float(np.interp(kbps, _VORBIS_KBPS, np.linspace(0, 1, len(_VORBIS_KBPS))))
        how = {"format": "OGG", "subtype": "VORBIS", "compression_level": 1 - quality}
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", rate_hz, samples.shape[1], **how) as file:
            for start in range(0, len(samples), _BLOCK_FRAMES):
                file.write(samples[start : start + _BLOCK_FRAMES])
    except soundfile.LibsndfileError as error:
        raise EncodingFailed(name, str(error)) from error
    return buffer.getvalue()
