"""Ogg: chains are followed, marks that lack cost nothing, damaged pages cost themselves and are told."""

import numpy as np
import pytest

from audio.read.clip import LackKind
from audio.read.reader import read_audio
from tests.support.odd_files import encoded, ogg_flac, ogg_pages, without_end_mark
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
