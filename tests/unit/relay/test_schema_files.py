"""Which schema files an engine runs, and how a script falls into statements."""

from pathlib import Path

import pytest

from relay.engine.database import DatabaseError
from relay.engine.database.migrations import newest, schema_files, statements


def _write(folder: Path, **scripts: str) -> None:
    for name, script in scripts.items():
        (folder / f"{name.replace('__', '.')}.sql").write_text(script)


def test_a_file_of_an_engine_stands_in_for_the_general_one(tmp_path: Path) -> None:
    _write(
        tmp_path,
        **{"0010_b": "ten", "0002_a": "two", "0002_a__postgresql": "zwei", "0003_c__sqlite": "three"},
    )
    (tmp_path / "README.md").write_text("no schema")
    assert [(each.number, each.script) for each in schema_files("sqlite", tmp_path)] == [
        (2, "two"),
        (3, "three"),
        (10, "ten"),
    ]
    assert [each.script for each in schema_files("postgresql", tmp_path)] == ["zwei", "ten"]
    assert newest(schema_files("postgresql", tmp_path)) == 10


def test_a_number_is_used_once(tmp_path: Path) -> None:
    _write(tmp_path, **{"0002_a": "", "0002_b": ""})
    with pytest.raises(DatabaseError, match="both number 2"):
        schema_files("sqlite", tmp_path)


def test_statements_end_at_semicolons_outside_of_comments_texts_and_triggers() -> None:
    script = """
    -- first; of all
    CREATE TABLE a (x TEXT DEFAULT ';--no comment');  -- it's; said
    CREATE TRIGGER t AFTER INSERT ON a BEGIN
      DELETE FROM a; SELECT 1;
    END;
    INSERT INTO a (x) VALUES ('it''s')
    """
    assert [each.split()[0] for each in statements(script)] == ["CREATE", "CREATE", "INSERT"]
    assert "';--no comment'" in next(statements(script))


def test_every_file_that_stands_in_has_a_general_one_or_is_alone_on_purpose() -> None:
    numbers = {engine: [each.number for each in schema_files(engine)] for engine in ("sqlite", "postgresql")}
    assert numbers["sqlite"] == numbers["postgresql"] == sorted(set(numbers["sqlite"]))
    assert numbers["sqlite"][0] == 1
