"""The MP3: exact length, no shift, right level, honest tags. ffmpeg and mpg123 have their own test, in integration."""

import io

import numpy as np
import pytest
import soundfile

from audio.encode.id3 import MAX_TITLE_CHARS, id3_tag
from audio.encode.info_frame import crc16
from audio.encode.mp3 import encode_mp3, stream_rate_hz
from audio.encode.mp3_decode import decode_mp3
from audio.errors import UnsupportedAudio
from audio.measure.loudness import integrated_lufs
from audio.rate import convert
from audio.read.reader import read_audio
from tests.support.tones import amplitude, sine, soft_noise

AWKWARD_FRAMES = [1, 575, 576, 577, 1104, 1105, 1106, 1151, 1152, 1153, 1728, 1729, 44_100, 100_001]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate_hz", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("frames", AWKWARD_FRAMES)
def test_decodes_to_exactly_the_frames_it_was_made_of(
    frames: int, sample_rate_hz: int, channels: int
) -> None:
    mp3 = encode_mp3(soft_noise(frames, channels=channels), sample_rate_hz, quality=7)
    decoded = read_audio(mp3.data)
    assert decoded.samples.shape == (frames, channels)
    assert (mp3.frames, mp3.sample_rate_hz, decoded.sample_rate_hz) == (
        frames,
        sample_rate_hz,
        sample_rate_hz,
    )


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate_hz", [32_000, 44_100, 48_000])
def test_decodes_without_a_shift(sample_rate_hz: int, channels: int) -> None:
    noise = soft_noise(20_000, channels=channels)
    decoded = read_audio(encode_mp3(noise, sample_rate_hz).data).samples
    likeness = [
        float(np.vdot(noise[100:-100], np.roll(decoded, shift, axis=0)[100:-100])) for shift in range(-3, 4)
    ]
    assert int(np.argmax(likeness)) - 3 == 0


@pytest.mark.parametrize("channels", [1, 2])
def test_decoded_level_is_the_level_that_went_in(channels: int) -> None:
    tone = sine(997, -6, 2, 44_100, channels=channels)
    decoded = read_audio(encode_mp3(tone, 44_100).data).samples
    before, after = integrated_lufs(tone, 44_100), integrated_lufs(decoded, 44_100)
    assert before is not None and after is not None
    assert after == pytest.approx(before, abs=0.03)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [
        *[(8_000, 48_000), (11_025, 44_100), (16_000, 48_000), (22_050, 44_100), (32_000, 32_000)],
        *[(37_123, 48_000), (88_200, 44_100), (96_000, 48_000), (176_400, 44_100), (192_000, 48_000)],
    ],
)
@pytest.mark.parametrize("frames", [1, 2, 4_801])
def test_other_rates_are_converted_to_one_mpeg_1_has(from_hz: int, to_hz: int, frames: int) -> None:
    assert stream_rate_hz(from_hz) == to_hz
    mp3 = encode_mp3(soft_noise(frames), from_hz, quality=9)
    assert mp3.sample_rate_hz == to_hz
    assert mp3.frames == max(1, round(frames * to_hz / from_hz + 1e-9))
    assert len(read_audio(mp3.data).samples) == mp3.frames


def test_the_info_frame_is_one_frame_with_a_correct_checksum() -> None:
    for channels, side_bytes in ((1, 17), (2, 32)):
        data = encode_mp3(soft_noise(5_000, channels=channels), 44_100).data
        end = 4 + side_bytes + 120 + 36
        assert data[4 + side_bytes :][:4] == b"Info"
        assert crc16(data[: end - 2]) == int.from_bytes(data[end - 2 : end], "big")
        assert data[417:419] == b"\xff\xfb"  # the next frame begins where this one ends
        assert int.from_bytes(data[16 + side_bytes : 20 + side_bytes], "big") == len(data)


def test_crc_16_is_the_arc_one() -> None:
    assert crc16(b"123456789") == 0xBB3D


def test_every_frame_is_128_kb_per_second_and_joint_stereo() -> None:
    data = encode_mp3(soft_noise(30_000), 44_100).data
    position, frames = 0, 0
    while position < len(data):
        sync, second, third, fourth = data[position : position + 4]
        assert (sync, second, third >> 4, third >> 2 & 3, fourth >> 6) == (0xFF, 0xFB, 9, 0, 1)
        position += 417 + (third >> 1 & 1)
        frames += 1
    assert frames == 1 + int.from_bytes(data[44:48], "big")


def test_the_same_input_gives_the_same_bytes() -> None:
    noise = soft_noise(10_000)
    assert encode_mp3(noise, 44_100, title="x").data == encode_mp3(noise, 44_100, title="x").data


def test_digital_silence_stays_digital_silence() -> None:
    assert not read_audio(encode_mp3(np.zeros((5_000, 2), np.float32), 44_100).data).samples.any()


