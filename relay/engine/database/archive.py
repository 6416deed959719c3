"""The archive: all tables from one snapshot, neutral of the engine. Backup, and the way from SQLite to PostgreSQL.

A folder: for each table one file of batches (4 bytes length, big-endian; a msgpack array of rows), and `manifest.json`,
written last: without it an archive is not whole. A table's digest is SHA-256 over its rows as msgpack, in the order of
the primary key; so equal content has equal digests, on whichever engine.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from relay.engine.database.archive_door import Row, Source, Target
from relay.engine.database.archive_engines import first_with_rows, open_source, open_target
from relay.engine.database.archive_tables import Table, tables_at
from relay.engine.database.errors import DatabaseError, SchemaTooNew
from relay.engine.database.migrations import newest, schema_files
from relay.engine.folders import sync_folder

FORMAT = 1
MANIFEST = "manifest.json"
BATCH_BYTES = 1 << 20
MAX_BATCH_BYTES = 1 << 28
"""A row is far smaller; a length above this is damage."""
_LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode
_decode_batch = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_row = msgspec.msgpack.Decoder(tuple).decode  # of what msgpack says; the table's columns judge it


class ArchiveError(DatabaseError):
    """The archive is damaged, or may not go where it should."""


class NotEmpty(ArchiveError):
    """table: it has rows, and nobody said that they are to be replaced."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table

    def __str__(self) -> str:
        return f"The database is not empty: {self.table} has rows."


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a table holds."""

    table: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag=FORMAT):
    """schema: number of the newest schema file that the database had."""

    schema: int
    contents: tuple[Content, ...]


def save(url: str | Path, folder: Path) -> Manifest:
    """Write an archive of a database, which may be in use, into a new or empty folder.

    Raises ArchiveError (folder not empty), SchemaTooNew, DatabaseBusy, DatabaseError, OSError. [any, blocks]
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise ArchiveError(f"{folder} is not empty. Name a new folder for the archive.")
    with open_source(url) as source:
        schema = source.schema()
        known = newest(schema_files("sqlite"))
        if schema > known:
            raise SchemaTooNew(have=schema, known=known)
        contents = tuple(_save_table(source, table, folder) for table in tables_at(schema))
    manifest = Manifest(schema=schema, contents=contents)
    with (folder / MANIFEST).open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        _sync(file)
    sync_folder(folder)
    return manifest


def require_place(url: str | Path, schema: int, *, replace: bool) -> None:
    """For whoever brings more than rows: what stands against it, before anything is written. schema: of the manifest.

    Raises NotEmpty, DatabaseInUse, DatabaseBusy, DatabaseError. [any, blocks]
    """
    full = first_with_rows(url, tables_at(schema))
    if full and not replace:
        raise NotEmpty(full)


def load(folder: Path, url: str | Path, *, replace: bool = False) -> Manifest:
    """Bring an archive into a database, all of it or nothing, and begin a new epoch: cursors end, pages are fetched.

    The database is new or empty, or replaced if told so; an older schema is brought up to ours. No relay uses it
    meanwhile. Raises ArchiveError, NotEmpty, SchemaTooNew, DatabaseBusy, DatabaseError, OSError. [any, blocks]
    """
    manifest = read_manifest(folder)
    with open_target(url, manifest.schema, replace=replace) as target:
        tables = {table.name: table for table in tables_at(manifest.schema)}
        if not replace and (full := target.first_with_rows(tables.values())):
            raise NotEmpty(full)
        target.clear()
        if missing := tables.keys() - {content.table for content in manifest.contents}:
            raise ArchiveError(f"The manifest does not name {min(missing)}: it is damaged.")
        for content in manifest.contents:
            _load_table(target, tables, content, folder)
        target.finish()
    return manifest


def digests(url: str | Path) -> dict[str, str]:
    """Of each table of a database. [any, blocks]"""
    with open_source(url) as source:
        return {table.name: _Digest().of(source.rows(table)) for table in tables_at(source.schema())}


def read_manifest(folder: Path) -> Manifest:
    """Raises ArchiveError, SchemaTooNew."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ArchiveError(f"{folder} has no {MANIFEST}: it is no archive, or not a whole one.") from None
    except msgspec.MsgspecError as error:
        raise ArchiveError(f"{folder / MANIFEST} cannot be read: {error}.") from error
    known = newest(schema_files("sqlite"))
    if manifest.schema > known:
        raise SchemaTooNew(have=manifest.schema, known=known)
    return manifest


# files ----------------------------------------------------------------------------------------------------------------


class _Digest:
    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.rows = 0

    def add(self, row: bytes | msgspec.Raw) -> None:
        self._sha256.update(row)
        self.rows += 1

    def of(self, rows: Iterable[Row]) -> str:
        for row in rows:
            self.add(_encode(row))
        return self.hex()

    def hex(self) -> str:
        return self._sha256.hexdigest()


def _save_table(source: Source, table: Table, folder: Path) -> Content:
    digest = _Digest()
    with _path(folder, table.name).open("wb") as file:
        batch: list[msgspec.Raw] = []
        size = 0
        for row in source.rows(table):
            data = _encode(row)
            digest.add(data)
            batch.append(msgspec.Raw(data))
            size += len(data)
            if size > BATCH_BYTES:
                _write_batch(file, batch)
                batch, size = [], 0
        if batch:
            _write_batch(file, batch)
        _sync(file)
    columns = tuple(column.name for column in table.columns)
    return Content(table=table.name, columns=columns, rows=digest.rows, sha256=digest.hex())


def _write_batch(file: IO[bytes], batch: list[msgspec.Raw]) -> None:
    data = _encode(batch)
    file.write(_LENGTH.pack(len(data)))
    file.write(data)


def _load_table(target: Target, tables: dict[str, Table], content: Content, folder: Path) -> None:
    table = tables.get(content.table)
    if table is None or tuple(column.name for column in table.columns) != content.columns:
        raise ArchiveError(
            f"{content.table} has columns that schema {content.table} does not have: it is damaged."
        )
    digest = _Digest()
    path = _path(folder, content.table)
    if not path.exists():
        raise ArchiveError(f"{path} is missing: the archive is damaged.")
    with path.open("rb") as file:
        target.fill(table, _read_rows(file, path, digest))
    if (digest.rows, digest.hex()) != (content.rows, content.sha256):
        raise ArchiveError(f"{path} is damaged: its content is not what the manifest says.")


def _read_rows(file: IO[bytes], path: Path, digest: _Digest) -> Iterator[Row]:
    try:
        while head := file.read(_LENGTH.size):
            (size,) = _LENGTH.unpack(head)
            if size > MAX_BATCH_BYTES:
                raise ArchiveError(f"{path} is damaged: a batch of {size} bytes.")
            for raw in _decode_batch(file.read(size)):
                digest.add(raw)
                yield _decode_row(raw)
    except (struct.error, msgspec.MsgspecError) as error:
        raise ArchiveError(f"{path} is damaged: {error}.") from error


def _path(folder: Path, table: str) -> Path:
    return folder / f"{table}.rows"


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
