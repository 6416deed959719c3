"""Zoomable peaks: right numbers at every level, in the bytes audiowaveform documents."""

import struct

import msgspec
import numpy as np
import pytest

from audio.draw.zoom import LEVELS, zoom_levels
from tests.support.tones import soft_noise


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [1, 255, 256, 257, 4_096, 10_001])
def test_every_level_holds_extremes_and_rms_of_its_frames(frames: int, channels: int) -> None:
    clip = soft_noise(frames, channels=channels, level_dbfs=-10)
    for size, level in zip(LEVELS, zoom_levels(clip, 44_100), strict=True):
        parts = [clip[start : start + size].astype(np.float64) for start in range(0, frames, size)]
        for found, expected in (
            (level.minimum, [part.min(axis=0) for part in parts]),
            (level.maximum, [part.max(axis=0) for part in parts]),
            (level.rms, [np.sqrt((part**2).mean(axis=0)) for part in parts]),
        ):
            assert found.dtype == np.int8
            np.testing.assert_allclose(found, 127 * np.clip(expected, -1, 1), atol=0.501)


def test_dat_is_audiowaveforms_version_2() -> None:
    clip = np.zeros((600, 2), np.float32)
    clip[0], clip[300] = [1.0, -0.5], [-2.0, 0.25]
    data = zoom_levels(clip, 48_000)[0].dat()
    assert struct.unpack("<iIiiIi", data[:24]) == (2, 1, 48_000, 256, 3, 2)
    assert np.frombuffer(data[24:], np.int8).tolist() == [0, 127, -64, 0, -127, 0, 0, 32, 0, 0, 0, 0]


def test_json_says_the_same_as_dat() -> None:
    level = zoom_levels(soft_noise(5_000), 44_100)[1]
    told = msgspec.json.decode(level.json())
    assert {
        name: told[name]
        for name in ("version", "channels", "sample_rate", "samples_per_pixel", "bits", "length")
    } == {
        "version": 2,
        "channels": 2,
        "sample_rate": 44_100,
        "samples_per_pixel": 1_024,
        "bits": 8,
        "length": 5,
    }
    assert told["data"] == np.frombuffer(level.dat()[24:], np.int8).tolist()
