"""What many test modules stand on."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.engines import EMBEDDED, ClusterServers, Engines, cluster_servers
from tests.support.postgres import PostgresServer, postgres_server, schema_of
from tests.support.relay import RelayProcess, running_relay

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("sidechain", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sidechain")


def pytest_configure() -> None:
    """Where a shell starts this in its background, Ctrl-C is ignored, and by each program that is ended so here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module that says BOTH_ENGINES = True runs once on SQLite and a folder, once on PostgreSQL, S3 and Valkey."""
    if "engines" in metafunc.fixturenames and getattr(metafunc.module, "BOTH_ENGINES", False):
        metafunc.parametrize("engines", ["embedded", "cluster"], indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """A process, file or socket that a module leaves open is told now, and of it: not when the garbage is next collected, and
    of whoever runs then.
    """
    yield
    gc.collect()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterServers]:
    """PostgreSQL, S3 and Valkey that keep running. A module that breaks one makes its own."""
    with cluster_servers(tmp_path_factory.mktemp("servers")) as found:
        yield found


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """What this module's relay stands on."""
    if getattr(request, "param", "embedded") == "embedded":
        yield EMBEDDED
        return
    servers: ClusterServers = request.getfixturevalue("servers")
    with servers.engines(tmp_path_factory.mktemp("engines")) as found:
        yield found


@pytest.fixture(scope="module")
def relay(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay of this module's own, for development. A module that needs another kind makes its own."""
    with running_relay(tmp_path_factory.mktemp("relay") / "data", engines=engines) as process:
        yield process


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that keeps running. A module that breaks servers makes its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each engine, for the test alone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'relay.db'}"
        return
    postgres = request.getfixturevalue("postgres")
    with schema_of(postgres) as schema:
        yield postgres.url(schema)
