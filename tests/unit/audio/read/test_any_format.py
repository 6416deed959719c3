"""What holds of files of every format: tags in front, wrong ones too, sizes that nobody wrote, other recordings behind."""

import struct

import numpy as np
import pytest

from audio.encode.mp3 import encode_mp3
from audio.read.clip import LackKind
from audio.read.reader import read_audio
from tests.support.odd_files import ID3_PICTURE, encoded, id3v2
from tests.support.tones import soft_noise

RATE_HZ = 44_100
FRAMES = 30_000
SOUND = soft_noise(FRAMES)
MP3 = encode_mp3(SOUND, RATE_HZ)
FILES = {
    container: encoded(SOUND, RATE_HZ, container, "VORBIS" if container == "OGG" else "PCM_16")
    for container in ("WAV", "AIFF", "FLAC", "OGG", "AU", "CAF", "W64", "VOC")
} | {"MP3": MP3.info + MP3.stream}
SIZED = {  # where the size of the sound stands, its struct, what it counts besides the sound
    "AU": (8, ">I", 0),
    "CAF": (FILES["CAF"].index(b"data") + 4, ">q", 0),
    "W64": (FILES["W64"].index(b"data\xf3\xac\xd3\x11") + 16, "<Q", 24),
}


def with_size(container: str, size: int) -> bytes:
    at, form, _ = SIZED[container]
    data = bytearray(FILES[container])
    struct.pack_into(form, data, at, size)
    return bytes(data)


def true_size(container: str) -> int:
    at, form, _ = SIZED[container]
    size: int = struct.unpack_from(form, FILES[container], at)[0]
    return size


LOOKED_FOR = [
    "WAV",
    "AIFF",
    "FLAC",
    "OGG",
    "MP3",
]  # the magic of the others is too short to be looked for inside a tag


@pytest.mark.parametrize(
    ("container", "counted_bytes"),
    [(each, 0) for each in FILES] + [(each, more) for each in LOOKED_FOR for more in (10, 100, 5_000)],
)
def test_a_tag_in_front_costs_nothing_even_where_it_counts_more_than_itself(
    container: str, counted_bytes: int
) -> None:
    tag = id3v2(ID3_PICTURE, told_bytes=len(ID3_PICTURE) + counted_bytes)
    clip, wanted = read_audio(tag + FILES[container]), read_audio(FILES[container])
    np.testing.assert_array_equal(clip.samples, wanted.samples)
    assert (clip.lacks, clip.length_is_exact) == ((), wanted.length_is_exact)


@pytest.mark.parametrize("second", ["WAV", "AIFF", "OGG", "MP3"])
@pytest.mark.parametrize("first", ["WAV", "AIFF", "OGG", "MP3"])
def test_another_recording_behind_the_first_is_read_whatever_its_format(first: str, second: str) -> None:
    clip = read_audio(FILES[first] + FILES[second])
    assert len(clip.samples) == 2 * FRAMES and [lack.kind for lack in clip.lacks] == [LackKind.JOINED]


@pytest.mark.parametrize("more_bytes", [8, "the head"])
@pytest.mark.parametrize("container", SIZED)
def test_a_size_that_counts_a_head_too_is_no_missing_end(container: str, more_bytes: int | str) -> None:
    whole = len(FILES[container])
    told = whole if more_bytes == "the head" else true_size(container) + int(more_bytes)
    clip = read_audio(with_size(container, told))
    assert (len(clip.samples), clip.lacks, clip.length_is_exact) == (FRAMES, (), True)


@pytest.mark.parametrize("container", SIZED)
def test_what_stands_behind_the_sound_is_not_played(container: str) -> None:
    clip = read_audio(FILES[container] + bytes(4_096))
    assert (len(clip.samples), clip.lacks) == (FRAMES, ())


