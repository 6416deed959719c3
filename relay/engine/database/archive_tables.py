"""The tables of an archive: those that both engines have, as their schema files say."""

import re
import sqlite3
from collections.abc import Iterable

import msgspec

from relay.engine.database import full_text
from relay.engine.database.migrations import schema_files
from relay.engine.database.sqlite import migrate

_INSERT = re.compile(r"\bINSERT INTO (\w+)")
_CREATE_OR_DROP = re.compile(r"\b(CREATE|DROP) TABLE (?:IF (?:NOT )?EXISTS )?(\w+)")


class Column(msgspec.Struct, frozen=True):
    """type: INTEGER, REAL, TEXT or BLOB."""

    name: str
    type: str


class Table(msgspec.Struct, frozen=True):
    """columns: in the order of the archive's rows. key: names by which rows are ordered."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> str:
        return ", ".join(column.name for column in self.columns)

    @property
    def select(self) -> str:
        return f"SELECT {self.names} FROM {self.name} ORDER BY {', '.join(self.key)}"


def tables_at(schema: int) -> list[Table]:
    """Of a schema number, which is at most the newest. What only one engine has is derived from them, and
    so is the index of words. [any]"""
    common = made_by("sqlite", schema) & made_by("postgresql", schema)
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(db, upto=schema)
        listed = db.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        ).fetchall()
        kept = {name for (name,) in listed if name in common} - full_text.TABLES
        return [_described(db, name) for name in sorted(kept)]
    finally:
        db.close()


def made_by(engine: str, schema: int) -> set[str]:
    """Names of all tables that are there after the files of an engine up to this number. [any]"""
    found = set[str]()
    for file in schema_files(engine):
        for deed, name in _CREATE_OR_DROP.findall(file.script) if file.number <= schema else ():
            (found.add if deed == "CREATE" else found.discard)(name)
    return found


def filled_by_schema() -> set[str]:
    """Names of tables that have rows from the first moment on. [any]"""
    return {"meta"} | {name for file in schema_files("sqlite") for name in _INSERT.findall(file.script)}


def stored(tables: Iterable[Table]) -> list[Table]:
    """Those that are empty in a new database. [any]"""
    filled = filled_by_schema()
    return [table for table in tables if table.name not in filled]


def _described(db: sqlite3.Connection, name: str) -> Table:
    rows = db.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
    columns = tuple(Column(column, type_) for column, type_, _ in rows)
    key = tuple(column for column, _, pk in sorted(rows, key=lambda row: row[2]) if pk)
    return Table(name, columns, key or tuple(column.name for column in columns))
