"""What is written for SQLite, said for PostgreSQL."""

import pytest

from relay.engine.database import DatabaseError
from relay.engine.database.dialect import schema, statement


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("SELECT 1", "SELECT 1", None),
        ("a = ? AND b = ?", "a = $1 AND b = $2", None),
        ("a = :one OR b = :two OR c = :one", "a = $1 OR b = $2 OR c = $1", ("one", "two")),
        ("x = 'it''s ? :no' AND y = ?", "x = 'it''s ? :no' AND y = $1", None),
        ('"odd?name:x" = :y_2', '"odd?name:x" = $1', ("y_2",)),
        ("a -- why? :no\n = ?", "a -- why? :no\n = $1", None),
        ("CAST(? AS INTEGER) + x::int", "CAST($1 AS BIGINT) + x::int", None),
        ("CAST(? AS REAL)", "CAST($1 AS DOUBLE PRECISION)", None),
    ],
)
def test_marks_become_numbers(sql: str, text: str, names: tuple[str, ...] | None) -> None:
    made = statement(sql)
    assert (made.text, made.names) == (text, names)
    assert statement(sql) is made


def test_values_are_bound_by_the_order_of_numbers() -> None:
    assert statement("a = :b AND c = :a AND d = :b").bind({"a": 1, "b": 2, "unused": 3}) == [2, 1]
    assert statement("a = ?").bind(("x",)) == ("x",)
    assert statement("a").bind({}) == []
    for sql, values in (("a = ?", ()), ("a = ?", (1, 2)), ("a = :a", (1,)), ("a = :a", {"b": 1})):
        with pytest.raises(DatabaseError):
            statement(sql).bind(values)


def test_marks_are_of_one_kind() -> None:
    with pytest.raises(DatabaseError, match="one kind"):
        statement("a = ? AND b = :b")


def test_a_schema_file() -> None:
    assert schema(
        "CREATE TABLE a (x TEXT NOT NULL, y INTEGER, z REAL, b BLOB, j TEXT CHECK (json_valid(j))) STRICT, WITHOUT ROWID;"
        "CREATE TABLE c (x INTEGER) STRICT;"
    ) == (
        'CREATE TABLE a (x TEXT COLLATE "C" NOT NULL, y BIGINT, z DOUBLE PRECISION, b BYTEA,'
        ' j TEXT COLLATE "C" CHECK ((j IS JSON)));'
        "CREATE TABLE c (x BIGINT);"
    )
