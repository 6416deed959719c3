"""What a page's script compiles from a score is what Python does, number for number."""

import json
import random
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from audio.score.compiled import compile_loop, compile_machine, compile_pattern, compile_song
from audio.score.events import Compiled, frame_of
from audio.score.tables import tables
from tests.support.node import NODE
from tests.support.scores import random_loop, random_machine, random_pattern, random_song

SCRIPT = Path(__file__).parents[2] / "relay/app/site/static/score.js"
SCORES = 10_000
NODE_LIMIT_S = 300
RATES_HZ = (44_100, 48_000, 96_000)
TWIN = f"""
const fs = require("fs");
const Score = new Function(fs.readFileSync({json.dumps(str(SCRIPT))}, "utf8") + "; return Score;")();
const {{ tables, scores }} = JSON.parse(fs.readFileSync(0, "utf8"));
for (const [kind, body, loops, rate] of scores) {{
  const {{ notes, length, bpm, beats }} = Score.compile(kind, body, tables, loops);
  const rows = notes.map((n) => [n.start, n.length, n.sound, n.number, n.velocity, Score.frameOf(n.start, bpm, rate)]);
  console.log(JSON.stringify([rows, length, bpm, beats]));
}}
"""
Case = tuple[str, dict[str, object], dict[str, object], int]


@pytest.mark.slow
def test_the_page_compiles_what_python_does() -> None:
    chance = random.Random(14)
    cases: list[Case] = []
    expected: list[list[object]] = []
    for n in range(SCORES):
        rate_hz = chance.choice(RATES_HZ)
        kind, body, loops, compiled = _one(n, chance)
        cases.append((kind, body, loops, rate_hz))
        expected.append(_plain(compiled, rate_hz))
    asked = json.dumps({"tables": tables(), "scores": cases})
    done = subprocess.run(
        [str(NODE), "-e", TWIN],
        input=asked,
        capture_output=True,
        text=True,
        timeout=NODE_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = done.stdout.splitlines()
    assert len(answers) == SCORES
    assert sum(len(each[0]) for each in expected) > 10 * SCORES  # type: ignore[arg-type]
    for case, answer, want in zip(cases, answers, expected, strict=True):
        assert json.loads(answer) == want, case


def _one(n: int, chance: random.Random) -> tuple[str, dict[str, object], dict[str, object], Compiled]:
    match n % 4:
        case 0:
            loop = random_loop(chance)
            return "loop", asdict(loop), {}, compile_loop(loop)
        case 1:
            song, loops = random_song(chance)
            return (
                "song",
                asdict(song),
                {id_: asdict(each) for id_, each in loops.items()},
                compile_song(song, loops),
            )
        case 2:
            pattern = random_pattern(chance)
            if n % 8 == 2:  # an instrument that no relay has, or none any more
                rows = tuple(replace(row, sound=f"custom-gone-{n}") for row in pattern.rows[:1])
                pattern = replace(pattern, rows=rows + pattern.rows[1:])
            return "pattern", asdict(pattern), {}, compile_pattern(pattern)
        case _:
            machine = random_machine(chance)
            return "machine", asdict(machine), {}, compile_machine(machine)


def _plain(compiled: Compiled, rate_hz: int) -> list[object]:
    rows = [[*note, frame_of(note.start, compiled.bpm, rate_hz)] for note in compiled.notes]
    return [rows, compiled.length, compiled.bpm, compiled.beats_per_bar]
