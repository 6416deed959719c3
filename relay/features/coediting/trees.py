"""A score as a tree of maps, which is what several people edit at once: each part under a key of its own, nothing by its place.

    loop     chords {beat: [root, quality]}   steps {"step sound note": velocity}   (note -: none; the second of two alike: " 2" behind)
    song     blocks {id: {loop, start, bars}}
    pattern  rows {id: {sound, place, steps {step: velocity}, notes {step: note}}}   (place: a number, they stand in its order)

and what is one value of the score stands at the root under its own name. Two edits that are right by themselves may not be
together: one makes a loop shorter, another writes into its last bar. What then lies outside is left out of the score and stays
in the tree, so that it is there again when there is room. No I/O.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from relay.features.creations.api import Kind
from relay.wire.scores import (
    MAX_BLOCKS,
    MAX_CHORDS,
    MAX_ROWS,
    MAX_SONG_BARS,
    MAX_STEPS,
    LoopScore,
    PatternScore,
    SongScore,
)

Tree = dict[str, Any]  # any: numbers, texts, flags, None, lists of these, and trees
Body = Mapping[str, Any]  # any: a score as JSON has it
STEPS_PER_BAR, BEATS_PER_BAR = 16, 4
_NO_NOTE = "-"


class BadTree(Exception):
    """A tree that is of no score: somebody wrote into it what no studio writes."""


class Edit(Struct, frozen=True):
    """At a path: another value, or a tree in place of what was there; None with gone: nothing."""

    path: tuple[str, ...]
    value: Any = None
    gone: bool = False


class TreeRow(Struct, frozen=True, kw_only=True):
    """shape: of the wire. parts: those of its fields that are trees; all others stand at the root as they are.

    into: the parts of a score as trees; like: the tree whose names are taken. out: back.
    """

    shape: type[Struct]
    parts: frozenset[str]
    into: Callable[[Body, Tree], Tree]
    out: Callable[[Tree], Tree]

    @property
    def values(self) -> list[str]:
        return [each for each in self.shape.__struct_fields__ if each not in self.parts]


def tree_of(body: Body, like: Tree | None = None) -> Tree:
    """body: with all its fields. [any]"""
    row = TREES[Kind(body["kind"])]
    return {each: body[each] for each in row.values} | row.into(body, like or {})


def body_of(kind: Kind, tree: Tree) -> Tree:
    """As JSON has it; whether it may be stored is the score's own business. Raises BadTree. [any]"""
    row = TREES[kind]
    try:
        values = {each: _whole(tree[each]) for each in row.values if each in tree}
        return {"kind": kind.value} | values | row.out(tree)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        raise BadTree("What stands in the document is no score.") from None


def edits(was: Tree, now: Tree, path: tuple[str, ...] = ()) -> Iterator[Edit]:
    """What makes `now` of `was`. [any]"""
    for key in was.keys() - now.keys():
        yield Edit((*path, key), gone=True)
    for key in sorted(now):
        before, after = was.get(key), now[key]
        if isinstance(before, dict) and isinstance(after, dict):
            yield from edits(before, after, (*path, key))
        elif key not in was or before != after:
            yield Edit((*path, key), after)


# loops --------------------------------------------------------------------------------------------------------


def _of_loop(body: Body, _: Tree) -> Tree:
    steps: Tree = {}
    for each in body["steps"]:
        name = f"{each['step']} {each['sound']} {each['note'] or _NO_NOTE}"
        key, n = name, 1
        while key in steps:
            n += 1
            key = f"{name} {n}"
        steps[key] = each["velocity"]
    return {
        "chords": {str(each["beat"]): [each["root"], each["quality"]] for each in body["chords"]},
        "steps": steps,
    }


