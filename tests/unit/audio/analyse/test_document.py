"""The whole analysis as one document: what it says is what its parts say, however long the clip; it can be stored, watched and ended."""

import msgspec
import numpy as np
import pytest

from audio.analyse import descriptors, document, energies
from audio.analyse.descriptors import describe, summary
from audio.analyse.document import STAGES, Source, analyse_whole
from audio.analyse.energies import energies_of
from audio.analyse.shapes import ALGORITHM, AnalysisDocument
from audio.analyse.spectrum import ANALYSIS_RATE_HZ, analysis_mono
from audio.errors import UnsupportedAudio
from audio.intake import Samples
from tests.support.music import piece

RATE_HZ = 44_100
SOURCE = Source(content_sha256="00" * 32)
VERSION, FIGURES = (
    "sidechain-analysis-1",
    [
        100.0,
        0.104916,
        0.071249,
        1866.5,
        2121.2,
        4126.4,
        0.0140255,
        26.9781,
        -359.769,
        0.193239,
        0.192035,
        0.0,
        0.6037,
        1.2074,
        1.7995,
        2.4033,
        2.9954,
        3.5991,
        4.2028,
        0.83488,
        0.0184,
        0.0999,
        0.0987,
        0.0064,
        0.0832,
        0.0323,
        0.121,
        0.1041,
        0.0269,
        0.2074,
        0.0117,
        0.19,
    ],
)


@pytest.fixture(scope="module")
def clip() -> Samples:
    return piece(4, bpm=112.0).samples


def test_it_says_what_its_parts_say(clip: Samples) -> None:
    found = analyse_whole(clip, RATE_HZ, SOURCE).document
    assert (found.algorithm, found.content_sha256) == (ALGORITHM, SOURCE.content_sha256)
    assert found.seconds == len(clip) / RATE_HZ and found.channels == clip.shape[1]
    assert found.tempo.bpm == pytest.approx(112.0, rel=0.01)
    assert np.median(np.diff(found.beats_s)) == pytest.approx(60 / 112, rel=0.03)
    for name, column in vars(describe(clip, RATE_HZ)).items():
        np.testing.assert_allclose(found.descriptors[name].mean, summary(column).mean, rtol=1e-4, atol=1e-7)
    assert found.loudness.rms_dbfs == pytest.approx(10 * np.log10(np.mean(np.square(clip, dtype=np.float64))))
    assert 0 < found.energies.percussive < 1 and found.energies.percussive + found.energies.harmonic <= 1


def test_it_comes_back_from_json_as_it_was(clip: Samples) -> None:
    found = analyse_whole(clip[:RATE_HZ], RATE_HZ, SOURCE).document
    assert msgspec.json.decode(msgspec.json.encode(found), type=AnalysisDocument) == found


def test_how_it_is_cut_into_pieces_shows_in_nothing(clip: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = analyse_whole(clip, RATE_HZ, SOURCE).document
    for module, frames in ((descriptors, 100), (document, 77), (energies, 9)):
        monkeypatch.setattr(module, "_PIECE", frames)
    again = analyse_whole(clip, RATE_HZ, SOURCE).document
    assert again.beats_s == whole.beats_s and again.onsets_s == whole.onsets_s
    assert again.energies.harmonic == pytest.approx(whole.energies.harmonic, rel=1e-5)
    for name, column in whole.descriptors.items():
        np.testing.assert_allclose(again.descriptors[name].mean, column.mean, rtol=1e-5, atol=1e-9)


def test_what_is_told_beforehand_counts_and_what_is_unknown_stays_so() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE_HZ // 2, 1)).astype(np.float32)
    assert analyse_whole(noise, RATE_HZ, Source(content_sha256="", bpm=91.5)).document.tempo.bpm == 91.5
    silent = analyse_whole(np.zeros((RATE_HZ, 2), np.float32), RATE_HZ, SOURCE).document
    assert silent.tempo.bpm is None and silent.key.name is None and not silent.beats_s and not silent.onsets_s
    assert silent.loudness.integrated_lufs is None and silent.loudness.rms_dbfs is None
    assert (silent.energies.harmonic, silent.energies.percussive) == (0.0, 0.0)
    assert analyse_whole(np.ones((1, 1), np.float32), 192_000, SOURCE).document.seconds == 1 / 192_000
    with pytest.raises(UnsupportedAudio):
        analyse_whole(np.zeros((0, 1), np.float32), RATE_HZ, SOURCE)


def test_it_says_how_far_it_is_and_ends_when_it_is_told_to(clip: Samples) -> None:
    said: list[tuple[str, float]] = []
    analyse_whole(clip, RATE_HZ, SOURCE, lambda stage, done: said.append((stage, done)))
    assert list(dict.fromkeys(stage for stage, _ in said)) == list(STAGES)
    assert [done for _, done in said] == sorted(done for _, done in said) and said[-1][1] == pytest.approx(
        1.0
    )

    def stop(stage: str, _done: float) -> None:
        if stage == "timbre":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        analyse_whole(clip, RATE_HZ, SOURCE, stop)


def test_energies_are_those_of_tone_and_click() -> None:
    t = np.arange(3 * ANALYSIS_RATE_HZ) / ANALYSIS_RATE_HZ
    tone = np.sin(2 * np.pi * 440 * t)[:, None].astype(np.float32)
    clicks = np.zeros_like(tone)
    clicks[:: ANALYSIS_RATE_HZ // 3] = 1
    steady, hits = (energies_of(analysis_mono(each, ANALYSIS_RATE_HZ)) for each in (tone, clicks))
    assert steady.harmonic > 0.9 > 0.03 > steady.percussive
    assert hits.percussive > 0.9 > 0.03 > hits.harmonic


def test_the_figures_of_a_version_stay_what_they_were() -> None:
    """If this fails because figures were meant to change: count ALGORITHM up, or stored documents go on saying what no longer holds."""
    found = analyse_whole(piece(7, bpm=100.0).samples, RATE_HZ, SOURCE).document
    figures = [
        found.tempo.bpm,
        *(summary.mean[0] for summary in found.descriptors.values()),
        *found.beats_s[:8],
        found.energies.harmonic,
        *found.key.chroma,
    ]
    assert (ALGORITHM, [figure for figure in figures if figure is not None]) == (
        VERSION,
        pytest.approx(FIGURES, rel=5e-3),
    ), figures
