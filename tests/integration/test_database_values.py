"""Values, statements and errors are the same through the door of each engine."""

import asyncio
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from relay.engine.database import (
    ConstraintViolated,
    DatabaseBusy,
    DatabaseError,
    Tx,
    ValueRefused,
    postgres_connection,
    postgres_writer,
    sqlite,
)
from tests.support.doors import (
    Door,
    make_table,
    note,
    notes,
    opened,
    outcomes,
    void,
)


async def test_values_come_back_as_they_went_in(database_url: str) -> None:
    texts = [
        "",
        "plain",
        "it's",
        '"quoted"',
        "back\\slash %s ? :name $1",
        "é ü 漢字 🎹",
        "line\nbreak\t\x01\x7f",
    ]
    numbers = [0, 1, -1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)]
    floats = [-0.0, -1.5, 1e300, 5e-324, float("inf"), float("-inf"), 0.1]
    blobs = [b"", b"\0\xff", bytes(range(256))]

    def keep(tx: Tx) -> None:
        for id_, body, x, raw in zip(numbers, texts, floats, [*blobs, None, None, None, None], strict=True):
            tx.db.execute(
                "INSERT INTO jotting (id, body, x, raw) VALUES (:id, :body, :x, :raw)",
                {"id": id_, "body": body, "x": x, "raw": raw, "more": "is not asked for"},
            )

    async with opened(database_url) as door:
        await make_table(door, database_url)
        await door.db.write(keep)
        rows = await door.db.read(lambda db: db.execute("SELECT id, body, x, raw FROM jotting").fetchall())
        by_id = {row[0]: row for row in rows}
        assert [by_id[id_][1:] for id_ in numbers] == list(
            zip(texts, floats, [*blobs, None, None, None, None], strict=True)
        )
        assert {type(value) for row in rows for value in row} == {int, str, float, bytes, type(None)}
        zeros = await door.db.read(lambda db: db.execute("SELECT x FROM jotting WHERE x = 0").fetchall())
        assert [math.copysign(1, x) for (x,) in zeros] == [1]
        flags = await door.db.read(
            lambda db: db.execute(
                "SELECT ?, CAST(? AS INTEGER), CAST(? AS INTEGER)", (True, None, 2**40)
            ).fetchone()
        )
        assert flags == (1, None, 2**40)


@pytest.mark.parametrize("value", ["a\0b", "\ud800", 2**63, -(2**63) - 1, float("nan")])
async def test_what_one_engine_cannot_hold_is_refused_by_both(database_url: str, value: object) -> None:
    async with opened(database_url) as door:
        for values in ((value,), [value]):
            with pytest.raises(ValueRefused):
                await door.db.read(lambda db, values=values: db.execute("SELECT ?", values).fetchone())  # type: ignore[misc]
        with pytest.raises(ValueRefused):
            await door.db.write(lambda tx: void(tx.db.execute("SELECT :x", {"x": value})))


@pytest.mark.parametrize(
    ("sql", "values", "kind"),
    [
        ("SELEC 1", (), DatabaseError),
        ("SELECT x FROM no_such_table", (), DatabaseError),
        ("SELECT ?", (), DatabaseError),
        ("SELECT ?", (1, 2), DatabaseError),
        ("SELECT :a", {"b": 1}, DatabaseError),
        ("INSERT INTO jotting (id) VALUES (1)", (), ConstraintViolated),
        ("INSERT INTO jotting (id, body) VALUES (2, 'x')", (), ConstraintViolated),
        ("INSERT INTO jotting (id, body) VALUES (3, NULL)", (), ConstraintViolated),
        ("INSERT INTO jotting (id, body, parent) VALUES (3, 'long', 7)", (), ConstraintViolated),
    ],
)
async def test_errors_are_the_doors_own(
    database_url: str, sql: str, values: tuple[object, ...], kind: type[DatabaseError]
) -> None:
    async with opened(database_url) as door:
        await door.do(
            "CREATE TABLE jotting (id BIGINT PRIMARY KEY, body TEXT NOT NULL CHECK (length(body) > 2),"
            " parent BIGINT REFERENCES jotting (id))"
        )
        await door.do("INSERT INTO jotting (id, body) VALUES (1, 'first')")
        for write in (_once, _with_another):
            with pytest.raises(DatabaseError) as raised:
                await write(door, lambda tx: void(tx.db.execute(sql, values)))
            assert type(raised.value) is kind
        assert await notes(door) == [1]


