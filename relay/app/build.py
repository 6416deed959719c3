"""The composition root: engines, services and rows put together by hand, started in order, stopped in reverse."""

import logging
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from relay.app.config import Config
from relay.app.delivering import DeliveryServices, delivery_services
from relay.app.dispatch import Routes
from relay.app.engines import Engines, open_engines
from relay.app.figures import add_figures
from relay.app.front import SOCKET_PATH, Front, ServesSockets, refuse_socket
from relay.app.gate import Gate
from relay.app.health import stands_on
from relay.app.listening import Listening
from relay.app.operating import answer_line
from relay.app.origins import Origins
from relay.app.post_services import PostServices, post_services
from relay.app.requests import Requests
from relay.app.rows import Table
from relay.app.services import (
    LiveServices,
    PeopleServices,
    SignInServices,
    live_services,
    people_services,
    sign_in_services,
)
from relay.app.site import frame
from relay.app.site.views import Views
from relay.app.status import Serving, ways_of
from relay.app.tracing import Application, traced_requests
from relay.core.calls import AnyRow, Render
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, sqlite_path
from relay.engine.jobs.table import end_leases, forget
from relay.engine.objects.door import Objects
from relay.engine.operator_socket import OperatorSocket
from relay.features.accounts import api as accounts
from relay.features.analytics.counting import Counting
from relay.features.analytics.events import forget_old as forget_old_events
from relay.features.coediting.socket import PATHS as DOCUMENT_PATHS
from relay.features.coediting.socket import DocumentSockets
from relay.features.comments import api as comments
from relay.features.creations import api as creations
from relay.features.creations.reading import wanted_objects
from relay.features.deliveries.store import end_leases as end_delivery_leases
from relay.features.feeds.engagement import catch_up as catch_up_ranking
from relay.features.feeds.page_cache import PageCache
from relay.features.guests.api import Guests
from relay.features.listening.streaming import StreamSockets
from relay.features.listening.track_socket import TrackSockets
from relay.features.live.hub import Hub
from relay.features.live.opening import Opening
from relay.features.live.socket import Sockets
from relay.features.search.index import COMMENT, PERSON, POST
from relay.features.search.index import catch_up as index_words
from relay.features.studio.kit import Kit
from relay.features.uploads.store import open_uploads
from relay.wire.listening import STREAM_PATH
from relay.wire.tracks import TRACKS_PATH

log = logging.getLogger("relay")

