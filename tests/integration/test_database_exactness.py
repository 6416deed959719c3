"""Three relay processes on one PostgreSQL while processes and server are killed and frozen: 0 lost, 0 doubled."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.database_peer import SCHEMA
from tests.support.doors import opened
from tests.support.postgres import PostgresServer, postgres_server, schema_of

ROOT = Path(__file__).parents[2]
WRITES = 5_000 if os.environ.get("SIDECHAIN_SOAK") else 200


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that these tests may break, and mend."""
    with postgres_server() as server:
        yield server


class Peer:
    def __init__(self, url: str, name: str, writes: int) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.database_peer", url, name, str(writes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def has_written(self, some: int) -> None:
        """Wait for it."""
        while int(self._line()) < some:
            pass

    def has_written_all(self) -> None:
        """Wait for it."""
        while self._line() != "written":
            pass

    def seen(self) -> dict[str, Any]:
        """Let it end, when all have written, and tell."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self._line())
        assert self.process.wait(60) == 0
        return found

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.name} ended with {self.process.wait(60)}"
        return line.strip()


@contextmanager
def peer(url: str, name: str, writes: int = WRITES) -> Iterator[Peer]:
    peer = Peer(url, name, writes)
    try:
        yield peer
    finally:
        peer.process.kill()
        peer.process.communicate()


async def test_nothing_is_lost_and_nothing_comes_twice(server: PostgresServer) -> None:
    with schema_of(server) as schema, ExitStack() as stack:
        url = server.url(schema)
        async with opened(url) as door:
            for statement in SCHEMA:
                await door.do(statement)
        one, two, gone = (stack.enter_context(peer(url, name)) for name in ("one", "two", "gone"))
        for each in (one, two, gone):
            each.has_written(25)
        gone.process.kill()
        three = stack.enter_context(peer(url, "three"))
        three.has_written(25)
        one.has_written(50)
        two.process.send_signal(signal.SIGSTOP)
        one.has_written(100)
        two.process.send_signal(signal.SIGCONT)
        server.crash()
        two.has_written(100)
        server.kill()
        server.start()
        three.has_written(100)
        _end_connections(server)
        for each in (one, two, three):
            each.has_written_all()
        seen = {each.name: each.seen() for each in (one, two, three)}
        for name, found in seen.items():
            assert {key: found[key] for key in ("doubled", "skipped", "behind", "lost")} == {
                "doubled": 0,
                "skipped": 0,
                "behind": 0,
                "lost": 0,
            }, (name, found)
            saved = _saved(server, schema, name)
            assert found["writes"] <= saved <= found["writes"] + found["unknown"], (name, saved, found)
        print(seen)  # shown by -s: how much was asked of it


def _end_connections(server: PostgresServer) -> None:
    with psycopg.connect(server.url()) as pg:
        pg.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'relay-%'"
        )


def _saved(server: PostgresServer, schema: str, writer: str) -> int:
    with psycopg.connect(server.url(), options=f"-c search_path={schema}") as pg:
        row = pg.execute("SELECT count(*) FROM peer_event WHERE writer = %s", (writer,)).fetchone()
        assert row is not None
        return int(row[0])
