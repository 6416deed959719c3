"""Instruments of one recording: in a render they begin in the frame that the grid says, at the pitch of their notes, and one that is gone is silent."""

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.score.compiled import compile_pattern
from audio.score.custom import MAX_S, Recorded, note_of, recorded
from audio.score.events import Compiled, Note, frame_of
from audio.score.kit import RATE_HZ
from audio.score.midi import read_midi, write_midi
from audio.score.render import MAX_CUSTOM, render
from audio.score.shapes import BadScore, Pattern, Row
from audio.score.sounds import CUSTOM, is_custom, sound_of

CAJON = "custom-cajon-1f00aa"


def tone(hz: float, seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def pattern(*steps: int, notes: tuple[str | None, ...] = (), bpm: int = 97) -> Compiled:
    velocities = tuple(1.0 if n in steps else 0.0 for n in range(16))
    row = Row(sound=CAJON, steps=velocities, notes=notes)
    return compile_pattern(Pattern(name="p", bpm=bpm, beats=4, rows=(row,)))


@pytest.mark.parametrize("rate_hz", [44_100, RATE_HZ])
@pytest.mark.parametrize("name", [None, "C5", "F3"])
def test_onsets_are_in_the_frame_that_the_grid_says(rate_hz: int, name: str | None) -> None:
    click = np.zeros((rate_hz // 20, 1), np.float32)
    click[0] = 1.0
    score = pattern(2, 7, 13, notes=tuple([name] * 16) if name else ())
    custom = {CAJON: recorded(click, rate_hz, is_pitched=True)}
    sound = np.abs(render(score, is_loop=False, custom=custom)[:, 0])
    for step in (2, 7, 13):
        at = frame_of(240 * step, score.bpm, RATE_HZ)
        assert abs(int(np.argmax(sound[at - 200 : at + 200])) - 200) <= 1


@pytest.mark.parametrize(
    ("number", "hz"), [(60, 440.0), (72, 880.0), (48, 220.0), (67, 659.26), (127, 3520.0)]
)
def test_a_note_is_as_high_as_it_is_called(number: int, hz: float) -> None:
    made = note_of(recorded(tone(440, 1.0), RATE_HZ, is_pitched=True), number)
    if number == 127:  # beyond the kit's notes: two octaves nearer
        hz = 440.0 * 2 ** ((103 - 60) / 12)
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made)), 1 << 19))
    assert np.argmax(spectrum) * RATE_HZ / (1 << 19) == pytest.approx(hz, rel=2e-3)
    assert np.max(np.abs(made)) == pytest.approx(0.9, abs=1e-3)
    assert note_of(recorded(tone(440, 0.1), RATE_HZ, is_pitched=False), number).shape == (4_800,)


def test_what_is_long_is_cut_and_fades_out() -> None:
    long = recorded(tone(100, MAX_S + 1), RATE_HZ, is_pitched=True)
    for number in (24, 48, 60):
        made = note_of(long, number)
        assert len(made) <= round(MAX_S * RATE_HZ) and abs(made[-1]) < 1e-3
    silence = recorded(np.zeros((100, 2), np.float32), RATE_HZ, is_pitched=True)
    assert not np.any(silence.samples) and np.all(np.isfinite(note_of(silence, 50)))


def test_one_that_is_gone_is_silent_and_the_rest_sounds() -> None:
    both = Compiled((Note(0, 240, CAJON, 60, 1.0), Note(960, 240, "clave", 75, 1.0)), 3_840, 120)
    clave = Compiled(both.notes[1:], both.length, both.bpm)
    np.testing.assert_array_equal(render(both, is_loop=True), render(clave, is_loop=True))


def test_a_render_holds_so_many_and_no_more() -> None:
    one = Recorded(np.zeros(1, np.float32), is_pitched=False)
    with pytest.raises(UnsupportedAudio, match=f"at most {MAX_CUSTOM}"):
        render(pattern(0), is_loop=True, custom={f"custom-{n}": one for n in range(MAX_CUSTOM + 1)})


def test_its_name_says_that_it_is_one() -> None:
    assert is_custom(CAJON) and sound_of(CAJON).label == "Cajon" and sound_of("custom-x").label == "X"
    assert not any(map(is_custom, ("clave", "custom-", "custom-Cajon", f"custom-{'x' * 26}", "custom-a b")))
    with pytest.raises(BadScore):
        Row(sound="custom-", steps=(1.0,))


def test_a_midi_file_has_it_however_many_there_are() -> None:
    rows = tuple(Row(sound=f"custom-a-{n}", steps=(1.0,) * 4) for n in range(32))
    score = compile_pattern(Pattern(name="p", bpm=100, beats=1, rows=rows))
    assert {note.number for note in read_midi(write_midi(score, "p")).notes} == {CUSTOM.drum}