def _loop(tree: Tree) -> Tree:
    bars = tree["bars"]
    chords = sorted(
        (int(beat), *each) for beat, each in _part(tree, "chords").items() if int(beat) < bars * BEATS_PER_BAR
    )
    steps = sorted((_cell(key), velocity) for key, velocity in _part(tree, "steps").items())
    return {
        "chords": [
            {"beat": beat, "root": root, "quality": quality} for beat, root, quality in chords[:MAX_CHORDS]
        ],
        "steps": [
            {"step": step, "sound": sound, "velocity": velocity, "note": None if note == _NO_NOTE else note}
            for (step, sound, note, _), velocity in steps
            if step < bars * STEPS_PER_BAR
        ][:MAX_STEPS],
    }


def _cell(key: str) -> tuple[int, str, str, int]:
    step, sound, note, *nth = key.split(" ")
    return int(step), sound, note, int(nth[0]) if nth else 1


# songs --------------------------------------------------------------------------------------------------------


def _of_song(body: Body, _: Tree) -> Tree:
    return {
        "blocks": {
            each["id"]: {"loop": each["loop"], "start": each["start"], "bars": each["bars"]}
            for each in body["blocks"]
        }
    }


def _song(tree: Tree) -> Tree:
    blocks = sorted(
        (_whole(each["start"]), id_, each["loop"], _whole(each["bars"]))
        for id_, each in _part(tree, "blocks").items()
    )
    return {
        "blocks": [
            {"id": id_, "loop": loop, "start": start, "bars": min(bars, MAX_SONG_BARS - start)}
            for start, id_, loop, bars in blocks[:MAX_BLOCKS]
        ]
    }


# patterns -----------------------------------------------------------------------------------------------------


def _of_pattern(body: Body, like: Tree) -> Tree:
    names = [id_ for _, id_, _ in _in_order(like)] if like else []
    rows = {}
    for place, row in enumerate(body["rows"]):
        rows[_name(names, place)] = {
            "sound": row["sound"],
            "place": place,
            "steps": {str(at): velocity for at, velocity in enumerate(row["steps"]) if velocity},
            "notes": {str(at): note for at, note in enumerate(row["notes"]) if note is not None},
        }
    return {"rows": rows}


def _name(names: list[str], place: int) -> str:
    if place < len(names):
        return names[place]
    free = place
    while f"r{free}" in names:
        free += 1
    names.append(f"r{free}")
    return names[-1]


def _in_order(tree: Tree) -> list[tuple[float, str, Tree]]:
    return sorted(((each["place"], id_, each) for id_, each in _part(tree, "rows").items()), key=_place)


def _place(row: tuple[float, str, Tree]) -> tuple[float, str]:
    return row[0], row[1]


def _pattern(tree: Tree) -> Tree:
    count = _whole(tree["beats"] * tree.get("steps_per_beat", 4))
    if not isinstance(count, int) or not 0 <= count <= 1024:
        raise BadTree("This pattern has no such length.")
    return {"rows": [_row(row, count) for _, _, row in _in_order(tree)[:MAX_ROWS]]}


def _row(row: Tree, count: int) -> Tree:
    steps, notes = _part(row, "steps"), _part(row, "notes")
    found = [notes.get(str(at)) for at in range(count)]
    return {
        "sound": row["sound"],
        "steps": [steps.get(str(at), 0.0) for at in range(count)],
        "notes": found if any(note is not None for note in found) else [],
    }


def _part(tree: Tree, name: str) -> Tree:
    found = tree.get(name, {})
    if not isinstance(found, dict):
        raise BadTree(f"{name} is no map.")
    return found


def _whole(value: Any) -> Any:  # any: of JSON
    """Numbers come back from a document as fractions."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


TREES = {
    Kind.LOOP: TreeRow(shape=LoopScore, parts=frozenset({"chords", "steps"}), into=_of_loop, out=_loop),
    Kind.SONG: TreeRow(shape=SongScore, parts=frozenset({"blocks"}), into=_of_song, out=_song),
    Kind.PATTERN: TreeRow(shape=PatternScore, parts=frozenset({"rows"}), into=_of_pattern, out=_pattern),
}
"""The kinds that are edited together."""
