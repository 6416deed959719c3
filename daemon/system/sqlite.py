"""What SQLite met on the disk, as errors of ours. Not here: what is done about them (rebuild.py)."""

import sqlite3

from daemon.errors import LibraryDamaged, LibraryStuck, NoSpace, SidechainError

DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
SICK_DISK = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
}


def named(error: sqlite3.DatabaseError) -> SidechainError | None:
    """What SQLite met on the disk, as a sentence; None for what is a bug of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return NoSpace(
            "The disk is full: the library could not be written.", "Free some space and try again."
        )
    if code in SICK_DISK:
        return LibraryStuck(
            f"The library cannot be read or written: {error}.", "Look after the disk; nothing kept is lost."
        )
    return LibraryDamaged(str(error)) if code in DAMAGE else None
