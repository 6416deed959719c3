"""A score as sound: onsets where the grid says, no seam where it turns, the same frames each time."""

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.score.compiled import compile_loop, compile_pattern
from audio.score.events import Compiled, Note, frame_of
from audio.score.kit import RATE_HZ, RELEASE_FRAMES, one_shot
from audio.score.render import render
from audio.score.shapes import Chord, Loop, Pattern, Row, Step
from audio.score.sounds import SOUNDS


def _pattern(*steps: int, sound: str = "clave", bpm: int = 97) -> Compiled:
    velocities = tuple(1.0 if n in steps else 0.0 for n in range(16))
    return compile_pattern(Pattern(name="p", bpm=bpm, beats=4, rows=(Row(sound=sound, steps=velocities),)))


@pytest.mark.parametrize("seed", range(6))
def test_onsets_are_in_the_frame_that_the_grid_says(seed: int) -> None:
    steps = sorted(np.random.default_rng(seed).choice(16, 5, replace=False))
    score = _pattern(*steps, bpm=50 + 10 * seed)
    sound = render(score, is_loop=False)[:, 0]
    shot = one_shot("clave", 75).samples
    first = int(np.argmax(np.abs(shot) > 0))
    assert len(shot) < frame_of(240, score.bpm, RATE_HZ), (
        "a stroke is over before the next, so each is seen alone"
    )
    for step in steps:
        at = frame_of(240 * step, score.bpm, RATE_HZ)
        assert int(np.argmax(np.abs(sound[at:]) > 0)) == first
        assert not np.any(sound[max(at - 50, 0) : at])


def test_a_loop_turns_without_a_seam_because_what_rings_rings_on() -> None:
    score = _pattern(14, sound="cymbal", bpm=120)
    once, tail = render(score, is_loop=True), render(score, is_loop=False)
    turn = frame_of(score.length, score.bpm, RATE_HZ)
    assert len(once) == turn < len(tail)
    np.testing.assert_array_equal(once[: len(tail) - turn], tail[turn:] + tail[: len(tail) - turn])


def test_a_held_note_lasts_as_long_as_it_is_held_and_repeats_without_a_seam() -> None:
    long = Compiled((Note(0, 960 * 12, "pad", 60, 1.0),), 960 * 16, 120)
    sound = render(long, is_loop=False)[:, 0]
    end = frame_of(960 * 12, 120, RATE_HZ)
    assert np.max(np.abs(sound[end - 1_000 : end])) > 0.02
    assert not np.any(sound[end + RELEASE_FRAMES :])
    shot = one_shot("pad", 60)
    assert shot.repeat is not None
    seams = [shot.repeat + (len(shot.samples) - shot.repeat) * n for n in range(1, 3)]
    steps = np.abs(np.diff(sound[: end - 10]))
    assert all(steps[seam - 1] <= np.max(steps[20_000:90_000]) for seam in seams)


def test_every_sound_is_there_finite_and_ends_in_silence() -> None:
    for name, sound in SOUNDS.items():
        shot = one_shot(name, sound.note)
        assert np.all(np.isfinite(shot.samples)) and np.max(np.abs(shot.samples)) == pytest.approx(
            0.9, abs=1e-6
        )
        if shot.repeat is None:
            assert np.max(np.abs(shot.samples[-48:])) < 2e-3, name


def test_speakers_have_equal_power_and_velocity_is_gain() -> None:
    def peaks(velocity: float) -> np.ndarray:
        score = Compiled((Note(0, 240, "tom-high", 60, velocity),), 3_840, 120)
        return np.max(np.abs(render(score, is_loop=False)), axis=0)

    loud, soft = peaks(1.0), peaks(0.5)
    assert loud[1] > loud[0] > 0
    assert np.hypot(*loud) == pytest.approx(0.9 * SOUNDS["tom-high"].gain, rel=1e-5)
    np.testing.assert_allclose(soft, loud / 2, rtol=1e-5)


def test_the_same_score_is_the_same_sound_and_one_without_notes_is_silence() -> None:
    loop = Loop(
        name="l",
        bars=1,
        chords=(Chord(beat=0, root="A", quality="min9"),),
        steps=(Step(step=8, sound="drum-snare"),),
    )
    np.testing.assert_array_equal(
        render(compile_loop(loop), is_loop=True), render(compile_loop(loop), is_loop=True)
    )
    silent = render(compile_loop(Loop(name="l", bars=1)), is_loop=True)
    assert silent.shape == (96_000, 2) and not np.any(silent)


def test_what_would_take_longer_than_is_rendered_is_refused() -> None:
    with pytest.raises(UnsupportedAudio, match="at most 600"):
        render(Compiled((), 960 * 4 * 1_000, 40), is_loop=False)
