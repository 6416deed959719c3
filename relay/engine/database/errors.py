"""What may go wrong behind the door, said alike by both engines. No caller sees sqlite3.Error or psycopg.Error."""


class DatabaseError(Exception):
    """A statement that the engine refuses: a fault of ours. The engine's own error is its cause."""


class DatabaseBusy(DatabaseError):
    """Locked, full, restarting or out of reach: nothing was saved, and asking again later may help."""


class OutcomeUnknown(DatabaseBusy):
    """The connection broke while the commit was under way: it may have been saved, or not."""


class ConstraintViolated(DatabaseError):
    """A UNIQUE, CHECK, NOT NULL or REFERENCES of the schema says no."""


class ValueRefused(DatabaseError, ValueError):
    """A value that one of the engines cannot hold: NUL or half a surrogate in text, NaN, an integer beyond 64 bits."""


class DatabaseInUse(DatabaseError):
    """A relay works with it, and what is asked for needs that stopped."""

    def __str__(self) -> str:
        return "A relay works with this database. Stop all its processes first."


class SchemaTooNew(DatabaseError):
    """A newer relay wrote this database; an older one must not touch it."""

    def __init__(self, *, have: int, known: int) -> None:
        super().__init__(have, known)
        self.have = have
        self.known = known

    def __str__(self) -> str:
        return (
            f"The database has schema {self.have}, this relay knows up to {self.known}. "
            "Start the newer relay, or restore a backup made by this one."
        )
