"""Whatever finite samples come, the analysis answers with finite figures in their ranges."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.analyse.analysis import analyse


@settings(max_examples=40, deadline=None)
@given(
    frames=st.integers(1, 60_000),
    channels=st.integers(1, 2),
    rate_hz=st.sampled_from([8_000, 22_050, 44_100, 48_000, 192_000]),
    kind=st.sampled_from(["noise", "steps", "pulses", "sparse", "loud"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_figures_are_finite_and_in_range(
    frames: int, channels: int, rate_hz: int, kind: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((frames, channels))
    match kind:
        case "steps":
            samples = np.sign(samples).cumsum(axis=0) / 100
        case "pulses":
            samples *= (np.arange(frames) % 4_000 < 50)[:, None]
        case "sparse":
            samples *= rng.random((frames, 1)) < 0.0005
        case "loud":
            samples *= 8
    clipped = samples.clip(-8, 8).astype(np.float32)
    found = analyse(clipped, rate_hz, transport_bpm=None, transport_meter=None, bars=None)
    assert found.tempo.bpm is None or 30 <= found.tempo.bpm <= 300
    assert (found.tempo.bpm is None) == (found.tempo.source is None)
    assert 0 <= found.tempo.confidence <= 1 and 0 <= found.key.confidence <= 1
    assert math.isclose(sum(found.key.chroma), 1, abs_tol=1e-3) or not any(found.key.chroma)
    figures = (found.spectrum.centroid_hz, found.spectrum.bandwidth_hz, found.spectrum.flatness)
    assert all(math.isfinite(value) for value in (*figures, *found.spectrum.mfcc, *found.key.chroma))
    assert list(found.onsets_s) == sorted(found.onsets_s)
    assert all(0 <= time_s <= frames / rate_hz + 0.05 for time_s in found.onsets_s)
