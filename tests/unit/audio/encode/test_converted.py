"""A clip in another format: as long as it was, as fine as asked for, and whole where it passes full scale."""

import numpy as np
import pytest

from audio.encode.converted import MEDIA_TYPES, encode_as
from audio.errors import UnsupportedAudio
from audio.read.reader import read_audio
from tests.support.tones import soft_noise


@pytest.mark.parametrize("name", MEDIA_TYPES)
@pytest.mark.parametrize(
    ("rate_hz", "asked_hz", "found_hz"), [(44_100, None, 44_100), (96_000, 48_000, 48_000)]
)
def test_it_is_as_long_and_as_loud_as_it_was(
    name: str, rate_hz: int, asked_hz: int | None, found_hz: int
) -> None:
    samples = soft_noise(rate_hz // 2)
    clip = read_audio(encode_as(samples, rate_hz, name, rate_hz=asked_hz))
    assert (clip.sample_rate_hz, len(clip.samples)) == (found_hz, found_hz // 2)
    if found_hz == rate_hz:
        level, was = (float(np.sqrt(np.mean(np.square(each)))) for each in (clip.samples, samples))
        assert 0.8 < level / was < 1.1


def test_a_rate_that_mp3_has_not_becomes_the_next_of_its_family() -> None:
    clip = read_audio(encode_as(soft_noise(22_050), 22_050, "mp3"))
    assert (clip.sample_rate_hz, len(clip.samples)) == (44_100, 44_100)


@pytest.mark.parametrize("kbps", [32, 128, 320])
def test_mp3_has_the_bits_that_are_asked_for_and_vorbis_about(kbps: int) -> None:
    samples = soft_noise(4 * 44_100)
    mp3, ogg = (len(encode_as(samples, 44_100, name, bitrate_kbps=kbps)) for name in ("mp3", "ogg"))
    assert mp3 * 8 / 4_000 == pytest.approx(kbps, rel=0.1)
    assert 0.4 < ogg * 8 / 4_000 / kbps < 2.5


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_what_passes_full_scale_is_turned_down_as_a_whole(name: str) -> None:
    samples = soft_noise(20_000) * np.float32(40)
    samples *= np.float32(2 / np.abs(samples).max())
    found = read_audio(encode_as(samples, 44_100, name, bitrate_kbps=320)).samples
    for each, most in ((samples, 2.0), (found, 1.0 if name != "flac" else 2.0)):
        assert float(np.abs(each).max()) == pytest.approx(most, rel=0.15)
    turned = float(np.vdot(found, samples) / np.vdot(samples, samples))
    np.testing.assert_allclose(turned, 1.0 if name == "flac" else 0.5, rtol=0.05)


def test_a_rate_outside_the_limits_is_refused() -> None:
    with pytest.raises(UnsupportedAudio):
        encode_as(soft_noise(100), 44_100, "wav", rate_hz=7_000)
