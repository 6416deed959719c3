"""MP3: frames are found wherever they are, and what a first frame promises is counted again."""

import io

import numpy as np
import pytest
import soundfile

from audio.encode.info_frame import info_frame
from audio.encode.mp3 import encode_mp3
from audio.encode.mp3_frames import mp3_frames
from audio.read.clip import LackKind
from audio.read.mpeg_header import header_at, promise_at
from audio.read.reader import read_audio
from tests.support.odd_files import ID3_PICTURE, ape, encoded, id3v2
from tests.support.tones import soft_noise

RATE_HZ = 44_100
FRAMES = 60_000
MP3 = encode_mp3(soft_noise(FRAMES), RATE_HZ)
WHOLE = MP3.info + MP3.stream
COUNT = len(mp3_frames(MP3.stream, 0, 1_000))
WANTED = soundfile.read(io.BytesIO(WHOLE), dtype="float32", always_2d=True)[0]

FRONTS = {
    "zeros": bytes(3_000),
    "ones": b"\xff" * 3_001,
    "id3": id3v2(ID3_PICTURE),
    "id3 with padding that is not counted": id3v2(ID3_PICTURE) + bytes(1_500),
    "id3 2.4 with a footer": id3v2(ID3_PICTURE, version=4, footer=True),
    "two tags": id3v2(ID3_PICTURE) + id3v2(b"\0" * 50, version=4),
    "ape": ape(),
    "id3 that says it is longer than the file": id3v2(ID3_PICTURE, told_bytes=2**27),
    "noise": np.random.default_rng(4).bytes(5_000),
}
BEHIND = {
    "zeros": bytes(3_000),
    "id3v1": b"TAG".ljust(128, b" "),
    "ape and id3v1": ape() + b"TAG".ljust(128, b" "),
    "lyrics": b"LYRICSBEGIN" + b"la " * 90 + b"000270LYRICS200" + b"TAG".ljust(128, b" "),
    "noise": np.random.default_rng(5).bytes(3_000),
}


@pytest.mark.parametrize("front", FRONTS)
def test_whatever_is_in_front(front: str) -> None:
    clip = read_audio(FRONTS[front] + WHOLE)
    np.testing.assert_allclose(clip.samples, WANTED, atol=1e-6)
    assert (clip.lacks, clip.length_is_exact) == ((), True)


@pytest.mark.parametrize("behind", BEHIND)
def test_whatever_is_behind(behind: str) -> None:
    clip = read_audio(WHOLE + BEHIND[behind])
    np.testing.assert_allclose(clip.samples, WANTED, atol=1e-6)
    assert clip.lacks == ()


def test_without_an_info_frame_all_frames_are_used_and_the_length_is_not_exact() -> None:
    clip = read_audio(MP3.stream)
    assert (len(clip.samples), clip.lacks, clip.length_is_exact) == (COUNT * 1152, (), False)
    np.testing.assert_allclose(clip.samples[1105 : 1105 + FRAMES], WANTED, atol=1e-6)


@pytest.mark.parametrize("said", [0, 7, COUNT - 3])
def test_a_count_that_is_too_small_is_not_believed(said: int) -> None:
    at = WHOLE.index(b"Info") + 8
    clip = read_audio(WHOLE[:at] + said.to_bytes(4, "big") + WHOLE[at + 4 :])
    assert len(clip.samples) >= FRAMES and clip.lacks == () and not clip.length_is_exact
    np.testing.assert_allclose(clip.samples[:FRAMES], WANTED, atol=1e-6)


def test_a_file_that_breaks_off_is_told() -> None:
    clip = read_audio(WHOLE[: len(WHOLE) // 2])
    assert FRAMES // 2 - 3 * 1152 < len(clip.samples) < FRAMES // 2 + 1152
    assert [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT]
    bare = read_audio(MP3.stream[:-1])
    assert [lack.kind for lack in bare.lacks] == [LackKind.CUT_SHORT]


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_variable_bit_rate_that_nobody_counted(rate_hz: int, channels: int) -> None:
    quiet_then_loud = (
        soft_noise(8 * rate_hz, channels=channels) * np.repeat([0, 0.001, 1, 0.01], 2 * rate_hz)[:, None]
    )
    options = {"bitrate_mode": "VARIABLE", "compression_level": 0.3}
    data = encoded(quiet_then_loud.astype(np.float32), rate_hz, "MP3", **options)
    first = header_at(data, 0)
    assert first is not None
    promise = promise_at(data, 0, first)
    assert promise is not None and promise.mpeg_frames is not None
    assert len(read_audio(data).samples) == 8 * rate_hz
    bare = read_audio(data[first.size_bytes :])
    assert (len(bare.samples), bare.lacks) == (promise.mpeg_frames * first.frames, ())


@pytest.mark.parametrize("between", [b"", b"TAG".ljust(128, b" "), id3v2(ID3_PICTURE), bytes(2_000)])
def test_joined_files_are_read_one_after_another_without_their_padding(between: bytes) -> None:
    clip = read_audio(WHOLE + between + WHOLE)
    np.testing.assert_allclose(clip.samples, np.concatenate([WANTED, WANTED]), atol=1e-6)
    assert [lack.kind for lack in clip.lacks] == [LackKind.JOINED]


@pytest.mark.parametrize(
    "filler", [b"", bytes(2_100), b"\xff" * 2_100, np.random.default_rng(6).bytes(2_100)]
)
def test_a_hole_costs_about_what_is_missing_and_is_told(filler: bytes) -> None:
    at = mp3_frames(MP3.stream, 0, 20)[-1].at + 100
    hurt = MP3.info + MP3.stream[:at] + filler + MP3.stream[at + 2_100 :]
    clip = read_audio(hurt)
    lost = FRAMES - len(clip.samples)
    assert 4 * 1152 <= lost <= 7 * 1152
    assert [lack.kind for lack in clip.lacks] == [LackKind.DAMAGED]
    np.testing.assert_allclose(clip.samples[: 15 * 1152], WANTED[: 15 * 1152], atol=1e-6)
    np.testing.assert_allclose(clip.samples[-10 * 1152 :], WANTED[-10 * 1152 :], atol=1e-6)


def test_the_promise_of_our_own_info_frame_is_read_as_it_was_written() -> None:
    frame = info_frame(
        sample_rate_hz=48_000, channels=1, bitrate_kbps=128, stream_bytes=38_400, frames=113_000
    )
    header = header_at(frame, 0)
    assert header is not None and header.size_bytes == len(frame)
    promise = promise_at(frame, 0, header)
    assert promise is not None and promise.by_lame
    assert (promise.mpeg_frames, promise.delay_frames) == (100, 576 + 529)
    assert promise.padding_frames == 100 * 1152 - 576 - 113_000 - 529
