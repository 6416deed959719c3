"""The socket that tray, command line and tests talk to: requests to a handler, events to whoever subscribed.

Requests of one client may overtake each other; replies carry the request's id, which this file fills in. A client
that cannot take its events is dropped, never waited for: it notices, connects anew and asks for everything.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bridge.control import Done, Event, Failed, Reply, Request, Subscribe
from bridge.endpoint import Clock, GuardedRouter, Origin, TokenBucket, Unreachable, monotonic_us
from bridge.tasks import cancelled
from plugin_protocol.codec import CONTROL_LIMITS, decode, encode
from plugin_protocol.errors import CodecError, LocalProtocolError

MAX_CLIENTS = 256
MAX_UNDER_WAY = 32  # requests of one client
REPLY_PATIENCE_S = 30.0  # for a client to read what it was answered before

Handler = Callable[[Request], Awaitable[Reply]]
"""Carries a request out and returns its `Reply` type or Failed; the id may be left 0. Never sees Subscribe."""

log = logging.getLogger("sidechain.bridge.control")


class _Client:
    def __init__(self, origin: Origin, now_us: int) -> None:
        self.origin = origin
        self.bucket = TokenBucket(now_us)
        self.subscribed = False
        self.under_way: set[asyncio.Task[None]] = set()


class ControlEndpoint:
    """Serves `path` once started. [loop] The caller holds the RunLock.

    counts: messages and clients refused, by reason.
    """

    def __init__(self, path: Path, handle: Handler, now_us: Clock = monotonic_us) -> None:
        self._router = GuardedRouter(path)
        self._handle = handle
        self._now_us = now_us
        self._clients: dict[bytes, _Client] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.counts = self._router.counts
        self.counts.update(bad_message=0, rate=0, busy=0, clients=0, slow=0)

    async def start(self) -> None:
        """Bind and serve. Raises RunDirRefused."""
        self._router.bind()
        self._tasks = [asyncio.create_task(self._router.deliver(self._take))]

    def keep_bound(self) -> bool:
        """Bind again when the socket's file is gone. Whether it was. Raises RunDirRefused."""
        return self._router.keep_bound()

    async def stop(self, grace_s: float = 2.0) -> None:
        """Stop listening, give requests under way `grace_s` to be answered, then close."""
        await cancelled(*self._tasks)
        self._tasks = []
        running = [task for client in self._clients.values() for task in client.under_way]
        if running:
            await asyncio.wait(running, timeout=grace_s)
            await cancelled(*running)
        await self._router.close()

    def publish(self, event: Event) -> None:
        """Send `event` to every subscribed client that can take it. Raises LocalProtocolError out of bounds."""
        data = encode(event, CONTROL_LIMITS)
        for client in [client for client in self._clients.values() if client.subscribed]:
            self._transmit(client, data)

    def _take(self, origin: Origin, data: bytes) -> None:
        now_us = self._now_us()
        client = self._client(origin, now_us)
        if client is None:
            return
        try:
            request: Request = decode(data, Request)
        except CodecError as error:
            self.counts["bad_message"] += 1
            log.warning("process %d was dropped: %s", origin.pid, error)
            self._reply(
                client,
                0,
                Failed(code="bad_message", message="The daemon could not read this request."),
            )
            self._drop(client)
            return
        if not client.bucket.take(now_us):
            self.counts["rate"] += 1
            busy = Failed(code="rate", message="Too many requests a second.", next_step="Wait a second.")
            self._reply(client, request.id, busy)
        elif isinstance(request, Subscribe):
            client.subscribed = True
            self._reply(client, request.id, Done())
        elif len(client.under_way) >= MAX_UNDER_WAY:
            self.counts["busy"] += 1
            busy = Failed(code="busy", message=f"{MAX_UNDER_WAY} requests are under way.", next_step="Wait.")
            self._reply(client, request.id, busy)
        else:
            task = asyncio.create_task(self._answer(client, request))
            client.under_way.add(task)
            task.add_done_callback(client.under_way.discard)

    def _client(self, origin: Origin, now_us: int) -> _Client | None:
        """The client behind `origin`. When there are too many, the longest idle one is forgotten for it."""
        known = self._clients.pop(origin.identity, None)
        if known is None and len(self._clients) >= MAX_CLIENTS:
            idle = next((c for c in self._clients.values() if not c.subscribed and not c.under_way), None)
            if idle is None:
                self.counts["clients"] += 1
                return None
            self._drop(idle)
        client = known or _Client(origin, now_us)
        self._clients[origin.identity] = client  # the newest stand last
        return client

    async def _answer(self, client: _Client, request: Request) -> None:
        try:
            reply = await self._handle(request)
            if not isinstance(reply, Failed | request.Reply):
                raise LocalProtocolError(f"{type(reply).__name__} is no reply to {type(request).__name__}")
            async with asyncio.timeout(
                REPLY_PATIENCE_S
            ):  # many answers at once are more than lies in a socket
                await self._router.until_room(client.origin.identity)
            self._reply(client, request.id, reply)
        except TimeoutError:
            log.info("client of process %d reads no answers", client.origin.pid)
            self._drop(client)
        except Exception:
            log.exception("%s failed", type(request).__name__)
            failed = Failed(
                code="internal",
                message="The daemon failed at this; its log says why.",
                next_step="Try again; if it stays so, report it with the log.",
            )
            self._reply(client, request.id, failed)

    def _reply(self, client: _Client, request_id: int, reply: Reply) -> None:
        self._transmit(client, encode(msgspec.structs.replace(reply, id=request_id), CONTROL_LIMITS))

    def _transmit(self, client: _Client, data: bytes) -> None:
        try:
            self._router.send(client.origin.identity, data)
        except Unreachable as error:
            if client.subscribed:
                self.counts["slow"] += 1
                log.info("client of process %d was dropped: %s", client.origin.pid, error)
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        client.subscribed = False
        self._clients.pop(client.origin.identity, None)
        self._router.cut_off(client.origin.identity)
