"""The daemon's SQLite database: the only file with SQL. Library, outbox, feed cache and channel positions.

synchronous=FULL: a returned write survives a power cut. One connection, used from one thread at a time (the
store's own executor, see `Store.run`), so there is a single writer and no lock to wait for.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from daemon.core import outbox
from daemon.core.capture import Cut
from daemon.core.inbox import MAX_ITEMS
from relay.wire.events import Position
from relay.wire.rest import AudioPost

P = ParamSpec("P")
R = TypeVar("R")

SCHEMA_VERSION = 1


class TakeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One Take as stored. `recording` is the JSON of the pipeline's figures, None until ready."""

    take_id: str
    title: str
    created_us: int
    host_name: str
    frames: int
    sample_rate_hz: float
    channels: int
    cut: Cut
    state: str = "kept"
    attempts: int = 0
    flac_sha256: str | None = None
    recording: dict[str, object] | None = None
    error: str | None = None


class Store:
    """Opened once by the daemon. Methods are [worker]: the loop calls them through `run`."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._migrate()

    async def run(self, method: Callable[Concatenate["Store", P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `method` on the store's thread and wait for it. [loop]"""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: method(self, *args, **kwargs)
        )

    def close(self) -> None:
        """Finish what was asked and close."""
        self._thread.shutdown(wait=True)
        self._db.close()

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError(
                f"the library was written by a newer Sidechain (schema {version}, this one knows {SCHEMA_VERSION})"
            )
        for number in range(version + 1, SCHEMA_VERSION + 1):
            script = next((Path(__file__).parent / "sql").glob(f"{number:04d}_*.sql")).read_text()
            self._db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # takes ----------------------------------------------------------------------------------------------------

    def add_take(self, take: TakeRow, entry: outbox.Entry | None = None) -> None:
        """Insert a Take and, when it is to be posted at once, its Entry, in one transaction."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO take (take_id, title, created_us, host_name, frames, sample_rate_hz, channels, cut, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'kept')",
                (take.take_id, take.title, take.created_us, take.host_name, take.frames, take.sample_rate_hz,
                 take.channels, msgspec.json.encode(take.cut).decode()),
            )  # fmt: skip
            if entry:
                self._put_entry(entry)

    def takes(self, limit: int) -> list[TakeRow]:
        """The newest first."""
        rows = self._db.execute("SELECT * FROM take ORDER BY created_us DESC, take_id DESC LIMIT ?", (limit,))
        return [_take(row) for row in rows]

    def count_takes(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM take").fetchone()[0])

    def find_take(self, prefix: str) -> list[TakeRow]:
        """Takes whose id starts with `prefix`, at most two; "last" is the newest."""
        if prefix == "last":
            return self.takes(1)
        like = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._db.execute("SELECT * FROM take WHERE take_id LIKE ? ESCAPE '\\' LIMIT 2", (like,))
        return [_take(row) for row in rows]

    def take_ids(self) -> set[str]:
        return {row[0] for row in self._db.execute("SELECT take_id FROM take")}

    def unprocessed(self) -> list[TakeRow]:
        """Kept Takes, oldest first: what the pipeline still has to do."""
        return [
            _take(r) for r in self._db.execute("SELECT * FROM take WHERE state = 'kept' ORDER BY created_us")
        ]

    def rename_take(self, take_id: str, title: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE take SET title = ? WHERE take_id = ?", (title, take_id))

    def delete_take(self, take_id: str) -> None:
        """The Take and its finished Entry; the caller has checked that no Entry is under way."""
        with self._transaction() as db:
            db.execute("DELETE FROM entry WHERE take_id = ?", (take_id,))
            db.execute("DELETE FROM take WHERE take_id = ?", (take_id,))

    def count_attempt(self, take_id: str) -> int:
        """Counted before the work: a crash in between must cost an attempt, or a poison Take would run for ever."""
        with self._transaction() as db:
            row = db.execute(
                "UPDATE take SET attempts = attempts + 1 WHERE take_id = ? RETURNING attempts", (take_id,)
            ).fetchone()
        return int(row[0])

    def set_rendered(self, take_id: str, flac_sha256: str) -> None:
        """The lossless copy is durable: its Entry, if any, may go."""
        with self._transaction() as db:
            db.execute("UPDATE take SET flac_sha256 = ? WHERE take_id = ?", (flac_sha256, take_id))
            if entry := self._entry_of(take_id):
                self._put_entry(
                    outbox.apply(entry, outbox.Rendered(sha256=flac_sha256), now_us=0, jitter=0.0)
                )

    def set_ready(self, take_id: str, recording: Mapping[str, object]) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE take SET state = 'ready', recording = ? WHERE take_id = ?",
                (json.dumps(recording), take_id),
            )

    def set_failed(self, take_id: str, error: str) -> None:
        """The pipeline gave up. Its Entry, if it waits for the lossless copy, is quarantined with the reason."""
        with self._transaction() as db:
            db.execute(
                "UPDATE take SET state = 'failed', recording = NULL, error = ? WHERE take_id = ?",
                (error, take_id),
            )
            entry = self._entry_of(take_id)
            if entry and entry.state is outbox.State.WAITING:
                self._put_entry(outbox.apply(entry, outbox.Poisoned(reason=error), now_us=0, jitter=0.0))

    def retry_take(self, take_id: str) -> None:
        """A failed Take is kept again, with all its attempts."""
        with self._transaction() as db:
            db.execute(
                "UPDATE take SET state = 'kept', attempts = 0, error = NULL WHERE take_id = ?", (take_id,)
            )

    # outbox ---------------------------------------------------------------------------------------------------

    def add_entry(self, entry: outbox.Entry) -> outbox.Entry:
        """The Take's Entry: the one that exists, else this one, released if the lossless copy is there by now."""
        with self._transaction() as db:
            if existing := self._entry_of(entry.take_id):
                return existing
            row = db.execute("SELECT flac_sha256 FROM take WHERE take_id = ?", (entry.take_id,)).fetchone()
            if row and row[0] and entry.state is outbox.State.WAITING:
                entry = outbox.apply(entry, outbox.Rendered(sha256=row[0]), now_us=0, jitter=0.0)
            self._put_entry(entry)
        return entry

    def entries(self) -> list[outbox.Entry]:
        """All, oldest first."""
        return [_entry(row) for row in self._db.execute("SELECT * FROM entry ORDER BY created_us, entry_id")]

    def open_entries(self) -> list[outbox.Entry]:
        """Those that may still go somewhere by themselves, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM entry WHERE state IN ('waiting', 'queued', 'uploading') ORDER BY created_us, entry_id"
        )
        return [_entry(row) for row in rows]

    def entry_of(self, take_id: str) -> outbox.Entry | None:
        return self._entry_of(take_id)

    def save_entry(self, entry: outbox.Entry) -> None:
        with self._transaction():
            self._put_entry(entry)

    def count_entries(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT state, count(*) FROM entry GROUP BY state").fetchall())

    def _entry_of(self, take_id: str) -> outbox.Entry | None:
        row = self._db.execute("SELECT * FROM entry WHERE take_id = ?", (take_id,)).fetchone()
        return _entry(row) if row else None

    def _put_entry(self, e: outbox.Entry) -> None:
        self._db.execute(
            "INSERT INTO entry (entry_id, take_id, account, title, created_us, state, attempts, next_attempt_us,"
            " lease_until_us, sha256, post_id, post_url, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (entry_id) DO UPDATE SET account = excluded.account, state = excluded.state,"
            " attempts = excluded.attempts, next_attempt_us = excluded.next_attempt_us,"
            " lease_until_us = excluded.lease_until_us, sha256 = excluded.sha256, post_id = excluded.post_id,"
            " post_url = excluded.post_url, reason = excluded.reason",
            (e.entry_id, e.take_id, e.account, e.title, e.created_us, e.state, e.attempts, e.next_attempt_us,
             e.lease_until_us, e.sha256, e.post_id, e.post_url, e.reason),
        )  # fmt: skip

    # feed -----------------------------------------------------------------------------------------------------

    def positions(self) -> dict[str, Position]:
        rows = self._db.execute("SELECT channel, epoch, offset FROM position")
        return {channel: Position(epoch=epoch, offset=offset) for channel, epoch, offset in rows}

    def apply_events(self, posts: Iterable[AudioPost], positions: Mapping[str, Position | None]) -> None:
        """Items and the positions that say they are applied, in one transaction: applied exactly once."""
        with self._transaction() as db:
            for post in posts:
                db.execute(
                    "INSERT INTO item (post_id, created_at, post) VALUES (?, ?, ?)"
                    " ON CONFLICT (post_id) DO UPDATE SET post = excluded.post",
                    (post.id, post.created_at, msgspec.json.encode(post).decode()),
                )
            for channel, position in positions.items():
                if position is None:
                    db.execute("DELETE FROM position WHERE channel = ?", (channel,))
                else:
                    db.execute(
                        "INSERT OR REPLACE INTO position (channel, epoch, offset) VALUES (?, ?, ?)",
                        (channel, position.epoch, position.offset),
                    )
            db.execute(
                "DELETE FROM item WHERE post_id NOT IN (SELECT post_id FROM item ORDER BY created_at DESC LIMIT ?)",
                (MAX_ITEMS,),
            )

    def items(self, limit: int) -> list[AudioPost]:
        """Cached Items, newest first."""
        rows = self._db.execute(
            "SELECT post FROM item ORDER BY created_at DESC, post_id DESC LIMIT ?", (limit,)
        )
        return [msgspec.json.decode(row[0], type=AudioPost) for row in rows]

    # facts ----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT name, value FROM fact").fetchall())

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Who this device is. Another account starts with no positions and no Items of the last one."""
        with self._transaction() as db:
            before = db.execute("SELECT value FROM fact WHERE name = 'account'").fetchone()
            if before and before[0] != facts.get("account"):
                db.execute("DELETE FROM position")
                db.execute("DELETE FROM item")
            db.executemany("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", list(facts.items()))


def _take(row: sqlite3.Row) -> TakeRow:
    values = dict(row)
    values["cut"] = msgspec.json.decode(values["cut"], type=Cut)
    values["recording"] = json.loads(values["recording"]) if values["recording"] else None
    return TakeRow(**values)


def _entry(row: sqlite3.Row) -> outbox.Entry:
    return msgspec.convert(dict(row), outbox.Entry)
