"""EBU Tech 3341 v4 and 3342: every case that can be synthesised from its definition, at every rate, to its tolerance.

Not here: 3341 cases 7 and 8 and 3342 cases 5 and 6, which are programme recordings that only the EBU may hand out.
"""

import numpy as np
import pytest
import scipy.signal

from audio.measure.loudness import integrated_lufs, loudness, loudness_curve
from audio.measure.peak import true_peak_dbtp
from tests.support.tones import Samples, amplitude, between_samples

RATES_HZ = [44_100, 48_000, 88_200, 96_000, 192_000]
Steps = list[tuple[float, float]]
"""(level in dBFS, seconds) of a stereo 1 kHz sine; SILENCE for none."""
SILENCE = -400.0


def tone(steps: Steps, sample_rate_hz: int) -> Samples:
    """One uninterrupted sine whose level changes. 1 kHz repeats every 10 ms at all these rates."""
    period = np.sin(2 * np.pi * 1000 / sample_rate_hz * np.arange(sample_rate_hz // 100))
    gains = np.concatenate(
        [np.full(round(seconds * sample_rate_hz), amplitude(level), np.float32) for level, seconds in steps]
    )
    return np.repeat((np.resize(period, len(gains)).astype(np.float32) * gains)[:, None], 2, axis=1)


INTEGRATED: dict[int, Steps] = {
    1: [(-23, 20)],
    2: [(-33, 20)],
    3: [(-36, 10), (-23, 60), (-36, 10)],
    4: [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
    5: [(-26, 20), (-20, 20.1), (-26, 20)],
}


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_3341_cases_1_to_6_integrated_loudness(sample_rate_hz: int) -> None:
    errors = {}
    for case, steps in INTEGRATED.items():
        found = loudness(tone(steps, sample_rate_hz), sample_rate_hz)
        expected = -33.0 if case == 2 else -23.0
        assert found.integrated_lufs is not None
        errors[case] = found.integrated_lufs - expected
        if case <= 2:
            assert found.momentary_max_lufs == pytest.approx(expected, abs=0.1)
            assert found.short_term_max_lufs == pytest.approx(expected, abs=0.1)
    one = tone([(0, 20)], sample_rate_hz)[:, :1]
    surround = one * np.array([amplitude(level) for level in (-28, -28, -24, -30, -30)], np.float32)
    six = integrated_lufs(surround, sample_rate_hz)
    assert six is not None
    errors[6] = six + 23.0
    # The tolerance is 0.1; a meter that leaned to one side by a fifth of that would be called biased.
    assert max(abs(error) for error in errors.values()) < 0.03, errors
    assert abs(np.mean(list(errors.values()))) <= 0.02, errors
    if sample_rate_hz == 48_000:
        assert abs(np.mean(list(errors.values()))) < 0.005, errors


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_3341_cases_9_and_12_hold_still(sample_rate_hz: int) -> None:
    nine = loudness_curve(tone([(-20, 1.34), (-30, 1.66)] * 5, sample_rate_hz), sample_rate_hz)
    assert np.allclose(np.array(nine.short_term_lufs, float), -23.0, atol=0.1)
    twelve = loudness_curve(tone([(-20, 0.18), (-30, 0.22)] * 25, sample_rate_hz), sample_rate_hz)
    assert np.allclose(np.array(twelve.momentary_lufs[60:], float), -23.0, atol=0.1)


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_3341_cases_10_and_13_maximum_wherever_the_tone_begins(sample_rate_hz: int) -> None:
    for segment in range(20):
        ten = tone([(SILENCE, segment * 0.15), (-23, 3), (SILENCE, 1)], sample_rate_hz)
        assert loudness(ten, sample_rate_hz).short_term_max_lufs == pytest.approx(-23.0, abs=0.1), segment
        thirteen = tone([(SILENCE, segment * 0.02), (-23, 0.4), (SILENCE, 1)], sample_rate_hz)
        assert loudness(thirteen, sample_rate_hz).momentary_max_lufs == pytest.approx(-23.0, abs=0.1), segment


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_3341_cases_11_and_14_successive_maxima(sample_rate_hz: int) -> None:
    def rising(sound_s: float, later_s: float) -> Steps:
        parts = [
            [(SILENCE, i * later_s), (-38.0 + i, sound_s), (SILENCE, sound_s - i * later_s)]
            for i in range(20)
        ]
        return [step for part in parts for step in part]

    eleven = loudness_curve(tone(rising(3, 0.15), sample_rate_hz), sample_rate_hz).short_term_lufs
    fourteen = loudness_curve(tone(rising(0.4, 0.02), sample_rate_hz), sample_rate_hz).momentary_lufs
    for curve, window_s, step_s in ((eleven, 3.0, 6.0), (fourteen, 0.4, 0.8)):
        audible = np.array([-100.0 if lufs is None else lufs for lufs in curve])
        for segment in range(20):
            ended = round(((segment + 1) * step_s - window_s) * 100) + 1
            assert audible[:ended].max() == pytest.approx(-38.0 + segment, abs=0.1)


TRUE_PEAK = {
    15: (4, 0.0, 0.5, -6.0),
    16: (4, 45.0, 0.5, -6.0),
    17: (6, 60.0, 0.5, -6.0),
    18: (8, 67.5, 0.5, -6.0),
    19: (4, 45.0, 1.41, 3.0),
}


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
@pytest.mark.parametrize("case", TRUE_PEAK)
def test_3341_cases_15_to_19_true_peak_between_samples(case: int, sample_rate_hz: int) -> None:
    divisor, phase, fraction, expected = TRUE_PEAK[case]
    found = true_peak_dbtp(between_samples(divisor, phase, fraction, sample_rate_hz))
    assert found is not None and expected - 0.4 <= found <= expected + 0.2


@pytest.mark.parametrize("offset", range(4))
@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_3341_cases_20_to_23_one_short_crest(offset: int, sample_rate_hz: int) -> None:
    """At four times the rate: half-scale rate / 6, one period of rate / 4 at full scale in it, without a step of phase."""
    fine_frames = sample_rate_hz // 4 * 4
    carrier = 0.5 * np.sin(2 * np.pi * np.arange(fine_frames) / 24)
    middle = fine_frames // 48 * 24
    crest = np.sin(2 * np.pi * np.arange(16) / 16)
    fine = np.concatenate([carrier[:middle], crest, carrier[middle : fine_frames - 16]])
    fade = np.linspace(0, 1, sample_rate_hz // 25)
    fine[: len(fade)] *= fade
    fine[-len(fade) :] *= fade[::-1]
    lowpass = scipy.signal.firwin(129, 0.25, window=("kaiser", 8.0))
    sampled = np.convolve(fine, lowpass, "same")[offset::4].astype(np.float32)[:, None]
    found = true_peak_dbtp(sampled)
    assert found is not None and -0.4 <= found <= 0.2


RANGES: list[tuple[list[float], float]] = [
    ([-20, -30], 10),
    ([-20, -15], 5),
    ([-40, -20], 20),
    ([-50, -35, -20, -35, -50], 15),
]


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
@pytest.mark.parametrize(("levels", "expected_lu"), RANGES)
def test_3342_cases_1_to_4_loudness_range(
    levels: list[float], expected_lu: float, sample_rate_hz: int
) -> None:
    clip = tone([(level, 20) for level in levels], sample_rate_hz)
    assert loudness(clip, sample_rate_hz).range_lu == pytest.approx(expected_lu, abs=1.0)