async def _once(door: Door, work: Callable[[Tx], None]) -> None:
    await door.db.write(work)


async def _with_another(door: Door, work: Callable[[Tx], None]) -> None:
    ok, bad = await outcomes(door, [lambda tx: None, work], grouped=True)
    assert ok is None
    assert isinstance(bad, BaseException)
    raise bad


async def test_the_same_statements_say_the_same(database_url: str) -> None:
    statements: dict[str, object] = {
        "SELECT sum(id) FROM jotting": 7,
        "SELECT avg(id) FROM jotting": 7 / 3,
        "SELECT count(*) FROM jotting WHERE body IS NULL": 0,
        "SELECT max(x) FROM jotting": 2.5,
        "SELECT substr(body, 1, 1) FROM jotting WHERE id = 1": "Z",
        "SELECT json_group_array(body) FROM (SELECT body FROM jotting ORDER BY body) AS sorted": '["Z","a","é"]',
        "SELECT length(raw) FROM jotting WHERE id = 1": 3,
        "SELECT lower('ÀBC')": "Àbc",
        "SELECT 7 / 2": 3,
        "SELECT '?' || ':no' || ' it''s -- no comment'": "?:no it's -- no comment",
        "SELECT (SELECT 1 FROM jotting WHERE id = 99) IS NOT NULL": False,
        "SELECT CASE WHEN id = 2 THEN 'two' ELSE 'other' END FROM jotting WHERE id = 2 -- a ? comment": "two",
    }
    async with opened(database_url) as door:
        await make_table(door, database_url)
        for id_, body, x in ((1, "Z", 0.5), (2, "a", 2.5), (4, "é", 1.0)):
            await door.do(
                "INSERT INTO jotting (id, body, x, raw) VALUES (?, ?, ?, ?)", id_, body, x, b"\0\1\2"
            )
        for sql, expected in statements.items():
            found = await door.ask(sql)
            assert found == expected, sql
            assert type(found) is type(expected) or isinstance(expected, bool), sql
        order = await door.db.read(
            lambda db: db.execute(
                "SELECT body FROM jotting WHERE id > :least ORDER BY body", {"least": 0}
            ).fetchall()
        )
        assert order == ([("Z",), ("a",), ("é",)])
        limited = "SELECT substr(body, ?, ?) FROM jotting ORDER BY id LIMIT ?"
        assert await door.ask(limited, 1, 1, 1) == "Z"


async def test_a_lock_that_is_held_too_long_is_busy(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 100)
    monkeypatch.setitem(postgres_connection._SETTINGS, "lock_timeout", "100ms")
    monkeypatch.setattr(postgres_writer, "WAIT_S", 0.1)
    async with opened(database_url) as door:
        await make_table(door, database_url)
        release = await asyncio.to_thread(_hold_the_lock, database_url)
        with pytest.raises(DatabaseBusy):
            await door.db.write(note(1))
        release()
        await door.db.write(note(2))
        assert await notes(door) == [2]


def _hold_the_lock(url: str) -> Callable[[], None]:
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        return other.close
    pg = postgres_connection.connect(postgres_connection.parse_address(url), name="other")
    pg.execute("BEGIN")
    pg.execute("SELECT n FROM commits FOR UPDATE")
    return pg.close


async def test_a_full_disk_is_busy_and_costs_nothing_that_was_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'relay.db'}"
    async with opened(url) as door:
        await make_table(door, url)
        await door.db.write(note(1))
        pages = await door.ask("PRAGMA page_count")
        await door.do(
            f"PRAGMA max_page_count = {pages + 2}"
        )  # no statement of ours: the writer's file may not grow
        with pytest.raises(DatabaseBusy):
            await door.do("INSERT INTO jotting (id, body) VALUES (2, ?)", "x" * 100_000)
        assert await notes(door) == [1]
        await door.do(f"PRAGMA max_page_count = {pages + 1000}")
        await door.db.write(note(3))
        assert await notes(door) == [1, 3]