def test_samples_beyond_full_scale_clip_and_are_counted() -> None:
    loud = sine(100, 6.0, 0.2, 44_100)
    mp3 = encode_mp3(loud, 44_100)
    assert mp3.clipped_samples == np.count_nonzero(np.abs(loud) > 0.95)
    assert np.abs(read_audio(mp3.data).samples).max() < 1.5  # clipped, not wrapped around
    assert encode_mp3(sine(100, -1.0, 0.2, 44_100), 44_100).clipped_samples == 0


@pytest.mark.parametrize("dtype", [np.float64, np.int16, np.int32])
def test_other_sample_types_are_refused_for_lame_would_encode_them_as_noise(dtype: type) -> None:
    with pytest.raises(UnsupportedAudio, match="float32"):
        encode_mp3(np.zeros((100, 2), dtype), 44_100)


def _text_frames(tag: bytes) -> dict[str, bytes]:
    size = sum(byte << shift for byte, shift in zip(tag[6:10], (21, 14, 7, 0), strict=True))
    assert len(tag) == 10 + size
    frames, position = {}, 10
    while position < len(tag):
        length = int.from_bytes(tag[position + 4 : position + 8], "big")
        frames[tag[position : position + 4].decode()] = tag[position + 10 : position + 10 + length]
        position += 10 + length
    return frames


def test_id3_says_what_is_known() -> None:
    frames = _text_frames(id3_tag(title="Acid line", bpm=127.5, key="F# minor"))
    assert frames == {"TIT2": b"\0Acid line", "TBPM": b"\x00128", "TXXX": b"\0bpm\x00127.5", "TKEY": b"\0F#m"}


def test_id3_is_absent_when_nothing_is_known() -> None:
    assert id3_tag(title=None, bpm=None, key=None) == b""


def test_id3_writes_other_alphabets_and_emoji_as_utf_16() -> None:
    frames = _text_frames(id3_tag(title="夜 🎛", bpm=None, key=None))
    assert frames["TIT2"] == b"\x01\xff\xfe" + "夜 🎛".encode("utf-16-le")


def test_id3_survives_hostile_text_and_numbers() -> None:
    frames = _text_frames(id3_tag(title="a\0b\ud800" + "x" * 9_000, bpm=float("nan"), key="H moll"))
    assert len(frames["TIT2"]) == 3 + 2 * MAX_TITLE_CHARS
    assert frames.keys() == {"TIT2"}


@pytest.mark.parametrize(
    ("key", "written"), [("Am", b"Am"), ("C", b"C"), ("Bb major", b"Bb"), ("Ebmin", b"Ebm"), ("C#maj", b"C#")]
)
def test_keys_are_written_in_three_letters(key: str, written: bytes) -> None:
    assert _text_frames(id3_tag(title=None, bpm=None, key=key))["TKEY"] == b"\0" + written


def test_a_decoded_peak_stays_near_the_sample_that_made_it() -> None:
    tone = sine(440, -1.0, 0.5, 48_000)
    decoded = read_audio(encode_mp3(tone, 48_000).data).samples
    assert np.abs(decoded).max() == pytest.approx(amplitude(-1.0), abs=0.05)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [500, 1_152, 44_100, 100_001])
def test_a_loop_is_as_exact_in_length_and_place(frames: int, channels: int) -> None:
    clip = soft_noise(frames, channels=channels)
    mp3 = encode_mp3(clip, 44_100, loops=True)
    decoded = read_audio(mp3.data)
    assert decoded.samples.shape == clip.shape and decoded.length_is_exact
    np.testing.assert_allclose(
        decode_mp3(mp3),
        soundfile.read(io.BytesIO(mp3.info + mp3.stream), dtype="float32", always_2d=True)[0],
        atol=1e-6,
    )
    if frames > 10_000:
        at = frames // 2
        assert np.abs(decoded.samples - clip)[at : at + 2_000].max() < 0.5 * np.abs(clip).max()


@pytest.mark.parametrize("hz", [100, 441, 1000])
@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_a_sustained_loop_is_coded_without_a_click_at_its_seam(hz: int, rate_hz: int) -> None:
    clip = sine(hz, -6, 2, rate_hz)
    wanted = sine(hz, -6, 2, stream_rate_hz(rate_hz))
    for loops, most_dbfs, least_dbfs in ((True, -70, -200), (False, 0, -70)):
        error = decode_mp3(encode_mp3(clip, rate_hz, loops=loops)) - wanted
        jump_dbfs = 20 * np.log10(np.abs(np.roll(error, 600, axis=0)[:1200]).max())
        assert least_dbfs < jump_dbfs < most_dbfs


def test_resampling_a_loop_goes_on_at_its_other_end() -> None:
    for from_hz, to_hz in (
        (96_000, 44_100),
        (44_100, 48_000),
        (48_000, 44_100),
        (192_000, 48_000),
        (11_025, 44_100),
    ):
        loop = convert(sine(1000, -6, 1, from_hz), from_hz, to_hz, loops=True)
        np.testing.assert_allclose(loop, sine(1000, -6, 1, to_hz), atol=1e-4)
    short = convert(sine(1000, -6, 0.01, 48_000), 48_000, 44_100, loops=True)
    np.testing.assert_allclose(short, sine(1000, -6, 0.01, 44_100), atol=1e-4)
