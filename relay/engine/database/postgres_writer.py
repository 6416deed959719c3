"""The writer of one process on PostgreSQL: groups that are serial across processes, and never half known.

A group begins by locking the one row of `commits`, so at any time one process writes, as on SQLite: work needs no
thought of others. Its number, its effects (one row of commit_log) and a NOTIFY commit with it. Statements go out in a
pipeline: what is not asked for its rows costs no round trip. Work that is apart has a writer of its own, without the lock.

Each group leaves a mark in last_group. When the answer to a COMMIT is lost, the mark says whether it took place (a
transaction id does not: after a crash the next transaction may get the same one).

A process that froze inside a group holds the lock. Whoever waited for it in vain ends its session.
"""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
import psycopg
from psycopg import RawCursor
from psycopg.rows import TupleRow

from relay.engine.database.effects import Effect, EffectTypes
from relay.engine.database.errors import OutcomeUnknown
from relay.engine.database.pieces import Answer, Piece, Teller, Waiting, run_piece
from relay.engine.database.postgres_connection import (
    Address,
    Connection,
    Postgres,
    end_frozen,
    first,
    neutral,
)
from relay.engine.database.postgres_log import Log

log = logging.getLogger(__name__)

MAX_GROUP = 16
"""Smaller than on SQLite: the others wait while a group runs."""
WAIT_S = 5.0
"""So long a write waits for a server that is out of reach."""
DECIDE_S = 15.0
"""So long it is asked whether a COMMIT took place, before its outcome stays unknown."""
KEPT_LOG = 4_096
TRIM_EVERY = 256
BACK_OFF_S = (0.02, 0.5)
STALE_US = 86_400_000_000
_GONE = frozenset(
    ("25006", "26000", "25P03", "57P01", "57P02", "57P03", "57P05")
)  # this connection is of no more use
_AGAIN = frozenset(("40001", "40P01", "55P03"))  # another transaction was in the way
_LOCKED = "55P03"


class _Attempt(msgspec.Struct):
    """A group under way. committing: COMMIT was sent, so that from here on only the mark tells.

    lock: the statement that locks the row of commits. Its answer is waited for when somebody wants the number; until
    then what follows is on its way behind it.
    """

    mark: int
    lock: RawCursor[TupleRow] | None = None
    answers: list[Answer] = []
    effects: list[Effect] = []
    committing: bool = False
    _number: int = 0

    def number(self) -> int:
        """Of this commit; 0 for work that is apart. Raises psycopg.Error."""
        if not self._number and self.lock is not None:
            row = self.lock.fetchone()
            self._number = (row[0] if row else 0) + 1
        return self._number


