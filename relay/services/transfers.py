"""Bytes on their way to us, by tus: a file that grows, and a row that says how much of it is safe. Posts: uploads.py.

An offset is answered only when that many bytes are synced and the row says so. Of the file, what is beyond the row's
offset is of nobody: cut off before the next byte is written. One request at a time has an upload; a new one ends the
one before, because a client notices a dead line long before we do.
"""

import asyncio
import hashlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.core.tus import Checksum
from relay.services.clock import new_id, now_us
from relay.services.database import Database, Tx

T = TypeVar("T")

MAX_OPEN = 32
"""Of one account; one more ends the one that was touched longest ago."""
LIFETIME_US = 24 * 3600 * 1_000_000
"""Since it was last touched."""
REMEMBERED_US = 7 * LIFETIME_US
"""So long an ended upload answers "gone" rather than "never heard of"."""
CHECKPOINT_BYTES = 1 << 20
"""The most that a killed relay forgets of what was sent without a checksum."""
IDLE_S = 30.0
REQUEST_LIMIT_S = 600.0
MIN_FREE_BYTES = 256 << 20
RETRY_FULL_S = 60
_COLUMNS = "id, account_id, metadata, size_bytes, offset_bytes, state, touched_us"


class BodyLost(Exception):
    """The client is gone in the middle of its request."""


class Transfer(Struct, frozen=True, kw_only=True):
    """One upload. offset_bytes: how many of size_bytes are safe here."""

    id: str
    account_id: str
    metadata: str
    size_bytes: int
    offset_bytes: int
    state: str
    touched_us: int

    @property
    def expires_us(self) -> int:
        return self.touched_us + LIFETIME_US


