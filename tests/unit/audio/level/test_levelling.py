"""What listeners decode: at the target, below the ceiling, with the producer's dynamics unless asked otherwise."""

import numpy as np
import pytest

from audio.level import levelling
from audio.level.aiming import MAX_LIMITING_DB, MAX_REDUCTION_DB
from audio.level.target import CEILING_DBTP, MAX_GAIN_DB, TARGET_LUFS, LoudnessReason
from audio.measure.loudness import integrated_lufs
from audio.read.reader import read_audio
from audio.recording import Produced, produce
from tests.support.music import piece
from tests.support.tones import Samples, clicks, level_steps, music_like, sine, soft_noise


def _made(samples: Samples, *, limiter: bool, sample_rate_hz: int = 44_100) -> Produced:
    return produce(samples, sample_rate_hz, title=None, bpm=None, key=None, limiter=limiter)


def _spiky(seed: int, *, burst_dbfs: float = -9) -> Samples:
    """Music with bursts over it that ask for three decibels of limiting and more."""
    music = music_like(2, 44_100, seed=seed, level_dbfs=-14)
    bursts = clicks(len(music), 9_000 + 977 * seed, level_dbfs=burst_dbfs + seed % 5)
    return music + bursts


SPIKY = [_spiky(seed) for seed in range(12)]


def _needed_db(made: Produced) -> float:
    """How far the untouched clip would pass the ceiling at the target."""
    assert made.lufs_in is not None and made.dbtp_in is not None
    return made.dbtp_in + TARGET_LUFS - made.lufs_in - CEILING_DBTP


@pytest.mark.slow
def test_with_the_limiter_what_needs_at_most_6_db_of_it_is_at_the_target_and_below_the_ceiling() -> None:
    needing, held = 0, 0
    for clip in [*SPIKY, *(_spiky(seed, burst_dbfs=-7) for seed in range(12, 18))]:
        made = _made(clip, limiter=True)
        assert made.dbtp_out is not None and made.lufs_out is not None
        assert made.dbtp_out <= 0 and made.encodes <= 2
        assert 0 < made.reduction_db <= MAX_LIMITING_DB and made.deepest_db <= MAX_REDUCTION_DB
        if _needed_db(made) <= MAX_LIMITING_DB:
            needing += 1
            held += abs(made.lufs_out - TARGET_LUFS) <= 0.1 and made.dbtp_out <= CEILING_DBTP
    assert needing >= 14
    assert held >= 0.95 * needing


def test_without_it_they_stay_quieter_and_say_so() -> None:
    for clip in SPIKY[:4]:
        made = _made(clip, limiter=False)
        assert made.loudness_reason is LoudnessReason.PEAK_LIMITED
        assert made.reduction_db == made.deepest_db == 0.0
        assert made.dbtp_out is not None and made.dbtp_out <= CEILING_DBTP


def test_what_would_need_more_than_6_db_stays_that_much_below_the_target() -> None:
    clip = clicks(100_000, 50_000, level_dbfs=-3) + soft_noise(100_000, level_dbfs=-28)
    made = _made(clip, limiter=True)
    beyond_db = _needed_db(made) - MAX_LIMITING_DB
    assert beyond_db > 1 and made.loudness_reason is LoudnessReason.PEAK_LIMITED
    assert made.lufs_out == pytest.approx(TARGET_LUFS - beyond_db, abs=0.2)
    assert made.reduction_db <= MAX_LIMITING_DB
    assert made.dbtp_out is not None and made.dbtp_out <= CEILING_DBTP


def test_what_is_all_peaks_is_not_crushed_for_it() -> None:
    """Make-up gain that only asks for more limiting has an end."""
    bursts = clicks(60_000, 15_000) + soft_noise(60_000, level_dbfs=-45)
    made = _made(bursts, limiter=True)
    assert made.loudness_reason is LoudnessReason.PEAK_LIMITED
    assert made.lufs_out is not None and made.lufs_out < TARGET_LUFS - 1
    assert MAX_LIMITING_DB < made.deepest_db <= MAX_REDUCTION_DB
    assert made.dbtp_out is not None and made.dbtp_out <= CEILING_DBTP


@pytest.mark.parametrize("limiter", [False, True])
def test_a_clip_that_needs_no_limiting_is_not_limited(limiter: bool) -> None:
    steady = soft_noise(60_000, level_dbfs=-30)
    made = _made(steady, limiter=limiter)
    assert made.loudness_reason is LoudnessReason.TARGET
    assert made.lufs_out == pytest.approx(TARGET_LUFS, abs=0.1)


