"""Whatever 32 bits a plugin puts in a sample, what leaves the pipeline is finite and bounded."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.draw.waveform import peaks
from audio.intake import SAMPLE_LIMIT, sanitize
from audio.level.target import CEILING_DBTP, LoudnessReason
from audio.read.reader import read_audio
from audio.recording import Produced, produce
from tests.support.tones import clicks, music_like


@st.composite
def any_float32(draw: st.DrawFn, max_frames: int) -> np.ndarray:
    """Random bits, with stretches of ordinary audio so that finite samples are not drowned."""
    channels = draw(st.integers(1, 2))
    frames = draw(st.integers(1, max_frames))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bits = rng.integers(0, 2**32, (frames, channels), dtype=np.uint32).view(np.float32)
    tame = rng.uniform(-1, 1, (frames, channels)).astype(np.float32)
    wild_share = draw(st.sampled_from([0.0, 0.001, 0.1, 1.0]))
    samples = np.where(rng.random((frames, channels)) < wild_share, bits, tame)
    special = draw(st.lists(st.floats(width=32), max_size=8))
    for value in special:
        samples[rng.integers(frames), rng.integers(channels)] = value
    return samples


@given(any_float32(3_000))
def test_sanitized_samples_are_finite_bounded_and_accounted_for(samples: np.ndarray) -> None:
    intake = sanitize(samples)
    assert np.isfinite(intake.samples).all()
    assert np.abs(intake.samples).max() <= SAMPLE_LIMIT
    assert intake.nonfinite_samples == np.count_nonzero(~np.isfinite(samples))
    magnitude = np.abs(samples)
    untouched = (magnitude <= SAMPLE_LIMIT) & ((magnitude >= np.finfo(np.float32).tiny) | (magnitude == 0))
    np.testing.assert_array_equal(intake.samples[untouched], samples[untouched])


@given(any_float32(3_000), st.integers(1, 500))
def test_peaks_enclose_every_sample(samples: np.ndarray, points: int) -> None:
    clean = sanitize(samples).samples
    drawn = peaks(clean, points)
    steps = np.rint(np.clip(clean, -1, 1) * 127)
    assert min(drawn.minimum) == steps.min() and max(drawn.maximum) == steps.max()
    assert all(0 <= level <= 127 for level in drawn.rms)


@settings(max_examples=40, deadline=None)
@given(any_float32(4_000), st.sampled_from([8_000, 11_025, 44_100, 48_000, 96_000]), st.booleans())
def test_a_recording_of_any_bits_is_finite_and_within_full_scale(
    samples: np.ndarray, rate_hz: int, limiter: bool
) -> None:
    made = produce(samples, rate_hz, title=None, bpm=None, key=None, limiter=limiter)
    decoded = read_audio(made.mp3.data).samples
    assert len(decoded) == made.mp3.frames
    assert np.isfinite(decoded).all()
    assert np.abs(decoded).max() <= 1.0
    assert made.dbtp_out is None or made.dbtp_out <= 0.0
    over = made.dbtp_out is not None and made.dbtp_out > CEILING_DBTP
    assert over == (made.loudness_reason is LoudnessReason.PEAK_OVER)
    figures = [figure for figure in made.facts().values() if isinstance(figure, float)]
    assert np.isfinite(figures).all()


def _produced(samples: np.ndarray) -> Produced:
    return produce(samples, 44_100, title=None, bpm=None, key=None, limiter=True)


def _cpu_s(samples: np.ndarray) -> float:
    """The least of three runs."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        _produced(samples)
        spent.append(time.process_time() - started)
    return min(spent)


DIRTY = {
    "subnormal hiss": lambda clean, rng: np.full_like(clean, 1e-40),
    "sound that decays into subnormals": lambda clean, rng: (
        clean * np.exp(-np.arange(len(clean)) / 600)[:, None]
    ).astype(np.float32),
    "random bits": lambda clean, rng: rng.integers(0, 2**32, clean.shape, dtype=np.uint32).view(np.float32),
    "sound with random bits in it": lambda clean, rng: np.where(
        rng.random(clean.shape) < 0.01,
        rng.integers(0, 2**32, clean.shape, dtype=np.uint32).view(np.float32),
        clean,
    ),
}


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    """Sound with peaks that ask for the limiter and for both encodes: no clean clip takes longer."""
    hits = clicks(4 * 44_100, 11_000, level_dbfs=0)
    clips = (music_like(4, 44_100, seed=seed) + hits for seed in itertools.count())
    return next(clip for clip in clips if _produced(clip).encodes == 2)


@pytest.mark.parametrize("kind", DIRTY)
def test_dirty_input_takes_at_most_twice_the_time_of_clean(kind: str, clean: np.ndarray) -> None:
    dirty = DIRTY[kind](clean, np.random.default_rng(1))
    assert _cpu_s(dirty) <= 2 * _cpu_s(clean)
