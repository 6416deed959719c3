"""Lossless files: bit for bit, exact length, and a reader that does not believe what files say of themselves."""

import io

import numpy as np
import pytest
import soundfile

from audio.encode.flac import encode_flac
from audio.encode.wave import wav_f32_header
from audio.encode.wave_s24 import wav_s24
from audio.errors import UnsupportedAudio
from audio.read.clip import MAX_CLIP_SECONDS
from audio.read.reader import read_audio
from audio.read.vorbis_comment import with_comment
from tests.support.tones import soft_noise


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate_hz", [8_000, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("frames", [1, 4_095, 4_097, 30_001])
def test_24_bit_audio_returns_bit_for_bit(frames: int, sample_rate_hz: int, channels: int) -> None:
    whole = np.random.default_rng(5).integers(-(2**23), 2**23, (frames, channels))
    samples = (whole / 2**23).astype(np.float32)
    flac = encode_flac(samples, sample_rate_hz)
    decoded, rate = soundfile.read(io.BytesIO(flac.data), dtype="float32", always_2d=True)
    assert (rate, flac.frames, flac.scale) == (sample_rate_hz, frames, 1.0)
    np.testing.assert_array_equal(decoded, samples)
    assert soundfile.info(io.BytesIO(flac.data)).subtype == "PCM_24"


@pytest.mark.parametrize(("peak", "scale"), [(1.0, 1.0), (1.001, 0.5), (2.0, 0.5), (3.0, 0.25), (8.0, 0.125)])
def test_what_passes_full_scale_is_written_smaller_and_read_as_it_was(peak: float, scale: float) -> None:
    whole = np.random.default_rng(5).integers(-(2**20), 2**20, (30_001, 2))
    samples = (whole / 2**20 * peak).astype(np.float32)
    samples[100] = peak, -peak
    flac = encode_flac(samples, 44_100)
    assert flac.scale == scale
    np.testing.assert_allclose(
        read_audio(flac.data).samples, samples, atol=2**-24 / scale if peak != 1.0 else 2**-23
    )
    elsewhere, _ = soundfile.read(io.BytesIO(flac.data), dtype="float32")
    np.testing.assert_allclose(elsewhere, samples * scale, atol=2**-23)


@pytest.mark.parametrize("said", ["0.3", "2.0", "0", "nan", "1e-9", ""])
def test_a_scale_that_we_do_not_write_is_not_believed(said: str) -> None:
    samples = soft_noise(5_000)
    plain = encode_flac(samples, 44_100).data
    told = with_comment(with_comment(plain, "ARTIST=é"), f"SIDECHAIN_SCALE={said}")
    np.testing.assert_array_equal(read_audio(told).samples, read_audio(plain).samples)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_float_wav_of_our_header_is_read_by_libsndfile_unchanged(channels: int) -> None:
    samples = soft_noise(1_001, channels=channels) * np.float32(20)
    data = wav_f32_header(1_001, channels, 96_000) + samples.tobytes()
    clip = read_audio(data)
    assert clip.sample_rate_hz == 96_000
    np.testing.assert_array_equal(clip.samples, samples)
    info = soundfile.info(io.BytesIO(data))
    assert (info.format, info.subtype, info.frames) == ("WAV", "FLOAT", 1_001)


def test_a_wav_beyond_4_gib_is_refused() -> None:
    most = (2**32 - 1 - 58) // 8
    assert len(wav_f32_header(most, 2, 48_000)) == 58
    with pytest.raises(UnsupportedAudio, match="4 GiB"):
        wav_f32_header(most + 1, 2, 48_000)


def _wav(samples: np.ndarray, rate: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype="PCM_U8")
    return buffer.getvalue()


@pytest.mark.parametrize("data", [b"", b"RIFF", b"\0" * 5_000, b"ID3\x03\0\0\0\0\0\0", b"<html>" * 100])
def test_bytes_that_are_no_audio_are_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(UnsupportedAudio, match=r"cannot be read as audio|no audio in it|is empty"):
        read_audio(data)


def test_more_than_two_channels_are_refused() -> None:
    with pytest.raises(UnsupportedAudio, match="6 channels"):
        read_audio(_wav(np.zeros((10, 6)), 44_100))


def test_rates_outside_the_limits_are_refused() -> None:
    with pytest.raises(UnsupportedAudio, match="4000 Hz"):
        read_audio(_wav(np.zeros((10, 1)), 4_000))


def test_a_file_without_frames_is_refused() -> None:
    with pytest.raises(UnsupportedAudio, match="no audio"):
        read_audio(_wav(np.zeros((0, 1)), 44_100))


def test_the_length_limit_counts_decoded_frames() -> None:
    limit_frames = MAX_CLIP_SECONDS * 8_000
    assert len(read_audio(_wav(np.zeros((limit_frames, 1), np.int16), 8_000)).samples) == limit_frames
    with pytest.raises(UnsupportedAudio, match="longer than 900 seconds"):
        read_audio(_wav(np.zeros((limit_frames + 1, 1), np.int16), 8_000))


def test_a_truncated_file_gives_what_is_there_or_a_refusal() -> None:
    whole = encode_flac(soft_noise(20_000), 44_100).data
    try:
        frames = len(read_audio(whole[: len(whole) // 2]).samples)
    except UnsupportedAudio:
        return
    assert 0 < frames < 20_000


@pytest.mark.parametrize(("frames", "channels"), [(0, 1), (1, 1), (7, 1), (480, 2)])
def test_24_bit_is_what_a_stranger_reads_to_half_a_step_and_clips_at_full_scale(
    frames: int, channels: int
) -> None:
    samples = np.random.default_rng(3).uniform(-1.2, 1.2, (frames, channels)).astype(np.float32)
    data = wav_s24(samples, 44_100)
    read, rate_hz = soundfile.read(io.BytesIO(data), always_2d=True)
    assert (rate_hz, read.shape, len(data) % 2) == (44_100, samples.shape, 0)
    assert soundfile.info(io.BytesIO(data)).subtype == "PCM_24"
    assert np.abs(read - samples.clip(-1.0, 1.0 - 2.0**-23)).max(initial=0.0) <= 2.0**-24
