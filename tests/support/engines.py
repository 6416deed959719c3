"""What a relay stands on: nothing but a folder, or PostgreSQL, S3 and Valkey, real ones, as a cluster has them."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import seaweed
from tests.support.postgres import PostgresServer, postgres_server, schema_of
from tests.support.seaweed import Seaweed
from tests.support.valkey import ValkeyServer


@dataclass(frozen=True)
class Engines:
    """environment: what a relay process is given besides its folder. Empty: SQLite, a folder, one process."""

    environment: Mapping[str, str] = field(default_factory=dict)

    def database_of(self, data: Path) -> str | Path:
        """Of a relay whose folder is data."""
        return self.environment.get("SIDECHAIN_RELAY_DATABASE_URL", data / "relay.db")


EMBEDDED = Engines()


@dataclass(frozen=True)
class ClusterServers:
    """Servers that several relays use one after the other, or at once, without seeing each other."""

    postgres: PostgresServer
    seaweed: Seaweed
    valkey: ValkeyServer

    @contextmanager
    def engines(self, folder: Path) -> Iterator[Engines]:
        """For one relay of any number of processes: a schema, a prefix, a channel and a key of its own in folder."""
        name = f"relay-{secrets.token_hex(4)}"
        bucket, _, endpoint = self.seaweed.url.partition("?")
        with schema_of(self.postgres) as schema:
            yield Engines(
                {
                    "SIDECHAIN_RELAY_DATABASE_URL": self.postgres.url(schema),
                    "SIDECHAIN_RELAY_OBJECTS_URL": f"{bucket}/{name}?{endpoint}",
                    "SIDECHAIN_RELAY_BUS_URL": f"{self.valkey.url}?channel={name}",
                    "SIDECHAIN_RELAY_SIGNING_KEY_FILE": str(folder / "signing-key.pem"),
                    **seaweed.ENVIRONMENT,
                }
            )


@contextmanager
def cluster_servers(folder: Path) -> Iterator[ClusterServers]:
    """folder: of theirs alone."""
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        objects, bus = Seaweed(folder / "seaweed" / "data"), ValkeyServer(folder / "valkey")
        for server in (objects, bus):
            stack.callback(server.stop)
            server.start()
        yield ClusterServers(postgres, objects, bus)
