"""Pages of 20 posts, global and timeline with 200 followees, on both engines: the relay's CPU for each, beside FastAPI with
SQLAlchemy's ORM on the same database, and beside a bare framework that runs the relay's own query.

`--long` fills a million posts too.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.relay_data import READER, fill
from benchmarks.relay_server import Server, python, serving
from tests.support.postgres import postgres_server, schema_of
from tests.support.relay import RelayClient

REQUESTS = 400
WARM = 20
Row = tuple[str, float, str, str]


def rows(long: bool = False) -> list[Row]:
    """One line per figure. About three minutes; with a million posts ten."""
    found: list[Row] = []
    for posts in (10_000, 100_000, *([1_000_000] if long else [])):
        with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
            data = Path(name) / "data"
            data.mkdir(mode=0o700)
            fill(f"sqlite:///{data / 'relay.db'}", posts)
            found += _beside(posts, data)
    with (
        postgres_server() as server,
        schema_of(server) as schema,
        tempfile.TemporaryDirectory(prefix="sdc-bench-") as name,
    ):
        fill(server.url(schema), 100_000)
        with ExitStack() as stack:
            relay = _relay(stack, Path(name) / "data", "--database-url", server.url(schema))
            found += _pages(relay, "PostgreSQL", 100_000, 900)
    return found


def _beside(posts: int, data: Path) -> list[Row]:
    with ExitStack() as stack:
        relay = _relay(stack, data)
        found = _pages(relay, "SQLite", posts, 800)
        if posts != 100_000:
            return found
        database = data / "relay.db"
        orm = stack.enter_context(serving(*python("benchmarks.peers.orm", f"sqlite+aiosqlite:///{database}")))
        bare = stack.enter_context(serving(*python("benchmarks.peers.bare", str(database))))
        reader = _reader_id(relay)
        of_orm, _ = _cpu_us(orm, lambda http: http.get("/feed/global", headers={"viewer": reader}))
        found.append(("feed of 20, global: FastAPI + SQLAlchemy ORM over relay, CPU", of_orm / found[0][1], ">= 3", f"{of_orm:.0f} µs"))  # fmt: skip
        of_orm, _ = _cpu_us(orm, lambda http: http.get("/feed/timeline", headers={"viewer": reader}))
        found.append(("feed of 20, timeline: FastAPI + SQLAlchemy ORM over relay, CPU", of_orm / found[2][1], ">= 3", f"{of_orm:.0f} µs"))  # fmt: skip
        of_bare, _ = _cpu_us(bare, lambda http: http.get("/feed/global"))
        found.append(("feed of 20, global: relay over a bare framework with its query", found[0][1] / of_bare, "<= 2", f"{of_bare:.0f} µs"))  # fmt: skip
        return found


def _relay(stack: ExitStack, data: Path, *options: str) -> Server:
    return stack.enter_context(
        serving(*python("relay", "--data", str(data), "--port", "0", "--dev", "--json-log", *options))
    )


def _pages(relay: Server, engine: str, posts: int, limit_us: int) -> list[Row]:
    client = RelayClient(relay.url)
    client.sign_in(READER)
    headers = dict(client.http.headers)
    client.close()
    found: list[Row] = []
    for name, path in (("global", "/api/v1/feed/global"), ("timeline", "/api/v1/feed/timeline")):
        cpu_us, times_ms = _cpu_us(relay, lambda http, path=path: http.get(path, headers=headers))  # type: ignore[misc]
        limit = f"<= {limit_us}" if posts == 100_000 else ""
        found += [
            (f"feed of 20, {name}, {posts:,} posts, {engine}: CPU µs", cpu_us, limit, ""),
            (f"feed of 20, {name}, {posts:,} posts, {engine}: p95 ms", times_ms, "< 50", "one after another"),
        ]
    return found


def _cpu_us(server: Server, ask: Callable[[httpx.Client], httpx.Response]) -> tuple[float, float]:
    """CPU of the server for each request, in µs, and p95 of the time it took, in ms."""
    times_ms: list[float] = []
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        for _ in range(WARM):
            ask(http).raise_for_status()
        cpu_s = server.cpu_s()
        for _ in range(REQUESTS):
            began = time.perf_counter()
            ask(http).raise_for_status()
            times_ms.append((time.perf_counter() - began) * 1000)
        cpu_s = server.cpu_s() - cpu_s
    return cpu_s / REQUESTS * 1e6, statistics.quantiles(times_ms, n=20)[-1]


def _reader_id(relay: Server) -> str:
    return str(httpx.get(f"{relay.url}/api/v1/users/{READER}", trust_env=False).json()["id"])


if __name__ == "__main__":
    for what, figure, limit, beside in rows():
        print(f"{what:<70} {figure:>10.3g}  {limit:>8}  {beside}", flush=True)
