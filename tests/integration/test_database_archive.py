"""The archive: out of either engine, into either engine, the same to the last bit; or not at all."""

import asyncio
import random
import re
import shutil
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from relay.engine.database import DatabaseError, SchemaTooNew, Tx, migrations, sqlite
from relay.engine.database.archive import ArchiveError, digests, load, read_manifest, save
from relay.engine.database.archive_tables import tables_at
from relay.engine.database.migrations import newest, schema_files
from relay.engine.database.postgres import migrate
from relay.engine.database.postgres_connection import connect, parse_address
from tests.support.doors import opened
from tests.support.postgres import PostgresServer, schema_of

# Every kind of table that there is: references, to itself and in a circle, no key, a key of several, each type.
THINGS = """
CREATE TABLE zone (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE area (id TEXT PRIMARY KEY, zone_id TEXT NOT NULL REFERENCES zone (id)) STRICT, WITHOUT ROWID;
ALTER TABLE zone ADD COLUMN head_id TEXT REFERENCES area (id) DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE person (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES person (id), at_us INTEGER NOT NULL) STRICT;
CREATE TABLE act (
  person_id INTEGER NOT NULL REFERENCES person (id),
  area_id   TEXT NOT NULL REFERENCES area (id),
  weight    REAL,
  body      TEXT NOT NULL CHECK (json_valid(body)),
  raw       BLOB,
  PRIMARY KEY (area_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE loose (word TEXT NOT NULL, n INTEGER NOT NULL) STRICT;
"""
LATER = "ALTER TABLE loose ADD COLUMN mood TEXT NOT NULL DEFAULT 'none';"
TABLES = ["act", "area", "commits", "loose", "meta", "person", "zone"]


@pytest.fixture(autouse=True)
def schema_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The door's own tables and ours."""
    folder = tmp_path / "sql"
    folder.mkdir()
    for each in migrations.FOLDER.iterdir():
        if each.name.startswith("0001_"):
            (folder / each.name).write_bytes(each.read_bytes())
    (folder / "0002_things.sql").write_text(THINGS)
    (folder / "0003_found.sqlite.sql").write_text("CREATE VIRTUAL TABLE found USING fts5(body);")
    (folder / "0003_found.postgresql.sql").write_text("CREATE TABLE found_rows (body tsvector);")
    monkeypatch.setattr(migrations, "FOLDER", folder)
    return folder


