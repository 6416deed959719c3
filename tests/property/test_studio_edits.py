"""Whatever is done in the studio: what is on the page can be kept and played, undoing leads back the same way, and a MIDI file holds it."""

import base64
import json
import random
import subprocess
from dataclasses import asdict
from pathlib import Path

import msgspec

from audio.score.compiled import compile_loop, compile_machine, compile_pattern, compile_song
from audio.score.events import Compiled
from audio.score.from_midi import loop_of
from audio.score.midi import MidiSong, read_midi, write_midi
from audio.score.shapes import Loop, Machine, Pattern, Song, Step
from audio.score.sounds import SOUNDS
from audio.score.tables import tables
from tests.support.node import NODE
from tests.support.scores import random_loop, random_machine, random_pattern

STATIC = Path(__file__).parents[2] / "relay/app/site/static"
WALKS, EDITS_EACH = 60, 20
NODE_LIMIT_S = 300
SHAPES = {"loop": Loop, "pattern": Pattern, "machine": Machine, "song": Song}
LOOPS = {f"loop{n}": Loop(name="loop", bars=4) for n in range(3)}
COMPILE = {
    "loop": compile_loop,
    "pattern": compile_pattern,
    "machine": compile_machine,
    "song": lambda song: compile_song(song, LOOPS),
}
BEGUN = {
    "loop": random_loop,
    "pattern": random_pattern,
    "machine": random_machine,
    "song": lambda _: Song(name="song", bpm=100),
}
HEAD = f"""
import fs from "node:fs";
globalThis.Score = new Function(fs.readFileSync({json.dumps(str(STATIC / "score.js"))}, "utf8") + "; return Score;")();
const load = (name) => import({json.dumps((STATIC / "studio").as_uri())} + "/" + name + ".js");
const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const say = (value) => console.log(JSON.stringify(value));
"""
WALK = """
const [{ applied }, { begun, edited, redone, undone }, { GRIDS }] = [await load("edits"), await load("history"), await load("cells")];
for (const { kind, body, edits } of asked.walks) {
  let history = begun(body);
  const way = [JSON.stringify(body)];
  let troubles = 0;
  for (const [name, args, mark] of edits) {
    const done = applied({ kind, body: history.body, tables: asked.tables }, name, args);
    if (done.trouble) { troubles++; continue; }
    const before = history;
    history = edited(history, done.body, mark);
    if (history !== before && history.past.length === before.past.length) way.pop();
    if (history !== before) way.push(JSON.stringify(history.body));
  }
  const end = history.body;
  let isSame = true;
  for (let n = way.length - 2; n >= 0; n--) { history = undone(history); isSame &&= JSON.stringify(history.body) === way[n]; }
  const isStart = undone(history) === null;
  for (let n = 1; n < way.length; n++) { history = redone(history); isSame &&= JSON.stringify(history.body) === way[n]; }
  say({ end, edits: way.length - 1, isSame, isStart, troubles });
}
"""
MIDI = """
const midi = await load("midi");
const { FRESH } = await load("fresh");
for (const [kind, body] of asked.scores) {
  const bytes = midi.written(Score.compile(kind, body, asked.tables), body.name, asked.tables.sounds);
  say(Buffer.from(bytes).toString("base64"));
}
for (const text of asked.files) {
  try { say(midi.asLoop(new Uint8Array(Buffer.from(text, "base64")), "file", FRESH.empty())); } catch (error) {
    if (!(error instanceof midi.BadFile)) throw error;
    say({ trouble: error.message });
  }
}
"""


def answers(script: str, asked: object) -> list[object]:
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", HEAD + script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=NODE_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def random_edits(kind: str, body: dict[str, object], chance: random.Random) -> list[list[object]]:
    """As the page makes them; places lie also beside what there is."""

    def keys() -> list[int]:
        return [chance.randrange(18) * 1024 + chance.randrange(140) for _ in range(chance.randint(1, 40))]

    ids: list[str] = []

    def fresh() -> str:
        ids.append(f"b{len(ids)}")
        return ids[-1]

    def known() -> str:
        return chance.choice(ids or ["none"])

    def place() -> dict[str, int]:
        return {"start": chance.randint(0, 20), "bars": chance.randint(1, 9)}

    grid = [
        lambda: ["place", {"keys": keys()}],
        lambda: ["erase", {"keys": keys()}],
        lambda: ["louder", {"keys": keys(), "by": chance.choice([0.1, -0.1, 0.9])}],
        lambda: ["velocity", {"keys": keys(), "to": chance.random()}],
        lambda: ["transpose", {"keys": keys(), "by": chance.randint(-90, 90)}],
        lambda: ["move", {"keys": keys(), "rows": chance.randint(-2, 2), "steps": chance.randint(-5, 5)}],
        lambda: ["key", {"to": chance.choice(["C", "F#", "Bbm", "Ab", "Em"])}],
        lambda: ["swing", {"to": chance.randint(40, 80)}],
        lambda: ["clear", {}],
    ]
    of_kind = {
        "loop": [
            *grid,
            lambda: ["bars", {"to": chance.choice([1, 2, 4, 8])}],
            lambda: ["chord", {"beat": 0, "root": "F#", "quality": "min7"}],
            lambda: ["unchord", {"beat": chance.randrange(4)}],
            lambda: ["chords", {"chords": [{"root": "C", "quality": "maj"}, {"root": "Bb", "quality": "9"}]}],
            lambda: ["chord_sound", {"to": chance.choice([None, "pad", "bass"])}],
        ],
        "pattern": [
            *grid,
            lambda: ["beats", {"to": chance.randint(0, 80)}],
            lambda: ["steps_per_beat", {"to": chance.choice([1, 2, 3, 4, 6, 8])}],
            lambda: ["add_row", {"sound": chance.choice(sorted(SOUNDS))}],
            lambda: ["remove_row", {"row": chance.randrange(8)}],
        ],
        "machine": [
            grid[6],
            lambda: [
                "player",
                {"instrument": chance.choice(["clave", "bass"]), "muted": chance.random() < 0.5},
            ],
            lambda: ["player", {"instrument": "piano", "volume": chance.random()}],
        ],
        "song": [
            lambda: ["add_block", {"id": fresh(), "loop": chance.choice([*LOOPS]), **place()}],
            lambda: ["move_block", {"id": known(), "start": chance.randint(-3, 30)}],
            lambda: ["size_block", {"id": known(), "bars": chance.choice([0, 1, 3, 999, 2000])}],
            lambda: ["repeat_block", {"id": known(), "fresh": fresh()}],
            lambda: ["remove_block", {"id": known()}],
            lambda: ["meter", {"to": chance.choice(["3/4", "4/4"])}],
        ],
    }[kind]
    always = [
        lambda: ["bpm", {"to": chance.randint(0, 400)}],
        lambda: ["name", {"to": chance.choice(["", "  ", "x" * 300, "Night bus"])}],
    ]
    return [
        [*chance.choice(of_kind + always)(), chance.choice([None, None, "drag"])] for _ in range(EDITS_EACH)
    ]


