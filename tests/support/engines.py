"""What a relay stands on: nothing but a folder, or PostgreSQL, S3 and Valkey, real ones, as a cluster has them."""

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString
from urllib.parse import parse_qs, urlsplit

import psycopg

from relay.engine.database.postgres_connection import parse_address
from tests.support import seaweed
from tests.support.postgres import PostgresServer, postgres_server, schema_of
from tests.support.seaweed import Seaweed
from tests.support.valkey import ValkeyServer

if TYPE_CHECKING:
    from obstore.store import S3Store


@dataclass(frozen=True)
class Engines:
    """environment: what a relay process is given besides its folder. Empty: SQLite, a folder, one process."""

    environment: Mapping[str, str] = field(default_factory=dict)

    def database_of(self, data: Path) -> str | Path:
        """Of a relay whose folder is data."""
        return self.environment.get("SIDECHAIN_RELAY_DATABASE_URL", data / "relay.db")

    def parts_of(self, data: Path, upload_id: str) -> bytes:
        """The bytes of an upload that are stored, in their order."""
        if not self._has_bucket:
            folder = data / "objects" / "incoming" / upload_id
            return (
                b"".join(each.read_bytes() for each in sorted(folder.iterdir())) if folder.exists() else b""
            )
        store, prefix = self._bucket()
        names = sorted(_listed(store, f"{prefix}/incoming/{upload_id}/"))
        return b"".join(bytes(store.get(name).bytes()) for name in names)

    def objects_of(self, data: Path) -> set[str]:
        """The names of all objects that are stored."""
        if not self._has_bucket:
            return {each.name for each in (data / "objects").glob("[0-9a-f][0-9a-f]/*")}
        store, prefix = self._bucket()
        return {name.rpartition("/")[2] for name in _listed(store, f"{prefix}/objects/")}

    @property
    def _has_bucket(self) -> bool:
        return "SIDECHAIN_RELAY_OBJECTS_URL" in self.environment

    def _bucket(self) -> "tuple[S3Store, str]":
        """And the relay's prefix in it."""
        from obstore.store import S3Store

        url = urlsplit(self.environment["SIDECHAIN_RELAY_OBJECTS_URL"])
        store = S3Store(
            url.netloc,
            endpoint=parse_qs(url.query)["endpoint"][0],
            access_key_id=seaweed.ACCESS_KEY,
            secret_access_key=seaweed.SECRET_KEY,
            region="auto",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )
        return store, url.path.strip("/")

    def being_sent(self, data: Path) -> list[str]:
        """Ids of uploads that a request has: whatever it sent before its line breaks is taken."""
        asked = "SELECT id FROM upload WHERE state = 'open' AND holder IS NOT NULL"
        return [id_ for (id_,) in self.rows(data, asked)]

    def rows(self, data: Path, asked: LiteralString) -> list[Any]:  # any: of a statement's types
        """What a statement answers, while the relay serves."""
        url = self.database_of(data)
        if isinstance(url, Path):
            with closing(sqlite3.connect(url)) as db:
                return db.execute(asked).fetchall()
        address = parse_address(url)
        with psycopg.connect(address.url, options=f"-c search_path={address.schema}") as pg:
            return pg.execute(asked).fetchall()


def _listed(store: "S3Store", prefix: str) -> list[str]:
    return [each["path"] for batch in store.list(prefix) for each in batch]


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
