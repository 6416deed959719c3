"""PostgreSQL, which knows how many rows there are, plans the lists of everybody for a page of them, not for all.

Where it expects that hardly any row fits, or a tenth of all rows on a page, it reads and sorts the whole list instead.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from relay.core.visibility import FINDABLE, PUBLIC, READABLE, not_suspended
from relay.core.words import TextQuery, read_query
from relay.engine.database import dialect, postgres_connection
from relay.engine.database.door import Values
from relay.engine.database.full_text import tsquery
from relay.engine.database.postgres import migrate
from relay.engine.database.postgres_connection import Postgres, parse_address
from relay.features.feeds import discovery
from relay.features.feeds.filters import ALL
from relay.features.graph.api import not_muted
from relay.features.search import store as search
from relay.features.search.index import kind_word
from relay.features.studio import beat_list
from tests.support.postgres import PostgresServer, schema_of

ROWS = 10_000
LIMIT = 20
VIEWER = "f" * 32
_FILLED = f"""
INSERT INTO account (id, username, skeleton, display_name, created_us)
  SELECT lpad(n::text, 32, '0'), 'name' || n, 'name' || n, 'Name', 0 FROM generate_series(1, 50) AS n;
INSERT INTO creation (id, owner_id, kind, visibility, state, owner_state, title, head_version_id, duration_ms, created_us,
    changed_us, published_us, hot_us, trend_us, people, tags, card)
  SELECT lpad(n::text, 32, '0'), lpad((1 + n % 50)::text, 32, '0'), CASE n % 10 WHEN 7 THEN 'machine' ELSE 'post' END, 'public', 'ready', 'open', '',
    lpad(n::text, 32, '0'), 1, n, n, n, n, n, n % 9, '[]', '{{}}' FROM generate_series(1, {ROWS}) AS n;
INSERT INTO document (n, kind, object_id) SELECT n, 'post', lpad(n::text, 32, '0') FROM generate_series(1, {ROWS}) AS n;
INSERT INTO full_text (rowid, head, rest)
  SELECT n, 'loop rare' || n % 1000, '{kind_word("post")}' FROM generate_series(1, {ROWS}) AS n"""


class Explained:
    """A connection that says how a prepared statement, made for whatever values, would be run, and answers nothing."""

    has_lateral = True

    def __init__(self, pg: Postgres) -> None:
        self._pg = pg
        self.plan = ""

    def execute(self, sql: str, values: Values) -> "Nothing":
        statement = dialect.statement(sql)
        literals = [
            str(value) if isinstance(value, int) else _quoted(value) for value in statement.bind(values)
        ]
        given = f"({', '.join(literals)})" if literals else ""
        self._pg.execute(f"PREPARE asked AS {statement.text}", prepare=False)
        rows = self._pg.execute(f"EXPLAIN EXECUTE asked {given}", prepare=False).fetchall()
        self._pg.execute("DEALLOCATE asked", prepare=False)
        self.plan = "\n".join(row[0] for row in rows)
        return Nothing()


class Nothing(tuple[()]):
    def fetchall(self) -> list[object]:
        return []


def _quoted(value: object) -> str:
    text = tsquery(value) if isinstance(value, TextQuery) else str(value)
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture(scope="module")
def pg(postgres: PostgresServer) -> Iterator[Postgres]:
    with schema_of(postgres) as schema:
        address = parse_address(postgres.url(schema))
        with closing(postgres_connection.connect(address, name="expected", patient=True)) as pg:
            migrate(pg, schema)
            pg.execute(_FILLED, prepare=False)
            pg.execute("VACUUM ANALYZE", prepare=False)  # as a server does by itself
            yield pg


@pytest.mark.parametrize(
    "condition",
    [PUBLIC, READABLE, FINDABLE, not_muted("c.owner_id"), not_suspended("c.owner_id")],
    ids=["public", "readable", "findable", "not muted", "not suspended"],
)
def test_nearly_all_is_expected_to_be_shown(pg: Postgres, condition: str) -> None:
    explained = Explained(pg)
    explained.execute(f"SELECT c.id FROM creation AS c WHERE {condition}", {"viewer": VIEWER})
    expected = re.search(r"rows=(\d+)", explained.plan)
    assert expected is not None and int(expected[1]) > ROWS / 2, explained.plan


@pytest.mark.parametrize("read", [discovery.latest, discovery.hot, discovery.trending])
def test_a_page_is_walked_from_the_index_of_its_list(
    pg: Postgres, read: Callable[[Explained, discovery.Ask, str], discovery.Page]
) -> None:
    explained = Explained(pg)
    read(explained, discovery.Ask(viewer=VIEWER, cursor=None, limit=LIMIT, filter=ALL), "")
    assert f"rows={LIMIT + 1} " in explained.plan, explained.plan
    assert re.search(r"Index Scan using creation_(newest|known|trending) on creation c_1", explained.plan)
    assert "creation_for_followers" not in explained.plan and "Seq Scan on creation " not in explained.plan


def test_the_newest_of_a_kind_are_walked_from_their_index(
    pg: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a kind that a tenth are. Not read of another index, owner by owner, and sorted, though that has all that is asked for."""
    monkeypatch.setattr(beat_list, "REACH", ROWS // 50)
    explained = Explained(pg)
    newest = beat_list._newest("machine", "c.id, c.owner_id, c.published_us")
    explained.execute(f"SELECT p.id, count(*) OVER () FROM ({newest}) AS p", {"viewer": VIEWER})
    assert "Index Scan using creation_newest" in explained.plan, explained.plan
    assert "Sort" not in explained.plan, explained.plan


@pytest.mark.parametrize(
    ("words", "walked"),
    [
        ("loop", "Index Scan Backward using full_text_pkey"),
        ("rare7", "Bitmap Index Scan on full_text_lexemes"),
    ],
)
def test_a_search_is_planned_for_how_many_have_its_words(pg: Postgres, words: str, walked: str) -> None:
    """Of a word that all have the newest are walked, until there are enough; of a rare one its own index is. Other statements keep their one plan."""
    ask = search.Ask(viewer=VIEWER, query=read_query(words), cursor=None, limit=LIMIT)
    explained = Explained(pg)
    with pg.transaction():
        search._ranked(postgres_connection.Connection(pg), search._POSTS, ask)
        search._ranked(explained, search._POSTS, ask)
    assert walked in explained.plan, explained.plan
    assert pg.execute("SHOW plan_cache_mode").fetchone() == ("force_generic_plan",)