class Transfers:
    """folder: of ours alone. [loop]"""

    def __init__(
        self,
        db: Database,
        folder: Path,
        clock: Callable[[], int] = now_us,
        min_free_bytes: int = MIN_FREE_BYTES,
    ) -> None:
        self._db = db
        self._folder = folder
        self._clock = clock
        self._min_free_bytes = min_free_bytes
        self._busy: dict[str, asyncio.Task[Any]] = {}  # any: what a request is answered with
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)

    async def open(self) -> None:
        """Make rows and files agree after whatever ended the last process. Before anything is served."""
        rows = await self._db.read(_all)
        sizes = {path.name: path.stat().st_size for path in self._folder.iterdir()}
        short = [row.id for row in rows if row.state == "open" and sizes.get(row.id, 0) < row.offset_bytes]
        for each in short:
            await self._db.write(partial(_end, transfer_id=each))
        await self.sweep()

    async def sweep(self) -> None:
        """End what expired, forget what ended long ago, and remove files that no open upload has."""
        now = self._clock()
        files = list(self._folder.iterdir())  # before the rows: what is begun meanwhile is not among them
        wanted = await self._db.write(lambda tx: _expire(tx, now))
        for path in files:
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    async def begin(self, actor: Actor, size_bytes: int, metadata: str, key: str | None) -> Transfer:
        """A new upload, or the one that `key` began before. Raises Refusal: busy."""
        authorize(actor, Action.UPLOAD_BEGIN)
        free = shutil.disk_usage(self._folder).free
        if free < self._min_free_bytes + size_bytes:
            raise _full(f"Only {free >> 20} MiB are free")
        transfer = Transfer(
            id=new_id(), account_id=str(actor.user_id), metadata=metadata, size_bytes=size_bytes, offset_bytes=0,
            state="open", touched_us=self._clock(),
        )  # fmt: skip
        return await self._db.write(lambda tx: _begin(tx, transfer, key))

    async def status(self, actor: Actor, transfer_id: str) -> Transfer:
        """After whoever was still sending has been ended, so that the offset stays true. Raises Refusal: gone."""
        await self._row(actor, transfer_id)  # before anybody is disturbed
        await self._disturb(transfer_id)
        return await self._row(actor, transfer_id)

    async def append(
        self,
        actor: Actor,
        transfer_id: str,
        offset_bytes: int,
        body: AsyncIterator[bytes],
        checksum: Checksum | None,
    ) -> Transfer:
        """Write body at its place. With a checksum all of it or nothing; without, what arrived, whatever happens.

        Raises Refusal: gone, offset_mismatch, checksum_mismatch, too_large, upload_taken_over, busy; BodyLost.
        """
        await self._row(actor, transfer_id)
        return await self._alone(
            transfer_id, lambda: self._append(actor, transfer_id, offset_bytes, body, checksum)
        )

    async def end(self, actor: Actor, transfer_id: str) -> None:
        """Nothing of it is kept. Raises Refusal: gone."""
        await self._row(actor, transfer_id)
        await self._alone(transfer_id, lambda: self._db.write(lambda tx: _end(tx, transfer_id)))
        (self._folder / transfer_id).unlink(missing_ok=True)

    async def hand_over(self, actor: Actor, transfer_id: str, target: Path) -> str:
        """Link the whole file to target; its SHA-256. Raises Refusal: gone, upload_incomplete."""
        row = await self._row(actor, transfer_id)
        if row.state == "published":
            raise Refusal("gone", "A post was made of this upload already.", "Begin a new one.")
        if row.offset_bytes < row.size_bytes:
            raise Refusal("upload_incomplete", f"Of {row.size_bytes} bytes {row.offset_bytes} have arrived.",
                          "Send the rest first.")  # fmt: skip
        return await asyncio.to_thread(_link, self._folder / transfer_id, target)

    async def published(self, transfer_id: str) -> None:
        """A post was made of it: the bytes are no longer needed, what became of them is remembered."""
        await self._db.write(lambda tx: _set_published(tx, transfer_id))
        (self._folder / transfer_id).unlink(missing_ok=True)

    async def _row(self, actor: Actor, transfer_id: str) -> Transfer:
        """In the writer's order, so behind all that was stored before. Raises Refusal: not_found, gone."""
        row = await self._db.write(lambda tx: _find(tx.db, transfer_id))
        authorize(actor, Action.UPLOAD_CONTINUE, row.account_id if row else None)
        assert row is not None, "the table admits owners only"
        if row.state == "ended" or self._clock() >= row.expires_us:
            raise Refusal("gone", "This upload was ended or has expired.", "Begin a new one.")
        return row

    async def _alone(self, transfer_id: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run work as the one that has the upload. Raises Refusal: upload_taken_over, when the next one comes."""
        await self._disturb(transfer_id)
        task = asyncio.create_task(work())
        self._busy[transfer_id] = task
        try:
            return await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise  # it is us who are to end
            raise Refusal("upload_taken_over", "Another request has gone on with this upload.") from None
        finally:
            if self._busy.get(transfer_id) is task:
                del self._busy[transfer_id]

    async def _disturb(self, transfer_id: str) -> None:
        """End whoever has the upload; he makes safe what he has."""
        while other := self._busy.get(transfer_id):
            other.cancel()
            await asyncio.wait({other})

    async def _append(
        self,
        actor: Actor,
        transfer_id: str,
        offset_bytes: int,
        body: AsyncIterator[bytes],
        checksum: Checksum | None,
    ) -> Transfer:
        row = await self._row(actor, transfer_id)
        if offset_bytes != row.offset_bytes:
            raise Refusal("offset_mismatch", f"This upload stands at {row.offset_bytes}, not at {offset_bytes}.",
                          "Ask for the offset and go on there.")  # fmt: skip
        if row.state == "published":
            return row  # whole, and its bytes are no longer here
        try:
            file = os.open(self._folder / transfer_id, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(file, row.offset_bytes)
                return await _Writing(self._store, file, row, checksum).copy(body)
            finally:
                os.close(file)
        except OSError as error:
            raise _full(f"The disk failed ({error.strerror})") from error

    async def _store(self, file: int, row: Transfer) -> Transfer:
        """Make what was written safe, then say so. The folder too: a file that nobody finds is not safe."""
        await asyncio.to_thread(_sync, file, self._folder)
        row = replace(row, touched_us=self._clock())
        await self._db.write(lambda tx: _move(tx, row))
        return row


class _Writing:
    """One request's bytes on their way into the file."""

    def __init__(
        self,
        store: Callable[[int, Transfer], Coroutine[Any, Any, Transfer]],
        file: int,
        row: Transfer,
        checksum: Checksum | None,
    ) -> None:
        self._store = store
        self._file = file
        self._row = row
        self._checksum = checksum
        self._at = row.offset_bytes

    async def copy(self, body: AsyncIterator[bytes]) -> Transfer:
        if self._checksum is None:
            return await self._copy_what_comes(body)
        return await self._copy_whole(body, self._checksum)

    async def _copy_what_comes(self, body: AsyncIterator[bytes]) -> Transfer:
        try:
            async for piece in _timed(body):
                self._write(piece)
                if self._at - self._row.offset_bytes >= CHECKPOINT_BYTES:
                    await self._checkpoint()
        finally:  # cut off, too slow or taken over: what arrived is kept
            await self._checkpoint()
        return self._row

    async def _copy_whole(self, body: AsyncIterator[bytes], checksum: Checksum) -> Transfer:
        digest = hashlib.new(checksum.algorithm)
        async for piece in _timed(body):
            self._write(piece)
            digest.update(piece)
        if not checksum.fits(digest.digest()):
            raise Refusal("checksum_mismatch", "These bytes were damaged on the way.", "Send them again.")
        await self._checkpoint()
        return self._row

    def _write(self, piece: bytes) -> None:
        if self._at + len(piece) > self._row.size_bytes:
            raise Refusal("too_large", f"This upload was announced with {self._row.size_bytes} bytes.")
        left = memoryview(piece)
        while left:
            written = os.pwrite(self._file, left, self._at)
            self._at += written
            left = left[written:]

    async def _checkpoint(self) -> None:
        """Whoever takes over waits for it: half made safe is not safe."""
        if self._at <= self._row.offset_bytes:
            return
        storing = asyncio.create_task(self._store(self._file, replace(self._row, offset_bytes=self._at)))
        ended = False
        while not storing.done():
            try:
                await asyncio.wait({storing})
            except asyncio.CancelledError:
                ended = True
        self._row = storing.result()
        if ended:
            raise asyncio.CancelledError


async def _timed(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Raises Refusal: malformed, when nothing comes for IDLE_S or the whole takes REQUEST_LIMIT_S."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + REQUEST_LIMIT_S
    pieces = aiter(body)
    while True:
        try:
            async with asyncio.timeout_at(min(loop.time() + IDLE_S, ends_s)):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Refusal("malformed", "The upload took too long.", "Go on at its offset.") from None
        yield piece


def _full(what: str) -> Refusal:
    return Refusal("busy", f"{what} where uploads are kept.", "Try again later.", retry_after_s=RETRY_FULL_S)


def _sync(file: int, folder: Path) -> None:
    os.fsync(file)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _link(source: Path, target: Path) -> str:
    """Give a file a second name; its SHA-256. An upload of no bytes never had a file."""
    if source.exists():
        os.link(source, target)
    else:
        target.touch()
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# rows ---------------------------------------------------------------------------------------------------------------


def _all(db: sqlite3.Connection) -> list[Transfer]:
    return [_transfer(row) for row in db.execute(f"SELECT {_COLUMNS} FROM transfer")]


def _find(db: sqlite3.Connection, transfer_id: str) -> Transfer | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM transfer WHERE id = ?", (transfer_id,)).fetchone()
    return _transfer(row) if row else None


def _transfer(row: tuple[Any, ...]) -> Transfer:  # any: what SQLite gives
    return Transfer(**dict(zip(_COLUMNS.split(", "), row, strict=True)))


def _begin(tx: Tx, new: Transfer, key: str | None) -> Transfer:
    """[writer]"""
    row = tx.db.execute(
        f"SELECT {_COLUMNS} FROM transfer WHERE account_id = ? AND key = ? AND state <> 'ended'", (new.account_id, key)
    ).fetchone()  # fmt: skip
    if row:
        old = _transfer(row)
        same = (old.size_bytes, old.metadata) == (new.size_bytes, new.metadata)
        if old.state == "published" or (same and new.touched_us < old.expires_us):
            touched = replace(old, touched_us=new.touched_us)
            _move(tx, touched)
            return touched
        _end(tx, old.id)  # expired, or the take was made anew since
    posted = tx.db.execute(
        "SELECT 1 FROM upload WHERE account_id = ? AND key = ? AND state = 'done'", (new.account_id, key)
    ).fetchone()
    if posted:  # nobody needs the bytes a second time
        new = replace(new, state="published", offset_bytes=new.size_bytes)
    _make_room(tx, new.account_id)
    tx.db.execute(
        f"INSERT INTO transfer (key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key,
            new.id,
            new.account_id,
            new.metadata,
            new.size_bytes,
            new.offset_bytes,
            new.state,
            new.touched_us,
        ),
    )
    return new


def _make_room(tx: Tx, account_id: str) -> None:
    tx.db.execute(
        "UPDATE transfer SET state = 'ended' WHERE id IN (SELECT id FROM transfer"
        " WHERE account_id = ? AND state = 'open' ORDER BY touched_us DESC, id DESC LIMIT -1 OFFSET ?)",
        (account_id, MAX_OPEN - 1),
    )


def _move(tx: Tx, row: Transfer) -> None:
    """Never back to life: it may have been ended meanwhile."""
    tx.db.execute(
        "UPDATE transfer SET offset_bytes = ?, touched_us = ? WHERE id = ? AND state <> 'ended'",
        (row.offset_bytes, row.touched_us, row.id),
    )


def _set_published(tx: Tx, transfer_id: str) -> None:
    tx.db.execute("UPDATE transfer SET state = 'published' WHERE id = ? AND state = 'open'", (transfer_id,))


def _end(tx: Tx, transfer_id: str) -> None:
    tx.db.execute("UPDATE transfer SET state = 'ended' WHERE id = ?", (transfer_id,))


def _expire(tx: Tx, now: int) -> set[str]:
    """The ids that are open still."""
    tx.db.execute("DELETE FROM transfer WHERE touched_us <= ?", (now - REMEMBERED_US,))
    tx.db.execute("UPDATE transfer SET state = 'ended' WHERE touched_us <= ?", (now - LIFETIME_US,))
    return {row[0] for row in tx.db.execute("SELECT id FROM transfer WHERE state = 'open'")}
