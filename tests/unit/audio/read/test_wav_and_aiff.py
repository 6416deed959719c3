"""WAV and AIFF: the sound is what is there, whatever the sizes say."""

import struct

import numpy as np
import pytest

from audio.encode.mp3 import encode_mp3
from audio.errors import UnsupportedAudio
from audio.read import reader
from audio.read.clip import LackKind
from audio.read.reader import read_audio
from tests.support.odd_files import ID3_PICTURE, chunk, encoded, id3v2, wav
from tests.support.tones import soft_noise

RATE_HZ = 44_100
PCM = np.random.default_rng(3).integers(-20_000, 20_000, (2_205, 2)).astype("<i2")
SOUND = PCM.tobytes()
WHOLE = len(SOUND)
LIST = chunk(b"LIST", b"INFOISFT\x05\0\0\0abcd\0\0")
AIFF = encoded(PCM.astype(np.float32) / 2**15, RATE_HZ, "AIFF", "PCM_16")


def assert_reads_whole(data: bytes) -> None:
    clip = read_audio(data)
    np.testing.assert_array_equal(clip.samples, PCM / np.float32(2**15))
    assert (clip.sample_rate_hz, clip.lacks, clip.length_is_exact) == (RATE_HZ, (), True)


@pytest.mark.parametrize(
    "riff_bytes", [None, 0, 36, 2**32 - 1, WHOLE + 36 + 8, WHOLE + 44 + 5_000, 2**31 - 1]
)
@pytest.mark.parametrize("told_bytes", [None, 0, 2**32 - 1, WHOLE + 8, WHOLE + 44, 2**31 - 4_096])
def test_sizes_that_nobody_wrote_or_miscounted(told_bytes: int | None, riff_bytes: int | None) -> None:
    assert_reads_whole(wav(SOUND, told_bytes=told_bytes, riff_bytes=riff_bytes))


