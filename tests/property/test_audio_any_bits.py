"""Whatever 32 bits a plugin puts in a sample, what leaves the pipeline is finite and bounded."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.intake import SAMPLE_LIMIT, sanitize
from audio.level import CEILING_DBTP, LoudnessReason
from audio.recording import produce
from audio.wave import read_audio
from audio.waveform import peaks


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


@settings(max_examples=25, deadline=None)
@given(any_float32(4_000), st.sampled_from([8_000, 11_025, 44_100, 48_000, 96_000]))
def test_a_recording_of_any_bits_decodes_to_its_length_at_a_sane_level(
    samples: np.ndarray, rate_hz: int
) -> None:
    made = produce(samples, rate_hz, title=None, bpm=None, key=None)
    decoded = read_audio(made.mp3.data).samples
    assert len(decoded) == made.mp3.frames
    assert np.isfinite(decoded).all()
    assert np.abs(decoded).max() <= 1.5
    over = made.dbtp_out is not None and made.dbtp_out > CEILING_DBTP
    assert over == (made.loudness_reason is LoudnessReason.PEAK_OVER)
