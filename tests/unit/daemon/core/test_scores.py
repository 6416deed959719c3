"""Scores as this device reads them: what the relay would refuse is refused here, in words."""

import json
from typing import get_args

import msgspec
import pytest

from audio.score.kinds import KINDS
from audio.score.shapes import Loop
from daemon.core.scores import (
    SCORES,
    compiled,
    kind_of,
    loops_named,
    read_json,
    read_text,
    renamed,
    rules_of,
    text_of,
    with_loops,
)
from daemon.errors import UsageError
from relay.features.creations import scores as at_relay
from relay.features.creations.kinds import score_row
from relay.wire.scores import LoopScore, ScoreKind
from tests.support.scores import LOOP_JSON


def test_a_score_is_read_as_the_relay_writes_it_and_as_the_studio_saves_it() -> None:
    read = read_json(LOOP_JSON)
    assert kind_of(read.score) == "loop" and read_text(text_of(read.score)) == read.score
    body = {name: value for name, value in json.loads(LOOP_JSON).items() if name != "kind"}
    studio = {"format": "sidechain-studio", "version": 1, "kind": "loop", "body": body}
    assert read_json(json.dumps(studio).encode()) == read
    blocks = [{"id": "b", "loop": "L1", "start": 0, "bars": 2}]
    song = {"name": "Song", "bpm": 100, "blocks": blocks}
    both = read_json(json.dumps(studio | {"kind": "song", "body": song, "loops": {"L1": body}}).encode())
    assert both.loops == {"L1": read.score} and loops_named(both.score) == ["L1"]
    assert loops_named(with_loops(both.score, {"L1": "x"})) == ["x"]
    assert compiled(both.score, both.loops).notes


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"no", "no JSON"),
        (b"[1]", "must be"),
        (b'{"kind": "tune"}', "kind is outside"),
        (LOOP_JSON.replace(b'"bars": 2', b'"bars": 3'), "not among"),
        (LOOP_JSON.replace(b'"step": 20', b'"step": 40'), "behind the end"),
        (LOOP_JSON.replace(b"drum-kick", b"kazoo"), "none of this name"),
        (b'{"kind": "machine", "name": "m", "style": "polka", "bpm": 100}', "there is none"),
        (b" " * 1_000_001, "at most"),
    ],
)
def test_what_is_no_score_is_said_in_words(file: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        read_json(file)
    assert "msgspec" not in str(refused.value) and "Expected" not in str(refused.value)


def test_a_name_is_one_that_a_score_may_have() -> None:
    score = read_json(LOOP_JSON).score
    assert renamed(score, " Rain ").name == "Rain"
    for wrong in ("", "x" * 101, "two\nlines"):
        with pytest.raises(UsageError):
            renamed(score, wrong)


def test_nothing_to_hear_is_said() -> None:
    with pytest.raises(UsageError, match="Nothing sounds"):
        compiled(LoopScore(name="x", bars=1), {})
    with pytest.raises(UsageError, match="which is not there"):
        compiled(with_loops(read_json(_song()).score, {}), {})


def test_each_kind_is_of_the_table_that_the_relay_has() -> None:
    assert set(KINDS) == set(get_args(ScoreKind)) == set(SCORES)
    for kind, rules in KINDS.items():
        assert rules_of(kind) is rules and score_row(kind).rules is rules
    built = {"kind": "loop", **msgspec.to_builtins(Loop(name="x", bars=1))}
    assert at_relay.checked(at_relay.LOOP, built).bars == 1


def _song() -> bytes:
    blocks = [{"id": "b", "loop": "L1", "start": 0, "bars": 2}]
    return json.dumps({"kind": "song", "name": "Song", "bpm": 100, "blocks": blocks}).encode()
