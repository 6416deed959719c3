"""The schema of the library: numbered SQL scripts, run once each, and whether a file's tables are what they make."""

import sqlite3
from contextlib import closing
from pathlib import Path

from daemon.errors import BadConfig, LibraryDamaged, LibraryStuck

SCHEMA_VERSION = 12
# "SC"; the schema version is repeated in it, so that a flipped bit is no new version.
APPLICATION_ID = 0x5343_0000
SCRIPTS = Path(__file__).parent / "sql"


def migrate(db: sqlite3.Connection) -> None:
    """Bring a library to this version's schema. Raises LibraryDamaged, BadConfig (written by a newer version), LibraryStuck."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    mark = db.execute("PRAGMA application_id").fetchone()[0]
    if mark != (APPLICATION_ID + version if version > 1 else 0):
        raise LibraryDamaged(f"its header says schema {version} and mark {mark:#x}")
    if version > SCHEMA_VERSION:
        raise BadConfig(
            f"The library was written by a newer Sidechain (schema {version}; this one knows {SCHEMA_VERSION}).",
            "Update Sidechain, or set another data_dir. Nothing was changed.",
        )
    for number in range(version + 1, SCHEMA_VERSION + 1):
        script = _script(number)
        mark = APPLICATION_ID + number if number > 1 else 0
        db.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\n"
            f"PRAGMA application_id = {mark};\nCOMMIT;"
        )


def is_ours(db: sqlite3.Connection) -> bool:
    """Every table, index and CHECK is what the scripts write."""
    return _schema(db) == _schema_as_written()


def _script(number: int) -> str:
    """Raises LibraryStuck when the installation lacks it."""
    found = next(SCRIPTS.glob(f"{number:04d}_*.sql"), None)
    if found is None:
        raise LibraryStuck(
            f"A file of Sidechain's own is missing: {SCRIPTS / f'{number:04d}_….sql'}.",
            "Install Sidechain anew; what was kept stays.",
        )
    return found.read_text(encoding="utf-8")


def _schema(db: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(name, sql) for name, sql in rows}


def _schema_as_written() -> set[tuple[str, str]]:
    """What the scripts make: a changed bit in a CHECK or a column's name is damage like any other."""
    with closing(sqlite3.connect(":memory:")) as db:
        for number in range(1, SCHEMA_VERSION + 1):
            db.executescript(_script(number))
        return _schema(db)
