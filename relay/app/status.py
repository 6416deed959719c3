"""How a relay does, as its operator is told: what is stored, what waits, what is well. Counted by whoever has the database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from msgspec import Struct

from relay.app.config import Config
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database
from relay.engine.jobs import table
from relay.features.accounts import api as accounts
from relay.features.accounts.api import Census
from relay.features.moderation.store import count_open
from relay.wire.health import Check

WEEK_US = 7 * 24 * 3600 * 1_000_000


class Stored(Struct, frozen=True, kw_only=True):
    """jobs: how many wait (ready), run (running) and were set aside (quarantined). reports: that nobody has decided on."""

    people: Census
    jobs: dict[str, int]
    reports: int


class Status(Struct, frozen=True, kw_only=True, tag="status"):
    """serves: whether the process that answers does; then with its version, address, ways to sign in (`ways_of`) and checks."""

    stored: Stored
    serves: bool
    version: str
    base_url: str | None
    ways: list[str]
    checks: list[Check]


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """What only a process that serves can say of itself. checks: asks all that it stands on."""

    ways: list[str]
    checks: Callable[[], Awaitable[list[Check]]]


async def status(db: Database, base_url: str | None, serving: Serving | None) -> Status:
    """serving: None: of a command, on the database alone. [loop]"""
    return Status(
        stored=await db.read(lambda reader: stored(reader, now_us())),
        serves=serving is not None,
        version=our_version(),
        base_url=base_url,
        ways=[] if serving is None else serving.ways,
        checks=[] if serving is None else await serving.checks(),
    )


def ways_of(config: Config) -> list[str]:
    """To sign in: names of providers, password:REGISTRATION, and mail where forgotten passwords are set anew by it. [any]"""
    mail = ["mail"] if config.smtp_url else []
    return [*(each.name for each in config.upstreams), f"password:{config.registration}", *mail]


def stored(db: Connection, at_us: int) -> Stored:
    """[any thread with a snapshot]"""
    return Stored(people=accounts.census(db, at_us - WEEK_US), jobs=table.counts(db), reports=count_open(db))


def our_version() -> str:
    """Of this program. [any]"""
    try:
        return version("sidechain")
    except PackageNotFoundError:
        return "unknown"
