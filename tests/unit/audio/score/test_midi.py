"""MIDI files of scores, and of strangers."""

import io
import random

import mido
import pytest

from audio.score.compiled import compile_loop, compile_machine
from audio.score.events import TICKS_PER_QUARTER
from audio.score.machines import STYLES
from audio.score.midi import DRUM_CHANNEL, MAX_FILE_BYTES, read_midi, write_midi
from audio.score.shapes import BadScore, Machine, Player
from audio.score.sounds import SOUNDS
from tests.support.scores import random_loop


def test_what_is_written_is_read_note_for_note() -> None:
    chance = random.Random(8)
    for _ in range(40):
        score = compile_loop(random_loop(chance))
        song = read_midi(write_midi(score, "Nächte"))
        assert song.bpm == pytest.approx(score.bpm, abs=0.01)
        drums = {name for name, sound in SOUNDS.items() if sound.program is None}
        wanted = {
            (note.start, SOUNDS[note.sound].drum if note.sound in drums else note.number)
            for note in score.notes
        }
        assert {(note.start, note.number) for note in song.notes} == wanted
        for note in song.notes:
            assert 0 < note.velocity <= 1 and note.length >= 0


def test_a_stranger_reads_names_programs_and_the_tempo() -> None:
    players = tuple(
        Player(instrument=each, program=next(iter(programs)))
        for each, programs in STYLES["salsa"].instruments.items()
    )
    data = write_midi(compile_machine(Machine(name="m", style="salsa", bpm=180, players=players)), "Salsa")
    file = mido.MidiFile(file=io.BytesIO(data))
    assert file.type == 1 and file.ticks_per_beat == TICKS_PER_QUARTER
    assert file.length == pytest.approx(4 * 4 * 60 / 180, abs=0.3)
    by_name = {track.name: track for track in file.tracks}
    assert next(each.program for each in by_name["Piano"] if each.type == "program_change") == 0
    assert {each.channel for each in by_name["Clave"] if each.type == "note_on"} == {DRUM_CHANNEL}


def _file(*messages: mido.Message | mido.MetaMessage, ticks: int = 480) -> bytes:
    file, out = mido.MidiFile(type=1, ticks_per_beat=ticks), io.BytesIO()
    file.add_track().extend(messages)
    file.save(file=out)
    return out.getvalue()


def test_notes_that_nobody_ends_and_that_begin_twice() -> None:
    on = mido.Message("note_on", note=60, velocity=64)
    song = read_midi(_file(on, on.copy(time=480), mido.Message("note_off", note=60, time=480)))
    assert [(note.start, note.length) for note in song.notes] == [(0, 1920), (960, 120)]
    assert song.bpm == 120.0


def test_what_is_no_midi_file_is_refused_in_words() -> None:
    good = _file(mido.Message("note_on", note=60, velocity=64), mido.Message("note_off", note=60, time=480))
    chance = random.Random(1)
    for _ in range(1_500):  # whatever is cut or changed: notes, or these words
        data = bytearray(good[: chance.randrange(len(good))] if chance.random() < 0.3 else good)
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            read_midi(bytes(data))
        except BadScore as refused:
            assert "MIDI file" in str(refused)
    for odd in (b"", b"RIFF....WAVE", b"MThd"):
        with pytest.raises(BadScore, match="no MIDI file"):
            read_midi(odd)
    with pytest.raises(BadScore, match="at most 1,000,000"):
        read_midi(bytes(MAX_FILE_BYTES + 1))
