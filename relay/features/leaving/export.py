"""Making the archive: rows as JSON, the sound as it was played, in a ZIP that is built on the disk and stored as an object."""

import asyncio
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Work
from relay.engine.objects.door import ObjectMissing, Objects
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.leaving.contents import SHOWN

JOB_KIND = "export"
MIME = "application/zip"
README = """All that this relay keeps of you: profile.json, a file for each list, times in microseconds since 1970 (UTC),
and sound/ with each of your posts as it was played (FLAC), by its id, also what you have replaced. Secrets (passwords, tokens) are in no archive.
"""


class Exporting:
    """scratch: a folder of this process alone. [loop]"""

    def __init__(self, db: Database, objects: Objects, removed: creations.Removals, scratch: Path) -> None:
        self._db = db
        self._objects = objects
        self._removed = removed
        self._scratch = scratch

    async def make(self, work: Work) -> None:
        """Carry out one job. Raises LeaseLost, ObjectsUnavailable, NoRoom."""
        me = work.job.account_id
        work.say("read", 0.0)
        lists, sounds = await self._db.read(lambda db: (lists_of(db, me), creations.lossless_of(db, me)))
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            archive = Path(name) / "archive.zip"
            await asyncio.to_thread(_begin, archive, lists)
            for n, (name_of, sha256) in enumerate(sounds):
                work.say("sound", 0.1 + 0.8 * n / len(sounds))
                await self._add(archive, f"sound/{name_of}.flac", sha256)
            work.say("store", 0.9)
            size_bytes = archive.stat().st_size
            while True:
                since = await self._db.read(creations.mark, snapshot=False)
                sha256 = await self._objects.put_file(archive, MIME)
                try:
                    orphans = await self._db.write(lambda tx: _finish(tx, work, sha256, size_bytes, since))  # noqa: B023 (awaited)
                except creations.Removed as removed:  # equal bytes, meanwhile
                    await self._removed.settled(removed.names)
                    continue
                await self._removed.finish(orphans)
                return

    async def _add(self, archive: Path, name: str, sha256: str) -> None:
        try:
            stream = await self._objects.read(sha256)
            data = b"".join([piece async for piece in stream])
        except ObjectMissing:
            return  # what is lost cannot be taken along; the list says that it was there
        await asyncio.to_thread(_append, archive, name, data)


def lists_of(db: Connection, me: str) -> dict[str, Any]:  # any: rows of many tables
    """All that an archive says of somebody. [any thread with a snapshot]"""
    found: dict[str, Any] = {"profile": accounts.me(db, me)}
    for name, sql in SHOWN.items():
        columns = _columns(sql)
        found[name] = [dict(zip(columns, row, strict=True)) for row in db.execute(sql, {"me": me}).fetchall()]
    return found


def _columns(sql: str) -> Sequence[str]:
    listed = sql.removeprefix("SELECT ").partition(" FROM ")[0]
    return [each.strip().rpartition(".")[2] for each in listed.split(",")]


def _begin(archive: Path, lists: Mapping[str, Any]) -> None:  # any: rows of many tables
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("README.txt", README)
        for name, rows in lists.items():
            made.writestr(f"{name}.json", msgspec.json.format(msgspec.json.encode(rows), indent=1))


def _append(archive: Path, name: str, data: bytes) -> None:
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as made:
        made.writestr(name, data)


def _finish(tx: Tx, work: Work, sha256: str, size_bytes: int, since: int) -> list[str]:
    """The object of the archive before. Raises LeaseLost, Removed. [writer]"""
    creations.require_kept(tx, [sha256], since)
    table.finish(tx, work.job, work.holder)
    old = drop(tx, work.job.account_id)
    tx.db.execute(
        "INSERT INTO account_export (account_id, sha256, size_bytes, created_us) VALUES (?, ?, ?, ?)",
        (work.job.account_id, sha256, size_bytes, now_us()),
    )
    return creations.begin_removal(tx, old)


def drop(tx: Tx, account_id: str) -> list[str]:
    """The archive that there is, if there is one: the name of its object. [writer]"""
    gone = tx.db.execute("DELETE FROM account_export WHERE account_id = ? RETURNING sha256", (account_id,))
    return [sha256 for (sha256,) in gone.fetchall()]


def nothing_else(tx: Tx, job: table.Job) -> None:
    """Nothing ends with a job of this kind that came to nothing. [writer]"""
