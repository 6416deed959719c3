"""Finding rows by words: one index for all that has words, FTS5 on SQLite and a tsvector on PostgreSQL.

A document is an object of some kind with two texts, head (names, titles) and rest. Statements join DOCUMENTS, ask MATCHES with
a core.words.TextQuery as a value, and order by NEWEST: who came later has the greater number. All of it is made of other
tables, so no archive holds it: an index that is BUILT by another version, or empty, is built anew by who knows the words.
"""

from collections.abc import Sequence

from relay.core.words import TextQuery
from relay.engine.database.door import Connection, Tx

TABLES = frozenset({"document", "full_text", "full_text_built"})
DOCUMENTS = "full_text JOIN document AS d ON d.n = full_text.rowid"
MATCHES = "full_text MATCH :words"
"""The dialect says it otherwise on PostgreSQL."""
NEWEST = "full_text.rowid DESC"
"""The order in which the index itself is walked, so that a page ends it; of `d.n`, which is the same, SQLite does not know that."""


def put(tx: Tx, kind: str, object_id: str, head: Sequence[str], rest: Sequence[str]) -> None:
    """The document of an object, in the place of the one there was. head, rest: words of core.words. [writer]"""
    n = _number(tx.db, kind, object_id)
    if n is None:
        tx.db.execute(
            "INSERT INTO document (n, kind, object_id) SELECT coalesce(max(n), 0) + 1, ?, ? FROM document",
            (kind, object_id),
        )
        n = _number(tx.db, kind, object_id)
    else:
        tx.db.execute("DELETE FROM full_text WHERE rowid = ?", (n,))
    tx.db.execute(
        "INSERT INTO full_text (rowid, head, rest) VALUES (?, ?, ?)", (n, " ".join(head), " ".join(rest))
    )


def remove(tx: Tx, kind: str, object_id: str) -> None:
    """[writer]"""
    n = _number(tx.db, kind, object_id)
    if n is not None:
        tx.db.execute("DELETE FROM full_text WHERE rowid = ?", (n,))
        tx.db.execute("DELETE FROM document WHERE n = ?", (n,))


def built(db: Connection) -> tuple[int, str]:
    """By which version the index is built, and up to where it is built by the next. [any thread with a snapshot]"""
    row = db.execute("SELECT version, after_id FROM full_text_built WHERE one = 1").fetchone()
    return (0, "") if row is None else (row[0], row[1])


def set_built(tx: Tx, version: int, after_id: str) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO full_text_built (one, version, after_id) VALUES (1, ?, ?)"
        " ON CONFLICT (one) DO UPDATE SET version = excluded.version, after_id = excluded.after_id",
        (version, after_id),
    )


def fts5(query: TextQuery) -> str:
    """For SQLite (sqlite.org/fts5.html, 3). [any]"""
    return " AND ".join(f'"{" ".join(term.words)}"' + (" *" if term.prefix else "") for term in query.terms)


def tsquery(query: TextQuery) -> str:
    """For PostgreSQL (manual, 8.11.2). [any]"""
    return " & ".join(_phrase(term.words, ":*" if term.prefix else "") for term in query.terms)


def _phrase(words: Sequence[str], ending: str) -> str:
    *whole, last = (f"'{word}'" for word in words)
    return f"({' <-> '.join([*whole, last + ending])})"


def _number(db: Connection, kind: str, object_id: str) -> int | None:
    row: tuple[int] | None = db.execute(
        "SELECT n FROM document WHERE kind = ? AND object_id = ?", (kind, object_id)
    ).fetchone()
    return None if row is None else row[0]