def test_a_header_that_was_written_before_the_last_seconds() -> None:
    assert_reads_whole(wav(SOUND, told_bytes=WHOLE // 2 // 4 * 4, riff_bytes=0))


@pytest.mark.parametrize("before", [b"", LIST, chunk(b"JUNK", bytes(4_001))])
@pytest.mark.parametrize(
    "behind",
    [b"", LIST, LIST + chunk(b"id3 ", bytes(301)), b"\0" * 3, b"TAG".ljust(128, b" "), id3v2(ID3_PICTURE)],
)
def test_chunks_and_tags_around_the_sound(before: bytes, behind: bytes) -> None:
    assert_reads_whole(wav(SOUND, before=before, behind=behind))
    assert_reads_whole(id3v2(ID3_PICTURE) + wav(SOUND, before=before, behind=behind))


def test_a_chunk_whose_size_leads_nowhere() -> None:
    assert_reads_whole(wav(SOUND, before=chunk(b"bext", bytes(602), told_bytes=7_000_000)))


def test_an_odd_sound_without_its_pad_byte() -> None:
    sound = bytes(range(1, 102))
    file = wav(sound, channels=1, bits=8)
    padless = file.replace(sound + b"\0", sound) + LIST
    assert len(read_audio(padless).samples) == len(read_audio(file).samples) == 101
    assert read_audio(padless).lacks == ()


def test_what_is_behind_the_sound_and_no_chunk_is_left_out_and_told() -> None:
    junk = bytes([0xF7, 0x80, 0x81]) * 100
    clip = read_audio(wav(SOUND, riff_bytes=WHOLE + 36) + junk)
    assert len(clip.samples) == len(PCM)
    assert [lack.kind for lack in clip.lacks] == [LackKind.UNREAD]


TONE = (np.sin(np.arange(9_000) * 0.05) * 12_000).astype("<i2").repeat(2).tobytes()


@pytest.mark.parametrize("frames", [1_000, 4_321, 8_900])
@pytest.mark.parametrize("told_frames", [None, 3_000])
def test_sizes_that_were_true_once_end_no_sound_that_goes_on(frames: int, told_frames: int | None) -> None:
    """A recorder that writes both sizes now and then, and was not stopped."""
    told_bytes = 4 * (told_frames or frames)
    file = wav(TONE, told_bytes=told_bytes, riff_bytes=36 + told_bytes)
    clip = read_audio(file)
    assert (len(clip.samples), clip.lacks) == (9_000, ())


def test_of_noise_nobody_can_say_that_it_goes_on() -> None:
    clip = read_audio(wav(SOUND, told_bytes=4_000, riff_bytes=4_036))
    assert len(clip.samples) == 1_000 and [lack.kind for lack in clip.lacks] == [LackKind.UNREAD]


@pytest.mark.parametrize(
    "junk", [b"\xff" * 999, b"\x81\x90 and some words that were left there " * 30, bytes(range(1, 256)) * 4]
)
@pytest.mark.parametrize("head", [b"RIFF", b"RF64"])
def test_what_is_behind_agreed_sizes_and_does_not_go_on_is_left_out_and_told(
    head: bytes, junk: bytes
) -> None:
    sizes = chunk(b"ds64", struct.pack("<QQQI", len(TONE) + 72, len(TONE), 9_000, 0))
    large = head == b"RF64"
    file = wav(
        TONE,
        head=head,
        told_bytes=2**32 - 1 if large else None,
        riff_bytes=2**32 - 1 if large else None,
        before=sizes if large else b"",
    )
    clip = read_audio(file + junk)
    assert len(clip.samples) == 9_000 and [lack.kind for lack in clip.lacks] == [LackKind.UNREAD]


def test_all_chunks_of_sound_are_read() -> None:
    file = wav(SOUND[:4_000], behind=LIST + chunk(b"data", SOUND[4_000:]) + LIST)
    clip = read_audio(file)
    np.testing.assert_array_equal(clip.samples, PCM / np.float32(2**15))
    assert [lack.kind for lack in clip.lacks] == [LackKind.JOINED]


def extensible(file: bytes, subformat: bytes) -> bytes:
    """The same file with its description in the extensible form."""
    at = file.index(b"fmt ")
    (size,) = struct.unpack_from("<I", file, at + 4)
    plain = file[at + 8 : at + 8 + size]
    more = struct.pack("<HHI", 22 + len(plain[18:]), 16, 3) + subformat + plain[18:]
    return file[:at] + chunk(b"fmt ", b"\xfe\xff" + plain[2:16] + more) + file[at + 8 + size :]


@pytest.mark.parametrize("coding", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("in_front", [b"", id3v2(ID3_PICTURE)])
def test_a_subformat_that_nobody_filled_in_is_what_the_sound_is(coding: str, in_front: bytes) -> None:
    file = encoded(soft_noise(5_000), RATE_HZ, "WAV", coding)
    clip = read_audio(in_front + extensible(file, bytes(16)))
    np.testing.assert_array_equal(clip.samples, read_audio(file).samples)
    assert clip.lacks == ()


@pytest.mark.parametrize(("coding", "tag"), [("MS_ADPCM", 2), ("IMA_ADPCM", 0x11), ("ULAW", 7)])
def test_a_coding_in_the_extensible_form_is_read(coding: str, tag: int) -> None:
    file = encoded(soft_noise(20_005)[:, :1], RATE_HZ, "WAV", coding)
    guid = struct.pack("<I", tag) + bytes.fromhex("000010008000 00aa00389b71")
    np.testing.assert_array_equal(read_audio(extensible(file, guid)).samples, read_audio(file).samples)


@pytest.mark.parametrize("coding", ["MS_ADPCM", "IMA_ADPCM"])
def test_of_a_block_that_is_not_all_there_nothing_is_made_up(coding: str) -> None:
    file = encoded(soft_noise(20_005)[:, :1], RATE_HZ, "WAV", coding)
    whole = read_audio(file).samples
    for length in range(len(file) // 2, len(file) // 2 + 600, 61):
        clip = read_audio(file[:length])
        np.testing.assert_array_equal(clip.samples, whole[: len(clip.samples)])
        assert len(clip.samples) > 7_000 and [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT]


@pytest.mark.parametrize("head", [b"RF64", b"BW64"])
@pytest.mark.parametrize("known", [True, False])
def test_the_large_forms(head: bytes, known: bool) -> None:
    sizes = struct.pack("<QQQI", WHOLE + 80, WHOLE, len(PCM), 0) if known else bytes(28)
    file = wav(SOUND, head=head, told_bytes=2**32 - 1, riff_bytes=2**32 - 1, before=chunk(b"ds64", sizes))
    assert_reads_whole(file)


def test_a_copy_that_was_interrupted_is_told() -> None:
    for data in (wav(SOUND)[: WHOLE // 2], AIFF[: WHOLE // 2]):
        clip = read_audio(data)
        assert 0 < len(clip.samples) < len(PCM) and [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT]
        np.testing.assert_array_equal(clip.samples, (PCM / np.float32(2**15))[: len(clip.samples)])
        assert not clip.length_is_exact


def test_a_recording_of_no_length_has_no_audio_in_it() -> None:
    for data in (wav(b""), wav(b"", behind=LIST), wav(b"", behind=LIST, riff_bytes=0)):
        with pytest.raises(UnsupportedAudio, match="no audio in it"):
            read_audio(data)


@pytest.mark.parametrize("change_bytes", [8, -(len(AIFF) - 8), 0])
def test_aiff_sizes(change_bytes: int) -> None:
    (size,) = struct.unpack(">I", AIFF[4:8])
    assert_reads_whole(AIFF[:4] + struct.pack(">I", size + change_bytes) + AIFF[8:])
    at = AIFF.index(b"SSND")
    (size,) = struct.unpack(">I", AIFF[at + 4 : at + 8])
    assert_reads_whole(AIFF[: at + 4] + struct.pack(">I", max(0, size + change_bytes)) + AIFF[at + 8 :])
    assert_reads_whole(id3v2(ID3_PICTURE) + AIFF)


def test_mp3_in_wav() -> None:
    mp3 = encode_mp3(soft_noise(20_000), RATE_HZ)
    clip = read_audio(wav(mp3.info + mp3.stream, coding=0x55, bits=0))
    assert (len(clip.samples), clip.lacks) == (20_000, ())
    bare = read_audio(wav(mp3.stream, coding=0x55, bits=0))
    assert len(bare.samples) % 1152 == 0 and bare.lacks == () and not bare.length_is_exact


def test_a_coding_that_is_not_read_is_named() -> None:
    with pytest.raises(UnsupportedAudio, match="WMA"):
        read_audio(wav(bytes(4_000), coding=0x161))


def test_joined_files_are_read_one_after_another() -> None:
    clip = read_audio(wav(SOUND) + wav(SOUND))
    assert len(clip.samples) == 2 * len(PCM)
    assert [lack.kind for lack in clip.lacks] == [LackKind.JOINED]


@pytest.mark.parametrize(("coding", "counts"), [("MS_ADPCM", True), ("IMA_ADPCM", False), ("GSM610", True)])
@pytest.mark.parametrize("in_front", [b"", id3v2(ID3_PICTURE)])
def test_what_fills_up_the_last_block_of_a_coding_is_not_taken_for_length(
    coding: str, counts: bool, in_front: bytes
) -> None:
    """counts: whether libsndfile's fact chunk says how many frames were recorded, or how many the blocks hold."""
    sound = soft_noise(20_005)[:, :1]
    file = encoded(sound, RATE_HZ, "WAV", coding)
    clip = read_audio(in_front + file)
    assert clip.lacks == () and (len(clip.samples) == 20_005) == clip.length_is_exact == counts
    if counts:
        untold = file.replace(b"fact" + struct.pack("<II", 4, 20_005), b"fact" + struct.pack("<II", 4, 0))
        clip = read_audio(in_front + untold)
        assert len(clip.samples) > 20_005 and not clip.length_is_exact


def test_an_aiff_in_blocks_says_nothing_exact_of_its_length() -> None:
    clip = read_audio(encoded(soft_noise(20_005)[:, :1], RATE_HZ, "AIFF", "IMA_ADPCM"))
    assert len(clip.samples) >= 20_005 and not clip.length_is_exact and clip.lacks == ()


def test_more_recordings_than_are_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_PARTS", 3)
    assert [lack.kind for lack in read_audio(3 * wav(SOUND)).lacks] == [LackKind.JOINED]
    clip = read_audio(4 * wav(SOUND))
    assert len(clip.samples) == 3 * len(PCM)
    assert [lack.kind for lack in clip.lacks] == [LackKind.JOINED, LackKind.UNREAD]