def test_a_quiet_part_before_a_loud_one_keeps_its_distance_to_a_tenth_of_a_decibel() -> None:
    """A leveller that lifts the quiet part would take away the drop."""
    clip = level_steps([(-38.0, 4), (-20.0, 4)], 44_100)
    made = _made(clip, limiter=False)
    decoded = read_audio(made.mp3.data).samples
    half = 4 * 44_100
    parts = [
        integrated_lufs(decoded[a:b], 44_100)
        for a, b in ((4_410, half - 4_410), (half + 4_410, 2 * half - 4_410))
    ]
    assert parts[0] is not None and parts[1] is not None
    assert parts[1] - parts[0] == pytest.approx(18.0, abs=0.1)


@pytest.mark.parametrize("sample_rate_hz", [22_050, 96_000])
def test_other_rates_are_limited_at_the_rate_that_is_heard(sample_rate_hz: int) -> None:
    clip = clicks(2 * sample_rate_hz, sample_rate_hz // 5, level_dbfs=-2) + soft_noise(2 * sample_rate_hz)
    made = _made(clip, limiter=True, sample_rate_hz=sample_rate_hz)
    assert made.dbtp_out is not None and made.dbtp_out <= CEILING_DBTP
    assert made.lufs_out == pytest.approx(TARGET_LUFS, abs=0.1)


def test_silence_passes_the_limiter_untouched() -> None:
    made = _made(np.zeros((10_000, 2), np.float32), limiter=True)
    assert (made.loudness_reason, made.gain_db, made.reduction_db) == (LoudnessReason.SILENT, 0.0, 0.0)


@pytest.mark.parametrize("limiter", [False, True])
def test_one_click_over_near_silence_is_held_and_does_not_fail(limiter: bool) -> None:
    """So loud and so short that the rest has to go below what can be measured."""
    clip = soft_noise(44_100, level_dbfs=-73)
    clip[20_000:20_003] = [[4.0, 4.0], [-4.0, -4.0], [3.0, 3.0]]
    made = _made(clip, limiter=limiter)
    assert made.dbtp_out is not None and made.dbtp_out <= CEILING_DBTP


@pytest.mark.slow
def test_a_probe_of_the_highest_peaks_saves_long_clips_the_second_encode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dense bursts rise in coding, so the usual margin is too small for them; here four seconds count as long."""
    clips = [np.tile(_spiky(seed, burst_dbfs=-4), (2, 1)) for seed in range(12)]
    without = [_made(clip, limiter=False) for clip in clips]
    monkeypatch.setattr(levelling, "PROBE_FROM_S", 4)
    probed = [_made(clip, limiter=False) for clip in clips]
    for made in probed:
        assert made.dbtp_out is not None and made.dbtp_out <= CEILING_DBTP
    assert sum(made.encodes for made in probed) < sum(made.encodes for made in without)


def test_a_dense_mix_that_loses_its_treble_to_the_encoder_is_coded_once() -> None:
    """What lies above LAME's low-pass is a fifth of a decibel of these; that is foretold, not found out by an encode."""
    for seed in (102, 103, 106, 107):
        mix = np.tanh(8 * piece(seed, bars=2).samples) / 2  # a mix bus that is pushed
        made = _made(mix, limiter=False)
        assert (made.encodes, made.loudness_reason) == (1, LoudnessReason.TARGET)
        assert made.lufs_out is not None and abs(made.lufs_out - TARGET_LUFS) <= 0.1


@pytest.mark.parametrize("limiter", [False, True])
@pytest.mark.parametrize("level_dbfs", [-61.0, -65.0, -90.0])
def test_what_is_silent_by_its_peak_is_left_alone(level_dbfs: float, limiter: bool) -> None:
    """Hum below −60 dBFS passes the gate of the meter, and is not raised for that."""
    made = _made(sine(120, level_dbfs, 4, 44_100), limiter=limiter)
    assert (made.gain_db, made.loudness_reason, made.lufs_out) == (0.0, LoudnessReason.SILENT, None)


@pytest.mark.parametrize("limiter", [False, True])
def test_a_very_quiet_clip_is_raised_by_so_much_and_no_more(limiter: bool) -> None:
    made = _made(sine(1000, -58.0, 4, 44_100), limiter=limiter)
    assert made.gain_db == MAX_GAIN_DB
    assert made.loudness_reason is LoudnessReason.GAIN_LIMITED
    assert made.lufs_out == pytest.approx(-58.0 + MAX_GAIN_DB, abs=0.3)


@pytest.mark.parametrize("limiter", [False, True])
def test_mono_plays_as_loud_as_the_same_on_both_channels(limiter: bool) -> None:
    both = music_like(4, 44_100, level_dbfs=-20)[:, :1].repeat(2, axis=1)
    one, two = _made(both[:, :1], limiter=limiter), _made(both, limiter=limiter)
    assert one.lufs_in == pytest.approx(two.lufs_in, abs=0.01)
    assert one.lufs_out == pytest.approx(two.lufs_out, abs=0.15)
    assert integrated_lufs(one.decoded.repeat(2, axis=1), 44_100) == pytest.approx(one.lufs_out, abs=0.01)
