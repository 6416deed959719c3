"""VOC: the sound of all blocks, and nothing but the sound."""

import struct

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.read.clip import LackKind
from audio.read.reader import read_audio

RATE_HZ = 32_000
PCM = np.random.default_rng(8).integers(-20_000, 20_000, (3_000, 2)).astype("<i2")
SOUND = PCM.tobytes()
SAMPLES = PCM / np.float32(2**15)
NEW_SOUND = struct.pack("<IBBH4x", RATE_HZ, 16, 2, 4)
END = b"\0"


def block(kind: int, body: bytes, told_bytes: int | None = None) -> bytes:
    size = len(body) if told_bytes is None else told_bytes
    return bytes([kind]) + size.to_bytes(3, "little") + body


def voc(*blocks: bytes, end: bytes = END) -> bytes:
    return b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x114, 0x111F) + b"".join(blocks) + end


TEXT, MARKER, REPEAT, REPEAT_END = block(5, b"hello\0"), block(4, b"\1\0"), block(6, b"\2\0"), block(7, b"")


@pytest.mark.parametrize("behind", [b"", END, END + bytes(700), END + b"TAG".ljust(128, b" ")])
@pytest.mark.parametrize(
    "blocks",
    [
        [block(9, NEW_SOUND + SOUND)],
        [block(9, NEW_SOUND + SOUND[:1_000]), block(2, SOUND[1_000:5_000]), block(2, SOUND[5_000:])],
        [
            TEXT,
            REPEAT,
            block(9, NEW_SOUND + SOUND[:1_000]),
            MARKER,
            block(9, NEW_SOUND + SOUND[1_000:]),
            REPEAT_END,
        ],
    ],
)
def test_the_sound_of_all_blocks_and_of_nothing_else(blocks: list[bytes], behind: bytes) -> None:
    clip = read_audio(voc(*blocks, end=behind))
    np.testing.assert_array_equal(clip.samples, SAMPLES)
    assert (clip.sample_rate_hz, clip.lacks, clip.length_is_exact) == (RATE_HZ, (), True)


@pytest.mark.parametrize("told_bytes", [0, 0xFFFFFF])
def test_a_size_that_nobody_knew(told_bytes: int) -> None:
    clip = read_audio(voc(block(9, NEW_SOUND + SOUND, told_bytes), end=b""))
    np.testing.assert_array_equal(clip.samples, SAMPLES)
    assert clip.lacks == ()


def test_the_old_blocks_in_mono_and_in_stereo() -> None:
    eight_bits = bytes(range(40, 240)) * 10
    mono = read_audio(voc(block(1, bytes([256 - 125, 0]) + eight_bits)))
    assert (mono.sample_rate_hz, mono.samples.shape) == (8_000, (2_000, 1))
    np.testing.assert_allclose(mono.samples[:200, 0], (np.arange(40, 240) - 128) / 128, atol=1e-6)
    extended = block(8, struct.pack("<HBB", 65_536 - 256_000_000 // 64_000, 0, 1))
    stereo = read_audio(voc(extended, block(1, b"\xff\0" + eight_bits)))
    assert (stereo.sample_rate_hz, stereo.samples.shape) == (32_000, (1_000, 2))


def test_silence_has_its_length() -> None:
    silence = block(3, struct.pack("<HB", 8_000 - 1, 256 - 125))
    clip = read_audio(voc(block(9, NEW_SOUND + SOUND[:2_000]), silence, block(2, SOUND[2_000:])))
    assert len(clip.samples) == 3_000 + RATE_HZ and not clip.samples[500 : 500 + RATE_HZ].any()


def test_a_rate_that_changes_is_one_recording_after_another() -> None:
    slower = struct.pack("<IBBH4x", RATE_HZ // 2, 16, 2, 4)
    clip = read_audio(voc(block(9, NEW_SOUND + SOUND), block(9, slower + SOUND)))
    assert len(clip.samples) == 3 * 3_000 and [lack.kind for lack in clip.lacks] == [LackKind.JOINED]


def test_what_is_not_all_there_is_told_and_used() -> None:
    whole = voc(block(9, NEW_SOUND + SOUND[:4_000]), block(2, SOUND[4_000:]))
    clip = read_audio(whole[:-3_001])
    np.testing.assert_array_equal(clip.samples, SAMPLES[: len(clip.samples)])
    assert [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT] and 2_240 <= len(clip.samples) <= 2_251
    for length in range(20, 80):
        try:
            read_audio(whole[:length])
        except UnsupportedAudio as error:
            assert str(error).endswith((".", "elsewhere."))


def test_what_is_not_read_is_named() -> None:
    with pytest.raises(UnsupportedAudio, match=r"VOC file holds coding 1, .*plain PCM"):
        read_audio(voc(block(1, b"\x83\1" + SOUND)))
    with pytest.raises(UnsupportedAudio, match="no audio in it"):
        read_audio(voc(TEXT))
