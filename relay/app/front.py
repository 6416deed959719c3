"""The outermost ASGI application: WebSockets to their own server, HTTP to its row, security headers on everything."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import ExitStack
from typing import Any

from starlette.requests import Request

from relay.app import cors
from relay.app.answers import Stalled, end_stream, send_answer
from relay.app.dispatch import MethodNotAllowed, Routes
from relay.app.gate import Gate, address_of, limit_headers
from relay.app.http_protocol import TRANSPORT_KEY
from relay.app.logs import request_id, request_id_of
from relay.app.origins import Origins
from relay.app.problems import MEDIA_TYPE, STATUS, headers_of, problem
from relay.app.requests import Requests
from relay.app.resetting import reset
from relay.core.calls import Answer, AnyRow, Page, Render, RequestLost
from relay.core.limits import Open
from relay.core.refusal import Refusal
from relay.engine.at_once import AtOnce
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
        self,
        routes: Routes,
        gate: Gate,
        sockets: Sockets,
        origins: Origins,
        at_once: AtOnce,
        render: Render,
        requests: Requests,
    ) -> None:
        self._requests = requests
        self._routes = routes
        self._gate = gate
        self._sockets = sockets
        self._origins = origins
        self._at_once = at_once
        self._render = render

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if not self._origins.answers_to(_header(scope, b"host") or ""):
            await self._misdirected(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["path"] == SOCKET_PATH:
            await self._sockets.serve(scope, receive, send)
        else:
            await receive()
            await refuse_socket(scope, send, Refusal("not_found", "There is nothing at this address."))

    # HTTP ---------------------------------------------------------------------------------------------------------

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        scope["method"] = method = _method(scope)
        request_id.set(request_id_of(_header(scope, b"x-request-id")))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._headers(scope, list(message["headers"]))
            await send(message)

        with ExitStack() as held:
            row, answer = await self._answer(scope, receive, method, held)
            if answer is None:
                return
            status = row.operation.status if row is not None and not isinstance(row, Page) else 200
            try:
                await send_answer(
                    guarded,
                    answer,
                    status=status,
                    head=method == "HEAD",
                    secure=self._origins.is_secure,
                    is_gone=lambda: _transport(scope).is_closing(),
                )
            except Stalled:
                reset(_transport(scope))
                await _until_gone(receive)
            finally:
                self._requests.note(row, method, answer.status or status, time.perf_counter() - began_s)

    async def _answer(
        self, scope: Message, receive: Receive, method: str, held: ExitStack
    ) -> tuple[AnyRow | None, Answer[Any] | None]:
        """The row that was asked, if there is one, and its answer; None: nobody is there any more to take it.

        held: keeps what moves audio counted until it is through.
        """
        row: AnyRow | None = None
        try:
            if (preflight := self._preflight(scope, method)) is not None:
                return None, preflight
            row, path = self._routes.find(method, scope["path"])
            return row, await self._handled(row, path, scope, receive, held)
        except MethodNotAllowed as other:
            return row, _other_method(method, other)
        except Refusal as refusal:
            return row, self._refused(scope, row, refusal)
        except DatabaseBusy as busy:
            log.warning("%s %s: %s", method, scope["path"], busy)
            return row, self._refused(scope, row, _away("The relay's database cannot serve now."))
        except ObjectsUnavailable as away:
            return row, self._refused(scope, row, _away(str(away)))
        except RequestLost:
            return row, None
        except Exception as error:
            log.error("unexpected in %s %s", method, scope["path"], exc_info=error)
            return row, self._refused(scope, row, _fault())

    async def _handled(
        self, row: AnyRow, path: Mapping[str, str], scope: Message, receive: Receive, held: ExitStack
    ) -> Answer[Any]:
        """Raises Refusal, DatabaseBusy, ObjectsUnavailable, RequestLost."""
        brings = not isinstance(row, Page) and row.operation.streamed
        request = Request(scope, receive if brings else _in_time(receive))
        if brings:
            held.enter_context(self._at_once.held(Open.TRANSFER, address_of(request)))
        given = await row.handler(await self._gate.admit(request, row, path))
        answer = given if isinstance(given, Answer) else Answer(value=given)
        if answer.stream is not None:
            try:
                held.enter_context(self._at_once.held(Open.TRANSFER, address_of(request)))
            except Refusal:
                await end_stream(answer.stream)
                raise
        return answer

    def _preflight(self, scope: Message, method: str) -> Answer[Any] | None:
        """The answer to the browser of a page of another origin that may call; None: it may not, or did not ask that."""
        if method != "OPTIONS" or (origin := self._page_let_in(scope)) is None:
            return None
        asks = _header(scope, b"access-control-request-method") is not None
        return Answer(status=204, headers=cors.preflight_headers(origin)) if asks else None

    def _page_let_in(self, scope: Message) -> str | None:
        origin = _header(scope, b"origin")
        if origin is None or not scope["path"].startswith(API_PREFIX) or not self._origins.lets_in(origin):
            return None
        return origin

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
        added[b"x-request-id"] = request_id.get().encode()
        headers = given + [(name, value) for name, value in added.items() if name not in names]
        if self._origins.lets_anybody_in and scope["path"].startswith(API_PREFIX):
            headers.append((b"vary", cors.VARY))
            origin = self._page_let_in(scope)
            if origin is not None and b"access-control-allow-origin" not in names:
                headers += cors.answer_headers(origin)
        return headers

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


def _header(scope: Message, name: bytes) -> str | None:
    """name: in lower case."""
    found = next((value for each, value in scope["headers"] if each.lower() == name), None)
    return None if found is None else str(found.decode("latin-1"))


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


async def _until_gone(receive: Receive) -> None:
    """uvicorn takes it for a fault of ours if we end before it has heard that the connection has."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(scope: Message) -> asyncio.Transport:
    transport: asyncio.Transport = scope["state"][TRANSPORT_KEY]
    return transport
