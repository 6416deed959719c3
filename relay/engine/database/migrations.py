"""Numbered schema files of the folder sql/. `NNNN_x.postgresql.sql` stands in for `NNNN_x.sql` on that engine."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from relay.engine.database.errors import DatabaseError

FOLDER = resources.files("relay.engine.database") / "sql"
_NAME = re.compile(r"(\d{4})_(\w+?)(?:\.(sqlite|postgresql))?\.sql")
_COMMENT = re.compile(r"('(?:[^']|'')*')|--[^\n]*")


class SchemaFile(msgspec.Struct, frozen=True, order=True):
    """One numbered step of the schema: `script` is its SQL."""

    number: int
    name: str
    script: str


def schema_files(engine: str, folder: Traversable | None = None) -> list[SchemaFile]:
    """Those of an engine (sqlite, postgresql) in the order of numbers. Raises DatabaseError for a number used twice."""
    general: dict[int, SchemaFile] = {}
    special: dict[int, SchemaFile] = {}
    for file in (folder or FOLDER).iterdir():
        if (named := _NAME.fullmatch(file.name)) is None or named[3] not in (None, engine):
            continue
        found = SchemaFile(int(named[1]), named[2], file.read_text(encoding="utf-8"))
        of_kind = special if named[3] else general
        if other := of_kind.get(found.number):
            raise DatabaseError(f"Schema files {other.name} and {found.name} are both number {found.number}.")
        of_kind[found.number] = found
    return sorted((general | special).values())


def newest(files: Iterable[SchemaFile]) -> int:
    return max((file.number for file in files), default=0)


def statements(script: str) -> Iterator[str]:
    """The statements of a script, without their comments; a trigger's body stays in one piece."""
    statement = ""
    for part in re.split(r"(?<=;)", _COMMENT.sub(lambda found: found[1] or "", script)):
        statement += part
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
    if statement.strip():
        yield statement.strip()
