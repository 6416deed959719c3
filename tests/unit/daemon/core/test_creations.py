"""What is to be sent of a creation, and what its states are."""

from msgspec.structs import replace

from daemon.core.creations import (
    Creation,
    at_relay,
    changed,
    facts_of,
    for_relay,
    is_same,
    only_here,
    state_of,
    step_of,
)
from daemon.core.scores import read_json, renamed, text_of
from tests.support.scores import LOOP_JSON

LOOP = text_of(read_json(LOOP_JSON).score)
HERE = Creation(creation_id="1" * 32, kind="loop", name="Night drive", score=LOOP, created_us=1, changed_us=1)


def test_what_nobody_asked_for_is_never_sent() -> None:
    assert step_of(HERE, {}) == "nothing" and state_of(HERE) == "here"
    other = changed(HERE, name="x", score=LOOP, at_us=2)
    assert not other.waits and other.version == 2 and step_of(other, {}) == "nothing"


def test_a_creation_is_made_then_saved_then_deleted() -> None:
    asked = replace(HERE, account="owl", waits=True)
    assert step_of(asked, {}) == "make" and state_of(asked) == "waiting"
    made = at_relay(asked, "R", 1, LOOP, {})
    assert not made.waits and state_of(made) == "relay" and step_of(made, {}) == "nothing"
    rain = text_of(renamed(read_json(LOOP_JSON).score, "Rain"))
    edited = changed(made, name="Rain", score=rain, at_us=3)
    assert edited.waits and step_of(edited, {}) == "save"
    assert not changed(edited, name="x", score=LOOP, at_us=4).trouble
    gone = replace(made, deleted_us=5, waits=True)
    assert step_of(gone, {}) == "delete" and step_of(only_here(gone), {}) == "nothing"


def test_what_was_changed_while_it_was_made_is_sent_afterwards() -> None:
    asked = replace(HERE, account="owl", waits=True, making=LOOP)
    edited = changed(asked, name="Rain", score=text_of(renamed(read_json(LOOP_JSON).score, "Rain")), at_us=3)
    assert step_of(edited, {}) == "make", "as it was asked for first"
    made = at_relay(edited, "R", 1, LOOP, {})
    assert made.waits and step_of(made, {}) == "save" and made.making is None
    deleted = at_relay(replace(asked, deleted_us=2), "R", 1, LOOP, {})
    assert deleted.waits and step_of(deleted, {}) == "delete", "what may be there is looked for, and deleted"


def test_a_song_names_its_loops_as_the_relay_does() -> None:
    song = b'{"kind": "song", "name": "s", "bpm": 100, "blocks": [{"id": "b", "loop": "here", "start": 0, "bars": 2}]}'
    text = text_of(read_json(song).score)
    assert '"loop":"there"' in for_relay(text, {"here": "there"})
    creation = replace(HERE, kind="song", score=text, account="owl", waits=True)
    ids = {"here": "there"}
    assert not at_relay(creation, "R", 1, for_relay(text, ids), ids).waits
    assert facts_of(creation).bars == 2 and facts_of(HERE).key == "Am"


def test_two_ways_to_write_the_same_are_the_same() -> None:
    assert is_same(LOOP, LOOP_JSON.decode())
    assert not is_same(LOOP, LOOP.replace('"bpm":96', '"bpm":97'))
