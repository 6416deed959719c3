"""What of a network's probabilities is a note, where it lies in the clip, and the MIDI file that is made of it."""

import io

import mido
import numpy as np
import pytest

from audio.models.weights import BadWeights
from audio.notes.hearing import EDGE, HOP, KEPT, RATE_HZ, hear_notes, notes_of
from audio.notes.midi import midi_of
from audio.notes.shapes import DetectedNote
from tests.support.model_files import basic_pitch_file, htdemucs_file

SECOND = RATE_HZ / HOP


def told(*notes: tuple[int, int, int, float], moments: int = 200) -> list[DetectedNote]:
    """(pitch, first moment, moment after the last, how loud)."""
    begins, sounds = np.zeros((moments, 88), np.float32), np.zeros((moments, 88), np.float32)
    for pitch, first, end, strength in notes:
        begins[first, pitch - 21], sounds[first:end, pitch - 21] = 0.9, strength
    return notes_of(begins, sounds)


def test_each_note_has_its_pitch_its_times_and_how_sure_it_is() -> None:
    found = told((60, 10, 40, 0.8), (64, 10, 60, 0.6), (60, 50, 80, 0.7))
    assert [(each.pitch, each.strength) for each in found] == [(60, 0.8), (64, 0.6), (60, 0.7)]
    assert [each.start_s for each in found] == pytest.approx(
        [10 / SECOND, 10 / SECOND, 50 / SECOND], abs=1e-4
    )
    assert [each.end_s for each in found] == pytest.approx([40 / SECOND, 60 / SECOND, 80 / SECOND], abs=1e-4)


def test_a_short_break_is_within_a_note_and_a_long_one_ends_it() -> None:
    begins, sounds = np.zeros((200, 88), np.float32), np.zeros((200, 88), np.float32)
    begins[10, 39], sounds[10:100, 39] = 0.9, 0.8
    sounds[30:35, 39] = 0
    sounds[60:80, 39] = 0
    (note,) = notes_of(begins, sounds)
    assert note.end_s == pytest.approx(60 / SECOND, abs=1e-4)


def test_what_is_short_silent_or_never_begins_is_no_note() -> None:
    assert told((60, 10, 13, 0.8)) == [] and told((60, 10, 60, 0.1)) == []
    assert notes_of(np.zeros((50, 88), np.float32), np.ones((50, 88), np.float32)) == []


def test_an_unsure_overtone_of_a_surer_note_is_none_and_a_sure_octave_is_one() -> None:
    assert [each.pitch for each in told((48, 10, 60, 0.8), (72, 10, 50, 0.4))] == [48]
    assert [each.pitch for each in told((48, 10, 60, 0.8), (60, 10, 60, 0.7))] == [48, 60]
    assert [each.pitch for each in told((48, 10, 60, 0.8), (72, 90, 150, 0.4))] == [48, 72]


def test_moments_lie_where_they_are_in_the_clip_whatever_its_rate() -> None:
    """The model hears a note at the same moment of each stretch that it is given."""
    model = basic_pitch_file((39, EDGE + 20, EDGE + 60))
    for rate_hz in (RATE_HZ, 48_000):
        said: list[float] = []
        clip = np.zeros((round(3 * KEPT * HOP * rate_hz / RATE_HZ), 2), np.float32)
        found = hear_notes(clip, rate_hz, said.append, [model])
        assert {each.pitch for each in found} == {60} and said[-1] == 1.0
        starts = [(20 + n * KEPT) / SECOND for n in range(3)]
        assert [each.start_s for each in found] == pytest.approx(starts, abs=1e-3)


def test_another_model_is_refused() -> None:
    for data in (b"", htdemucs_file()):
        with pytest.raises(BadWeights):
            hear_notes(np.zeros((1_000, 1), np.float32), RATE_HZ, lambda _: None, [data])


@pytest.mark.parametrize("bpm", [None, 93.0])
def test_a_midi_file_has_each_note_where_it_was_heard_at_any_tempo(bpm: float | None) -> None:
    given = [
        DetectedNote(pitch=60, start_s=0.5, end_s=1.0, strength=0.5),
        DetectedNote(pitch=60, start_s=1.0, end_s=1.25, strength=1.0),
    ]
    at, events = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(midi_of(given, bpm))):
        at += message.time
        if not message.is_meta:
            events.append((round(at, 2), message.type, message.note, message.velocity))
    assert events == [
        (0.5, "note_on", 60, 64),
        (1.0, "note_off", 60, 0),
        (1.0, "note_on", 60, 127),
        (1.25, "note_off", 60, 0),
    ]
    assert mido.MidiFile(file=io.BytesIO(midi_of([], bpm))).length == 0.0
