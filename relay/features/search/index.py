"""What is written into the index of words, and which words: by who makes, changes and deletes what can be found."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from relay.core.words import words_of
from relay.engine.database import Connection, Database, Tx, full_text

POST, PERSON, COMMENT = "post", "person", "comment"
VERSION = 3
"""With another one the index is built anew, by and by."""
STEP = 200
"""Documents that are built in one transaction."""


class Words(Struct, frozen=True, kw_only=True):
    """Of one object. head: names and titles; rest: what else is said of it. kind: of a creation."""

    id: str
    head: str
    rest: str
    kind: str = ""


Source = Callable[[Connection, str, int], Sequence[Words]]
"""So many objects of one kind with an id greater than that, in the order of ids."""


def kind_word(kind: str) -> str:
    """Stands among the words of each creation, so that an index finds those of one kind among all that have a word. [any]"""
    return f"0{kind}0"


def put(tx: Tx, kind: str, words: Words) -> None:
    """[writer]"""
    rest = words_of(words.rest)
    full_text.put(
        tx, kind, words.id, words_of(words.head), [kind_word(words.kind), *rest] if words.kind else rest
    )


def remove(tx: Tx, kind: str, object_id: str) -> None:
    """[writer]"""
    full_text.remove(tx, kind, object_id)


async def catch_up(db: Database, sources: Mapping[str, Source]) -> None:
    """Build the index where it is not built by this version: STEP after STEP, kind after kind. [loop]"""
    while (await db.read(full_text.built, snapshot=False))[0] != VERSION:
        await db.write(partial(_step, sources=sources))


def _step(tx: Tx, sources: Mapping[str, Source]) -> None:
    """after_id: KIND:ID of the last one. [writer]"""
    version, after = full_text.built(tx.db)
    if version == VERSION:
        return
    kinds = list(sources)
    kind, _, after_id = after.partition(":")
    kind = kind or kinds[0]
    found = sources[kind](tx.db, after_id, STEP)
    for each in found:
        put(tx, kind, each)
    if len(found) == STEP:
        full_text.set_built(tx, version, f"{kind}:{found[-1].id}")
    elif kind != kinds[-1]:
        full_text.set_built(tx, version, f"{kinds[kinds.index(kind) + 1]}:")
    else:
        full_text.set_built(tx, VERSION, "")