@pytest.fixture
def other_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of the other engine."""
    if database_url.startswith("postgresql"):
        yield f"sqlite:///{tmp_path / 'other' / 'relay.db'}"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    with schema_of(postgres) as schema:
        yield postgres.url(schema)


def some(chance: random.Random) -> str:
    return "".join(chance.choice("aZ é漢🎹'\"\\\n%?:,\x01\x7f") for _ in range(chance.randrange(12)))


def fill(tx: Tx) -> None:
    chance = random.Random(1)
    areas = [f"{n:03}{some(chance)}" for n in range(40)]
    tx.db.execute("INSERT INTO zone (id, head_id) VALUES ('z', ?)", (areas[7],))
    for area in areas:
        tx.db.execute("INSERT INTO area (id, zone_id) VALUES (?, 'z')", (area,))
    for n in range(300):
        parent = chance.randrange(n) - 150 if n and n % 3 else None
        at_us = chance.choice([0, -1, 2**63 - 1, -(2**63), n])
        tx.db.execute(
            "INSERT INTO person (id, parent_id, at_us) VALUES (?, ?, ?)",
            (n - 150, parent, at_us),
        )
        weight = chance.choice([None, 0.0, -0.0, 1e300, 5e-324, float("inf"), 3.0, chance.random()])
        raw = chance.choice([None, b"", chance.randbytes(5), chance.randbytes(30_000)])
        tx.db.execute(
            "INSERT INTO act (person_id, area_id, weight, body, raw) VALUES (?, ?, ?, ?, ?)",
            (n - 150, chance.choice(areas), weight, '{"a": [1, "\\u00e9"]}', raw),
        )
        tx.db.execute("INSERT INTO loose (word, n) VALUES (?, ?)", (some(chance), n % 5))


async def filled(url: str) -> None:
    async with opened(url) as door:
        await door.db.write(fill)
        await door.say("told")


async def epoch_and_number(url: str) -> tuple[str, int]:
    async with opened(url) as door:
        return await door.ask("SELECT value FROM meta WHERE key = 'epoch'"), door.db.applied


def but_meta(contents: dict[str, str]) -> dict[str, str]:
    return {table: digest for table, digest in contents.items() if table != "meta"}


async def test_there_and_back_again_it_is_the_same(database_url: str, other_url: str, tmp_path: Path) -> None:
    await filled(database_url)
    manifest = save(database_url, tmp_path / "one")
    assert sorted(content.table for content in manifest.contents) == TABLES
    assert {content.table: content.rows for content in manifest.contents}["act"] == 300
    assert read_manifest(tmp_path / "one") == manifest
    assert {content.table: content.sha256 for content in manifest.contents} == digests(database_url)
    load(tmp_path / "one", other_url)
    assert but_meta(digests(other_url)) == but_meta(digests(database_url))
    save(other_url, tmp_path / "two")
    load(tmp_path / "two", database_url, replace=True)
    assert but_meta(digests(database_url)) == but_meta(digests(other_url))
    for table in set(TABLES) - {"meta"}:
        assert (tmp_path / "one" / f"{table}.rows").read_bytes() == (
            tmp_path / "two" / f"{table}.rows"
        ).read_bytes()


async def test_what_is_restored_is_another_history_that_goes_on(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    await filled(database_url)
    before = await epoch_and_number(database_url)
    save(database_url, tmp_path / "archive")
    load(tmp_path / "archive", other_url)
    epoch, number = await epoch_and_number(other_url)
    assert epoch != before[0] and number == before[1] == 1
    assert await epoch_and_number(other_url) == (epoch, number)
    async with opened(other_url) as door:
        assert await door.say("goes on") == 2
        assert not door.lost


async def test_a_database_with_rows_is_replaced_only_if_told(database_url: str, tmp_path: Path) -> None:
    await filled(database_url)
    save(database_url, tmp_path / "archive")
    async with opened(database_url) as door:
        await door.do("DELETE FROM loose")
    before = digests(database_url)
    with pytest.raises(ArchiveError, match=r"not empty: \w+ has rows"):
        load(tmp_path / "archive", database_url)
    assert digests(database_url) == before
    load(tmp_path / "archive", database_url, replace=True)
    assert digests(database_url)["loose"] != before["loose"]


async def test_an_open_door_hears_that_its_history_was_replaced(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with schema_of(postgres) as schema:
        await filled(postgres.url(schema))
        save(postgres.url(schema), tmp_path / "archive")
        async with opened(postgres.url(schema)) as door:
            load(tmp_path / "archive", postgres.url(schema), replace=True)
            await door.until(lambda: door.lost == [1])
            assert await door.say("goes on") == 2


async def test_an_archive_is_one_snapshot_of_a_database_in_use(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url) as door:
        await door.db.write(fill)

        def both(tx: Tx, n: int) -> None:
            tx.db.execute("INSERT INTO loose (word, n) VALUES ('both', ?)", (n,))
            tx.db.execute("INSERT INTO person (id, at_us) VALUES (?, 0)", (1000 + n,))

        saving = asyncio.create_task(asyncio.to_thread(save, database_url, tmp_path / "archive"))
        n = 0
        while not saving.done():
            await door.db.write(lambda tx, n=n: both(tx, n))  # type: ignore[misc]
            n += 1
        rows = {content.table: content.rows for content in (await saving).contents}
        assert rows["loose"] == rows["person"]


Damage = Callable[[Path], None]


def cut(folder: Path) -> None:
    data = (folder / "act.rows").read_bytes()
    (folder / "act.rows").write_bytes(data[:-1])


def half(folder: Path) -> None:
    (folder / "act.rows").write_bytes(b"\0\0")


def turned_bit(folder: Path) -> None:
    data = bytearray((folder / "act.rows").read_bytes())
    data[-10] ^= 1
    (folder / "act.rows").write_bytes(data)


def endless(folder: Path) -> None:
    (folder / "act.rows").write_bytes(struct.pack(">I", 2**32 - 1))


def fewer_rows(folder: Path) -> None:
    (folder / "loose.rows").write_bytes(b"")


def missing_file(folder: Path) -> None:
    (folder / "loose.rows").unlink()


def no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def odd_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": 9}')


def strange_table(folder: Path) -> None:
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace('"loose"', '"../loose"'))


@pytest.mark.parametrize(
    "damage",
    [cut, half, turned_bit, endless, fewer_rows, missing_file, no_manifest, odd_manifest, strange_table],
)
async def test_a_damaged_archive_changes_nothing(database_url: str, tmp_path: Path, damage: Damage) -> None:
    await filled(database_url)
    save(database_url, tmp_path / "archive")
    before = digests(database_url)
    damage(tmp_path / "archive")
    with pytest.raises((ArchiveError, DatabaseError)) as raised:
        load(tmp_path / "archive", database_url, replace=True)
    assert str(tmp_path / "archive") in str(raised.value) or "manifest" in str(raised.value)
    assert digests(database_url) == before
    assert not list(tmp_path.glob("*.restoring"))


async def test_a_reference_that_the_archive_does_not_have_is_refused(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    source = f"sqlite:///{tmp_path / 'broken.db'}"
    await filled(source)
    with sqlite3.connect(tmp_path / "broken.db") as db:
        db.execute("DELETE FROM area")
    db.close()
    save(source, tmp_path / "archive")
    with pytest.raises(DatabaseError):
        load(tmp_path / "archive", database_url)


async def test_what_is_replaced_on_sqlite_stays_beside_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'relay.db'}"
    await filled(url)
    save(url, tmp_path / "archive")
    (tmp_path / "relay.db").write_bytes(b"this is no database any more")
    load(tmp_path / "archive", url, replace=True)
    (aside,) = tmp_path.glob("relay.db.replaced-*")
    assert aside.read_bytes() == b"this is no database any more"
    assert "act" in digests(url)


async def test_an_archive_of_an_older_relay_is_brought_up(
    database_url: str, other_url: str, tmp_path: Path, schema_folder: Path
) -> None:
    await filled(database_url)
    save(database_url, tmp_path / "archive")
    (schema_folder / "0004_later.sql").write_text(LATER)
    load(tmp_path / "archive", other_url)
    async with opened(other_url) as door:
        assert await door.ask("SELECT count(*) FROM loose WHERE mood = 'none'") == 300


async def test_an_archive_of_a_newer_relay_is_refused(
    database_url: str, other_url: str, tmp_path: Path, schema_folder: Path
) -> None:
    (schema_folder / "0004_later.sql").write_text(LATER)
    await filled(database_url)
    save(database_url, tmp_path / "archive")
    (schema_folder / "0004_later.sql").unlink()
    with pytest.raises(SchemaTooNew):
        load(tmp_path / "archive", other_url)
    with pytest.raises(SchemaTooNew):
        save(database_url, tmp_path / "another")


async def test_archives_are_not_mixed_and_databases_not_invented(database_url: str, tmp_path: Path) -> None:
    await filled(database_url)
    save(database_url, tmp_path / "archive")
    with pytest.raises(ArchiveError, match="is not empty"):
        save(database_url, tmp_path / "archive")
    with pytest.raises(DatabaseError, match="no database at"):
        save(tmp_path / "nothing.db", tmp_path / "other-archive")
    shutil.rmtree(tmp_path / "archive")


async def test_of_a_replaced_database_nothing_is_left(database_url: str, tmp_path: Path) -> None:
    """Nor what no archive holds: an index of words that speaks of the rows before would never be built anew."""
    source = f"sqlite:///{tmp_path / 'source.db'}"
    await filled(source)
    save(source, tmp_path / "archive")
    index = "found_rows" if database_url.startswith("postgresql") else "found"
    async with opened(database_url) as door:
        await door.do(f"INSERT INTO {index} (body) VALUES ('before')")
    load(tmp_path / "archive", database_url, replace=True)
    async with opened(database_url) as door:
        assert await door.ask(f"SELECT count(*) FROM {index}") == 0


MADE_OF_OTHERS = {"full_text", "document", "full_text_built"}
OF_ONE_ENGINE = {"commit_log", "last_group", "schema_version"}
"""What PostgreSQL's door needs for its processes."""