def test_every_edit_leaves_what_can_be_kept_and_undo_leads_back() -> None:
    chance = random.Random(14)
    walks = []
    for n in range(WALKS):
        kind = ("loop", "pattern", "machine", "song")[n % 4]
        body = asdict(BEGUN[kind](chance))  # type: ignore[operator]  # one function for each kind
        walks.append({"kind": kind, "body": body, "edits": random_edits(kind, body, chance)})
    told = answers(WALK, {"tables": tables(), "walks": walks})
    assert len(told) == WALKS
    for walk, one in zip(walks, told, strict=True):
        assert isinstance(one, dict)
        assert one["isSame"] and one["isStart"], walk
        kind = str(walk["kind"])
        end = msgspec.convert(one["end"], SHAPES[kind])
        COMPILE[kind](end)  # type: ignore[operator]  # of its kind
        if isinstance(end, Song):
            require_apart(end)
    assert sum(one["edits"] for one in told) > WALKS * EDITS_EACH // 3  # type: ignore[index]


def require_apart(song: Song) -> None:
    """No loop sounds twice at once."""
    bars = [(block.loop, block.start + n) for block in song.blocks for n in range(block.bars)]
    assert len(set(bars)) == len(bars)


def midi_of(score: Compiled, name: str) -> MidiSong:
    return read_midi(write_midi(score, name))


def test_a_page_writes_the_midi_file_that_we_do_and_reads_its_own() -> None:
    chance = random.Random(15)
    scores, wanted = [], []
    for n in range(18):
        kind = ("loop", "pattern", "machine")[n % 3]
        made = BEGUN[kind](chance)  # type: ignore[operator]
        compiled = COMPILE[kind](made)  # type: ignore[operator]
        if len({note.sound for note in compiled.notes if SOUNDS[note.sound].program is not None}) <= 15:
            scores.append([kind, asdict(made)])
            wanted.append(midi_of(compiled, made.name))
    plain = Loop(name="plain", bars=2, bpm=97, steps=random_steps(chance))
    files = [base64.b64encode(data).decode() for data in odd_files(write_midi(compile_loop(plain), "plain"))]
    told = answers(MIDI, {"tables": tables(), "scores": scores, "files": files})
    for score, text, want in zip(scores, told, wanted, strict=False):
        read = read_midi(base64.b64decode(str(text)))
        assert read.notes == want.notes, score
        assert abs(read.bpm - want.bpm) < 0.01
    first, *odd = told[len(scores) :]
    assert isinstance(first, dict)
    back = msgspec.convert(first["body"], Loop)
    assert (back.bars, back.bpm) == (2, 97)
    assert {(each.step, each.sound) for each in back.steps} == {
        (each.step, each.sound) for each in plain.steps
    }
    ours = loop_of(read_midi(base64.b64decode(files[0])), "file")
    assert isinstance(ours.score, Loop)  # the relay makes of a file what the page does
    assert (ours.score.bars, ours.score.bpm, list(ours.told)) == (back.bars, back.bpm, first["told"])
    assert _places(ours.score) == _places(back)
    for each in odd:
        assert isinstance(each, dict)
        assert each.get("trouble", "").endswith(".") or msgspec.convert(each["body"], Loop)


def _places(loop: Loop) -> list[tuple[int, str, float, str]]:
    return sorted((each.step, each.sound, each.velocity, each.note or "") for each in loop.steps)


def random_steps(chance: random.Random) -> tuple[Step, ...]:
    places = {(31, "drum-kick")} | {
        (chance.randrange(32), chance.choice(["drum-kick", "drum-snare", "hat-closed", "bass"]))
        for _ in range(30)
    }
    return tuple(Step(step=step, sound=sound) for step, sound in sorted(places))


def odd_files(whole: bytes) -> list[bytes]:
    """The whole one first; then what broke off, what is none, and what was changed in places."""
    chance = random.Random(16)
    changed = []
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        changed.append(bytes(data))
    return [whole, b"", b"MThd", b"RIFF" * 20, *(whole[:n] for n in range(0, len(whole), 61)), *changed]
