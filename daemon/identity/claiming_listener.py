"""The loopback address that the browser comes back to: open during one claim only, answers one request, then closes.

Not a web server: it reads one request head, lets daemon.core.claim say what it is, and answers with a status or, for
the one request that counts, with a way to a page of the relay.
"""

import asyncio
import contextlib
import logging
from types import TracebackType

from daemon.core.claim import (
    MAX_BAD_REQUESTS,
    MAX_HEAD_BYTES,
    Attempt,
    Denied,
    Granted,
    Ignored,
    read_callback,
)

log = logging.getLogger(__name__)

HEAD_LIMIT_S = 5.0
OUTCOME_LIMIT_S = 60.0
MAX_CONNECTIONS = 16
_HEADERS = (
    "Connection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nContent-Security-Policy: default-src 'none'\r\n"
)


class TooManyStrangers(Exception):
    """So many requests that were not the answer that somebody is trying."""


class Listener:
    """`async with Listener(attempt, issuer) as listener`, then `answer()` and, once, `send_browser_to`. [loop]"""

    def __init__(self, attempt: Attempt, issuer: str) -> None:
        self._attempt = attempt
        self._issuer = issuer
        loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Granted | Denied] = loop.create_future()
        self._location: asyncio.Future[str] = loop.create_future()
        self._bad = 0
        self._handlers: set[asyncio.Task[None]] = set()
        self._answering: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> "Listener":
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        self._server.close()
        if not self._location.done():
            self._location.cancel()
        if self._answering:  # the others never said what they want
            await asyncio.wait({self._answering}, timeout=HEAD_LIMIT_S)
        for task in self._handlers:
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()

    async def answer(self) -> Granted | Denied:
        """What the browser brought back. Raises TooManyStrangers. Whoever waits sets the time limit."""
        return await self._answer

    def send_browser_to(self, location: str) -> None:
        """The page of the relay that the browser, which waits for its answer, ends on."""
        if not self._location.done():
            self._location.set_result(location)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._handlers) <= MAX_CONNECTIONS:
                reply = await self._reply(reader)
                if reply:
                    writer.write(reply)
                    await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _reply(self, reader: asyncio.StreamReader) -> bytes | None:
        try:
            async with asyncio.timeout(HEAD_LIMIT_S):
                head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
        except asyncio.IncompleteReadError:
            return None  # browsers open connections that they may never need
        except TimeoutError:
            return None
        except asyncio.LimitOverrunError:
            return self._refuse(Ignored(status=431))
        verdict = read_callback(head, self._attempt, self.port, self._issuer)
        if isinstance(verdict, Ignored):
            return self._refuse(verdict)
        if self._answer.done():
            return self._refuse(Ignored(status=404))
        self._answering = asyncio.current_task()
        self._answer.set_result(verdict)
        try:
            async with asyncio.timeout(OUTCOME_LIMIT_S):
                location = await self._location
        except (TimeoutError, asyncio.CancelledError):
            return None
        return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n{_HEADERS}\r\n".encode()

    def _refuse(self, why: Ignored) -> bytes:
        self._bad += why.counts
        if self._bad >= MAX_BAD_REQUESTS and not self._answer.done():
            log.warning("%d requests that were not the answer: no longer listening for a claim", self._bad)
            self._answer.set_exception(TooManyStrangers())
        return f"HTTP/1.1 {why.status} No\r\n{_HEADERS}\r\n".encode()
