"""What many test modules stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgres import PostgresServer, postgres_server, schema_of
from tests.support.relay import RelayProcess, running_relay

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("sidechain", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sidechain")


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay of this module's own, for development. A module that needs another kind makes its own."""
    with running_relay(tmp_path_factory.mktemp("relay") / "data") as process:
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
