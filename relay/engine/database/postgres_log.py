"""The log of commits: every process reads it in the order of numbers, and hands the effects on.

Announced by NOTIFY, asked for each POLL_S besides, because an announcement may be missed. Our own commits are handed on
by the writer, without asking, when they are the next number.
"""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence

import msgspec
import psycopg

from relay.engine.database.effects import Effect, EffectTypes
from relay.engine.database.pieces import Teller
from relay.engine.database.postgres_connection import Postgres

log = logging.getLogger(__name__)

POLL_S = 1.0
BACK_OFF_S = (0.05, 2.0)
PAGE = 256
"""Commits read at once."""


class Log:
    """How far this process has handed effects on. connect: makes a connection. [any thread, one at a time]"""

    def __init__(
        self, connect: Callable[[], Postgres], channel: str, types: EffectTypes, teller: Teller, epoch: str
    ) -> None:
        self._connect = connect
        self._channel = channel
        self._types = types
        self._teller = teller
        self._epoch = epoch
        self._handed = teller.applied
        self._turn = threading.Lock()
        self._heard_s = time.monotonic()
        self._ended = False
        self.own_pid = 0  # of the writer's connection: what it announces, it hands on itself
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="relay-log", daemon=True)

    @property
    def silent_s(self) -> float:
        return time.monotonic() - self._heard_s

    def start(self) -> None:
        """Returns when announcements are listened for, or after POLL_S: asking works without."""
        self._thread.start()
        self._listening.wait(POLL_S)

    def end(self) -> None:
        """Ends at the next announcement, or after POLL_S."""
        self._ended = True

    def join(self) -> None:
        """[blocks]"""
        self._thread.join()

    def own(self, pg: Postgres, commit: int, effects: Sequence[Effect]) -> None:
        """Hand a commit of our own on, and first what others committed before. Raises psycopg.Error. [writer]"""
        with self._turn:
            if commit == self._handed + 1:
                self._hand_on(commit, effects)
            elif commit > self._handed:
                self._read(pg, commit)

    def ask(self, pg: Postgres) -> None:
        """Hand on whatever has committed. Finds out, too, whether the history is still ours. Raises psycopg.Error."""
        with self._turn:
            row = pg.execute(
                "SELECT c.n, m.value FROM commits c, meta m WHERE m.key = 'epoch'", binary=True
            ).fetchone()
            n, epoch = row or (0, "")
            if (
                n < self._handed and epoch == self._epoch
            ):  # set back behind our backs: cursors must not survive it
                epoch = _rotate(pg, epoch)
            if epoch != self._epoch:
                self._epoch = epoch
                self._lose(n)
            elif n > self._handed:
                self._read(pg, n)
            self._heard_s = time.monotonic()

    def _read(self, pg: Postgres, to: int) -> None:
        while self._handed < to:
            rows = pg.execute(
                f"SELECT n, effects FROM commit_log WHERE n > $1 ORDER BY n LIMIT {PAGE}",
                (self._handed,),
                binary=True,
            ).fetchall()
            if not rows or rows[0][0] != self._handed + 1:  # the log is shorter than we were away
                return self._lose(to)
            for n, data in rows:
                try:
                    effects = self._types.decode(data)
                except msgspec.MsgspecError:  # of another version, and what it means for us is not known
                    self._lose(n)
                else:
                    self._hand_on(n, effects)
        return None

    def _hand_on(self, commit: int, effects: Sequence[Effect]) -> None:
        self._handed = commit
        self._teller.hand_on(commit, effects)

    def _lose(self, commit: int) -> None:
        self._handed = commit
        self._teller.lost(commit)

    # log thread ---------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        wait_s = BACK_OFF_S[0]
        while not self._ended:
            try:
                with self._connect() as pg:
                    pg.execute(f"LISTEN {self._channel}")
                    self._listening.set()
                    self.ask(pg)
                    wait_s = BACK_OFF_S[0]
                    while not self._ended:
                        self._wait_and_ask(pg)
            except Exception as error:
                if not isinstance(error, psycopg.Error):
                    log.exception("the log of commits was not read")
                time.sleep(wait_s * random.uniform(0.5, 1))
                wait_s = min(wait_s * 2, BACK_OFF_S[1])

    def _wait_and_ask(self, pg: Postgres) -> None:
        news = False
        for note in pg.notifies(timeout=POLL_S, stop_after=1):
            news |= note.pid != self.own_pid and int(note.payload or 0) > self._handed
        if (news or self.silent_s >= POLL_S) and not self._ended:
            self.ask(pg)


def check_lineage(pg: Postgres) -> None:
    """Rotate the epoch when this is another server, or another time line of it, than the one that was written to.

    A stand-by that took over may lack the last commits, and gives their numbers a second time. Raises psycopg.Error.
    """
    now = _lineage(pg)
    row = pg.execute("SELECT value FROM meta WHERE key = 'lineage'").fetchone()
    if row is not None and row[0] == now:
        return
    with pg.transaction():
        pg.execute("SELECT n FROM commits FOR UPDATE")
        row = pg.execute("SELECT value FROM meta WHERE key = 'lineage'").fetchone()
        if row is not None and row[0] == now:
            return
        _put(pg, "lineage", now)
        if row is not None:
            _put(pg, "epoch", secrets.token_hex(8))


def _lineage(pg: Postgres) -> str:
    system, segment = pg.execute(
        "SELECT (SELECT system_identifier FROM pg_control_system())::text, pg_walfile_name(pg_current_wal_lsn())"
    ).fetchone() or ("", "")
    return f"{system}/{segment[:8]}"


def _rotate(pg: Postgres, epoch: str) -> str:
    """A new epoch in place of this one, unless another process was first. Returns the one that holds."""
    pg.execute("UPDATE meta SET value = $1 WHERE key = 'epoch' AND value = $2", (secrets.token_hex(8), epoch))
    row = pg.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    return row[0] if row else ""


def _put(pg: Postgres, key: str, value: str) -> None:
    pg.execute(
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
