"""Documents and the versions of their creations: a document begins with the newest, takes over what is saved beside it, and
becomes one itself when nobody has changed it for a while. Only what the kind's own rules take becomes a version.
"""

import asyncio
import logging
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.coediting import store
from relay.features.coediting.documents import BadUpdate, Document
from relay.features.coediting.store import Stored
from relay.features.coediting.trees import BadTree, body_of, edits, tree_of
from relay.features.coediting.updates import EMPTY
from relay.features.creations import api as creations
from relay.features.creations.api import Kind, Written
from relay.wire.owning import PostEdit
from relay.wire.scores import Score

log = logging.getLogger("relay")

QUIET_US, LONGEST_US = 15_000_000, 300_000_000
"""Nobody has changed it for so long; or somebody does all the time."""
NOTE = "Edited together"
TRIES = 5
_score: msgspec.json.Decoder[Score] = msgspec.json.Decoder(Score)


class Seen(Struct, frozen=True, kw_only=True):
    """A document and its creation at one moment. base: the score that the document began with or took over last; None: forgotten."""

    head: creations.Head
    stored: Stored | None
    updates: list[bytes]
    base: str | None
    owner_id: str
    title: str


class Saving:
    """[loop]"""

    def __init__(self, db: Database, owning: creations.Owning, removed: creations.Removals) -> None:
        self._db = db
        self._owning = owning
        self._removed = removed

    async def bring_up(self, creation_id: str) -> None:
        """There is a document, and the newest version is in it. Raises Refusal: not_found, busy."""
        for _ in range(TRIES):
            seen = await self._db.read(partial(_seen, creation_id=creation_id))
            if seen.stored is not None and seen.stored.version == seen.head.n:
                return
            update = await asyncio.to_thread(_with_head, seen)
            await self._db.write(partial(_put, creation_id=creation_id, seen=seen, update=update))
        raise Refusal("busy", "Too much is saved at once.", "Try again soon.", retry_after_s=2)

    async def save_due(self) -> None:
        """All that waited long enough."""
        now = now_us()
        due = await self._db.read(
            lambda db: store.unsaved(db, now - QUIET_US, now - LONGEST_US), snapshot=False
        )
        for creation_id in due:
            await self.save(creation_id)

    async def save(self, creation_id: str) -> None:
        """What is in the document becomes a version, unless it is one, or somebody changes it meanwhile."""
        try:
            await self.bring_up(creation_id)
            seen = await self._db.read(partial(_seen, creation_id=creation_id))
        except Refusal as refusal:  # it was deleted
            log.info("what was edited together is not saved: %s", refusal.detail)
            return
        if seen.stored is None or seen.stored.unsaved_us is None or seen.stored.version != seen.head.n:
            return
        new = await asyncio.to_thread(_score_of, seen)
        orphans = await self._db.write(partial(_save, creation_id=creation_id, seen=seen, new=new))
        if orphans is None:
            return
        await self._removed.finish(orphans)
        if new is not None and new.name != seen.title:
            await self._owning.edit(Actor(user_id=seen.owner_id), creation_id, PostEdit(title=new.name))


def _seen(db: Connection, creation_id: str) -> Seen:
    head = creations.head(db, creation_id)
    stored = store.find(db, creation_id)
    base: str | None = None
    if stored is not None and stored.version != head.n:
        base = _score_at(db, creation_id, stored.version)
    owner_id, title = db.execute(
        "SELECT owner_id, title FROM creation WHERE id = ?", (creation_id,)
    ).fetchone()
    return Seen(
        head=head,
        stored=stored,
        updates=[] if stored is None else [data for _, data in store.updates(db, creation_id)],
        base=base,
        owner_id=owner_id,
        title=title,
    )


def _score_at(db: Connection, creation_id: str, n: int) -> str | None:
    try:
        return creations.score_at(db, creation_id, n)[0]
    except Refusal:
        return None


def _body(text: str) -> dict[str, Any]:  # any: of JSON
    body: dict[str, Any] = msgspec.to_builtins(_score.decode(text))
    return body


def _with_head(seen: Seen) -> bytes:
    """An update that puts the newest version into the document. [any thread]"""
    document = Document(seen.updates)
    was = document.tree()
    base = was if seen.base is None else tree_of(_body(seen.base), was)
    return document.put(list(edits(base, tree_of(_body(seen.head.text), was))))


def _put(tx: Tx, creation_id: str, seen: Seen, update: bytes) -> None:
    """Unless something has changed since. [writer]"""
    if not _is_as(tx.db, creation_id, seen):
        return
    if seen.stored is None:
        store.begin(tx, creation_id, seen.head.n, update, now_us())
        return
    if update != EMPTY:
        store.append(tx, creation_id, [update], now_us())
    store.take_over(tx, creation_id, seen.head.n)


def _is_as(db: Connection, creation_id: str, seen: Seen) -> bool:
    stored = store.find(db, creation_id)
    if stored is None or seen.stored is None:
        if stored is not seen.stored:
            return False
    elif stored.last_n != seen.stored.last_n:
        return False
    return creations.head(db, creation_id).n == seen.head.n


def _score_of(seen: Seen) -> Written | None:
    """None: what is in the document cannot be stored. [any thread]"""
    try:
        body = body_of(Kind(seen.head.kind), Document(seen.updates).tree())
        return creations.written(msgspec.convert(body, Score))
    except (BadTree, BadUpdate, msgspec.ValidationError, Refusal) as error:
        log.info("what was edited together cannot be saved: %s", error)
        return None


def _save(tx: Tx, creation_id: str, seen: Seen, new: Written | None) -> list[str] | None:
    """Objects that nothing names any more; None: it has changed since. [writer]"""
    if not _is_as(tx.db, creation_id, seen):
        return None
    version, orphans = seen.head.n, list[str]()
    if new is not None and not _say_the_same(seen.head.text, new.text):
        orphans = creations.add_score(tx, creation_id, seen.owner_id, new, now_us(), NOTE)
        version += 1
    store.note_saved(tx, creation_id, version)
    return orphans


def _say_the_same(one: str, other: str) -> bool:
    """In whatever order, and whatever they are called."""
    first, second = (tree_of(_body(text)) for text in (one, other))
    return first | {"name": ""} == second | {"name": ""}
