"""A model made for this, which takes bands for parts: what is given to it and what comes back lie where they should."""

import numpy as np
import pytest

from audio.models.weights import BadWeights
from audio.separate.htdemucs import RATE_HZ, STRETCH, separate
from tests.support.model_files import htdemucs_file, onnx_file

TONES_HZ = {"drums": 10_000.0, "bass": 80.0, "other": 400.0, "vocals": 2_000.0}


@pytest.mark.parametrize(("rate_hz", "seconds", "channels"), [(RATE_HZ, 9.0, 2), (48_000, 1.0, 1)])
def test_each_tone_comes_to_the_part_of_its_band(rate_hz: int, seconds: float, channels: int) -> None:
    times = np.arange(round(seconds * rate_hz))[:, None] / rate_hz
    tones = {
        name: (0.2 * np.sin(2 * np.pi * hz * times)).astype(np.float32).repeat(channels, axis=1)
        for name, hz in TONES_HZ.items()
    }
    clip = sum(tones.values())
    said: list[float] = []
    parts = separate(clip, rate_hz, said.append, [htdemucs_file()])
    inner = slice(rate_hz // 10, -rate_hz // 10)
    for name, tone in tones.items():
        np.testing.assert_allclose(parts[name][inner], tone[inner], atol=4e-3, err_msg=name)
    np.testing.assert_allclose(sum(parts.values()), clip, atol=1e-6)
    assert said == sorted(said) and said[-1] == 1.0 and (len(said) > 1) == (len(clip) > STRETCH * 3 // 4)


def test_what_is_no_such_model_is_refused() -> None:
    clip = np.zeros((1_000, 2), np.float32)
    other = onnx_file(
        {"a": (1, 2)}, {"b": (1, 2)}, {"c": np.ones((1, 2), np.float32)}, [("Mul", ("a", "c"), "b")]
    )
    for data in (b"no model", other):
        with pytest.raises(BadWeights):
            separate(clip, RATE_HZ, lambda _: None, [data])
