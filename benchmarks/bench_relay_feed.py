"""Pages of 20 posts, global and timeline with 200 followees, on both engines: the relay's CPU for each, beside FastAPI with
SQLAlchemy's ORM on the same database, and beside a bare framework that runs the relay's own query.

`--long` fills a million posts too.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import psycopg

from benchmarks.relay_data import READER, fill
from benchmarks.relay_server import Server, python, serving
from relay.engine.database.postgres_connection import parse_address
from tests.support.postgres import postgres_server, schema_of
from tests.support.relay import RelayClient

REQUESTS, ROUNDS = 20, 40
"""Of a page in one round, and rounds: the least CPU of them counts, for others' load only ever adds to it. So short that on a
busy machine some have the processor and its caches for themselves.
"""
WARM = 20
PEER_REQUESTS, PEER_ROUNDS, PEER_WARM = 20, 3, 3
"""Of the ORM, whose timeline takes a hundred times as long."""
ANSWER_LIMIT_S = 300
SIZES = (10_000, 100_000)
LONG = 1_000_000
JUDGED = 100_000
"""Posts at which the figures have limits of their own."""
LIMITS_US = {"SQLite": 800, "PostgreSQL": 900}
GLOBAL, TIMELINE = "/api/v1/feed/global", "/api/v1/feed/timeline"
Row = tuple[str, float, str, str]
Ask = Callable[[httpx.Client], httpx.Response]


def rows(long: bool = False) -> Iterator[Row]:
    """One line per figure. About six minutes; with a million posts an hour, most of it to write them."""
    for posts in (*SIZES, *([LONG] if long else [])):
        with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
            data = Path(name) / "data"
            data.mkdir(mode=0o700)
            fill(f"sqlite:///{data / 'relay.db'}", posts)
            yield from _on_sqlite(posts, data)
        with (
            postgres_server() as server,
            schema_of(server) as schema,
            tempfile.TemporaryDirectory(prefix="sdc-bench-") as name,
        ):
            url = server.url(schema)
            fill(url, posts)
            settle(url)
            yield from _on_postgres(posts, url, schema, Path(name) / "data")


def _on_sqlite(posts: int, data: Path) -> list[Row]:
    with ExitStack() as stack:
        relay = relay_of(stack, data)
        found = _pages(relay, "SQLite", posts)
        database = data / "relay.db"
        found += _orm(stack, relay, f"sqlite+aiosqlite:///{database}", found, f"{posts:,} posts, SQLite")
        bare = stack.enter_context(serving(*python("benchmarks.peers.bare", str(database))))
        of_bare, _ = _cpu_us(bare, lambda http: http.get("/feed/global"))
        found.append(
            (
                f"feed of 20, global, {posts:,} posts: relay over a bare framework with its query",
                found[0][1] / of_bare,
                "<= 2",
                f"{of_bare:.0f} µs",
            )
        )
        return found


def settle(url: str) -> None:
    """What a server does by itself, but not that of the tests: it knows how many rows there are, and which of them are dead."""
    with psycopg.connect(parse_address(url).url, autocommit=True) as pg:
        pg.execute("VACUUM ANALYZE")


def _on_postgres(posts: int, url: str, schema: str, data: Path) -> list[Row]:
    with ExitStack() as stack:
        relay = relay_of(stack, data, "--database-url", url)
        found = _pages(relay, "PostgreSQL", posts)
        driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
        driver = driver.replace(f"schema={schema}", f"options=-csearch_path%3D{schema}")
        return found + _orm(stack, relay, driver, found, f"{posts:,} posts, PostgreSQL")


def _orm(stack: ExitStack, relay: Server, url: str, ours: list[Row], where: str) -> list[Row]:
    """FastAPI + SQLAlchemy ORM on the same database, over ours."""
    orm = stack.enter_context(serving(*python("benchmarks.peers.orm", url)))
    headers = {"viewer": _reader_id(relay)}
    found: list[Row] = []
    for name, our_us in (("global", ours[0][1]), ("timeline", ours[2][1])):
        page = partial(_peer_page, name, headers)
        of_orm, _ = _cpu_us(orm, page, requests=PEER_REQUESTS, rounds=PEER_ROUNDS, warm=PEER_WARM)
        found.append(
            (
                f"feed of 20, {name}, {where}: FastAPI + SQLAlchemy ORM over relay, CPU",
                of_orm / our_us,
                ">= 3",
                f"{of_orm:.0f} µs",
            )
        )
    return found


def _peer_page(name: str, headers: dict[str, str], http: httpx.Client) -> httpx.Response:
    return http.get(f"/feed/{name}", headers=headers)


def relay_of(stack: ExitStack, data: Path, *options: str) -> Server:
    return stack.enter_context(
        serving(*python("relay", "--data", str(data), "--port", "0", "--dev", "--json-log", *options))
    )


def _pages(relay: Server, engine: str, posts: int) -> list[Row]:
    client = RelayClient(relay.url)
    client.sign_in(READER)
    headers = dict(client.http.headers)
    client.close()
    found: list[Row] = []
    limit = f"<= {LIMITS_US[engine]}" if posts == JUDGED else ""
    for name, path in (("global", GLOBAL), ("timeline", TIMELINE)):
        cpu_us, times_ms = _cpu_us(relay, lambda http, path=path: http.get(path, headers=headers))  # type: ignore[misc]
        found += [
            (f"feed of 20, {name}, {posts:,} posts, {engine}: CPU µs", cpu_us, limit, ""),
            (f"feed of 20, {name}, {posts:,} posts, {engine}: p95 ms", times_ms, "< 50", "one after another"),
        ]
    walk = _Walk(GLOBAL, headers)
    cpu_us, _ = _cpu_us(relay, walk)
    found.append(
        (
            f"feed of 20, global, {posts:,} posts, {engine}, each post for the first time: CPU µs",
            cpu_us,
            "",
            "page after page",
        )
    )
    return found


class _Walk:
    """Page after page of a feed, from its beginning again after the last: nothing of them has been asked just now."""

    def __init__(self, path: str, headers: dict[str, str]) -> None:
        self._path = path
        self._headers = headers
        self._cursor: dict[str, str] = {}

    def __call__(self, http: httpx.Client) -> httpx.Response:
        answer = http.get(self._path, headers=self._headers, params=self._cursor)
        following = answer.raise_for_status().json()["next"]
        self._cursor = {"cursor": following} if following else {}
        return answer


def _cpu_us(
    server: Server, ask: Ask, *, requests: int = REQUESTS, rounds: int = ROUNDS, warm: int = WARM
) -> tuple[float, float]:
    """CPU of the server for each request, in µs, of the best round; and p95 of the time that they took, in ms, of all."""
    found: list[float] = []
    times_ms: list[float] = []
    with httpx.Client(base_url=server.url, trust_env=False, timeout=ANSWER_LIMIT_S) as http:
        for _ in range(warm):
            ask(http).raise_for_status()
        for _ in range(rounds):
            cpu_s = server.cpu_s()
            for _ in range(requests):
                began = time.perf_counter()
                ask(http).raise_for_status()
                times_ms.append((time.perf_counter() - began) * 1000)
            cpu_s = server.cpu_s() - cpu_s
            found.append(cpu_s / requests * 1e6)
    return min(found), statistics.quantiles(times_ms, n=20)[-1]


def _reader_id(relay: Server) -> str:
    return str(httpx.get(f"{relay.url}/api/v1/users/{READER}", trust_env=False).json()["id"])


if __name__ == "__main__":
    for what, figure, limit, beside in rows(long="--long" in sys.argv):
        print(f"{what:<70} {figure:>10.3g}  {limit:>8}  {beside}", flush=True)