@pytest.mark.parametrize("container", SIZED)
def test_a_copy_that_was_interrupted_is_told(container: str) -> None:
    clip = read_audio(FILES[container][: len(FILES[container]) // 2])
    assert 0 < len(clip.samples) < FRAMES and [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT]


@pytest.mark.parametrize(
    ("container", "coding"), [("W64", "IMA_ADPCM"), ("W64", "GSM610"), ("PAF", "PCM_24")]
)
def test_a_coding_in_blocks_says_nothing_exact_of_its_length(container: str, coding: str) -> None:
    clip = read_audio(encoded(SOUND[:29_999, :1], RATE_HZ, container, coding))
    assert len(clip.samples) >= 29_999 and not clip.length_is_exact and clip.lacks == ()


COUNTED = [  # their heads say how much sound they have, which libsndfile does not look at, or refuses to be less
    ("AVR", "PCM_S8"),
    ("AVR", "PCM_16"),
    ("NIST", "PCM_16"),
    ("NIST", "PCM_24"),
    ("NIST", "ULAW"),
    ("MAT4", "PCM_16"),
    ("MAT4", "DOUBLE"),
    ("MAT5", "PCM_U8"),
    ("MAT5", "FLOAT"),
    ("SVX", "PCM_S8"),
    ("SVX", "PCM_16"),
    ("MPC2K", "PCM_16"),
    ("WVE", "ALAW"),
    ("HTK", "PCM_16"),
]
MONO_ONLY = ("SVX", "WVE", "HTK")


def counted(container: str, coding: str) -> bytes:
    mono = container in MONO_ONLY
    return encoded(
        SOUND[:, :1] if mono else SOUND, 8_000 if container == "WVE" else RATE_HZ, container, coding
    )


@pytest.mark.parametrize(("container", "coding"), COUNTED)
def test_less_sound_than_the_head_counts_is_told(container: str, coding: str) -> None:
    data = counted(container, coding)
    whole = read_audio(data)
    assert (len(whole.samples), whole.lacks, whole.length_is_exact) == (FRAMES, (), True)
    for end in (len(data) // 2, len(data) // 3 + 1, len(data) - 50):
        clip = read_audio(data[:end])
        assert [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT] and not clip.length_is_exact
        assert 0 < len(clip.samples) < FRAMES
        np.testing.assert_array_equal(clip.samples, whole.samples[: len(clip.samples)])


@pytest.mark.parametrize(("container", "coding"), COUNTED)
def test_more_bytes_than_the_head_counts_are_not_played(container: str, coding: str) -> None:
    clip = read_audio(counted(container, coding) + bytes(4_096))
    assert (len(clip.samples), clip.lacks, clip.length_is_exact) == (FRAMES, (), True)


@pytest.mark.parametrize("order", "<>")
def test_a_matlab_file_of_either_byte_order_is_counted(order: str) -> None:
    options = {"endian": {"<": "LITTLE", ">": "BIG"}[order]}
    for container in ("MAT4", "MAT5"):
        data = encoded(SOUND, RATE_HZ, container, "PCM_16", **options)
        (lack,) = read_audio(data[: len(data) // 2]).lacks
        assert lack.kind is LackKind.CUT_SHORT and read_audio(data).lacks == ()


@pytest.mark.parametrize("coding", ["ALAC_16", "ALAC_20", "ALAC_24", "ALAC_32"])
def test_of_alac_only_the_packets_that_are_there_are_played(coding: str) -> None:
    data = encoded(SOUND, RATE_HZ, "CAF", coding)
    whole = read_audio(data)
    assert (len(whole.samples), whole.lacks, whole.length_is_exact) == (FRAMES, (), True)
    for end in (len(data) // 4, len(data) // 2, len(data) - 5_000, len(data) - 20):
        clip = read_audio(data[:end])
        np.testing.assert_array_equal(clip.samples, whole.samples[: len(clip.samples)])
        assert 0 < len(clip.samples) < FRAMES and not clip.length_is_exact
        missing_s = (FRAMES - len(clip.samples)) / RATE_HZ
        assert [lack.kind for lack in clip.lacks] == [
            LackKind.CUT_SHORT
        ] and f"({missing_s:.2f} s" in clip.lacks[0].says


@pytest.mark.parametrize("container", ["IRCAM", "PAF", "PVF"])
def test_where_no_head_counts_a_cut_file_is_what_is_there(container: str) -> None:
    data = encoded(SOUND, RATE_HZ, container, "PCM_16")
    clip = read_audio(data[: len(data) // 2])
    np.testing.assert_array_equal(clip.samples, read_audio(data).samples[: len(clip.samples)])
    assert len(clip.samples) > FRAMES // 3 and clip.lacks == ()
