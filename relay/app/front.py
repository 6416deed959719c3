"""The outermost ASGI application: WebSockets to their own server, HTTP to its row, security headers on everything."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request

from relay.app.answers import Stalled, send_answer
from relay.app.dispatch import MethodNotAllowed, Routes
from relay.app.gate import Gate, limit_headers
from relay.app.origins import Origins
from relay.app.problems import MEDIA_TYPE, STATUS, headers_of, problem
from relay.core.calls import Answer, AnyRow, Page, Render, RequestLost
from relay.core.refusal import Refusal
from relay.engine.database import DatabaseBusy
from relay.engine.objects.door import ObjectsUnavailable
from relay.features.live.socket import Sockets
from relay.wire.rest import API_PREFIX
from relay.wire.tus import RESUMABLE, UPLOADS_PATH, VERSION

log = logging.getLogger("relay")

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

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
BODY_LIMIT_S = 30.0
OVERRIDE = b"x-http-method-override"
RETRY_S = 2
_HSTS = {b"strict-transport-security": b"max-age=31536000"}


class Front:
    """[loop]"""

    def __init__(
        self, routes: Routes, gate: Gate, sockets: Sockets, origins: Origins, render: Render
    ) -> None:
        self._routes = routes
        self._gate = gate
        self._sockets = sockets
        self._origins = origins
        self._render = render

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if not self._origins.answers_to(_host(scope)):
            await self._misdirected(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["path"] == SOCKET_PATH:
            await self._sockets.serve(scope, receive, send)
        else:
            await receive()
            await refuse_socket(scope, send, Refusal("not_found", "There is nothing at this address."))

    # HTTP ---------------------------------------------------------------------------------------------------------

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        method = _method(scope)
        scope["method"] = method

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._headers(scope, list(message["headers"]))
            await send(message)

        row: AnyRow | None = None
        try:
            row, path = self._routes.find(method, scope["path"])
            if isinstance(row, Page) or not row.operation.streamed:
                receive = _in_time(receive)
            request = Request(scope, receive)
            call = await self._gate.admit(request, row, path)
            given = await row.handler(call)
            answer = given if isinstance(given, Answer) else Answer(value=given)
        except MethodNotAllowed as other:
            answer = _other_method(method, other)
        except Refusal as refusal:
            answer = self._refused(scope, row, refusal)
        except DatabaseBusy as busy:
            log.warning("%s %s: %s", method, scope["path"], busy)
            answer = self._refused(scope, row, _away("The relay's database cannot serve now."))
        except ObjectsUnavailable as away:
            answer = self._refused(scope, row, _away(str(away)))
        except RequestLost:
            return
        except Exception as error:
            log.error("unexpected in %s %s", method, scope["path"], exc_info=error)
            answer = self._refused(scope, row, _fault())
        status = row.operation.status if row is not None and not isinstance(row, Page) else 200
        try:
            await send_answer(
                guarded, answer, status=status, head=method == "HEAD", secure=self._origins.is_secure
            )
        except Stalled:
            log.info("a reader of %s stalled", scope["path"])
            _abort(scope)

    def _refused(self, scope: Message, row: AnyRow | None, refusal: Refusal) -> Answer[Any]:
        """A page for people, the problem document for everybody else."""
        for_people = row is None or (isinstance(row, Page) and not row.machine)
        accepts = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        if for_people and b"text/html" in accepts:
            status, title = STATUS[refusal.code]
            page = self._render("trouble.html", None, status=status, title=title, detail=str(refusal))
            return Answer(
                status=status,
                content=page.content,
                media_type=page.media_type,
                headers={**page.headers, **headers_of(refusal)},
            )
        status, headers, body = problem(refusal)
        return Answer(status=status, content=body, media_type=MEDIA_TYPE, headers=headers)

    def _headers(self, scope: Message, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name for name, _ in given}
        added = dict(ALWAYS)
        if self._origins.is_secure:
            added |= _HSTS
        added[b"content-security-policy"] = CLOSED_POLICY.encode()
        added[b"cache-control"] = b"no-store"
        if scope["path"].startswith(UPLOADS_PATH):
            added[RESUMABLE.lower().encode()] = VERSION.encode()
        for name, value in limit_headers(scope.get("relay.spent")).items():
            added[name.encode()] = value.encode()
        return given + [(name, value) for name, value in added.items() if name not in names]

    async def _misdirected(self, scope: Message, receive: Receive, send: Send) -> None:
        refusal = Refusal(
            "misdirected", "This relay is for development, and not known by that name.", "Use 127.0.0.1."
        )
        if scope["type"] == "websocket":
            await receive()
            await refuse_socket(scope, send, refusal)
            return
        status, headers, body = problem(refusal)
        named = {**headers, "content-type": MEDIA_TYPE, "content-length": str(len(body))}
        raw = [*ALWAYS.items(), *((name.encode(), value.encode()) for name, value in named.items())]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


async def refuse_socket(scope: Message, send: Send, refusal: Refusal) -> None:
    """An ordinary HTTP answer instead of the upgrade (the ASGI extension websocket.http.response)."""
    status, headers, body = problem(refusal)
    named = {**headers, "content-type": MEDIA_TYPE, "content-length": str(len(body))}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.http.response.start", "status": status, "headers": raw})
    await send({"type": "websocket.http.response.body", "body": body})


def _away(what: str) -> Refusal:
    return Refusal("busy", what, "Try again soon.", retry_after_s=RETRY_S)


def _fault() -> Refusal:
    return Refusal("internal", "Something went wrong on our side.", "Try again; it has been noted.")


def _other_method(method: str, other: MethodNotAllowed) -> Answer[Any]:
    if method == "OPTIONS":
        return Answer(status=204, headers={"allow": ", ".join(other.methods)})
    status, headers, body = problem(Refusal("method_not_allowed", "Method not allowed."))
    headers["allow"] = ", ".join(other.methods)
    return Answer(status=status, content=body, media_type=MEDIA_TYPE, headers=headers)


def _host(scope: Message) -> str:
    host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
    return str(host.decode("latin-1"))


def _method(scope: Message) -> str:
    """tus lets a client whose world knows neither PATCH nor DELETE name the method in a header."""
    method = str(scope["method"])
    if method != "POST" or not scope["path"].startswith(UPLOADS_PATH):
        return method
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == OVERRIDE), method)


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


def _abort(scope: Message) -> None:
    """End the connection at once: closing it would wait for the reader that does not read."""
    transport = scope.get("state", {}).get("relay.transport")
    if transport is not None:
        transport.abort()
