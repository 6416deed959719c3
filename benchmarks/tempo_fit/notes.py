"""Chords, bass, arpeggio and lead of a composed loop: which of them play, where in the bar, and when the chord changes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.score import Score
from benchmarks.tempo_fit.feel import Feel, Places, sprinkled, usual_step

CHORD, BASS, LEAD, ARPEGGIO = 0, 1, 2, 3  # channels
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_LOWEST = {CHORD: 55, BASS: 31, LEAD: 67, ARPEGGIO: 60}  # MIDI notes


@dataclass(frozen=True)
class _Plan:
    """What is the same in each bar. chords, bass: where they play, None when they do not. per_chord: quarters a chord lasts.

    arpeggio: its step and figure. lead: density, step, and the bar that is repeated, if it is.
    """

    beats: float
    scale: Sequence[int]
    tonic: int
    degrees: list[int]
    per_chord: float
    chords: list[float] | None
    bass: list[float] | None
    arpeggio: tuple[float, list[int]] | None
    lead: tuple[float, float, list[tuple[float, int]] | None] | None
    length: float

    def chord_at(self, beat: float) -> list[int]:
        """Pitches within an octave."""
        degree = self.degrees[int(beat / self.per_chord) % len(self.degrees)]
        return [(self.tonic + self.scale[(degree + third) % 7]) % 12 for third in (0, 2, 4)]


def write_notes(
    score: Score,
    rng: random.Random,
    beats: float,
    feel: Feel,
    kicks: Places,
    key: tuple[int, str],
    parts: str,
) -> None:
    """kicks: where the bass may play, too. key: tonic and mode. parts: of composed()."""
    plan = _plan(rng, beats, score.bpm, kicks, key, parts)
    for bar in range(round(score.beats / beats)):
        _write_bar(score, rng, feel, plan, bar * beats)


def _plan(
    rng: random.Random, beats: float, bpm: float, kicks: Places, key: tuple[int, str], parts: str
) -> _Plan:
    bass_only = parts == "bass and drums"
    per_chord = rng.choices((beats, beats / 2, 2 * beats, 4 * beats), (0.62, 0.14, 0.18, 0.06))[0]
    degrees = [0, *(rng.randrange(7) for _ in range(3))] if rng.random() < 0.9 else [0]
    step = usual_step(rng, bpm)
    has_chords = not bass_only and rng.random() < 0.75
    has_arpeggio = not bass_only and rng.random() < (0.45 if parts == "notes" else 0.3)
    has_lead = not bass_only and rng.random() < 0.55
    has_bass = bass_only or rng.random() < 0.75 or not (has_chords or has_arpeggio)
    chords, bass = _chord_places(rng, beats, step), _bass_places(rng, beats, step, kicks)
    density, lead_step = rng.uniform(0.2, 0.8), rng.choice((0.5, 1.0, 1.0, step))
    lead_bar = [(place, rng.randrange(7)) for place in sprinkled(rng, beats, lead_step, density)]
    repeats = rng.random() < 0.4
    arpeggio_step = rng.choices((step, 0.5, 1 / 3), (0.5, 0.42, 0.08))[0]
    figure = [rng.randrange(4) for _ in range(rng.choice((3, 4, 4, 6, 8)))]
    return _Plan(
        beats=beats,
        scale=_SCALES[key[1]],
        tonic=key[0],
        degrees=degrees,
        per_chord=per_chord,
        chords=chords if has_chords else None,
        bass=bass if has_bass else None,
        arpeggio=(arpeggio_step, figure) if has_arpeggio else None,
        lead=(density, lead_step, lead_bar if repeats else None) if has_lead else None,
        length=rng.choice((0.4, 0.7, 0.95)),
    )


def _write_bar(score: Score, rng: random.Random, feel: Feel, plan: _Plan, first: float) -> None:
    def write(channel: int, beat: float, length: float, pitch: int, velocity: int) -> None:
        lowest = _LOWEST[channel]
        score.note(channel, beat, length, lowest + (pitch - lowest) % 12, velocity)

    if plan.chords is not None and (plan.chords != [0.0] or first % plan.per_chord < plan.beats):
        ends = [*plan.chords[1:], plan.beats if plan.chords != [0.0] else max(plan.beats, plan.per_chord)]
        for start, end in zip(plan.chords, ends, strict=True):
            for pitch in plan.chord_at(first + start):
                at = feel.at(first + start)
                write(CHORD, at, plan.length * (end - start), pitch, 74 + rng.randint(-8, 8))
    if plan.bass is not None:
        for place in plan.bass:
            length = 0.8 * min(1.0, plan.beats / len(plan.bass))
            write(BASS, feel.at(first + place), length, plan.chord_at(first + place)[0], 92)
    if plan.arpeggio is not None:
        step, figure = plan.arpeggio
        for i in range(round(plan.beats / step)):
            at = first + i * step
            turn = figure[(i + (round(first / step) if plan.beats == 3 else 0)) % len(figure)]
            pitch = 60 + (plan.chord_at(at)[turn % 3] - 60) % 12 + 12 * (turn == 3)
            score.note(ARPEGGIO, feel.at(at), 0.9 * step, pitch, 76 + 10 * (i % 4 == 0))
    if plan.lead is not None:
        density, step, line = plan.lead
        if line is None:
            line = [(place, rng.randrange(7)) for place in sprinkled(rng, plan.beats, step, density)]
        for place, degree in line:
            at = first + place
            in_scale = (plan.tonic + plan.scale[degree]) % 12
            pitch = plan.chord_at(at)[degree % 3] if place % 1 == 0 else in_scale
            write(LEAD, feel.at(at), rng.choice((0.45, 0.9)), pitch, 78)


def _chord_places(rng: random.Random, beats: float, step: float) -> list[float]:
    if beats == 3:
        return rng.choice(([0.0], [1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.5]))
    return rng.choice(
        (
            [0.0],
            [0.0],
            [0.0, 2.0],
            [0.0, 1.0, 2.0, 3.0],
            [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5],
            [0.5, 1.5, 2.5, 3.5],
            [0.0, 1.5],
            [0.0, 1.5, 3.0],
            [0.0, 1.5, 2.5],
            [0.0, 0.75, 1.5, 2.5],
            [1.0, 3.0],
            sorted({0.0, *sprinkled(rng, 4, step, 0.25)}),
        )
    )


def _bass_places(rng: random.Random, beats: float, step: float, kicks: Places) -> list[float]:
    choices = [
        [0.0],
        [0.0, 2.0] if beats == 4 else [0.0],
        [float(i) for i in range(int(beats))],
        [i / 2 for i in range(int(2 * beats))],
        sorted({0.0, *sprinkled(rng, beats, step, 0.3)}),
        sorted({0.0, *sprinkled(rng, beats, 0.5, 0.35)}),
        list(kicks) or [0.0],
        [i + 0.5 for i in range(int(beats))],
    ]
    return rng.choice(choices)
