"""The outermost ASGI application: WebSockets to their own server, HTTP to Litestar, security headers on everything."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from relay.app.parts import Parts
from relay.app.problems import MEDIA_TYPE, problem
from relay.app.socket import serve
from relay.core.buckets import Limit, Spent
from relay.core.hosts import answers_to
from relay.core.refusal import Refusal
from relay.wire.rest import API_PREFIX
from relay.wire.tus import RESUMABLE, UPLOADS_PATH, VERSION

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[
    [Any, Any, Any], Awaitable[None]
]  # any: the framework's ASGI types differ from uvicorn's in name only

SOCKET_PATH = f"{API_PREFIX}/ws"
CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",  # with no-referrer, browsers send our own forms with Origin: null
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
}
STREAMED_PATH = f"{API_PREFIX}/audio/upload"
BODY_LIMIT_S = 30.0
OVERRIDE = b"x-http-method-override"
_HSTS = {b"strict-transport-security": b"max-age=31536000"}


class Front:
    """parts_of gives the services once the application has started."""

    def __init__(self, app: App, parts_of: Callable[[], Parts]) -> None:
        self._app = app
        self._parts_of = parts_of

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._is_asked_by_name(scope):
            await _misdirected(scope, receive, send)
            return
        if scope["type"] == "websocket":
            if scope["path"] == SOCKET_PATH:
                await serve(self._parts_of(), scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        if scope["path"].startswith(UPLOADS_PATH):
            scope["method"] = _tus_method(scope)
        elif scope["path"] != STREAMED_PATH:
            receive = _in_time(receive)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._headers(scope, list(message.get("headers", [])))
            await send(message)

        await self._app(scope, receive, guarded)

    def _is_asked_by_name(self, scope: Message) -> bool:
        """Of a relay for the world, its proxy decides; one for development has nobody before it."""
        parts = self._parts_of()
        if not parts.config.dev:
            return True
        host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
        return answers_to(host.decode("latin-1"), parts.base_url)

    def _headers(self, scope: Message, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in given}
        added = dict(ALWAYS)
        if self._parts_of().base_url.startswith("https://"):
            added |= _HSTS
        added[b"content-security-policy"] = CLOSED_POLICY.encode()
        added[b"cache-control"] = b"no-store"
        if scope["path"].startswith(UPLOADS_PATH):
            added[RESUMABLE.lower().encode()] = VERSION.encode()
        state = scope["state"]
        if "spent" in state:
            added |= _limits(state["limit"], state["spent"])
        return given + [(name, value) for name, value in added.items() if name not in names]


async def _misdirected(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    status, headers, body = problem(
        Refusal("misdirected", "This relay is for development, and not known by that name.", "Use 127.0.0.1.")
    )
    named = {**headers, "content-type": MEDIA_TYPE, "content-length": str(len(body))}
    raw = [*ALWAYS.items(), *((name.encode(), value.encode()) for name, value in named.items())]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _in_time(receive: Receive) -> Receive:
    """Whoever sends a small body sends it soon; uploads have limits of their own."""
    loop = asyncio.get_running_loop()
    until_s, whole = loop.time() + BODY_LIMIT_S, False

    async def received() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout_at(until_s):
                message = await receive()
        except TimeoutError:
            raise Refusal("too_slow", "The request did not arrive in time.", "Try again.") from None
        whole = not message.get("more_body", False)
        return message

    return received


def _tus_method(scope: Message) -> str:
    """tus lets a client whose world knows neither PATCH nor DELETE name the method in a header."""
    method = str(scope["method"])
    if method != "POST":
        return method
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == OVERRIDE), method)


def _limits(limit: Limit, spent: Spent) -> dict[bytes, bytes]:
    return {
        b"x-ratelimit-limit": str(limit.count).encode(),
        b"x-ratelimit-remaining": str(spent.remaining).encode(),
        b"x-ratelimit-reset": str(spent.reset_s).encode(),
    }
