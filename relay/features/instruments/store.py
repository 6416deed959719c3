"""The tables instrument, sound_library and sound_library_instrument."""

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.database import Connection, Tx
from relay.features.creations import api as creations

_SELECT = """SELECT i.id, i.title, i.is_pitched, i.deleted_us IS NOT NULL, s.sha256 FROM instrument AS i
  LEFT JOIN creation AS c ON c.id = i.sample_id AND c.state = 'ready'
  LEFT JOIN asset AS s ON s.version_id = c.head_version_id AND s.role = :role"""
_ROLE = {"role": creations.LOSSLESS}


class CustomInstrument(Struct, frozen=True, kw_only=True):
    """An instrument of the relay's own. sha256: of its sound as an object; None: the sample is gone."""

    id: str
    title: str
    is_pitched: bool
    is_deleted: bool
    sha256: str | None


class SoundLibrary(Struct, frozen=True, kw_only=True):
    """A sound library, and the names of its instruments in their order."""

    id: str
    title: str
    description: str
    made_us: int
    changed_us: int
    instruments: list[str]


def instruments(db: Connection) -> list[CustomInstrument]:
    """All that were not deleted, by title. [any thread with a snapshot]"""
    rows = db.execute(f"{_SELECT} WHERE i.deleted_us IS NULL ORDER BY i.title, i.id", _ROLE)
    return [_instrument(row) for row in rows.fetchall()]


def find(db: Connection, id_: str) -> CustomInstrument | None:
    """Also one that was deleted. [any thread with a snapshot]"""
    row = db.execute(f"{_SELECT} WHERE i.id = :id", {**_ROLE, "id": id_}).fetchone()
    return None if row is None else _instrument(row)


def one(db: Connection, id_: str) -> CustomInstrument:
    """Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    found = find(db, id_)
    if found is None:
        raise Refusal("not_found", "There is no such instrument.")
    if found.is_deleted:
        raise Refusal("gone", f"The instrument {found.title} was deleted.", "Choose another one.")
    return found


def insert(tx: Tx, id_: str, title: str, sample_id: str, is_pitched: bool, at_us: int) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO instrument (id, title, sample_id, is_pitched, made_us, changed_us) VALUES (?, ?, ?, ?, ?, ?)",
        (id_, title, sample_id, int(is_pitched), at_us, at_us),
    )


def change(
    tx: Tx, id_: str, title: str | None, sample_id: str | None, is_pitched: bool | None, at_us: int
) -> None:
    """None: it stays. [writer]"""
    tx.db.execute(
        "UPDATE instrument SET title = coalesce(:title, title), sample_id = coalesce(:sample, sample_id),"
        " is_pitched = coalesce(:pitched, is_pitched), changed_us = :at WHERE id = :id",
        {
            "id": id_,
            "title": title,
            "sample": sample_id,
            "pitched": None if is_pitched is None else int(is_pitched),
            "at": at_us,
        },
    )


def bury(tx: Tx, id_: str, at_us: int) -> None:
    """What is left says that it was there. [writer]"""
    tx.db.execute(
        "UPDATE instrument SET sample_id = NULL, deleted_us = ?, changed_us = ? WHERE id = ?",
        (at_us, at_us, id_),
    )
    tx.db.execute("DELETE FROM sound_library_instrument WHERE instrument = ?", (id_,))


def libraries(db: Connection) -> list[SoundLibrary]:
    """By title. [any thread with a snapshot]"""
    named: dict[str, list[str]] = {}
    for library_id, name in db.execute(
        "SELECT library_id, instrument FROM sound_library_instrument ORDER BY library_id, place"
    ).fetchall():
        named.setdefault(library_id, []).append(name)
    rows = db.execute(
        "SELECT id, title, description, made_us, changed_us FROM sound_library ORDER BY title, id"
    )
    return [
        SoundLibrary(
            id=id_,
            title=title,
            description=description,
            made_us=made_us,
            changed_us=changed_us,
            instruments=named.get(id_, []),
        )
        for id_, title, description, made_us, changed_us in rows.fetchall()
    ]


def library(db: Connection, id_: str) -> SoundLibrary:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    found = next((each for each in libraries(db) if each.id == id_), None)
    if found is None:
        raise Refusal("not_found", "There is no such sound library.")
    return found


def put_library(tx: Tx, given: SoundLibrary) -> None:
    """A new one, or what one is from now on. [writer]"""
    tx.db.execute("DELETE FROM sound_library_instrument WHERE library_id = ?", (given.id,))
    tx.db.execute(
        "INSERT INTO sound_library (id, title, description, made_us, changed_us) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET title = excluded.title, description = excluded.description,"
        " changed_us = excluded.changed_us",
        (given.id, given.title, given.description, given.made_us, given.changed_us),
    )
    for place, name in enumerate(given.instruments):
        tx.db.execute(
            "INSERT INTO sound_library_instrument (library_id, place, instrument) VALUES (?, ?, ?)",
            (given.id, place, name),
        )


def drop_library(tx: Tx, id_: str) -> None:
    """[writer]"""
    tx.db.execute("DELETE FROM sound_library_instrument WHERE library_id = ?", (id_,))
    tx.db.execute("DELETE FROM sound_library WHERE id = ?", (id_,))


def sample_ms(db: Connection, owner_id: str, sample_id: str) -> int:
    """How long a sample of somebody's is. Raises Refusal: validation. [any thread with a snapshot]"""
    row: tuple[int] | None = db.execute(
        "SELECT duration_ms FROM creation WHERE id = ? AND owner_id = ? AND kind = ? AND state = 'ready'",
        (sample_id, owner_id, creations.Kind.SAMPLE),
    ).fetchone()
    if row is None:
        raise Refusal("validation", "You have no such sample.", "Upload it at /api/samples/upload first.")
    return row[0]


def _instrument(row: tuple[str, str, int, int, str | None]) -> CustomInstrument:
    id_, title, is_pitched, is_deleted, sha256 = row
    return CustomInstrument(
        id=id_, title=title, is_pitched=bool(is_pitched), is_deleted=bool(is_deleted), sha256=sha256
    )
