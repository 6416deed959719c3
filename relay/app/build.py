"""The composition root: engines, features and rows put together by hand, started in order, stopped in reverse."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from relay.app import documents, health
from relay.app.config import Config
from relay.app.dispatch import Routes
from relay.app.figures import add_figures
from relay.app.front import Front, refuse_socket
from relay.app.gate import Gate
from relay.app.origins import Origins
from relay.app.requests import Requests
from relay.app.site import frame
from relay.app.site.views import Views
from relay.core.calls import AnyRow
from relay.core.limits import AT_ONCE, LIMITS
from relay.engine.at_once import AtOnce
from relay.engine.bus.door import Bus
from relay.engine.bus.open import open_bus
from relay.engine.clock import now_us
from relay.engine.data_folder import DataFolder
from relay.engine.database import Connection, Database, Effect, open_database, sqlite_path
from relay.engine.database.measured import MeasuredDatabase
from relay.engine.descriptors import allow_many
from relay.engine.jobs.table import JobChanged, JobReady, forget
from relay.engine.jobs.workers import Workers
from relay.engine.limits import SharedLimits
from relay.engine.metrics import Metrics
from relay.engine.objects.door import Objects
from relay.engine.objects.open import open_objects
from relay.engine.tasks import Tasks
from relay.features.accounts import api as accounts_api
from relay.features.accounts import operations as accounts_operations
from relay.features.accounts.api import SessionEnded
from relay.features.accounts.service import Accounts
from relay.features.accounts.upstream import Upstreams
from relay.features.creations import operations as creations_operations
from relay.features.creations import publishing
from relay.features.creations.encoding import Encoder
from relay.features.creations.store import NEW_POST, tell_posts, wanted_objects
from relay.features.devices import claim_pages, oauth
from relay.features.devices import operations as devices_operations
from relay.features.devices.claiming import Claiming
from relay.features.devices.device_grant import INTERVAL_US
from relay.features.devices.families import Families, Revoked, revoked_families
from relay.features.devices.service import Devices
from relay.features.devices.signing import agree_on_key, load_key
from relay.features.devices.tokens import Tokens
from relay.features.feeds import operations as feeds_operations
from relay.features.graph import operations as graph_operations
from relay.features.graph.api import NEW_FOLLOW, tell_follows
from relay.features.live import operations as live_operations
from relay.features.live.api import Blocked, Followed, Happened, Unfollowed
from relay.features.live.hub import Hub
from relay.features.live.presence import PresenceBoard
from relay.features.live.service import Live, tell_by
from relay.features.live.socket import Sockets
from relay.features.live.telling import Tellers
from relay.features.live.tickets import Tickets
from relay.features.reactions import operations as reactions_operations
from relay.features.reactions.api import NEW_LIKE, NEW_REACTION, tell_likes, tell_reactions
from relay.features.reactions.service import Reactions
from relay.features.uploads import operations as uploads_operations
from relay.features.uploads.service import Uploads
from relay.features.uploads.store import open_uploads

log = logging.getLogger("relay")

EFFECTS = Happened | Followed | Unfollowed | Blocked | Revoked | SessionEnded | JobReady | JobChanged
"""All that a commit may tell the processes of a relay."""
DEV_FACTOR = 100
DEV_POLL_US = 1_000_000
TICK_S = 1.0
SWEEP_S = 60.0
STRAYS_S = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay:
    """One running relay process. rows: the table of all that it answers."""

    app: Front
    rows: list[AnyRow]
    metrics: Metrics
    hub: Hub
    tasks: Tasks
    workers: Workers
    encoder: Encoder
    bus: Bus
    objects: Objects
    db: Database
    folder: DataFolder
    draining: list[str]
    at_once: AtOnce

    async def close(self) -> None:
        """In reverse order of the start; what is under way is given back."""
        await self.tasks.stop()
        await self.workers.close()
        await self.encoder.close()
        await self.bus.close()
        await self.objects.close()
        await self.db.close()
        self.folder.close()


async def build(config: Config, base_url: str) -> Relay:
    """base_url: how the world reaches this relay. Raises DataInUse, SchemaTooNew, DatabaseError. [loop]"""
    embedded = sqlite_path(config.database) is not None
    folder = DataFolder.open(config.data, alone=embedded)
    revoked: set[str] = set()
    tellers = Tellers(
        {
            NEW_POST: partial(tell_posts, base_url),
            NEW_FOLLOW: tell_follows,
            NEW_LIKE: tell_likes,
            NEW_REACTION: tell_reactions,
        }
    )
    listening = _Listening(revoked)
    metrics = Metrics()
    waited = metrics.histogram("relay_database_seconds", "What features wait for the database.", "kind")
    db = MeasuredDatabase(
        open_database(
            config.database,
            effects=EFFECTS,
            on_commit=listening.on_commit,
            on_lost=listening.on_lost,
        ),
        lambda kind, seconds: waited.observe(kind, seconds=seconds),
    )
    listening.hub = hub = Hub(
        tell_by(db, tellers), db.applied
    )  # before anything is awaited: it misses no commit
    revoked |= await db.read(lambda reader: revoked_families(reader, now_us()))
    objects = open_objects(config.objects, config.storage_keys)
    bus = open_bus(config.bus_url or ("memory:" if embedded else str(config.database)))
    factor = DEV_FACTOR if config.dev else 1
    limits = SharedLimits(bus, {kind: limit.times(factor) for kind, limit in LIMITS.items()}, now_us)
    at_once = AtOnce(
        {kind: most.times(factor) for kind, most in AT_ONCE.items()}, config.trusted_proxies, allow_many()
    )
    presence = PresenceBoard(hub, bus, partial(_names, db))
    key = load_key(config.key_file)
    await agree_on_key(db, key)
    tokens = Tokens(key, "sidechain-relay", revoked)
    families = Families(db, tokens)
    encoder = Encoder()
    accounts, upstreams = Accounts(db), Upstreams(db, config.upstreams, base_url)
    transfers = Uploads(db, objects, publishing.is_published)
    await transfers.open()
    posts = publishing.Publishing(
        db=db,
        objects=objects,
        encoder=encoder,
        transfers=transfers,
        scratch=folder.work,
        base_url=base_url,
        quota_bytes=config.account_quota_bytes,
    )
    workers = Workers(db, {publishing.JOB_KIND: posts.make}, {publishing.JOB_KIND: publishing.given_up})
    listening.workers = workers
    tasks = Tasks()
    origins = Origins(base_url, dev=config.dev, allowed=config.cors_origins)
    gate = Gate(accounts, tokens, families, limits, origins)
    views = Views()
    render = frame.make_render(views, dev=config.dev)
    sign_in = accounts_operations.sign_in_page(upstreams, render)
    devices = Devices(db, families)
    claiming = Claiming(db, families, DEV_POLL_US if config.dev else INTERVAL_US)
    live, tickets = Live(db, presence, tellers), Tickets(db)
    draining: list[str] = []
    rows: list[AnyRow] = [
        *accounts_operations.rows(
            accounts,
            upstreams,
            dev=config.dev,
            is_live=presence.is_live,
            require_sign_up=gate.require_sign_up,
            sign_in=sign_in,
        ),
        *devices_operations.rows(devices, families, tokens, dev=config.dev),
        *oauth.rows(claiming, base_url),
        *claim_pages.rows(claiming, devices, base_url=base_url, render=render, sign_in=sign_in),
        *uploads_operations.rows(transfers, encoder.expect, config.max_upload_bytes),
        *creations_operations.rows(
            db,
            objects,
            encoder,
            posts,
            workers,
            transfers,
            base_url=base_url,
            max_upload_bytes=config.max_upload_bytes,
            audio_cache_s=config.audio_cache_s,
            require_live=tokens.require_live,
            render=render,
        ),
        *feeds_operations.rows(
            db, base_url=base_url, cache_s=config.feed_cache_s, is_live=presence.is_live, render=render
        ),
        *graph_operations.rows(db, presence.is_live),
        *reactions_operations.rows(Reactions(db, base_url)),
        *live_operations.rows(live, tickets),
        *health.rows(db, objects, tasks, lambda: bool(draining)),
        *frame.rows(views),
    ]
    rows += documents.rows(list(rows), render)
    sockets = Sockets(
        db=db,
        hub=hub,
        live=live,
        presence=presence,
        tokens=tokens,
        families=families,
        tickets=tickets,
        limits=limits,
        at_once=at_once,
        is_ours=origins.is_ours,
        refuse=refuse_socket,
        stranger=gate.count_stranger,
    )
    await bus.start()
    tasks.start("events", hub.run)
    if config.makes_posts:
        tasks.start("jobs", workers.run)
    tasks.start("revocations", partial(listening.catch_up, db))
    tasks.every("presence", TICK_S, presence.tick)
    tasks.start("names", presence.ask_names)
    tasks.every("uploads", SWEEP_S, transfers.sweep)
    tasks.every("old jobs", STRAYS_S, partial(_forget_jobs, db))
    tasks.every("stray objects", STRAYS_S, partial(_sweep_objects, db, objects))
    add_figures(
        metrics, db=db, hub=hub, bus=bus, objects=objects, tasks=tasks, at_once=at_once, data=folder.path
    )
    return Relay(
        app=Front(Routes(rows), gate, sockets, origins, at_once, render, Requests(metrics)),
        rows=rows,
        metrics=metrics,
        hub=hub,
        tasks=tasks,
        workers=workers,
        encoder=encoder,
        bus=bus,
        objects=objects,
        db=db,
        folder=folder,
        draining=draining,
        at_once=at_once,
    )


class _Listening:
    """What commits tell, handed to who has to know it. revoked: sign-ins whose tokens no longer count. [loop]"""

    def __init__(self, revoked: set[str]) -> None:
        self.hub: Hub | None = None
        self.workers: Workers | None = None
        self._revoked = revoked
        self._missed = asyncio.Event()

    def on_commit(self, number: int, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Revoked(family_id=family_id):
                    self._revoked.add(family_id)
                    if self.hub is not None:
                        self.hub.end_family(family_id)
                case SessionEnded(session_id=session_id) if self.hub is not None:
                    self.hub.end_session(session_id)
                case JobReady() if self.workers is not None:
                    self.workers.ready()
                case JobChanged() if self.workers is not None:
                    self.workers.changed(effect)
        if self.hub is not None:
            self.hub.commit(number, effects)

    def on_lost(self, number: int) -> None:
        if self.hub is not None:
            self.hub.lost(number)
        if self.workers is not None:
            self.workers.ready()
        self._missed.set()

    async def catch_up(self, db: Database) -> None:
        """Which sign-ins were ended in commits that nobody told us of, for ever. One task of the process does."""
        while True:
            await self._missed.wait()
            self._missed.clear()
            self._revoked |= await db.read(lambda reader: revoked_families(reader, now_us()))


async def _names(db: Database, account_ids: list[str]) -> dict[str, str]:
    found = await db.read(lambda reader: accounts_api.profiles(reader, account_ids))
    return {id_: producer.username for id_, producer in found.items()}


async def _forget_jobs(db: Database) -> None:
    await db.write(forget)


async def _sweep_objects(db: Database, objects: Objects) -> None:
    """Objects that no row speaks of, if nobody can be about to commit a row for them."""

    def wanted(reader: Connection) -> tuple[set[str], set[str]]:
        return wanted_objects(reader), {each.id for each in open_uploads(reader)}

    swept = await objects.sweep(*await db.read(wanted))
    if swept:
        log.info("%d stray objects were removed", swept)
