"""Whatever several do to one score at once, in whatever order it reaches them: all have the same, and it can be stored.

Of each, what they did first comes first: what stands on what is not there yet is not taken (`Examined.is_next_to`).
"""

import random
from typing import Any

import msgspec
import pytest
from msgspec.inspect import DictType, ListType, StructType, type_info
from msgspec.structs import fields
from pycrdt import Doc, Map

from relay.core.refusal import Refusal
from relay.features.coediting.documents import MAX_MAPS, BadUpdate, Document, merged
from relay.features.coediting.lib0 import BadBytes
from relay.features.coediting.trees import TREES, BadTree, Edit, body_of, edits, tree_of
from relay.features.coediting.updates import examined, state
from relay.features.creations import api as creations
from relay.features.creations.api import Ability, Kind
from relay.features.creations.kinds import with_ability
from relay.wire.scores import Score
from tests.support.scores import random_loop, random_pattern, random_song

MAKE = {
    Kind.LOOP: random_loop,
    Kind.SONG: lambda chance: random_song(chance)[0],
    Kind.PATTERN: random_pattern,
}
CASES = 15


def body(kind: Kind, chance: random.Random) -> dict[str, Any]:
    """A score at random, with all its fields."""
    made = msgspec.to_builtins(MAKE[kind](chance)) | {"kind": kind.value}
    made |= {each: "in words\nof two lines" for each in ("description",) if each in made}
    found: dict[str, Any] = msgspec.to_builtins(msgspec.convert(made, Score))
    return found


def stored(kind: Kind, tree: dict[str, Any]) -> dict[str, Any]:
    """What becomes a version. Raises where it cannot."""
    score = msgspec.convert(body_of(kind, tree), Score)
    creations.written(score)
    found: dict[str, Any] = msgspec.to_builtins(score)
    return found


def test_every_kind_that_is_edited_together_has_a_row_and_every_field_a_place() -> None:
    """What a row does not name as a part is one value, which a document can hold."""
    assert set(TREES) == set(with_ability(Ability.COEDIT)) == set(MAKE)
    for row in TREES.values():
        types = {each.name: type_info(each.type) for each in fields(row.shape)}
        assert row.parts <= set(types)
        for name in row.values:
            assert not isinstance(types[name], ListType | DictType | StructType), name


@pytest.mark.parametrize("kind", MAKE)
def test_a_score_is_the_same_when_it_comes_back_from_a_document(kind: Kind) -> None:
    for seed in range(CASES):
        score = body(kind, random.Random(seed))
        document = Document()
        update = document.put(list(edits({}, tree_of(score))))
        assert examined(update).is_next_to({})
        assert Document([update]).tree() == document.tree()
        back = stored(kind, document.tree())
        assert tree_of(back) == tree_of(score), seed
        if kind is Kind.PATTERN:
            assert [row["steps"] for row in back["rows"]] == [row["steps"] for row in score["rows"]]


@pytest.mark.parametrize("kind", MAKE)
def test_all_have_the_same_and_it_can_be_stored(kind: Kind) -> None:
    for seed in range(CASES):
        chance = random.Random(seed)
        begun = Document().put(list(edits({}, tree_of(body(kind, chance)))))
        editors = [Document([begun]) for _ in range(4)]
        said: list[list[bytes]] = []
        for each in editors:
            mine = []
            for _ in range(3):
                was = each.tree()
                now = tree_of(body(kind, chance), was)
                mine.append(each.put([edit for edit in edits(was, now) if chance.random() < 0.5]))
            said.append(mine)
        for n, each in enumerate(editors):
            waiting = [list(mine) for m, mine in enumerate(said) if m != n]
            while any(waiting):
                each.apply(chance.choice([one for one in waiting if one]).pop(0))
        trees = [each.tree() for each in editors]
        assert all(tree == trees[0] for tree in trees), seed
        stored(kind, trees[0])
        at_once = Document([merged([begun, *(update for mine in said for update in mine)])])
        assert at_once.tree() == trees[0]
        assert Document([at_once.missing()]).tree() == trees[0]


