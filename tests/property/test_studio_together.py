"""The studio's page and the relay on one document: they read the same in it, and whatever the page says the relay takes, in frames that fit."""

import base64
import json
import random
from typing import Any

import msgspec
import pytest

from audio.score.tables import tables
from relay.features.coediting.documents import Document
from relay.features.coediting.trees import body_of, edits, tree_of
from relay.features.coediting.updates import examined, state
from relay.features.creations.api import Kind
from relay.wire.scores import Score
from tests.property.test_coediting import MAKE, body, stored
from tests.property.test_studio_edits import STATIC, answers, random_edits
from tests.support.crdt import made_library

CASES, EDITS_EACH, MOST_BYTES = 12, 12, 900
HEAD = f"""
globalThis.localStorage ??= {{}};
const library = await import({json.dumps((STATIC / "crdt/library.js").as_uri())});
const [{{ SharedScore }}, {{ applied }}, {{ parted }}] = [await load("shared_score"), await load("edits"), await load("line")];
const of = (text) => new Uint8Array(Buffer.from(text, "base64"));
const said = (bytes) => Buffer.from(bytes).toString("base64");
const opened = (update) => {{
  const made = new SharedScore(library, {{ update: update && of(update), isPlayable() {{}}, told() {{}} }});
  made.said = [];
  made.doc.on("update", (bytes, origin) => {{ if (origin !== "tab") made.said.push(bytes); }});
  return made;
}};
"""
READ = """
for (const update of asked.updates) say(opened(update).body);
"""
WALK = """
for (const { kind, update, edits } of asked.walks) {
  const [own, other] = [opened(update), opened(update)];
  let isAsAsked = true;
  for (const [name, args] of edits) {
    const { body } = applied({ kind, body: own.body, tables: asked.tables }, name, args);
    if (!body || body === own.body) continue;
    own.edit(body);
    isAsAsked &&= JSON.stringify(own.body.rows ?? own.body.blocks ?? own.body.chords) === JSON.stringify(body.rows ?? body.blocks ?? body.chords);
  }
  const parts = own.said.flatMap((bytes) => parted(library, bytes, asked.most));
  parts.forEach((each) => other.merge(each));
  const whole = parted(library, library.encodeStateAsUpdate(own.doc, library.encodeStateVector(opened(update).doc)), asked.most);
  say({ body: own.body, other: other.body, isAsAsked, parts: parts.map(said), whole: whole.map(said) });
}
"""
UNDO = """
const [first, second] = [opened(asked.update), opened(asked.update)];
const exchange = () => {
  for (const [from, to] of [[first, second], [second, first]]) { from.said.splice(0).forEach((each) => to.merge(each)); }
};
const place = (score, row, step) => score.edit(applied({ kind: "pattern", body: score.body, tables: asked.tables }, "place", { keys: [row * 1024 + step] }).body);
place(first, 0, 3);
place(second, 1, 5);
exchange();
const both = first.body;
second.edit(applied({ kind: "pattern", body: second.body, tables: asked.tables }, "remove_row", { row: 2 }).body);
exchange();
first.undo();
exchange();
const canGoOn = first.canUndo;
second.undo();
exchange();
const back = second.body;
first.redo();
exchange();
say({ both, back, again: first.body, isSame: JSON.stringify(first.body) === JSON.stringify(second.body), canGoOn });
"""


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    made_library()


def begun(score: dict[str, Any]) -> bytes:
    return Document().put(list(edits({}, tree_of(score))))


def text(update: bytes) -> str:
    return base64.b64encode(update).decode()


def test_the_page_reads_in_a_document_what_the_relay_reads() -> None:
    scores = [(kind, body(kind, random.Random(seed))) for kind in MAKE for seed in range(CASES)]
    updates = [begun(score) for _, score in scores]
    read = answers(HEAD + READ, {"updates": [text(each) for each in updates]})
    for (kind, _), update, there in zip(scores, updates, read, strict=True):
        assert isinstance(there, dict)
        assert there | {"kind": kind.value} == body_of(kind, Document([update]).tree())


def test_what_is_done_at_the_page_the_relay_takes_in_frames_that_fit() -> None:
    walks = []
    for kind in MAKE:
        for seed in range(CASES):
            chance = random.Random(seed)
            score = body(kind, chance)
            steps = [random_edits(kind.value, score, chance)[0][:2] for _ in range(EDITS_EACH)]
            walks.append({"kind": kind.value, "update": text(begun(score)), "edits": steps})
    asked = {"walks": walks, "tables": json.loads(msgspec.json.encode(tables())), "most": MOST_BYTES}
    for walk, done in zip(walks, answers(HEAD + WALK, asked), strict=True):
        assert isinstance(done, dict)
        assert done["isAsAsked"] and done["other"] == done["body"]
        kind, update = Kind(walk["kind"]), base64.b64decode(str(walk["update"]))
        for said in (done["parts"], done["whole"]):
            document = Document([update])
            for part in map(base64.b64decode, said):
                seen = examined(part)
                assert seen.is_next_to(state(document.state))
                assert len(part) <= MOST_BYTES or len(seen.made) == 0 or _is_one(seen.made)
                document.apply(part)
            assert body_of(kind, document.tree()) == done["body"] | {"kind": kind.value}
            stored(kind, document.tree())


def _is_one(made: dict[int, tuple[int, int]]) -> bool:
    """A single value may be longer than a frame of this test."""
    return all(end - start == 1 for start, end in made.values())


def test_each_undoes_what_they_did_and_nothing_of_the_others() -> None:
    score = {"kind": "pattern", "name": "x", "bpm": 100, "beats": 2, "steps_per_beat": 4}
    rows = [
        {"sound": sound, "steps": [0.0] * 8, "notes": []}
        for sound in ("drum-kick", "drum-snare", "drum-clap")
    ]
    update = begun(msgspec.to_builtins(msgspec.convert(score | {"rows": rows}, Score)))
    asked = {"update": text(update), "tables": json.loads(msgspec.json.encode(tables()))}
    (done,) = answers(HEAD + UNDO, asked)
    assert isinstance(done, dict)

    def placed(of: str) -> list[list[int]]:
        return [[at for at, velocity in enumerate(row["steps"]) if velocity] for row in done[of]["rows"]]

    assert placed("both") == [[3], [5], []]
    assert placed("back") == [[], [5], []], "the row is there again, and what was undone is not"
    assert placed("again") == [[3], [5], []]
    assert done["isSame"] and not done["canGoOn"]
