"""The outermost ASGI application: WebSockets to their own server, HTTP to its row, refusals and faults to answers."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any, Protocol

from relay.app import cors
from relay.app.answers import Stalled, end_stream, send_answer
from relay.app.compressing import compressed
from relay.app.dispatch import MethodNotAllowed, Routes
from relay.app.gate import Gate
from relay.app.headers import ALWAYS, Headers
from relay.app.http_request import Request
from relay.app.logs import request_id, request_id_of
from relay.app.origins import Origins
from relay.app.problems import HEADINGS, MEDIA_TYPE, STATUS, headers_of, problem
from relay.app.requests import Requests
from relay.app.resetting import reset
from relay.core import header_lines
from relay.core.calls import Answer, AnyRow, Page, Render, RequestLost, Row
from relay.core.limits import Open
from relay.core.refusal import Refusal
from relay.engine.at_once import AtOnce
from relay.engine.database import DatabaseBusy
from relay.engine.objects.door import ObjectsUnavailable
from relay.wire.rest import API_PREFIX

log = logging.getLogger("relay")

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ServesSockets(Protocol):
    """What serves WebSockets of one kind."""

    def serve(self, scope: Message, receive: Receive, send: Send, /) -> Awaitable[None]: ...


SOCKET_PATH = f"{API_PREFIX}/ws"
RETRY_S = 2


class Front:
    """sockets: by path; one that ends in a star has all that begin so. [loop]"""

    def __init__(
        self,
        routes: Routes,
        gate: Gate,
        sockets: Mapping[str, ServesSockets],
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
        self._headers = Headers(origins)
        self._at_once = at_once
        self._render = render

    def __call__(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """(No coroutine of its own: that would stand under every WebSocket for as long as it is open.)"""
        if scope["type"] == "http":
            return self._serve(Request(scope, receive), send)
        headers = header_lines.read(scope["headers"])
        if not header_lines.names_one_host(scope.get("http_version", "1.1"), headers):
            return _refuse(scope, receive, send, _not_one_host())
        if not self._origins.answers_to(headers.get("host", "")):
            return _refuse(scope, receive, send, _misdirected())
        for path, sockets in self._sockets.items():
            if scope["path"] == path or (path.endswith("*") and scope["path"].startswith(path[:-1])):
                return sockets.serve(scope, receive, send)
        return _refuse(scope, receive, send, Refusal("not_found", "There is nothing at this address."))

    # HTTP ---------------------------------------------------------------------------------------------------------

    async def _serve(self, request: Request, send: Send) -> None:
        if not request.names_one_host:
            await _send_bare(send, _not_one_host())
            return
        if not self._origins.answers_to(request.headers.get("host", "")):
            await _send_bare(send, _misdirected())
            return
        began_s = time.perf_counter()
        request_id.set(request_id_of(request.headers.get("x-request-id")))
        with ExitStack() as held:
            row, answer = await self._answer(request, held)
            if answer is None:
                return
            status = row.operation.status if row is not None and not isinstance(row, Page) else 200
            try:
                await send_answer(
                    send,
                    compressed(answer, request.headers),
                    status=status,
                    head=request.method == "HEAD",
                    secure=self._origins.is_secure,
                    complete=lambda given: self._headers.complete(request, given, framed=answer.framed),
                    is_gone=request.is_gone,
                )
            except Stalled:
                reset(request.transport)
                await request.until_gone()
            finally:
                took_s = time.perf_counter() - began_s
                self._requests.note(row, request.method, answer.status or status, took_s)

    async def _answer(self, request: Request, held: ExitStack) -> tuple[AnyRow | None, Answer[Any] | None]:
        """The row that was asked, if there is one, and its answer; None: nobody is there any more to take it.

        held: keeps what moves audio counted until it is through.
        """
        row: AnyRow | None = None
        try:
            if (preflight := self._preflight(request)) is not None:
                return None, preflight
            row, path = self._routes.find(request.method, request.path)
            return row, await self._handled(row, path, request, held)
        except MethodNotAllowed as other:
            await self._recognise(request)
            return row, self._other_method(request, other)
        except Refusal as refusal:
            if row is None:
                await self._recognise(request)
            return row, self._refused(request, row, refusal)
        except DatabaseBusy as busy:
            log.warning("%s %s: %s", request.method, request.path, busy)
            return row, self._refused(request, row, _away("The relay's database cannot serve now."))
        except ObjectsUnavailable as away:
            return row, self._refused(request, row, _away(str(away)))
        except RequestLost:
            return row, None
        except Exception as error:
            log.error("unexpected in %s %s", request.method, request.path, exc_info=error)
            return row, self._refused(request, row, _fault())

    async def _handled(
        self, row: AnyRow, path: Mapping[str, str], request: Request, held: ExitStack
    ) -> Answer[Any]:
        """Raises Refusal, DatabaseBusy, ObjectsUnavailable, RequestLost."""
        if not isinstance(row, Page) and row.operation.streamed:
            request.take_your_time()
            held.enter_context(self._at_once.held(Open.TRANSFER, request.address))
        given = await row.handler(await self._gate.admit(request, row, path))
        answer = given if isinstance(given, Answer) else Answer(value=given)
        if answer.stream is not None:
            try:
                held.enter_context(self._at_once.held(Open.TRANSFER, request.address))
            except Refusal:
                await end_stream(answer.stream)
                raise
        return answer

    def _preflight(self, request: Request) -> Answer[Any] | None:
        """The answer to the browser of a page of another origin that may call; None: it may not, or did not ask that."""
        if request.method != "OPTIONS" or (origin := self._headers.page_let_in(request)) is None:
            return None
        asks = "access-control-request-method" in request.headers
        return Answer(status=204, headers=cors.preflight_headers(origin)) if asks else None

    async def _recognise(self, request: Request) -> None:
        """Whose the page is that says there is nothing: the gate never saw the request."""
        if "text/html" in request.headers.get("accept", ""):
            with suppress(Refusal, DatabaseBusy):
                request.session = await self._gate.session_of(request)

    def _refused(self, request: Request, row: AnyRow | None, refusal: Refusal) -> Answer[Any]:
        """A page for people, the problem document for everybody else."""
        if _is_for_people(request, row):
            status, title = STATUS[refusal.code]
            title = HEADINGS.get(refusal.code, title)
            asks_who, may_appeal = (
                refusal.code == each for each in ("sign_in_required", "account_suspended")
            )
            page = self._render(
                "trouble.html",
                request.session,
                status=status,
                title=title,
                detail=refusal.detail,
                next_step="" if asks_who or may_appeal else refusal.next_step,  # a button of its own says it
                may_appeal=may_appeal,
                way=refusal.way,
                sign_in_to=(request.path if request.method == "GET" else "/") if asks_who else "",
            )
            return Answer(
                status=status,
                content=page.content,
                media_type=page.media_type,
                headers={**page.headers, **headers_of(refusal)},
            )
        missing = row.operation.missing if isinstance(row, Row) else ""
        status, headers, body = problem(refusal, missing)
        return Answer(status=status, content=body, media_type=MEDIA_TYPE, headers=headers)

    def _other_method(self, request: Request, other: MethodNotAllowed) -> Answer[Any]:
        allow = {"allow": ", ".join(other.methods)}
        if request.method == "OPTIONS":
            return Answer(status=204, headers=allow)
        answer = self._refused(
            request,
            None,
            Refusal(
                "method_not_allowed", "This address takes what a form or a program sends, and shows nothing."
            ),
        )
        return replace(answer, headers={**answer.headers, **allow})


async def _send_bare(send: Send, refusal: Refusal) -> None:
    """Nothing is looked at, and nothing rendered, for who took us for somebody else."""
    status, headers, body = problem(refusal)
    named = {**headers, "content-type": MEDIA_TYPE, "content-length": str(len(body))}
    raw = [*ALWAYS.items(), *((name.encode(), value.encode()) for name, value in named.items())]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _refuse(scope: Message, receive: Receive, send: Send, refusal: Refusal) -> None:
    await receive()  # websocket.connect
    await refuse_socket(scope, send, refusal)


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


def _is_for_people(request: Request, row: AnyRow | None) -> bool:
    """Whether somebody looks at it: at a page; or at a file of the API that a link of a page names, such as a download."""
    if "text/html" not in request.headers.get("accept", ""):
        return False
    if isinstance(row, Row):
        return request.headers.get("sec-fetch-mode") == "navigate"
    return row is None or not row.machine


def _away(what: str) -> Refusal:
    return Refusal("busy", what, "Try again soon.", retry_after_s=RETRY_S)


def _fault() -> Refusal:
    return Refusal("internal", "Something went wrong on our side.", "Try again; it has been noted.")


def _misdirected() -> Refusal:
    return Refusal(
        "misdirected", "This relay is for development, and not known by that name.", "Use 127.0.0.1."
    )


def _not_one_host() -> Refusal:
    return Refusal("malformed", "A request names one host.")
