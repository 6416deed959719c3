"""FLAC: what is damaged costs itself alone, and no count is believed."""

import numpy as np
import pytest

from audio.encode.flac import encode_flac
from audio.encode.mp3 import encode_mp3
from audio.read.clip import LackKind
from audio.read.flac_frames import flac_frames, stream_info
from audio.read.reader import read_audio
from tests.support.odd_files import ID3_PICTURE, flac_total, id3v2
from tests.support.tones import soft_noise

RATE_HZ = 44_100
SOUND = soft_noise(40_000)
FLAC = encode_flac(SOUND, RATE_HZ).data
WANTED = read_audio(FLAC).samples
FIRST_FRAME_AT = stream_info(FLAC, 0).first_frame_at
BLOCK_FRAMES = stream_info(FLAC, 0).block_frames


@pytest.mark.parametrize(
    "front", [b"", id3v2(ID3_PICTURE), id3v2(ID3_PICTURE, version=4, footer=True), bytes(700)]
)
@pytest.mark.parametrize("total", [0, 40_000])
def test_a_total_that_is_not_known_and_things_in_front(front: bytes, total: int) -> None:
    clip = read_audio(front + flac_total(FLAC, total))
    np.testing.assert_array_equal(clip.samples, WANTED)
    assert (clip.lacks, clip.length_is_exact) == ((), True)


def test_a_total_that_is_too_small_loses_nothing() -> None:
    np.testing.assert_array_equal(read_audio(flac_total(FLAC, 5)).samples, WANTED)


@pytest.mark.parametrize(("total", "seconds"), [(40_441, "(0.01 s are missing)"), (2**36 - 1, "")])
def test_a_total_that_is_too_large_is_a_file_that_ends_early(total: int, seconds: str) -> None:
    clip = read_audio(flac_total(FLAC, total))
    np.testing.assert_array_equal(clip.samples, WANTED)
    (lack,) = clip.lacks
    assert lack.kind is LackKind.CUT_SHORT and seconds in lack.says
    assert seconds or "missing" not in lack.says, "nobody has recorded for eighteen days"


@pytest.mark.parametrize("total", [0, 40_000])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.999])
def test_a_cut_file_gives_all_its_whole_frames(share: float, total: int) -> None:
    clip = read_audio(flac_total(FLAC, total)[: int(share * len(FLAC))])
    assert share * 40_000 - 2 * 4_608 < len(clip.samples) < 40_000
    np.testing.assert_array_equal(clip.samples, WANTED[: len(clip.samples)])
    assert [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT]


@pytest.mark.parametrize("hurt_bytes", [1, 40, 20_000])
@pytest.mark.parametrize("total", [0, 40_000])
@pytest.mark.parametrize("place", [0, *range(15, 80, 13)])
def test_damage_becomes_silence_of_its_length_and_the_rest_stays_where_it_is(
    place: int, total: int, hurt_bytes: int
) -> None:
    data = bytearray(flac_total(FLAC, total))
    at = len(data) * place // 100 or FIRST_FRAME_AT + 1
    data[at : at + hurt_bytes] = bytes(byte ^ 0x5A for byte in data[at : at + hurt_bytes])
    clip = read_audio(bytes(data))
    assert len(clip.samples) == 40_000 and [lack.kind for lack in clip.lacks] == [LackKind.DAMAGED]
    other = np.flatnonzero((clip.samples != WANTED).any(axis=1))
    assert 0 < len(other) <= 4_608 * (2 + hurt_bytes * 40_000 // len(FLAC) // 4_096)
    assert not clip.samples[other[0] : other[-1]].any()


def test_a_stream_that_was_joined_late_begins_where_it_was_joined() -> None:
    """As a radio is recorded: the head of a stream of no known length, then frames whose numbers are long past it."""
    frames = [frame.at for frame in flac_frames(FLAC, stream_info(FLAC, 0), FIRST_FRAME_AT, len(FLAC))]
    for cut_at in (frames[4], frames[4] - 9):
        clip = read_audio(flac_total(FLAC, 0)[:FIRST_FRAME_AT] + FLAC[cut_at:])
        np.testing.assert_array_equal(clip.samples, WANTED[4 * BLOCK_FRAMES :])
        assert clip.lacks == ()


@pytest.mark.parametrize("first", [0, 10])
def test_whole_frames_that_are_gone_from_a_file_of_known_length_are_silence_and_told(first: int) -> None:
    """A decoder takes the next frame without a word."""
    frames = [frame.at for frame in flac_frames(FLAC, stream_info(FLAC, 0), FIRST_FRAME_AT, len(FLAC))]
    clip = read_audio(FLAC[: frames[first]] + FLAC[frames[first + 4] :])
    wanted = WANTED.copy()
    wanted[first * BLOCK_FRAMES : (first + 4) * BLOCK_FRAMES] = 0
    np.testing.assert_array_equal(clip.samples, wanted)
    assert [each.kind for each in clip.lacks] == [LackKind.DAMAGED] and not clip.length_is_exact


def test_joined_files_are_read_one_after_another() -> None:
    clip = read_audio(FLAC + encode_flac(SOUND[:, :1], 22_050).data)
    assert clip.samples.shape == (40_000 + 80_000, 2)
    np.testing.assert_array_equal(clip.samples[:40_000], WANTED)
    assert [lack.kind for lack in clip.lacks] == [LackKind.JOINED]


@pytest.mark.parametrize("kept_bytes", [42, FIRST_FRAME_AT + 20])
def test_a_stream_without_a_frame_costs_the_others_nothing(kept_bytes: int) -> None:
    for data, lack in (
        (FLAC + FLAC[:kept_bytes], LackKind.UNREAD),
        (FLAC[:kept_bytes] + FLAC, LackKind.DAMAGED),
    ):
        clip = read_audio(data)
        np.testing.assert_array_equal(clip.samples, WANTED)
        assert [each.kind for each in clip.lacks] == [lack]


def test_sound_of_another_kind_behind_the_head_is_read_and_told() -> None:
    mp3 = encode_mp3(SOUND, RATE_HZ)
    clip = read_audio(FLAC[:FIRST_FRAME_AT] + mp3.info + mp3.stream)
    assert len(clip.samples) == 40_000 and [lack.kind for lack in clip.lacks] == [LackKind.DAMAGED]
    np.testing.assert_array_equal(clip.samples, read_audio(mp3.info + mp3.stream).samples)
