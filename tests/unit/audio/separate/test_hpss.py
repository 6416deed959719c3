"""Parts of a clip: they sum up to it, each has what is its own, and how it was cut into pieces shows in none."""

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.intake import Samples
from audio.separate import hpss
from audio.separate.hpss import separate

RATE_HZ = 44_100
SECONDS = 4


def _sources() -> dict[str, np.ndarray]:
    t = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    chord = sum(0.1 * np.sin(2 * np.pi * hz * t) for hz in (220.0, 277.2, 329.6, 440.0, 1_108.0))
    noise, hits = np.random.default_rng(0), np.zeros(len(t))
    for n in range(2 * SECONDS):
        hits[n * RATE_HZ // 2 :][:2_000] += (
            0.4 * noise.standard_normal(2_000) * np.exp(-np.arange(2_000) / 300)
        )
    return {"percussive": hits, "harmonic": np.asarray(chord), "bass": 0.2 * np.sin(2 * np.pi * 65 * t)}


def _mix() -> Samples:
    return np.repeat(sum(_sources().values()).astype(np.float32)[:, None], 2, axis=1)  # type: ignore[union-attr]  # sum of arrays


def _sdr_db(source: np.ndarray, found: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(source**2) / np.sum((source - found) ** 2)))


def test_each_part_has_its_source_and_little_of_the_others() -> None:
    mix, parts = _mix(), separate(_mix(), RATE_HZ)
    for name, source in _sources().items():
        before, after = _sdr_db(source, mix[:, 0]), _sdr_db(source, getattr(parts, name)[:, 0])
        assert after > 12 and after > before + 12, (name, before, after)


@pytest.mark.parametrize("rate_hz", [8_000, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_parts_sum_up_to_the_clip(rate_hz: int, channels: int) -> None:
    clip = np.random.default_rng(channels).normal(0, 0.3, (rate_hz // 3 + 7, channels)).astype(np.float32)
    parts = separate(clip, rate_hz)
    assert all(
        part.shape == clip.shape and part.dtype == np.float32
        for part in (parts.percussive, parts.harmonic, parts.bass)
    )
    np.testing.assert_allclose(parts.percussive + parts.harmonic + parts.bass, clip, atol=1e-6)


@pytest.mark.parametrize("piece", [1, 13, 100])
def test_pieces_are_of_memory_only(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    clip = _mix()[: 2 * RATE_HZ]
    whole = separate(clip, RATE_HZ)
    monkeypatch.setattr(hpss, "_PIECE", piece)
    again = separate(clip, RATE_HZ)
    np.testing.assert_array_equal(whole.harmonic, again.harmonic)
    np.testing.assert_array_equal(whole.bass, again.bass)


def test_a_side_stays_on_its_side() -> None:
    clip = _mix()[:RATE_HZ]
    clip[:, 1] = 0
    parts = separate(clip, RATE_HZ)
    assert not np.any(parts.harmonic[:, 1]) and not np.any(parts.percussive[:, 1])


def test_silence_and_a_single_frame_are_clips_too() -> None:
    for clip in (np.zeros((5_000, 2), np.float32), np.full((1, 1), 0.5, np.float32)):
        parts = separate(clip, RATE_HZ)
        np.testing.assert_allclose(parts.percussive + parts.harmonic + parts.bass, clip, atol=1e-6)
    with pytest.raises(UnsupportedAudio):
        separate(np.zeros((0, 2), np.float32), RATE_HZ)


def test_it_says_how_far_it_is_and_ends_when_it_is_told_to() -> None:
    said: list[float] = []

    def stop(fraction: float) -> None:
        said.append(fraction)
        if fraction >= 0.5:
            raise InterruptedError

    monkey = _mix()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hpss, "_PIECE", 20)
        with pytest.raises(InterruptedError):
            separate(monkey, RATE_HZ, stop)
    assert said == sorted(said) and 0 < said[0] < 0.5 <= said[-1] < 0.7
