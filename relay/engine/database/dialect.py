"""The relay's SQL on PostgreSQL: what is written for SQLite, said in the other dialect. Once for each statement."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from relay.engine.database.door import Values
from relay.engine.database.errors import DatabaseError

MAX_STATEMENTS = 4_096
"""Translations that are kept. Statements are constants, but for some that are built of a few parts."""

# Texts, quoted names and comments stay as they are; then marks. `::` is a cast and none of ours.
_MARK = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"[^"]*"|--[^\n]*)|(?P<one>\?)|(?<![:\w]):(?P<name>[a-z_][a-z0-9_]*)|\bAS\s+(?P<type>INTEGER|REAL)\b"""
)
_CASTS = {"INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION"}
_MATCHES = "full_text MATCH "
_DDL = (
    (re.compile(r"\)\s*(?:STRICT)?(?:,?\s*WITHOUT ROWID)?\s*;"), ");"),
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bREAL\b"), "DOUBLE PRECISION"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),  # compared by bytes, as on SQLite
    (re.compile(r"\bjson_valid\((\w+)\)"), r"(\1 IS JSON)"),
)


class Statement(msgspec.Struct, frozen=True):
    """text: with $1 … in place of marks. names: those of `:name` marks in the order of numbers; None: `?` marks. matches: it looks for words."""

    text: str
    marks: int
    names: tuple[str, ...] | None
    matches: bool = False

    def bind(self, values: Values) -> Sequence[object]:
        """In the order of numbers. Raises DatabaseError when values do not fit the marks."""
        if isinstance(values, Mapping):
            try:
                return [values[name] for name in self.names or ()]
            except KeyError as missing:
                raise DatabaseError(f"No value is given for :{missing.args[0]}.") from None
        if self.names is not None or len(values) != self.marks:
            raise DatabaseError(f"The statement has {self.marks} marks and is given {len(values)} values.")
        return values


@lru_cache(MAX_STATEMENTS)
def statement(sql: str) -> Statement:
    """Raises DatabaseError for marks of two kinds. [any]"""
    names: list[str] = []
    count = 0

    def mark(found: "re.Match[str]") -> str:
        nonlocal count
        if found["one"]:
            count += 1
            return f"${count}"
        if found["type"]:
            return f"AS {_CASTS[found['type']]}"
        if (name := found["name"]) is None:
            return found[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    text = _MARK.sub(mark, sql.replace(_MATCHES, "full_text.lexemes @@ "))
    if count and names:
        raise DatabaseError("A statement has marks of one kind, `?` or `:name`.")
    return Statement(text, count or len(names), tuple(names) or None, _MATCHES in sql)


def schema(script: str) -> str:
    """A schema file. [any]"""
    for pattern, replacement in _DDL:
        script = pattern.sub(replacement, script)
    return script