def test_every_table_of_a_relay_is_archived(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the databases themselves: a table is in the archive, or is named above."""
    monkeypatch.undo()
    archived = {table.name for table in tables_at(newest(schema_files("sqlite")))}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        sqlite.migrate(db)
        listed = db.execute("SELECT name FROM pragma_table_list WHERE schema = 'main'").fetchall()
        of_index = {"full_text_" + part for part in ("config", "content", "data", "docsize", "idx")}
        views = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    assert {name for (name,) in listed} - views - of_index - {"sqlite_schema"} == archived | MADE_OF_OTHERS
    asked = (
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
    )
    with schema_of(postgres) as schema:
        address = parse_address(postgres.url(schema))
        with connect(address, name="test", patient=True) as pg:
            migrate(pg, schema)
            there = {name for (name,) in pg.execute(asked)}
    assert there == archived | MADE_OF_OTHERS | OF_ONE_ENGINE


def test_every_object_that_a_table_speaks_of_is_backed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table whose rows have bytes among the objects is in the view that backup, check and sweep ask."""
    monkeypatch.undo()
    tables = tables_at(newest(schema_files("sqlite")))
    speaking = {
        table.name for table in tables if {"sha256", "size_bytes"} <= {each.name for each in table.columns}
    }
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        sqlite.migrate(db)
        (view,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'named_object'").fetchone()
    assert speaking == set(re.findall(r"FROM (\w+)", view))
