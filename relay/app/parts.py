"""All services of one relay process, built by hand in order and closed in reverse."""

import asyncio
import fcntl
import logging
import os
import sqlite3
from pathlib import Path

from msgspec import Struct

from relay.app.config import Config
from relay.app.throttle import Throttle
from relay.app.tickets import Tickets
from relay.core.device_grant import INTERVAL_US
from relay.core.recovery import Effect
from relay.services.accounts import Accounts
from relay.services.claiming import Claiming
from relay.services.clock import now_us
from relay.services.database import Database
from relay.services.devices import Devices
from relay.services.events import Revoked
from relay.services.families import Families, revoked_families
from relay.services.hub import Hub
from relay.services.live import Live
from relay.services.objects import Objects
from relay.services.posts import Posts, wanted_objects
from relay.services.production import Production
from relay.services.reactions import Reactions
from relay.services.social import Social
from relay.services.tokens import Tokens, load_key
from relay.services.transfers import Transfers
from relay.services.uploads import Uploads, clear_after_crash, empty_folder
from relay.services.upstream import Upstreams

log = logging.getLogger("relay")

TICK_S = 1.0
SWEEP_S = 60.0
DEV_POLL_US = 1_000_000


class DataInUse(Exception):
    """data: a folder another relay works in."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.data = data

    def __str__(self) -> str:
        return f"Another relay works in {self.data}. Stop it, or give --data another folder."


class Parts(Struct, frozen=True, kw_only=True):
    config: Config
    base_url: str
    lock: int
    db: Database
    objects: Objects
    tokens: Tokens
    accounts: Accounts
    families: Families
    devices: Devices
    claiming: Claiming
    upstreams: Upstreams
    posts: Posts
    social: Social
    reactions: Reactions
    production: Production
    transfers: Transfers
    uploads: Uploads
    hub: Hub
    live: Live
    throttle: Throttle
    tickets: Tickets
    running: "list[asyncio.Task[None]]"


async def open_parts(config: Config, base_url: str) -> Parts:
    """Raises DataInUse, and SchemaTooNew of services.database. [loop]"""
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock(config.data)
    hub = Hub(base_url)
    revoked: set[str] = set()

    def on_commit(effects: list[Effect]) -> None:
        revoked.update(effect.family_id for effect in effects if isinstance(effect, Revoked))
        hub.commit(effects)

    db = Database(config.data / "relay.db", on_commit)
    await db.write(clear_after_crash)
    revoked |= await db.read(lambda reader: revoked_families(reader, now_us()))
    objects = Objects(config.data / "objects")
    objects.sweep(await db.read(wanted_objects))
    scratch = config.data / "scratch"
    empty_folder(scratch)
    tokens = Tokens(load_key(config.data / "signing-key.pem"), "sidechain-relay", revoked)
    families = Families(db, tokens)
    production = Production()
    transfers = Transfers(db, config.data / "incoming")
    await transfers.open()
    return Parts(
        config=config,
        base_url=base_url,
        lock=lock,
        db=db,
        objects=objects,
        tokens=tokens,
        accounts=Accounts(db),
        families=families,
        devices=Devices(db, families),
        claiming=Claiming(db, families, DEV_POLL_US if config.dev else INTERVAL_US),
        upstreams=Upstreams(config.upstreams, base_url),
        posts=Posts(db, base_url),
        social=Social(db, base_url),
        reactions=Reactions(db, base_url),
        production=production,
        transfers=transfers,
        uploads=Uploads(db, objects, production, transfers, scratch, base_url),
        hub=hub,
        live=Live(db, hub, base_url),
        throttle=Throttle(factor=100 if config.dev else 1),
        tickets=Tickets(),
        running=[asyncio.create_task(_tick(hub)), asyncio.create_task(_sweep(transfers))],
    )


async def close_parts(parts: Parts) -> None:
    for task in parts.running:
        task.cancel()
    await parts.production.close()
    await parts.db.close()
    os.close(parts.lock)


async def _tick(hub: Hub) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        hub.tick(now_us())


async def _sweep(transfers: Transfers) -> None:
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            await transfers.sweep()
        except (OSError, sqlite3.Error) as error:  # a full disk today; tomorrow it may go
            log.warning("expired uploads were not removed: %s", error)


def _lock(data: Path) -> int:
    lock = os.open(data / "relay.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DataInUse(data) from None
    return lock
