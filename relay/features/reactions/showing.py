"""Noting, for who follows somebody, that a post which that person shows is shown, is otherwise, or is shown no longer. One kind
of event; what is told of it is read from the rows when it is told (`keeping.tell_shown`).

`creations` notes it with each change of a post, so this module imports nothing of it.
"""

from collections.abc import Iterable

from relay.engine.clock import now_us
from relay.engine.database import Tx
from relay.features.live import api as live

SHOWN = "shown"
MOST_TOLD = 1_000
"""Reposts of which the followers are told that a post is otherwise: the newest. Devices behind older ones learn it from the next
page that they fetch.
"""


def note(tx: Tx, account_id: str, creation_id: str) -> None:
    """Somebody shows a creation, with another word, or no longer. [writer]"""
    _note(tx, [(account_id, creation_id)])


def note_creation(tx: Tx, creation_id: str) -> None:
    """It is otherwise, or is about to be deleted with all reposts of it. [writer]"""
    rows = tx.db.execute(
        "SELECT account_id, creation_id FROM repost WHERE creation_id = ? ORDER BY created_us DESC, id DESC LIMIT ?",
        (creation_id, MOST_TOLD),
    )
    _note(tx, rows.fetchall())


def note_owner(tx: Tx, owner_id: str) -> None:
    """All that an account made is shown to others than before. [writer]"""
    rows = tx.db.execute(
        "SELECT r.account_id, r.creation_id FROM creation AS c JOIN repost AS r ON r.creation_id = c.id"
        " WHERE c.owner_id = ? AND c.repost_count > 0 ORDER BY r.created_us DESC, r.id DESC LIMIT ?",
        (owner_id, MOST_TOLD),
    )
    _note(tx, rows.fetchall())


def _note(tx: Tx, reposts: Iterable[tuple[str, str]]) -> None:
    at_us = now_us()
    for account_id, creation_id in reposts:
        live.append(
            tx,
            topic=live.author_topic(account_id),
            kind=SHOWN,
            actor_id=account_id,
            object_id=creation_id,
            at_us=at_us,
        )
