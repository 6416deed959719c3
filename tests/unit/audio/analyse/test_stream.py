"""Sound analysed while it comes: the figures of a whole clip, however it is cut into pieces, in bounded memory."""

import numpy as np
import pytest

from audio.analyse.descriptors import describe
from audio.analyse.stream import BAND_EDGES_HZ, FLOOR_DBFS, MEMORY_S, STEP_S, Moment, Stream, TempoNow
from audio.errors import UnsupportedAudio
from audio.intake import Samples
from audio.measure.loudness import loudness_curve
from tests.support.music import piece
from tests.support.tones import soft_noise

RATE_HZ = 44_100


def told(samples: Samples, rate_hz: int, piece_frames: int) -> tuple[list[Moment], list[TempoNow]]:
    stream = Stream(rate_hz, samples.shape[1])
    found = [
        each
        for at in range(0, len(samples), piece_frames)
        for each in stream.push(samples[at : at + piece_frames])
    ]
    moments = [each for each in found if isinstance(each, Moment)]
    return moments, [each for each in found if isinstance(each, TempoNow)]


def test_ten_times_a_second_whatever_the_pieces() -> None:
    samples = soft_noise(2 * RATE_HZ)
    moments, tempos = told(samples, RATE_HZ, 1_024)
    assert [each.at_s for each in moments] == pytest.approx([STEP_S * n for n in range(1, 21)], abs=1e-4)
    assert told(samples, RATE_HZ, 30_000) == (moments, tempos)
    assert [(each.at_s, each.bpm) for each in tempos] == [(2.0, None)]


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 22_051])
def test_levels_and_loudness_are_those_of_the_clip(rate_hz: int) -> None:
    samples = soft_noise(3 * rate_hz, channels=1)
    samples[rate_hz:] *= np.float32(0.1)
    moments, _ = told(samples, rate_hz, 4_096)
    curve = loudness_curve(samples, rate_hz, as_played=True).momentary_lufs
    for n, moment in enumerate(moments, start=1):
        block = samples[round((n - 1) * STEP_S * rate_hz) : round(n * STEP_S * rate_hz)]
        assert moment.level_dbfs == pytest.approx(10 * np.log10(np.mean(np.square(block))), abs=0.01)
        assert moment.peak_dbfs == pytest.approx(20 * np.log10(np.abs(block).max()), abs=0.01)
        there = n * 10 - 40
        if there < 0:
            assert moment.momentary_lufs is None
        elif there < len(curve):
            assert moment.momentary_lufs == pytest.approx(curve[there], abs=0.1)


def test_the_middle_of_the_spectrum_and_the_notes_are_those_of_the_tone() -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    tone = (0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)[:, None]
    moments, _ = told(tone, RATE_HZ, 2_000)
    whole = describe(tone, RATE_HZ)
    assert moments[-2].centroid_hz == pytest.approx(float(np.median(whole.centroid_hz)), rel=0.02)
    assert int(np.argmax(moments[-2].chroma)) == 9, "A"
    silent, _ = told(np.zeros((RATE_HZ, 2), np.float32), RATE_HZ, 2_000)
    assert {(each.level_dbfs, each.peak_dbfs, each.momentary_lufs) for each in silent} == {(None, None, None)}
    assert not any(any(each.chroma) or each.onsets_s for each in silent)


def test_each_onset_is_told_once_and_the_tempo_is_heard() -> None:
    music = piece(7, bpm=120.0)
    samples = np.tile(music.samples, (2, 1))[: 13 * music.sample_rate_hz]
    moments, tempos = told(samples, music.sample_rate_hz, 8_192)
    onsets = [onset for moment in moments for onset in moment.onsets_s]
    assert onsets == sorted(onsets) and float(np.diff(onsets).min()) > 0.05
    beats = np.arange(2, 24) * 0.5
    near = np.abs(np.array(onsets)[:, None] - beats).min(axis=0) < 0.05
    assert near.mean() > 0.8, "most beats are told"
    assert tempos[-1].bpm == pytest.approx(120.0, rel=0.04) and tempos[-1].at_s == 12.0
    assert [each.bpm for each in tempos[:2]] == [None, None], "too little was heard"


def test_nothing_older_than_its_memory_is_kept() -> None:
    stream = Stream(8_000, 1)
    for _ in range(3):
        stream.push(soft_noise(8 * 8_000, channels=1))
    assert len(stream._recent) == MEMORY_S * 8_000 and stream.frames == 24 * 8_000


def test_what_no_clip_may_be_no_stream_may_be() -> None:
    for rate_hz, channels in ((7_000, 1), (44_100, 3)):
        with pytest.raises(UnsupportedAudio):
            Stream(rate_hz, channels)
    stream = Stream(44_100, 1)
    (moment,) = stream.push(np.full((4_410, 1), np.nan, np.float32))
    assert isinstance(moment, Moment) and moment.level_dbfs is None, "broken samples are silence"


@pytest.mark.parametrize("hz", [50.0, 440.0, 3_000.0, 9_000.0])
def test_a_tone_is_in_its_band_and_the_bands_sum_up_to_the_level(hz: float) -> None:
    tone = 0.5 * np.sin(2 * np.pi * hz * np.arange(RATE_HZ // 2) / RATE_HZ)
    moments, _ = told(tone.astype(np.float32)[:, None], RATE_HZ, 4_096)
    bands, level = moments[-1].bands_dbfs, moments[-1].level_dbfs
    assert len(bands) == len(BAND_EDGES_HZ) - 1
    loudest = int(np.argmax(bands))
    assert BAND_EDGES_HZ[loudest] <= hz < BAND_EDGES_HZ[loudest + 1]
    assert 10 * np.log10(sum(10 ** (each / 10) for each in bands)) == pytest.approx(level, abs=0.3)
    silence, _ = told(np.zeros((RATE_HZ // 2, 1), np.float32), RATE_HZ, 4_096)
    assert set(silence[-1].bands_dbfs) == {FLOOR_DBFS}
