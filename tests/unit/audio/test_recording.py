"""The pipeline: its figures are those of the file it hands out."""

import numpy as np
import pytest

from audio.encode.flac import encode_flac
from audio.errors import UnsupportedAudio
from audio.level.target import CEILING_DBTP, TARGET_LUFS, TOLERANCE_LU, LoudnessReason
from audio.measure.loudness import integrated_lufs
from audio.measure.peak import true_peak_dbtp
from audio.read.reader import read_audio
from audio.recording import Produced, produce
from tests.support.tones import clicks, music_like, sine, soft_noise


def _plain(samples: np.ndarray, sample_rate_hz: int) -> Produced:
    return produce(samples, sample_rate_hz, title=None, bpm=None, key=None)


@pytest.mark.parametrize("level_db", [-30.0, 0.0])
@pytest.mark.parametrize("sample_rate_hz", [8_000, 44_100, 96_000])
def test_dynamics_that_allow_it_reach_the_target_below_the_ceiling(
    level_db: float, sample_rate_hz: int
) -> None:
    steady = sine(sample_rate_hz / 40, level_db, 1.5, sample_rate_hz)
    made = _plain(steady, sample_rate_hz)
    assert made.lufs_out == pytest.approx(TARGET_LUFS, abs=TOLERANCE_LU)
    assert made.dbtp_out is not None and made.dbtp_out <= CEILING_DBTP
    assert made.loudness_reason is LoudnessReason.TARGET


@pytest.mark.parametrize("seed", range(4))
def test_the_ceiling_holds_and_the_shortfall_is_said(seed: int) -> None:
    bursts = clicks(60_000, 15_000) + soft_noise(60_000, level_dbfs=-45, seed=seed)
    made = _plain(bursts, 44_100)
    assert made.loudness_reason is LoudnessReason.PEAK_LIMITED
    assert made.lufs_out is not None and made.lufs_out < TARGET_LUFS - TOLERANCE_LU
    assert made.dbtp_out is not None and -3.0 < made.dbtp_out <= CEILING_DBTP
    assert made.encodes <= 2


def test_published_figures_are_those_of_the_decoded_file() -> None:
    made = _plain(music_like(3, 44_100), 44_100)
    decoded = read_audio(made.mp3.data)
    assert made.lufs_out == integrated_lufs(decoded.samples, decoded.sample_rate_hz)
    assert made.dbtp_out == true_peak_dbtp(decoded.samples)
    assert len(decoded.samples) == made.frames == made.mp3.frames


@pytest.mark.parametrize("channels", [1, 2])
def test_silence_is_left_alone_and_called_silent(channels: int) -> None:
    made = _plain(np.zeros((10_000, channels), np.float32), 44_100)
    assert (made.lufs_in, made.dbtp_in, made.lufs_out, made.dbtp_out) == (None, None, None, None)
    assert (made.gain_db, made.loudness_reason, made.channels) == (0.0, LoudnessReason.SILENT, channels)


def test_what_is_unknown_stays_unknown_and_what_is_known_passes() -> None:
    tone = sine(440, -20, 0.2, 44_100)
    unknown = _plain(tone, 44_100)
    assert (unknown.bpm, unknown.key) == (None, None)
    known = produce(tone, 44_100, title="T", bpm=128.0, key="Am", bar_fractions=[0.0])
    assert (known.bpm, known.key) == (128.0, "Am")
    assert known.mp3.data.startswith(b"ID3") and "<title>T</title>" in known.waveform_svg


def test_broken_samples_are_counted_and_do_no_harm() -> None:
    take = sine(440, -20, 0.5, 44_100)
    take[100:110] = np.nan
    made = _plain(take, 44_100)
    assert made.nonfinite_samples == 20
    assert made.loudness_reason is LoudnessReason.TARGET


def test_progress_names_each_stage_as_it_ends_and_never_falls() -> None:
    seen: list[tuple[str, float]] = []
    produce(
        sine(440, -20, 0.2, 44_100),
        44_100,
        title=None,
        bpm=None,
        key=None,
        progress=lambda stage, fraction: seen.append((stage, fraction)),
    )
    assert [stage for stage, _ in seen] == ["measure", "encode", "verify", "draw"]
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


def test_the_same_take_gives_the_same_recording() -> None:
    take = music_like(0.5, 48_000)
    assert _plain(take, 48_000) == _plain(take.copy(), 48_000)


def test_audio_outside_the_limits_is_refused() -> None:
    with pytest.raises(UnsupportedAudio, match="no frames"):
        _plain(np.zeros((0, 2), np.float32), 44_100)
    with pytest.raises(UnsupportedAudio, match="7999 Hz"):
        _plain(np.zeros((10, 2), np.float32), 7_999)


@pytest.mark.parametrize("over", [1.5, 4.0, 7.9])
def test_float_above_full_scale_reaches_listeners_of_a_post_as_it_was_played(over: float) -> None:
    """The device uploads FLAC; the relay makes the MP3 from that."""
    loud = music_like(3, 44_100, seed=5)
    loud *= np.float32(over / np.abs(loud).max())
    here = produce(loud, 44_100, title=None, bpm=None, key=None)
    uploaded = read_audio(encode_flac(loud, 44_100).data)
    there = produce(uploaded.samples, uploaded.sample_rate_hz, title=None, bpm=None, key=None)
    assert there.dbtp_in == pytest.approx(here.dbtp_in, abs=0.01) and there.gain_db == pytest.approx(
        here.gain_db, abs=0.05
    )
    wanted = loud * np.float32(10 ** (here.gain_db / 20))
    errors = [float(np.std(made.decoded - wanted) / np.std(wanted)) for made in (here, there)]
    assert errors[1] == pytest.approx(errors[0], rel=0.02)
    clipped = np.std(loud.clip(-1, 1) - loud) / np.std(loud)
    assert over < 4 or errors[1] < clipped / 2
