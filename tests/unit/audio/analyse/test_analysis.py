"""Tempo, key, onsets and sound of pieces whose truth is known; and of what has none."""

from fractions import Fraction

import numpy as np
import pytest

from audio.analyse.analysis import Analysis, analyse
from audio.analyse.spectrum import MAX_SECONDS
from audio.analyse.tempo import TempoSource
from audio.errors import UnsupportedAudio
from audio.intake import Samples
from tests.support.music import Piece, piece
from tests.support.tones import sine

pytestmark = pytest.mark.slow  # whole clips are rendered and analysed

RATE_HZ = 44_100


def heard(samples: Samples, sample_rate_hz: int = RATE_HZ) -> Analysis:
    return analyse(samples, sample_rate_hz, transport_bpm=None, transport_meter=None, bars=None)


def noise(seconds: float, seed: int = 1) -> Samples:
    return (0.1 * np.random.default_rng(seed).standard_normal((round(seconds * RATE_HZ), 2))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def pieces() -> list[tuple[Piece, Analysis]]:
    made = [piece(seed) for seed in range(12)]
    return [(each, heard(each.samples)) for each in made]


def test_tempo_of_whole_bars_is_exact(pieces: list[tuple[Piece, Analysis]]) -> None:
    right = [abs(found.tempo.bpm / each.bpm - 1) < 1e-4 for each, found in pieces if found.tempo.bpm]
    assert sum(right) >= 11
    assert all(found.tempo.source is TempoSource.LENGTH for _, found in pieces)


def test_a_wrong_octave_leaves_the_right_tempo_among_the_alternatives() -> None:
    each = piece(40, bpm=172.0)
    tempo = heard(each.samples).tempo
    assert any(abs(bpm / 172.0 - 1) < 0.01 for bpm in (tempo.bpm or 0.0, *tempo.alternatives))


def test_key_is_right_where_it_is_given(pieces: list[tuple[Piece, Analysis]]) -> None:
    answers = [(each.key, str(found.key.key)) for each, found in pieces if found.key.key is not None]
    assert len(answers) >= 9
    assert sum(truth == answer for truth, answer in answers) >= 0.85 * len(answers)


def test_key_follows_the_tuning_of_the_piece() -> None:
    straight, sharp = heard(piece(3).samples), heard(piece(3, cents=30).samples)
    assert straight.key.key == sharp.key.key is not None
    assert sharp.key.tuning_cents - straight.key.tuning_cents == pytest.approx(30, abs=4)


def test_drums_have_a_tempo_and_no_key() -> None:
    each = piece(5, notes=False)
    found = heard(each.samples)
    assert found.tempo.bpm == pytest.approx(each.bpm, rel=1e-4)
    assert found.key.key is None and found.key.confidence == 0.0


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((RATE_HZ * 4, 2), np.float32),
        sine(110, -12, 6.0, RATE_HZ),
        noise(7.77),
        noise(16.01, seed=2),
        noise(2.0, seed=3),
        sine(110, -12, 2.0, RATE_HZ) + sine(165.1, -20, 2.0, RATE_HZ),
        sine(440, -12, 0.3, RATE_HZ),
        np.ones((1, 1), np.float32),
        np.full((RATE_HZ * 3, 1), 0.5, np.float32),
    ],
    ids=[
        "silence",
        "drone",
        "noise",
        "long noise",
        "two seconds of noise",
        "two seconds of drone",
        "short",
        "one frame",
        "direct current",
    ],
)
def test_what_has_no_tempo_gets_none(samples: Samples) -> None:
    found = heard(samples)
    assert found.tempo.bpm is None and found.tempo.source is None
    assert found.tempo.confidence < 0.3


def test_silence_and_noise_have_no_key() -> None:
    for samples in (np.zeros((RATE_HZ, 2), np.float32), noise(6.0)):
        assert heard(samples).key.key is None


def test_the_hosts_tempo_is_the_truth() -> None:
    each = piece(2)
    given = analyse(each.samples, RATE_HZ, transport_bpm=61.5, transport_meter=(4, 4), bars=None)
    assert given.tempo.bpm == 61.5 and given.tempo.source is TempoSource.TRANSPORT
    fitting = analyse(each.samples, RATE_HZ, transport_bpm=each.bpm, transport_meter=(4, 4), bars=each.bars)
    assert fitting.tempo.confidence == 1.0 > given.tempo.confidence


def test_counted_bars_give_the_tempo_in_any_meter() -> None:
    samples = noise(6.0)
    found = analyse(samples, RATE_HZ, transport_bpm=None, transport_meter=(6, 8), bars=4)
    assert found.tempo.bpm == pytest.approx(120.0) and found.tempo.source is TempoSource.LENGTH


def test_neither_level_nor_channels_nor_rate_change_the_answer() -> None:
    each = piece(7)
    reference = heard(each.samples)
    inverted = each.samples * np.array([1, -1], np.float32)
    other_rate = piece(7, sample_rate_hz=96_000)
    others = [
        heard(each.samples * np.float32(0.01)),
        heard(each.samples[:, :1]),
        heard(inverted),
        heard(other_rate.samples, 96_000),
    ]
    for other in others:
        assert other.tempo.bpm == pytest.approx(reference.tempo.bpm, rel=1e-4)
        assert other.key.key == reference.key.key


def test_onsets_lie_where_the_clicks_are() -> None:
    samples = np.zeros((RATE_HZ * 4, 1), np.float32)
    truth = np.array([0.5, 1.1, 1.37, 2.9, 3.5])
    for time_s in truth:
        at = round(time_s * RATE_HZ)
        samples[at : at + 2000, 0] = np.exp(-np.arange(2000) / 300) * np.sin(np.arange(2000) * 0.2)
    found = np.array(heard(samples).onsets_s)
    assert len(found) == len(truth)
    assert np.abs(found - truth).max() < 0.02


def test_the_sound_of_a_sine_is_its_frequency_and_of_noise_is_flat() -> None:
    tone, hiss = heard(sine(1000, -6, 2.0, RATE_HZ)).spectrum, heard(noise(2.0)).spectrum
    assert (
        tone.centroid_hz == pytest.approx(1000, rel=0.02) and tone.bandwidth_hz < 100 and tone.flatness < 0.01
    )
    assert hiss.centroid_hz == pytest.approx(5512, rel=0.08) and hiss.flatness > 0.75
    assert len(tone.mfcc) == 13


def test_a_long_clip_is_judged_by_its_middle() -> None:
    frames = (MAX_SECONDS + 10) * 8_000
    found = heard(np.zeros((frames, 1), np.float32), 8_000)
    assert found.analysed_s == (5.0, MAX_SECONDS + 5.0)


def test_audio_outside_the_limits_is_refused() -> None:
    with pytest.raises(UnsupportedAudio):
        heard(np.zeros((10, 1), np.float32), 100)
    with pytest.raises(UnsupportedAudio):
        heard(np.zeros((10, 3), np.float32))


@pytest.mark.parametrize("bpm", [92.5, 120.0, 140.0])
def test_alternatives_are_in_simple_ratios_to_an_exact_tempo(bpm: float) -> None:
    clip = piece(31, bpm=bpm, bars=4)
    tempo = analyse(clip.samples, 44_100, transport_bpm=None, transport_meter=None, bars=None).tempo
    assert tempo.bpm == pytest.approx(bpm, rel=1e-5) and tempo.alternatives
    for other in tempo.alternatives:
        ratio = Fraction(other / tempo.bpm).limit_denominator(4)
        assert other == pytest.approx(float(ratio) * tempo.bpm, rel=1e-6)
