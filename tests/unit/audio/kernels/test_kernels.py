"""The C file and its numpy twin compute the same; and what each promises of its result holds."""

from pathlib import Path

import numpy as np
import pytest
import scipy.signal

import audio.kernels.native
import audio.library
from audio.analyse.fingerprint import SPEEDS
from audio.kernels import Kernels
from audio.kernels.native import Native
from audio.kernels.portable import Portable
from audio.measure.loudness import k_weighting
from tests.support.kernels import build_kernels, run_under_sanitizers
from tests.support.tones import clicks, music_like, soft_noise

PORTABLE = Portable()


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    library = audio.kernels.native.load(str(build_kernels(tmp_path_factory.mktemp("kernels"))))
    assert library is not None
    return Native(library)


@pytest.fixture(params=["native", "portable"])
def kernels(request: pytest.FixtureRequest, native: Native) -> Kernels:
    return native if request.param == "native" else PORTABLE


CLIPS = [
    soft_noise(1),
    soft_noise(33, channels=1),
    soft_noise(5_003),
    music_like(1.7, 44_100),
    clicks(20_000, 4_999, channels=1),
    np.zeros((700, 2), np.float32),
]


@pytest.mark.parametrize("clip", CLIPS)
def test_both_find_the_same_energy_true_peak_and_envelope(native: Native, clip: np.ndarray) -> None:
    filters, weights = np.array(k_weighting(44_100)), np.ones(clip.shape[1])
    edges = np.unique(np.linspace(0, len(clip), 7).astype(np.int64))
    energies = [each.k_energy(clip, filters, weights, edges) for each in (native, PORTABLE)]
    np.testing.assert_allclose(*energies, rtol=1e-9, atol=1e-18)
    assert native.true_peak(clip) == pytest.approx(PORTABLE.true_peak(clip), rel=2e-6)
    envelopes = [each.envelope(clip, 0.05) for each in (native, PORTABLE)]
    np.testing.assert_allclose(*envelopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("frames", [0, 1, 2, 13, 33, 172])
def test_both_lay_fingerprints_over_each_other_alike(native: Native, frames: int) -> None:
    rng = np.random.default_rng(frames)
    lengths = [frames, 0, 1, 12, 40, 300]
    words = rng.integers(0, 2**32, sum(lengths), dtype=np.uint32)
    starts = np.cumsum([0, *lengths], dtype=np.int64)
    query = np.roll(words[:frames], -5)
    ours, theirs = (each.overlays(words, starts, query, np.asarray(SPEEDS)) for each in (native, PORTABLE))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    if frames > 5:
        assert (ours.agreeing[0], ours.places[0], ours.speeds[0]) == (1.0, 5, 0)


@pytest.mark.parametrize("clip", CLIPS)
def test_both_find_the_same_statistics_and_flat_runs(native: Native, clip: np.ndarray) -> None:
    clip = clip.clip(-0.1, 0.12)
    ours, theirs = native.statistics(clip), PORTABLE.statistics(clip)
    for name in ("sums", "squares", "low", "high", "product"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=1e-9)
    low, high = ours.low.astype(np.float32), ours.high.astype(np.float32)
    for run_frames in (1, 2, 5):
        assert native.flat_runs(clip, low, high, run_frames) == PORTABLE.flat_runs(
            clip, low, high, run_frames
        )


@pytest.mark.parametrize("clip", CLIPS)
def test_both_find_the_same_extremes_and_the_same_integers(native: Native, clip: np.ndarray) -> None:
    starts = np.linspace(0, len(clip) - 1, 9).astype(np.int64)
    ends = np.minimum(starts + np.arange(1, 10) * 37, len(clip))
    ours, theirs = native.stretches(clip, starts, ends), PORTABLE.stretches(clip, starts, ends)
    np.testing.assert_array_equal(ours.low, theirs.low)
    np.testing.assert_array_equal(ours.high, theirs.high)
    np.testing.assert_allclose(ours.squares, theirs.squares, rtol=1e-9)
    noise = np.random.default_rng(5).uniform(-1, 1, clip.shape).astype(np.float32)
    for scale in (1.0, 12_345.6, 200_000.0):  # the last one far beyond 16 bits
        (pcm, beyond), (same, as_many) = (each.pcm16(clip, scale, noise) for each in (native, PORTABLE))
        np.testing.assert_array_equal(pcm, same)
        assert beyond == as_many


def test_places_of_narrower_integers_are_the_same_places(native: Native) -> None:
    """numpy's own integers are of 32 bits on some systems; C reads 64."""
    clip, words = CLIPS[0], np.arange(900, dtype=np.uint32)
    starts, ends = np.array([0, 100, 300], np.int32), np.array([100, 300, 700], np.int32)
    wide = starts.astype(np.int64), ends.astype(np.int64)
    found, wanted = native.stretches(clip, starts, ends), native.stretches(clip, *wide)
    np.testing.assert_array_equal(found.squares, wanted.squares)
    speeds = np.array([1.0])
    for ours, theirs in zip(
        native.overlays(words, ends, words[5:50], speeds),
        native.overlays(words, wide[1], words[5:50], speeds),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("ahead_frames", [1, 2, 63, 64, 66])
def test_both_draw_the_same_limiter_gain(native: Native, ahead_frames: int) -> None:
    allowed = np.random.default_rng(2).uniform(0.5, 3.0, 9_001).clip(max=1).astype(np.float32)
    allowed[2_000:3_000] = 1.0
    allowed[3_000:5_000] = np.linspace(0.1, 1, 2_000)  # rising and falling fill the sliding minimum's queue
    allowed[5_000:6_000] = np.linspace(1, 0.2, 1_000)
    gains = [each.limiter_gain(allowed, ahead_frames, 0.998, 0.9998) for each in (native, PORTABLE)]
    np.testing.assert_allclose(*gains, atol=1e-6)


def test_the_gain_is_never_above_what_is_allowed_and_comes_back(kernels: Kernels) -> None:
    allowed = np.ones(20_000, np.float32)
    allowed[[0, 1, 5_000, 5_001, 5_040, 19_999]] = [0.9, 0.4, 0.7, 0.5, 0.6, 0.8]
    gain = kernels.limiter_gain(allowed, 64, 0.998, 0.995)
    assert (gain <= allowed + 1e-6).all()
    assert gain[4_900] > 0.999 and gain[12_000] > 0.999
    assert np.abs(np.diff(gain)).max() < 1 / 64  # no click: nothing falls faster than the line over 64 frames


def test_the_envelope_covers_what_lies_between_frames(kernels: Kernels) -> None:
    noise = soft_noise(3_000)
    fine = np.abs(scipy.signal.resample_poly(noise.astype(np.float64), 4, 1)).max(axis=1).reshape(-1, 4)
    envelope = kernels.envelope(noise, 0.0)
    # scipy's filter is not ours, and at the very ends the clip starts from nothing.
    assert (envelope >= fine.max(axis=1) - 0.02 * fine.max())[40:-40].all()


def test_silence_after_sound_is_not_slower_than_sound(native: Native) -> None:
    """The filters' states decay into subnormal numbers, which cost a hundredfold unless they are cleared."""
    filters, weights = np.array(k_weighting(48_000)), np.ones(2)
    silence = np.zeros((480_000, 2), np.float32)
    silence[:100] = 1.0
    energy = native.k_energy(silence, filters, weights, np.arange(0, 480_001, 480))
    assert energy[0] > 1 and energy[-1] == 0.0


def test_a_library_that_is_missing_broken_or_of_another_version_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "_kernels.so"
    assert audio.kernels.native.load(str(library)) is None
    library.write_bytes(b"not a library")
    assert audio.kernels.native.load(str(library)) is None
    library = build_kernels(tmp_path / "real")
    assert audio.kernels.native.load(str(library)) is not None
    monkeypatch.setattr(audio.library, "VERSION", -1)
    assert audio.kernels.native.load(str(library)) is None


_EVERY_SHAPE = """
import sys
import numpy as np
from audio import floats
from audio.measure.loudness import k_weighting
from audio.kernels.native import Native, load
library = load(sys.argv[1])
assert library is not None
kernels, rng = Native(library), np.random.default_rng(1)
floats._LIBRARY = floats.load(sys.argv[1])
for channels in (1, 2):
    for frames in (1, 2, 31, 32, 33, 2047, 2048, 2049, 2080, 5003):
        clip = rng.uniform(-1, 1, (frames, channels)).astype(np.float32)
        kernels.true_peak(clip), kernels.envelope(clip, 0.0), kernels.envelope(clip, 0.9), kernels.statistics(clip)
        kernels.flat_runs(clip, clip.min(axis=0), clip.max(axis=0), 3)
        for length in (1, 7, 8, 9, frames):
            at = np.array([frames - min(length, frames)])
            kernels.stretches(clip, at, np.array([frames]))
        kernels.pcm16(clip, 32_768.0, clip)
        floats.peak(memoryview(bytearray(clip.tobytes())))
        floats.unpacked([bytes(clip.size)] * 4, channels, 2, 0)
        kernels.k_energy(clip, np.array(k_weighting(44_100)), np.ones(channels), np.array([0, frames // 2, frames]))
        words = rng.integers(0, 2**32, frames, dtype=np.uint32)
        starts = np.array([0, frames // 3, frames // 3, frames])
        for length in (0, 1, 2, 12, 33):
            kernels.overlays(words[:200], np.minimum(starts, 200), words[:length], np.array([1.0, 0.96, 1.04]))
        for ahead in (1, 2, 63, 2500):
            for allowed in (rng.random(frames), np.linspace(0, 1, frames), np.linspace(1, 0, frames)):
                kernels.limiter_gain(allowed.astype(np.float32), ahead, 0.999, 0.9999)
print("clean")
"""


@pytest.mark.slow
def test_the_c_file_stays_within_its_arrays(tmp_path: Path) -> None:
    """Under the address and undefined-behaviour sanitizers, at every length near a boundary."""
    done = run_under_sanitizers(_EVERY_SHAPE, tmp_path)
    assert done.stdout.strip() == "clean", done.stderr[-3000:]