TICK_S = 1.0
SWEEP_S = 60.0
STRAYS_S = 3600.0
SAVE_S = 3.0
WORDS = {POST: creations.words_after, PERSON: accounts.words_after, COMMENT: comments.words_after}
"""What can be found, by kinds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay:
    """One running relay process. rows: the table of all that it answers. draining: why it takes no more, if it does not."""

    app: Application
    rows: list[AnyRow]
    hub: Hub
    posts: PostServices
    people: PeopleServices
    kit: Kit
    engines: Engines
    draining: list[str]
    operator: OperatorSocket | None

    @property
    def db(self) -> Database:
        """What all features write to and read from."""
        return self.engines.db

    async def close(self) -> None:
        """In reverse order of the start; what is under way is given back."""
        if self.operator is not None:
            await self.operator.close()
        await self.engines.tasks.stop()
        await self.posts.close()
        await self.people.pictures.close()
        await self.kit.close()
        await self.engines.close()


async def build(config: Config, base_url: str) -> Relay:
    """base_url: how the world reaches this relay. What was opened is closed again where the rest cannot be.

    Raises DataInUse, SchemaTooNew, DatabaseError, BadKey, BadObjectsUrl, BadBusUrl, FolderOpen, OSError. [loop]
    """
    listening = Listening()
    engines = await open_engines(config, listening)
    try:
        return await _build_on(engines, config, base_url, listening)
    except BaseException:
        await engines.tasks.stop()
        await engines.close()
        raise


async def _build_on(engines: Engines, config: Config, base_url: str, listening: Listening) -> Relay:
    live = live_services(base_url, engines, listening)  # before anything is awaited: it misses no commit
    sign_in = await sign_in_services(config, base_url, engines, listening)
    posts = await post_services(config, base_url, engines, listening, live.hub)
    people = people_services(base_url, engines, live, posts)
    gate, origins = _gate(config, base_url, engines, sign_in, people)
    delivered = delivery_services(config, base_url, engines, sign_in, posts, listening)
    views, kit, draining = Views(), Kit(engines.objects), list[str]()
    render = await _render(views, config, engines.objects)
    listening.pages = pages = PageCache(config.feed_cache_s)
    rows = Table(
        config=config,
        base_url=base_url,
        engines=engines,
        live=live,
        sign_in=sign_in,
        posts=posts,
        people=people,
        deliveries=delivered.deliveries,
        kit=kit,
        pages=pages,
        gate=gate,
        views=views,
        render=render,
        is_draining=lambda: bool(draining),
    ).rows()
    sockets = _sockets(engines, live, sign_in, posts, people.guests, gate, origins)
    await _begin(config, engines)
    _start_tasks(config, engines, live, posts, delivered, listening)
    _start_tasks_of_accounts(engines, live, sign_in, people)
    return Relay(
        app=_application(engines, Routes(rows), gate, sockets, origins, render),
        rows=rows,
        hub=live.hub,
        posts=posts,
        people=people,
        kit=kit,
        engines=engines,
        draining=draining,
        operator=await _operator(config, engines, base_url),
    )


def _application(
    engines: Engines,
    routes: Routes,
    gate: Gate,
    sockets: dict[str, ServesSockets],
    origins: Origins,
    render: Render,
) -> Application:
    noted = Requests(engines.metrics, engines.traces)
    front = Front(routes, gate, sockets, origins, engines.at_once, render, noted)
    return traced_requests(front, engines.traces)


async def _begin(config: Config, engines: Engines) -> None:
    """Hear of other processes, and end what a process before this one held."""
    await engines.bus.start()
    if sqlite_path(config.database) is not None:  # whose folder this process has alone
        await engines.db.write(end_leases)
        await engines.db.write(lambda tx: end_delivery_leases(tx, now_us()))


def _gate(
    config: Config, base_url: str, engines: Engines, sign_in: SignInServices, people: PeopleServices
) -> tuple[Gate, Origins]:
    origins = Origins(base_url, dev=config.dev, allowed=config.cors_origins)
    gate = Gate(
        accounts=sign_in.accounts,
        tokens=sign_in.tokens,
        families=sign_in.families,
        guests=people.guests,
        limits=engines.limits,
        origins=origins,
        note_active=sign_in.activity.note,
    )
    return gate, origins


def _start_tasks_of_accounts(
    engines: Engines,
    live: LiveServices,
    sign_in: SignInServices,
    people: PeopleServices,
) -> None:
    engines.tasks.every("idle guests", STRAYS_S, people.guests.forget_idle)
    live.presence.on_active = sign_in.activity.note
    engines.tasks.every("activity", SWEEP_S, sign_in.activity.write)
    if sign_in.sending.is_on:
        engines.tasks.start("mail", sign_in.sending.run)


async def _operator(config: Config, engines: Engines, base_url: str) -> OperatorSocket | None:
    """None: commands reach the database themselves."""
    if sqlite_path(config.database) is None:
        return None
    serving = Serving(
        ways=ways_of(config), checks=partial(stands_on, engines.db, engines.objects, engines.tasks)
    )
    return await OperatorSocket.open(config.data, partial(answer_line, engines.db, base_url, serving))


async def _render(views: Views, config: Config, objects: Objects) -> Render:
    return frame.make_render(views, dev=config.dev, media_origin=await _media_origin(config, objects))


async def _media_origin(config: Config, objects: Objects) -> str | None:
    """Where browsers are led for sound; None: nowhere, it comes from us."""
    link = await objects.signed_url("0" * 64, 1) if config.audio_links_s else None
    if link is None:
        return None
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}"


def _sockets(
    engines: Engines,
    live: LiveServices,
    sign_in: SignInServices,
    posts: PostServices,
    guests: Guests,
    gate: Gate,
    origins: Origins,
) -> dict[str, ServesSockets]:
    """By their paths."""
    opening = Opening(
        tokens=sign_in.tokens,
        families=sign_in.families,
        tickets=live.tickets,
        limits=engines.limits,
        at_once=engines.at_once,
        is_ours=origins.is_ours,
        refuse=refuse_socket,
        stranger=gate.count_stranger,
        guest=guests.actor,
    )
    feed = Sockets(
        db=engines.db,
        hub=live.hub,
        live=live.live,
        presence=live.presence,
        watchers=live.watchers,
        tokens=sign_in.tokens,
        opening=opening,
    )
    return {
        SOCKET_PATH: feed,
        DOCUMENT_PATHS: DocumentSockets(posts.rooms, opening),
        STREAM_PATH: StreamSockets(posts.streams, opening, sign_in.tokens.require_live),
        TRACKS_PATH: TrackSockets(engines.db, posts.tracks, posts.hearing, opening),
    }


def _start_tasks(
    config: Config,
    engines: Engines,
    live: LiveServices,
    posts: PostServices,
    delivered: DeliveryServices,
    listening: Listening,
) -> None:
    """What runs beside the answers; /health/ready tells of each, /metrics of what they work on."""
    tasks, db, objects = engines.tasks, engines.db, engines.objects
    tasks.start("events", live.hub.run)
    tasks.start("comments", live.comments.run)
    tasks.start("changed posts", live.posts.run)
    tasks.start("notifications", live.notifications.run)
    tasks.start("deliveries", delivered.delivering.run)
    tasks.every("old deliveries", STRAYS_S, delivered.delivering.forget_old)
    tasks.start("documents", posts.rooms.run)
    tasks.start("editors", posts.rooms.watch)
    tasks.every("edited together", SAVE_S, posts.rooms.saving.save_due)
    tasks.every("old notifications", STRAYS_S, posts.notifications.forget_old)
    if config.makes_posts:
        tasks.start("jobs", posts.workers.run)
        tasks.every("unheard sounds", SWEEP_S, posts.unheard.catch_up)
        live.presence.on_live = posts.encoder.expect
    tasks.start("revocations", partial(listening.catch_up, db))
    tasks.every("presence", TICK_S, live.presence.tick)
    tasks.every("ended tokens", TICK_S, live.hub.end_expired)
    tasks.start("names", live.presence.ask_names)
    tasks.every("uploads", SWEEP_S, posts.uploads.sweep)
    tasks.every("ranking", SWEEP_S, partial(catch_up_ranking, db))
    tasks.every("words", TICK_S, partial(index_words, db, WORDS))
    tasks.every("old archives", STRAYS_S, posts.leaving.forget_old)
    tasks.every("old analyses", STRAYS_S, posts.hearing.forget_old)
    tasks.every("old plays", STRAYS_S, partial(forget_old_events, db))
    tasks.every("counts", SWEEP_S, Counting(db).run)
    tasks.every("old jobs", STRAYS_S, partial(_forget_jobs, db))
    tasks.every("removed objects", SWEEP_S, posts.removals.resume)
    tasks.every("stray objects", STRAYS_S, partial(_sweep_objects, db, objects))
    add_figures(
        engines.metrics,
        db=db,
        hub=live.hub,
        bus=engines.bus,
        objects=objects,
        tasks=tasks,
        at_once=engines.at_once,
        data=engines.folder.path,
    )


async def _forget_jobs(db: Database) -> None:
    await db.write(forget)


async def _sweep_objects(db: Database, objects: Objects) -> None:
    """Objects that no row speaks of, if nobody can be about to commit a row for them."""

    def wanted(reader: Connection) -> tuple[set[str], set[str]]:
        return wanted_objects(reader), {each.id for each in open_uploads(reader)}

    swept = await objects.sweep(*await db.read(wanted))
    if swept:
        log.info("%d stray objects were removed", swept)
