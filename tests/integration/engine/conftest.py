"""The real servers that engines are held against."""

from collections.abc import Iterator

import pytest

from tests.support.bus_servers import BusServer, Memory, OverPostgres, OverValkey
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.seaweed import Seaweed
from tests.support.valkey import ValkeyServer


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """For tests that leave it as it is; who kills it starts one of their own."""
    server = Seaweed(tmp_path_factory.mktemp("seaweed") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """Who kills it starts it again."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Who kills it starts it again."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["memory", "valkey", "postgres"])
def server(request: pytest.FixtureRequest) -> BusServer:
    """Every kind of bus, one after the other."""
    match request.param:
        case "valkey":
            return OverValkey(request.getfixturevalue("valkey"))
        case "postgres":
            return OverPostgres(request.getfixturevalue("postgres"))
        case _:
            return Memory()
