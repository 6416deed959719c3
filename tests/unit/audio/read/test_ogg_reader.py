"""Ogg: chains are followed, marks that lack cost nothing, damaged pages cost themselves and are told."""

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.read.clip import LackKind
from audio.read.reader import read_audio
from tests.support.odd_files import encoded, in_long_pages, ogg_flac, ogg_pages, without_end_mark
from tests.support.tones import soft_noise

RATE_HZ = 48_000
SOUND = soft_noise(5 * RATE_HZ)
CODINGS = ["VORBIS", "OPUS", "FLAC"]
OGG = {coding: encoded(SOUND, RATE_HZ, "OGG", coding) for coding in CODINGS[:2]} | {
    "FLAC": ogg_flac(encoded(SOUND, RATE_HZ, "FLAC", "PCM_16"))
}


def kinds(data: bytes) -> tuple[int, list[LackKind]]:
    clip = read_audio(data)
    return len(clip.samples), [lack.kind for lack in clip.lacks]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_chain_is_read_to_its_end(coding: str) -> None:
    one = OGG[coding]
    half = SOUND[: 2 * RATE_HZ : 2, :1]
    other = (
        ogg_flac(encoded(half, RATE_HZ // 2, "FLAC", "PCM_16"))
        if coding == "FLAC"
        else encoded(half, RATE_HZ // 2, "OGG", coding)
    )
    assert kinds(one) == (5 * RATE_HZ, [])
    assert kinds(one + one) == (10 * RATE_HZ, [LackKind.JOINED])
    assert kinds(one + other) == (7 * RATE_HZ, [LackKind.JOINED])
    clip = read_audio(one + one)
    np.testing.assert_array_equal(clip.samples[: 5 * RATE_HZ], clip.samples[5 * RATE_HZ :])


@pytest.mark.parametrize("coding", CODINGS)
def test_without_the_mark_of_the_end_all_is_read_and_no_end_is_claimed_to_be_missing(coding: str) -> None:
    frames, lacks = kinds(without_end_mark(OGG[coding]))
    assert 5 * RATE_HZ <= frames <= 5 * RATE_HZ + 960 and lacks == [LackKind.NO_END_MARK]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_page_that_is_cut_is_told(coding: str) -> None:
    frames, lacks = kinds(OGG[coding][:-100])
    assert 4 * RATE_HZ < frames < 5 * RATE_HZ and lacks == [LackKind.CUT_SHORT]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("eighths", [2, 3, 5, 7])
def test_of_a_page_that_is_cut_all_whole_packets_are_used(coding: str, eighths: int) -> None:
    file = in_long_pages(OGG[coding])
    whole, cut = read_audio(file), read_audio(file[: len(file) * eighths // 8])
    assert [lack.kind for lack in cut.lacks] == [LackKind.CUT_SHORT] and whole.lacks == ()
    assert len(cut.samples) > (eighths / 8 - 0.1) * len(whole.samples)
    settled = len(cut.samples) - 960  # the last packet is not faded into a next one
    np.testing.assert_allclose(cut.samples[:settled], whole.samples[:settled], atol=1e-6)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kept_bytes", [40, 300, 3_000])
def test_a_recording_that_breaks_off_in_its_head_costs_the_one_before_nothing(
    coding: str, kept_bytes: int
) -> None:
    clip = read_audio(OGG[coding] + OGG[coding][:kept_bytes])
    np.testing.assert_array_equal(clip.samples[: 5 * RATE_HZ], read_audio(OGG[coding]).samples)
    assert clip.lacks != ()


@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_only_a_head_is_not_said_to_hold_another_kind(coding: str) -> None:
    with pytest.raises(UnsupportedAudio, match="nothing in it can be decoded"):
        read_audio(OGG[coding][:100])


@pytest.mark.parametrize("coding", CODINGS)
def test_wherever_a_page_is_cut_what_was_before_is_read(coding: str) -> None:
    pages = ogg_pages(OGG[coding])
    before = b"".join(pages[:6])
    for kept_bytes in range(min(len(pages[6]), 60)):
        frames, lacks = kinds(before + pages[6][:kept_bytes])
        assert frames > 0 and lacks in ([LackKind.CUT_SHORT], [LackKind.NO_END_MARK])


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("page", [0, 1])
def test_a_damaged_page_of_headers_is_taken_as_it_is_and_told(coding: str, page: int) -> None:
    pages = ogg_pages(OGG[coding])
    pages[page] = pages[page][:22] + bytes(4) + pages[page][26:]
    clip = read_audio(b"".join(pages))
    np.testing.assert_array_equal(clip.samples, read_audio(OGG[coding]).samples)
    assert LackKind.DAMAGED in [lack.kind for lack in clip.lacks]


def test_flac_in_a_damaged_page_loses_only_the_damaged_frame() -> None:
    file = in_long_pages(OGG["FLAC"])
    middle = len(file) // 2
    clip = read_audio(file[:middle] + b"?" + file[middle + 1 :])
    assert [lack.kind for lack in clip.lacks] == [LackKind.DAMAGED] and len(clip.samples) == 5 * RATE_HZ
    wrong = (clip.samples != read_audio(file).samples).any(axis=1)
    assert 0 < np.count_nonzero(wrong) <= 4_608


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("harm", ["changed", "lost", "junk"])
def test_a_damaged_page_is_told_and_the_rest_is_read(coding: str, harm: str) -> None:
    pages = ogg_pages(OGG[coding])
    place = len(pages) // 2
    hurt = {
        "changed": pages[place][:200] + b"?" + pages[place][201:],
        "lost": b"",
        "junk": pages[place] + b"junk" * 99,
    }
    frames, lacks = kinds(b"".join([*pages[:place], hurt[harm], *pages[place + 1 :]]))
    assert frames >= 3.5 * RATE_HZ
    assert lacks == ([] if harm == "junk" else [LackKind.DAMAGED])


def test_the_sound_of_a_file_that_has_other_streams_too() -> None:
    pages = ogg_pages(OGG["VORBIS"])
    fishes = b"OggS\0\2" + bytes(8) + b"fish" + bytes(4)
    from tests.support.odd_files import ogg_page

    other = ogg_page(fishes + bytes(4) + b"\x01\x0afishead\0\0\0")
    assert kinds(b"".join([other, *pages])) == (5 * RATE_HZ, [])
