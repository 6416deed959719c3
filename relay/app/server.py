"""Running one relay process: bind, say where, serve, and on SIGTERM let everybody finish."""

import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import Awaitable
from contextlib import AsyncExitStack

import uvicorn

from relay.app import logs
from relay.app.build import Relay, build
from relay.app.config import Config
from relay.app.front import Message, Receive, Send
from relay.app.http_protocol import HttpProtocol
from relay.app.metrics_server import MetricsServer
from relay.app.socket_protocol import AT_ONCE_KEY, SocketProtocol
from relay.engine.bus.open import BadBusUrl
from relay.engine.data_folder import DataInUse
from relay.engine.database import DatabaseError
from relay.engine.dumps import forbid_dumps
from relay.engine.folders import FolderOpen
from relay.engine.objects.open import BadObjectsUrl
from relay.engine.traces import NoTracing
from relay.features.devices.signing import BadKey
from relay.features.live.hub import Hub
from relay.wire.events import MAX_FRAME_BYTES, PING_INTERVAL_MS, PONG_LIMIT_MS

log = logging.getLogger("relay")

EXPECTED = (BadBusUrl, BadKey, BadObjectsUrl, DataInUse, DatabaseError, FolderOpen, NoTracing, OSError)
"""What keeps a relay from starting and is said in a sentence."""
MISCALLED = (BadBusUrl, BadObjectsUrl, NoTracing)
"""Those of them that a call of another kind would not have met: what a setting says cannot be meant."""
NOT_DONE, NOT_RIGHT = 1, 2
"""Exit codes of every command: it did not do what it was asked; it was asked what cannot be."""
GOODBYE_S = 2.0
GOODBYE_STEP_S = 0.02
BACKLOG = 1024
KERNEL_BUFFER_BYTES = 256 * 1024
"""On its way to one reader: 2.5 MB/s over 100 ms."""
UNREAD_LIMIT_MS = 60_000
"""How long the kernel keeps what is not taken, also after we are through with it (tcp(7))."""


class _Server(uvicorn.Server):
    """Says when it listens, and tells the sockets goodbye before uvicorn waits for them to end."""

    def __init__(self, config: uvicorn.Config, *, url: str, application: "Application") -> None:
        super().__init__(config)
        self._url = url
        self._application = application

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets=sockets)
        except SystemExit:  # uvicorn's own code for it is 3
            sys.exit(self._application.exit_code)
        if self.started:
            self._application.say_where(self._url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._application.goodbye()
        await super().shutdown(sockets=sockets)


class Application:
    """The relay as an ASGI application that is built when the server starts. [loop]"""

    def __init__(self, config: Config, base_url: str) -> None:
        self._config = config
        self._base_url = base_url
        self.relay: Relay | None = None
        self.exit_code = NOT_DONE  # of a server that does not start
        self._metrics_url = ""

    def __call__(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._live(scope, receive, send)
        assert self.relay is not None  # the server listens when it is built
        return self.relay.app(scope, receive, send)

    def say_where(self, url: str) -> None:
        """On stdout, for whoever started the process."""
        said = {"event": "listening", "url": url}
        if self._metrics_url:
            said["metrics"] = self._metrics_url
        text = f"The relay listens at {url}" + (
            f", metrics at {self._metrics_url}" if self._metrics_url else ""
        )
        print(json.dumps(said) if self._config.json_log else text, flush=True)

    async def goodbye(self) -> None:
        """Not ready from now on, and, once those who send requests here may have noticed, no socket open."""
        if self.relay is not None:
            self.relay.draining.append("shutdown")
            await asyncio.sleep(self._config.drain_notice_s)
            self.relay.posts.rooms.close_all()
            self.relay.posts.streams.end_all()
            self.relay.posts.tracks.close_all()
            await part_with_all(self.relay.hub)

    async def _live(self, scope: Message, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        async with AsyncExitStack() as opened:
            try:
                relay = await self._open(opened)
            except Exception as error:
                self.exit_code = NOT_RIGHT if isinstance(error, MISCALLED) else NOT_DONE
                log.error("%s", error, exc_info=None if isinstance(error, EXPECTED) else error)
                logging.getLogger("uvicorn.error").disabled = True  # it would say so twice more
                await opened.aclose()
                await send({"type": "lifespan.startup.failed", "message": ""})
                return
            scope["state"][AT_ONCE_KEY] = relay.engines.at_once
            self.relay = relay
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self, opened: AsyncExitStack) -> Relay:
        """All that this process serves. opened: closes, in reverse, whatever was opened, also when the rest was not."""
        relay = await build(self._config, self._base_url)
        opened.push_async_callback(relay.close)
        if self._config.metrics_port is not None:
            metrics = MetricsServer(relay.engines.metrics)
            self._metrics_url = await metrics.start(self._config.metrics_host, self._config.metrics_port)
            opened.push_async_callback(metrics.close)
        return relay


async def part_with_all(hub: Hub) -> None:
    """Close every WebSocket with our own code and a time to come back; uvicorn would just say 1012."""
    hub.close_all()
    for _ in range(int(GOODBYE_S / GOODBYE_STEP_S)):
        if not len(hub):
            return
        await asyncio.sleep(GOODBYE_STEP_S)


def _bind(host: str, port: int) -> socket.socket:
    """A socket whose connections hold little for who does not read, and not for long. Raises OSError."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)  # else it grows to 4 MiB
    if sys.platform == "linux":
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_LIMIT_MS)
    bound.bind((host, port))
    return bound


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when the address cannot be bound; ends with 1 or 2 where it
    cannot start, which the log says. [main thread]
    """
    forbid_dumps()
    bound = _bind(config.host, config.port)
    port: int = bound.getsockname()[1]
    host = f"[{config.host}]" if ":" in config.host else config.host
    url = f"{'https' if config.tls_certificate else 'http'}://{host}:{port}"
    logs.set_up(config)
    application = Application(config, (config.public_url or url).rstrip("/"))
    server = _Server(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            proxy_headers=bool(config.trusted_proxies),
            forwarded_allow_ips=list(config.trusted_proxies),
            http=HttpProtocol,
            ws=SocketProtocol,
            ws_max_size=MAX_FRAME_BYTES,
            ws_ping_interval=PING_INTERVAL_MS / 1000,
            ws_ping_timeout=PONG_LIMIT_MS / 1000,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=config.drain_s,
            lifespan="on",
            ssl_certfile=config.tls_certificate,
            ssl_keyfile=config.tls_key,
            interface="asgi3",  # it would ask whether we are a coroutine function
        ),
        url=url,
        application=application,
    )
    # uvicorn drains, then raises the signal again for whoever handled it before: that is a clean end.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: sys.exit(0))
    server.run(sockets=[bound])
    if not server.started:
        sys.exit(application.exit_code)
