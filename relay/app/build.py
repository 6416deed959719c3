"""The composition root: services, routes and life span put together into one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.routes import HTTPRoute

from relay.app import (
    routes_audio,
    routes_auth,
    routes_claim,
    routes_feed,
    routes_health,
    routes_oauth,
    routes_pages,
    routes_sign_in,
    routes_social,
    routes_uploads,
)
from relay.app.config import Config
from relay.app.front import Front
from relay.app.gate import guard, provide_actor, provide_parts, provide_session
from relay.app.parts import Parts, close_parts, open_parts
from relay.app.problems import EXCEPTION_HANDLERS
from relay.app.routes_docs import openapi
from relay.wire.rest import API_PREFIX

MAX_BODY_BYTES = 64 * 1024


class RouteWithoutAction(Exception):
    """path: of a route that nobody said who may use."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"The route {self.path} names no action; give it opt=operation(...)."


def build(config: Config, base_url: str) -> tuple[Front, Litestar]:
    """The application and the framework's part of it. base_url: how the world reaches this relay."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        parts = await open_parts(config, base_url)
        app.state.parts = parts
        try:
            yield
        finally:
            await close_parts(parts)

    api = Router(
        API_PREFIX,
        route_handlers=[
            routes_auth.router,
            routes_audio.router,
            routes_uploads.router,
            routes_feed.router,
            routes_social.social_router,
            routes_social.users_router,
        ],
    )
    app = Litestar(
        route_handlers=[
            api,
            routes_health.router,
            routes_oauth.router,
            routes_claim.router,
            routes_sign_in.router,
            routes_pages.router,
        ],
        guards=[guard],
        dependencies={
            "parts": Provide(provide_parts, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "session": Provide(provide_session, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=openapi(),
        logging_config=None,
    )
    require_actions(app)

    def parts_of() -> Parts:
        parts: Parts = app.state.parts
        return parts

    return Front(app, parts_of), app


def require_actions(app: Litestar) -> None:
    """Raises RouteWithoutAction. The framework answers OPTIONS by itself, with the methods and nothing else."""
    for path, methods, opt in operations(app):
        if "action" not in opt and methods != {"OPTIONS"}:
            raise RouteWithoutAction(path)


def operations(app: Litestar) -> list[tuple[str, set[str], dict[str, object]]]:
    """Path, methods and `opt` of every operation."""
    found: list[tuple[str, set[str], dict[str, object]]] = []
    for route in app.routes:
        if isinstance(route, HTTPRoute):  # the WebSocket is not a route of the framework
            for handler in route.route_handlers:
                found.append((route.path, set(map(str, handler.http_methods)), dict(handler.opt)))
    return found