class Writer:
    """connect: makes a connection fit for writing. log: of commits; None for work that is apart."""

    def __init__(
        self,
        connect: Callable[[], Postgres],
        *,
        address: Address,
        types: EffectTypes,
        teller: Teller,
        log: Log | None,
    ) -> None:
        self._connect = connect
        self._schema = address.schema
        self._channel = address.channel
        self._types = types
        self._teller = teller
        self._log = log
        self._pg: Postgres | None = None
        self._name = secrets.token_hex(8)
        self._attempt = _Attempt(mark=0)
        self.waiting = Waiting(MAX_GROUP)
        self._thread = threading.Thread(target=self._write_all, name="relay-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """After waiting.end(). [blocks]"""
        self._thread.join()

    # writer thread ------------------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        with suppress(psycopg.Error):
            self._reach()  # so that the first write need not wait for it
        more = True
        while more:
            pieces, more = self.waiting.next_group()
            try:
                self._write(pieces)
            except Exception as error:  # a fault of ours costs this group, not every later one
                log.exception("a group failed in an unexpected way")
                self._teller.answer([Answer(piece, error=error) for piece in pieces])
                self._forget()
        self._leave()

    def _leave(self) -> None:
        if self._pg is None:
            return
        try:
            self._pg.execute("DELETE FROM last_group WHERE writer = $1", (self._name,))
            self._pg.execute(
                "SELECT pg_notify($1, '0')", (self._channel,)
            )  # the log thread need not sit out its poll
        except psycopg.Error:
            log.info("the database went before we did")
        self._pg.close()

    def _write(self, pieces: list[Piece]) -> None:
        """Commit the pieces together, whatever breaks meanwhile; where one is at fault, each alone."""
        while pieces:
            try:
                pg = self._reach()
                self._run(pg, pieces)
            except psycopg.Error as error:
                pieces = self._settle(first(error), pieces)
            else:
                self._tell(pg)
                return

    def _reach(self) -> Postgres:
        if self._pg is None:
            self._attempt = _Attempt(mark=self._attempt.mark)
            self._pg = self._connect()
        return self._pg

    def _run(self, pg: Postgres, pieces: list[Piece]) -> None:
        """One attempt, from BEGIN to the answer of COMMIT. Raises psycopg.Error."""
        attempt = self._attempt = _Attempt(mark=self._attempt.mark + 1)
        alone = len(pieces) == 1
        with pg.pipeline():
            pg.execute("BEGIN")
            if self._log is not None:
                attempt.lock = RawCursor(pg)
                attempt.lock.execute("SELECT n FROM commits FOR UPDATE", binary=True)
            for piece in pieces:
                self._run_piece(pg, piece, attempt, alone=alone)
            if all(answer.error for answer in attempt.answers):
                pg.execute("ROLLBACK")
                return
            self._seal(pg, attempt)
            attempt.committing = True
            done = pg.execute("COMMIT")
        if done.statusmessage != "COMMIT":
            raise psycopg.InternalError(f"COMMIT was answered by {done.statusmessage}")

    def _run_piece(self, pg: Postgres, piece: Piece, attempt: _Attempt, *, alone: bool) -> None:
        if not alone:
            pg.execute("SAVEPOINT piece")  # hides that of the piece before; all of them end with the group
        try:
            result, effects = run_piece(piece, Connection(pg), attempt.number, self._types)
        except psycopg.Error:  # the whole transaction has failed with it
            raise
        except Exception as error:
            if not alone:
                pg.execute("ROLLBACK TO piece")
            attempt.answers.append(Answer(piece, error=error))
        else:
            attempt.effects += effects
            attempt.answers.append(Answer(piece, result))

    def _seal(self, pg: Postgres, attempt: _Attempt) -> None:
        pg.execute(
            "INSERT INTO last_group (writer, mark, at_us) VALUES ($1, $2, $3) "
            "ON CONFLICT (writer) DO UPDATE SET mark = excluded.mark, at_us = excluded.at_us",
            (self._name, attempt.mark, time.time_ns() // 1_000),
        )
        if not attempt.effects:
            return
        n = attempt.number()
        pg.execute("UPDATE commits SET n = $1", (n,))
        pg.execute(
            "INSERT INTO commit_log (n, effects) VALUES ($1, $2)", (n, self._types.encode(attempt.effects))
        )
        if n % TRIM_EVERY == 0:
            pg.execute("DELETE FROM commit_log WHERE n <= $1", (n - KEPT_LOG,))
        pg.execute("SELECT pg_notify($1, $2)", (self._channel, str(n)))

    def _tell(self, pg: Postgres) -> None:
        """Hand effects on, then answer, so that whoever wrote has been told of it."""
        attempt = self._attempt
        if self._log is not None and attempt.effects:
            try:
                self._log.own(pg, attempt.number(), attempt.effects)
            except psycopg.Error as error:
                log.warning("effects of commit %d are told by the log, later: %s", attempt.number(), error)
        self._teller.answer(attempt.answers)

    # when it breaks -----------------------------------------------------------------------------------------------

    def _settle(self, error: psycopg.Error, pieces: list[Piece]) -> list[Piece]:
        """Answer those whose fate is known; returns those to do again."""
        if self._pg is None or self._is_gone(self._pg, error):
            self._forget()
            if self._attempt.committing:
                return self._decide(error, pieces)
            return self._in_time(pieces, error)
        if error.sqlstate in _AGAIN:
            if error.sqlstate == _LOCKED:
                with suppress(psycopg.Error):
                    end_frozen(self._pg, self._schema)
            return self._in_time(pieces, error)
        if len(pieces) > 1:
            for piece in pieces:
                self._write([piece])
            return []
        self._teller.answer([Answer(pieces[0], error=neutral(error))])
        return []

    def _is_gone(self, pg: Postgres, error: psycopg.Error) -> bool:
        if pg.closed or error.sqlstate in _GONE:
            return True
        try:
            pg.execute("ROLLBACK")
        except psycopg.Error:
            return True
        return pg.closed

    def _forget(self) -> None:
        if self._pg is not None:
            self._pg.close()
        self._pg = None

    def _in_time(self, pieces: list[Piece], error: psycopg.Error) -> list[Piece]:
        """Those that may wait some more, after a pause; the others are told that we are busy."""
        now_s = time.monotonic()
        late = [piece for piece in pieces if now_s - piece.asked_s > WAIT_S]
        self._teller.answer([Answer(piece, error=neutral(error)) for piece in late])
        if len(late) < len(pieces):
            time.sleep(random.uniform(*BACK_OFF_S))
        return [piece for piece in pieces if now_s - piece.asked_s <= WAIT_S]

    def _decide(self, error: psycopg.Error, pieces: list[Piece]) -> list[Piece]:
        """COMMIT was sent and its answer lost: find out whether it took place."""
        until_s = time.monotonic() + DECIDE_S
        while time.monotonic() < until_s:
            try:
                self._pg = self._connect()
                if self._has_mark(self._pg, self._attempt.mark):
                    self._tell(self._pg)
                    return []
                return self._in_time(pieces, error)
            except psycopg.Error:
                self._forget()
                time.sleep(random.uniform(*BACK_OFF_S))
        unknown = OutcomeUnknown("The database went away while it committed: it may have been saved, or not.")
        self._teller.answer([Answer(piece, error=unknown) for piece in pieces])
        return []

    def _has_mark(self, pg: Postgres, mark: int) -> bool:
        """Waits until the connection that was lost has ended at the server: its lock on the row tells."""
        row = pg.execute(
            "INSERT INTO last_group (writer, mark, at_us) VALUES ($1, 0, $2) "
            "ON CONFLICT (writer) DO UPDATE SET at_us = excluded.at_us RETURNING mark",
            (self._name, time.time_ns() // 1_000),
        ).fetchone()
        return row is not None and row[0] == mark


def forget_stale_marks(pg: Postgres) -> None:
    """Of writers that ended without leaving. Raises psycopg.Error."""
    pg.execute("DELETE FROM last_group WHERE at_us < $1", (time.time_ns() // 1_000 - STALE_US,))