@pytest.mark.parametrize("kind", MAKE)
def test_what_was_saved_beside_it_changes_what_it_says_and_nothing_else(kind: Kind) -> None:
    for seed in range(CASES):
        chance = random.Random(seed)
        base, saved = body(kind, chance), body(kind, chance)
        document = Document()
        document.put(list(edits({}, tree_of(base))))
        was = document.tree()
        document.put(list(edits(tree_of(base, was), tree_of(saved, was))))
        assert tree_of(stored(kind, document.tree())) == tree_of(saved), seed


def test_bytes_at_random_are_refused_or_do_no_harm() -> None:
    """What is let through, the library takes or refuses; and what a document then holds can be read."""
    chance = random.Random(7)
    document = Document()
    good = document.put(list(edits({}, tree_of(body(Kind.PATTERN, chance)))))
    let = 0
    for _ in range(2_000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 2)):
            match chance.randrange(3):
                case 0:
                    data[chance.randrange(len(data))] = chance.randrange(256)
                case 1:
                    del data[chance.randrange(len(data))]
                case _:
                    data.insert(chance.randrange(len(data)), chance.randrange(256))
        try:
            examined(bytes(data))
            taken = Document([bytes(data)])
        except (BadBytes, BadUpdate):
            continue
        let += 1
        state(taken.state)
        try:
            stored(Kind.PATTERN, taken.tree())
        except (BadTree, Refusal, msgspec.ValidationError):
            continue
    assert let > 100, "the most of it is never looked at"


def test_what_stands_on_nothing_is_known_by_what_it_needs() -> None:
    doc: Doc[Any] = Doc()
    score: Map[Any] = doc.get("score", type=Map)
    score["bpm"] = 100
    known = doc.get_state()
    score["bpm"] = 101
    second = doc.get_update(known)
    assert examined(doc.get_update()).is_next_to({})
    assert not examined(second).is_next_to({})
    assert examined(second).is_next_to(state(known))


@pytest.mark.parametrize(
    ("kind", "tree"),
    [
        (Kind.LOOP, {}),
        (Kind.LOOP, {"name": "x", "bars": 1, "steps": {"kick": 1.0}}),
        (Kind.LOOP, {"name": "x", "bars": "two", "steps": {"0 drum-kick -": 1.0}}),
        (Kind.LOOP, {"name": "x", "bars": 1, "chords": 7}),
        (Kind.SONG, {"name": "x", "bpm": 100, "blocks": {"a": {"start": 0}}}),
        (Kind.SONG, {"name": "x", "bpm": 100, "blocks": {"a": 1.0}}),
        (Kind.PATTERN, {"name": "x", "bpm": 100, "beats": 1e300}),
        (
            Kind.PATTERN,
            {"name": "x", "bpm": 100, "beats": 4, "rows": {"a": {"place": None}, "b": {"place": 1}}},
        ),
        (Kind.PATTERN, {"name": "x", "bpm": 100, "beats": 4, "rows": {"a": {"place": 1, "sound": "kazoo"}}}),
    ],
)
def test_what_no_studio_writes_is_refused(kind: Kind, tree: dict[str, Any]) -> None:
    with pytest.raises((BadTree, Refusal, msgspec.ValidationError)):
        stored(kind, tree)


def test_maps_in_maps_without_end_are_read_as_deep_as_a_score_goes_and_deleted_whole() -> None:
    """As many as a document takes: the library follows them, and must come back."""
    doc: Doc[Any] = Doc()
    at: Map[Any] = doc.get("score", type=Map)
    for _ in range(MAX_MAPS):
        at["a"] = Map()
        at = at["a"]
    deep = doc.get_update()
    assert examined(deep).maps == MAX_MAPS
    document = Document([deep])
    assert document.tree() == {"a": {"a": {"a": {"a": {}}}}}
    document.put([Edit(("a",), gone=True)])
    assert document.tree() == {} and examined(document.missing()).maps < 2
