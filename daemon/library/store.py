"""All queries of the library's takes and of the outbox; what is remembered of the relay is in feed_cache.py, deeds that wait for
it in waiting_deeds.py, what is written down instead of recorded in creation_rows.py.

Takes and Entries come in the order in which they were stored (`rowid`), never by their time: the clock may have been
set back since, and "the last" must be the last.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping

import msgspec

from daemon.core import outbox
from daemon.core.analysis import Alike, Known, TakeAnalysis
from daemon.core.meant import called, short_id
from daemon.core.shelf import matches
from daemon.errors import LibraryDamaged
from daemon.library.creation_rows import CreationRows
from daemon.library.feed_cache import FeedCache
from daemon.library.rows import Marks, TakeRow, as_json, read_entry, read_take
from daemon.library.schema import is_ours
from daemon.library.waiting_deeds import WaitingDeeds


class TakePage(msgspec.Struct, frozen=True, kw_only=True):
    """after: the place that the next page is before; None: there is nothing older."""

    takes: list[tuple[TakeRow, outbox.Entry | None]]
    after: int | None


class Store(FeedCache, WaitingDeeds, CreationRows):
    """Opened once by the daemon. Methods are [worker]: the loop calls them through `run`."""

    def check(self) -> None:
        """Look at every page and every row. Raises LibraryDamaged, sqlite3.DatabaseError.

        A row that cannot be read would stop whoever needs it next, so it counts like a torn page; but for Items, which
        are the relay's to tell again: those are forgotten.
        """
        if not is_ours(self._db):
            raise LibraryDamaged("its tables are not ours")
        for pragma in ("integrity_check(1)", "foreign_key_check"):
            for row in self._db.execute(f"PRAGMA {pragma}"):
                if tuple(row) != ("ok",):
                    raise LibraryDamaged(f"{pragma}: {' '.join(map(str, row))}"[:300])
        try:
            for row in self._db.execute("SELECT * FROM take"):
                read_take(row)
            self.entries()
            for deleted in (False, True):
                self.creations(deleted=deleted)
            self.forget_unreadable_items()
            self.cursor()
            self.facts()
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            raise LibraryDamaged(f"a row cannot be read: {error}"[:300]) from error

    # takes ----------------------------------------------------------------------------------------------------

    def add_take(self, take: TakeRow, entry: outbox.Entry | None = None) -> None:
        """Insert a Take and, when it is to be posted, its Entry, in one transaction."""
        with self._transaction():
            self._put_take(take)
            if entry:
                self._put_entry(_released(entry, take.flac_sha256))

    def _put_take(self, take: TakeRow) -> None:
        recording = json.dumps(take.recording) if take.recording is not None else None
        self._db.execute(
            "INSERT INTO take (take_id, title, created_us, host_name, frames, sample_rate_hz, channels, cut, state,"
            " flac_sha256, recording, track_name, asked, heard, repair, tags, discarded_us, set_id, set_clock)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (take.take_id, take.title, take.created_us, take.host_name, take.frames, take.sample_rate_hz,
             take.channels, msgspec.json.encode(take.cut).decode(), take.state, take.flac_sha256, recording,
             take.track_name, take.asked, as_json(take.analysis), take.repair, json.dumps(take.tags), take.discarded_us, take.set_id,
             take.set_clock),
        )  # fmt: skip

    def add_takes(self, takes: Iterable[TakeRow]) -> None:
        """Several, in one transaction."""
        with self._transaction():
            for take in takes:
                self._put_take(take)

    def takes(self, limit: int) -> list[TakeRow]:
        """The newest first, without those that were discarded."""
        rows = self._db.execute(
            "SELECT * FROM take WHERE discarded_us IS NULL ORDER BY rowid DESC LIMIT ?", (limit,)
        )
        return [read_take(row) for row in rows]

    def search_takes(self, search: str, limit: int) -> list[TakeRow]:
        """The newest in whose name, tags, track, host, tempo or key each word is found (daemon.core.shelf)."""
        found: list[TakeRow] = []
        rows = self._db.execute("SELECT * FROM take WHERE discarded_us IS NULL ORDER BY rowid DESC")
        while len(found) < limit and (row := rows.fetchone()):
            take = read_take(row)
            if matches(search, take.texts):
                found.append(take)
        return found

    def page_of_takes(self, limit: int, *, search: str = "", before: int | None = None) -> TakePage:
        """The newest of those before a place, as `search_takes` finds them, with their Entries."""
        found: list[tuple[TakeRow, outbox.Entry | None]] = []
        rows = self._db.execute(
            "SELECT * FROM take WHERE discarded_us IS NULL AND (?1 IS NULL OR rowid < ?1) ORDER BY rowid DESC",
            (before,),
        )
        while (row := rows.fetchone()) and len(found) <= limit:
            take = read_take(row)
            if matches(search, take.texts):
                found.append((take, self.entry_of(take.take_id)))
        after = None
        if len(found) > limit:
            last_id = found[limit - 1][0].take_id
            after = self._db.execute("SELECT rowid FROM take WHERE take_id = ?", (last_id,)).fetchone()[0]
        return TakePage(takes=found[:limit], after=after)

    def discarded_takes(self, limit: int) -> list[TakeRow]:
        """Those that can be restored, the one discarded last first."""
        rows = self._db.execute(
            "SELECT * FROM take WHERE discarded_us IS NOT NULL ORDER BY discarded_us DESC, rowid DESC LIMIT ?",
            (limit,),
        )
        return [read_take(row) for row in rows]

    def count_takes(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM take WHERE discarded_us IS NULL").fetchone()[0])

    def find_take(self, prefix: str, *, discarded: bool = False) -> list[TakeRow]:
        """Takes whose id starts with `prefix`, at most two; "last" is the newest. discarded: of those, and no others."""
        if prefix == "last":
            return self.discarded_takes(1) if discarded else self.takes(1)
        like = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._db.execute(
            "SELECT * FROM take WHERE (discarded_us IS NOT NULL) = ? AND take_id LIKE ? ESCAPE '\\' LIMIT 2",
            (discarded, like),
        )
        return [read_take(row) for row in rows]

    def takes_called(self, name: str, *, discarded: bool = False) -> list[TakeRow]:
        """Those of this name (daemon.core.meant), at most two, the newest first. discarded: as in `find_take`."""
        rows = self._db.execute(
            "SELECT * FROM take WHERE (discarded_us IS NOT NULL) = ? ORDER BY rowid DESC", (discarded,)
        )
        found: list[TakeRow] = []
        while len(found) < 2 and (row := rows.fetchone()):
            take = read_take(row)
            if called(take.name, name):
                found.append(take)
        return found

    def short_take_id(self, take_id: str) -> str:
        """As much of it as names no other Take, discarded ones with them."""
        before, after = self._db.execute(
            "SELECT (SELECT max(take_id) FROM take WHERE take_id < ?1), (SELECT min(take_id) FROM take WHERE take_id > ?1)",
            (take_id,),
        ).fetchone()
        return short_id(take_id, filter(None, (before, after)))

    def takes_of(self, take_ids: Iterable[str]) -> list[TakeRow]:
        """Those of these that are there, in no order."""
        rows = self._db.execute(
            "SELECT * FROM take WHERE take_id IN (SELECT value FROM json_each(?))", (json.dumps([*take_ids]),)
        )
        return [read_take(row) for row in rows]

    def find_set(self, prefix: str) -> list[str]:
        """Ids of sets that start with `prefix`, at most two; "last" is the newest. One whose takes are all discarded is none."""
        like = (
            "" if prefix == "last" else prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        )
        rows = self._db.execute(
            "SELECT set_id FROM take WHERE set_id LIKE ? ESCAPE '\\' AND discarded_us IS NULL"
            " GROUP BY set_id ORDER BY max(rowid) DESC LIMIT ?",
            (like + "%", 1 if prefix == "last" else 2),
        )
        return [row[0] for row in rows]

    def set_ids(self, limit: int) -> list[str]:
        """The newest first."""
        rows = self._db.execute(
            "SELECT set_id FROM take WHERE set_id IS NOT NULL AND discarded_us IS NULL"
            " GROUP BY set_id ORDER BY max(rowid) DESC LIMIT ?",
            (limit,),
        )
        return [row[0] for row in rows]

    def takes_of_set(self, set_id: str) -> list[TakeRow]:
        """In the order in which they were kept: the first is the one whose bars they are."""
        rows = self._db.execute(
            "SELECT * FROM take WHERE set_id = ? AND discarded_us IS NULL ORDER BY rowid", (set_id,)
        )
        return [read_take(row) for row in rows]

    def take_asked(self, asked: str) -> TakeRow | None:
        """The Take that this Keep of a plugin made, if it made one."""
        row = self._db.execute("SELECT * FROM take WHERE asked = ? LIMIT 1", (asked,)).fetchone()
        return read_take(row) if row else None

    def take_ids(self) -> set[str]:
        return {row[0] for row in self._db.execute("SELECT take_id FROM take")}

    def unprocessed(self) -> list[TakeRow]:
        """Kept Takes, oldest first: what the pipeline still has to do."""
        return [
            read_take(r)
            for r in self._db.execute(
                "SELECT * FROM take WHERE state = 'kept' AND discarded_us IS NULL ORDER BY rowid"
            )
        ]

    def rename_take(self, take_id: str, title: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE take SET title = ? WHERE take_id = ?", (title, take_id))

    def tag_take(self, take_id: str, tags: Iterable[str]) -> None:
        with self._transaction() as db:
            db.execute("UPDATE take SET tags = ? WHERE take_id = ?", (json.dumps([*tags]), take_id))

    def set_discarded(self, take_id: str, at_us: int | None) -> None:
        """None: it was restored."""
        with self._transaction() as db:
            db.execute("UPDATE take SET discarded_us = ? WHERE take_id = ?", (at_us, take_id))

    def delete_take(self, take_id: str) -> None:
        """The Take and its finished Entry; the caller has checked that no Entry is under way."""
        with self._transaction() as db:
            db.execute("DELETE FROM entry WHERE take_id = ?", (take_id,))
            db.execute("DELETE FROM take WHERE take_id = ?", (take_id,))

    def count_attempt(self, take_id: str) -> int:
        """Counted before the work: a crash in between must cost an attempt, or a poison Take would run for ever.

        What was heard is heard again.
        """
        with self._transaction() as db:
            row = db.execute(
                "UPDATE take SET attempts = attempts + 1, heard = NULL WHERE take_id = ? RETURNING attempts",
                (take_id,),
            ).fetchone()
        return int(row[0])

    def uncount_attempt(self, take_id: str) -> None:
        """It came to nothing for a reason that is not the Take's."""
        with self._transaction() as db:
            db.execute("UPDATE take SET attempts = attempts - 1 WHERE take_id = ?", (take_id,))

    def count_failure(self, take_id: str) -> None:
        """The worker failed on it, and we live to tell."""
        with self._transaction() as db:
            db.execute("UPDATE take SET failures = failures + 1 WHERE take_id = ?", (take_id,))

    def set_rendered(self, take_id: str, flac_sha256: str) -> None:
        """The lossless copy is durable: its Entry, if any, may go."""
        with self._transaction() as db:
            db.execute("UPDATE take SET flac_sha256 = ? WHERE take_id = ?", (flac_sha256, take_id))
            if entry := self._entry_of(take_id):
                self._put_entry(
                    outbox.apply(entry, outbox.Rendered(sha256=flac_sha256), now_us=0, jitter=0.0)
                )

    def set_analysis(self, take_id: str, analysis: TakeAnalysis) -> None:
        """What its Entry says of the Take."""
        with self._transaction() as db:
            db.execute("UPDATE take SET heard = ? WHERE take_id = ?", (as_json(analysis), take_id))

    def known(self, but: str, before_us: int) -> list[Known]:
        """All that a search for another Take than `but`, kept up to then, goes by."""
        rows = self._db.execute(
            "SELECT take_id, heard FROM take WHERE heard IS NOT NULL AND discarded_us IS NULL AND take_id <> ?"
            " AND created_us <= ?",
            (but, before_us),
        )
        found = ((take_id, msgspec.json.decode(heard, type=Marks)) for take_id, heard in rows)
        return [
            Known(take_id=take_id, fingerprint=marks.fingerprint, embedding=marks.embedding)
            for take_id, marks in found
        ]

    def set_alike(self, take_id: str, alike: Alike | None) -> None:
        with self._transaction() as db:
            db.execute("UPDATE take SET alike = ? WHERE take_id = ?", (as_json(alike), take_id))

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
            if entry and entry.state in (outbox.State.HELD, outbox.State.WAITING):
                self._put_entry(outbox.apply(entry, outbox.Poisoned(reason=error), now_us=0, jitter=0.0))

    def retry_take(self, take_id: str) -> None:
        """A Take is as it was kept: it will be rendered, with all its attempts."""
        with self._transaction() as db:
            db.execute(
                "UPDATE take SET state = 'kept', attempts = 0, failures = 0, error = NULL, recording = NULL WHERE take_id = ?",
                (take_id,),
            )

    def set_repair(self, take_id: str, repair: str | None) -> None:
        """All that was made of the Take is of another sound now: it is as it was kept, and made again."""
        with self._transaction() as db:
            db.execute(
                "UPDATE take SET repair = ?, state = 'kept', attempts = 0, failures = 0, flac_sha256 = NULL,"
                " recording = NULL, error = NULL WHERE take_id = ?",
                (repair, take_id),
            )

    # outbox ---------------------------------------------------------------------------------------------------

    def add_entry(self, entry: outbox.Entry) -> outbox.Entry:
        """The Take's Entry: the one that exists, else this one, released if the lossless copy is there by now."""
        with self._transaction() as db:
            if existing := self._entry_of(entry.take_id):
                return existing
            return self._put_released(db, entry)

    def take_event(self, entry_id: str, event: outbox.Event, now_us: int = 0) -> outbox.Entry:
        """What the event makes of the Entry as it is now; it goes on if its lossless copy is there. Raises IllegalEvent."""
        with self._transaction() as db:
            row = db.execute("SELECT * FROM entry WHERE entry_id = ?", (entry_id,)).fetchone()
            return self._put_released(db, outbox.apply(read_entry(row), event, now_us, jitter=0.0))

    def _put_released(self, db: sqlite3.Connection, entry: outbox.Entry) -> outbox.Entry:
        row = db.execute("SELECT flac_sha256 FROM take WHERE take_id = ?", (entry.take_id,)).fetchone()
        entry = _released(entry, row[0] if row else None)
        self._put_entry(entry)
        return entry

    def entries(self) -> list[outbox.Entry]:
        """All, oldest first."""
        return [read_entry(row) for row in self._db.execute("SELECT * FROM entry ORDER BY rowid")]

    def open_entries(self) -> list[outbox.Entry]:
        """Those that may still go somewhere by themselves, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM entry WHERE state IN ('held', 'waiting', 'queued', 'uploading') ORDER BY rowid"
        )
        return [read_entry(row) for row in rows]

    def entry_of(self, take_id: str) -> outbox.Entry | None:
        return self._entry_of(take_id)

    def save_entry(self, entry: outbox.Entry) -> None:
        with self._transaction():
            self._put_entry(entry)

    def replace_entry(self, old: outbox.Entry, new: outbox.Entry) -> None:
        """Put one Entry of a Take in the place of another, also in the order."""
        with self._transaction() as db:
            db.execute("UPDATE entry SET entry_id = ? WHERE entry_id = ?", (new.entry_id, old.entry_id))
            self._put_released(db, new)

    def count_entries(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT state, count(*) FROM entry GROUP BY state").fetchall())

    def _entry_of(self, take_id: str) -> outbox.Entry | None:
        row = self._db.execute("SELECT * FROM entry WHERE take_id = ?", (take_id,)).fetchone()
        return read_entry(row) if row else None

    def _put_entry(self, e: outbox.Entry) -> None:
        self._db.execute(
            "INSERT INTO entry (entry_id, take_id, account, title, created_us, state, held_until_us, attempts,"
            " next_attempt_us, lease_until_us, sha256, upload_url, size_bytes, sent_bytes, post_id, post_url, reason, visibility)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (entry_id) DO UPDATE SET account = excluded.account, title = excluded.title,"
            " created_us = excluded.created_us, state = excluded.state, held_until_us = excluded.held_until_us,"
            " attempts = excluded.attempts, next_attempt_us = excluded.next_attempt_us,"
            " lease_until_us = excluded.lease_until_us, sha256 = excluded.sha256, upload_url = excluded.upload_url,"
            " size_bytes = excluded.size_bytes, sent_bytes = excluded.sent_bytes, post_id = excluded.post_id,"
            " post_url = excluded.post_url, reason = excluded.reason, visibility = excluded.visibility",
            (e.entry_id, e.take_id, e.account, e.title, e.created_us, e.state, e.held_until_us, e.attempts,
             e.next_attempt_us, e.lease_until_us, e.sha256, e.upload_url, e.size_bytes, e.sent_bytes, e.post_id, e.post_url, e.reason,
             e.visibility),
        )  # fmt: skip


def _released(entry: outbox.Entry, flac_sha256: str | None) -> outbox.Entry:
    """An Entry that waits for a lossless copy which is there by now, or will once it is not held any more."""
    if flac_sha256 and entry.state in (outbox.State.HELD, outbox.State.WAITING):
        return outbox.apply(entry, outbox.Rendered(sha256=flac_sha256), now_us=0, jitter=0.0)
    return entry
