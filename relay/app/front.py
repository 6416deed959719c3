"""The outermost ASGI application: WebSockets to their own server, HTTP to Litestar, security headers on everything."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from relay.app.parts import Parts
from relay.app.socket import serve
from relay.core.buckets import Limit, Spent
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
OVERRIDE = b"x-http-method-override"
_HSTS = {b"strict-transport-security": b"max-age=31536000"}


class Front:
    """parts_of gives the services once the application has started."""

    def __init__(self, app: App, parts_of: Callable[[], Parts]) -> None:
        self._app = app
        self._parts_of = parts_of

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
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

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._headers(scope, list(message.get("headers", [])))
            await send(message)

        await self._app(scope, receive, guarded)

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
