"""AsyncControlClient: the control socket for programs with a loop."""

import asyncio
import itertools
import sys
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

import msgspec

from bridge.client import LAST_WORDS_MS, TIMEOUT_S, checked_reply, daemon_pid, unreadable
from bridge.control import Event, Failed, Reply, Request, ToClient
from bridge.errors import DaemonNotRunning, DaemonSilent
from bridge.paths import CONTROL_SOCKET
from bridge.tasks import cancelled
from plugin_protocol.codec import CONTROL_LIMITS, decode, encode
from plugin_protocol.errors import CodecError

if sys.platform == "win32":
    from bridge.async_line_windows import AsyncLine
else:
    from bridge.async_line_posix import AsyncLine

MAX_EVENTS = 1_024  # waiting for who iterates; the oldest make room


class _AnyReply(msgspec.Struct):
    """What even a reply of another version has."""

    id: int = 0


class AsyncControlClient:
    """Talks to the daemon of `run_dir`. [loop] Connects at the first request; spent when the daemon goes."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / CONTROL_SOCKET
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._line: AsyncLine | None = None
        self._lost = False

    async def request(self, request: Request, timeout_s: float = TIMEOUT_S) -> Reply:
        """The reply to `request`, of its `Reply` type; the id is chosen here. Several may be under way.

        Raises DaemonNotRunning (at once, also when it ends meanwhile), DaemonSilent, RequestFailed.
        """
        connection = self._connected()
        request = msgspec.structs.replace(request, id=next(self._ids))
        answer = self._waiting[request.id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await connection.send(encode(request))
                return checked_reply(request, await answer)
        except TimeoutError:
            raise DaemonSilent(type(request).__name__, timeout_s) from None
        finally:
            del self._waiting[request.id]

    async def events(self) -> AsyncIterator[Event]:
        """What the daemon tells after `request(Subscribe())`, from then on, also before this is iterated.

        Raises DaemonNotRunning when the daemon goes. One reader at a time.
        """
        while True:
            while self._events:
                yield self._events.popleft()
            if self._lost:
                raise DaemonNotRunning(self._path)
            self._news.clear()
            await self._news.wait()

    def _connected(self) -> AsyncLine:
        if self._lost:
            raise DaemonNotRunning(self._path)
        if self._line is None:
            daemon_pid(self._path)
            self._line = AsyncLine(self._path)
            self._tasks = [
                asyncio.create_task(self._receive(self._line)),
                asyncio.create_task(self._watch(self._line)),
            ]
        return self._line

    async def _receive(self, line: AsyncLine) -> None:
        while True:
            data = await line.receive()
            try:
                message: ToClient = decode(data, ToClient, CONTROL_LIMITS)
            except CodecError as error:
                self._take_unreadable(data, error)
                continue
            if isinstance(message, Event):
                self._events.append(message)
                self._news.set()
            elif isinstance(message, Failed) and message.id == 0:
                for answer in self._waiting.values():
                    _resolve(answer, message)
            elif message.id in self._waiting:
                _resolve(self._waiting[message.id], message)

    def _take_unreadable(self, data: bytes, error: CodecError) -> None:
        """An event of a newer daemon is none of ours; a reply must not leave its request hanging."""
        try:
            answer = self._waiting.get(decode(data, _AnyReply, CONTROL_LIMITS).id)
        except CodecError:
            return
        if answer is not None and not answer.done():
            answer.set_exception(unreadable(str(error)))

    async def _watch(self, line: AsyncLine) -> None:
        await line.ended()
        # It may have answered and ended at once: what came before the end of the connection still counts.
        await asyncio.sleep(LAST_WORDS_MS / 1000)
        self._lost = True
        self._news.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(DaemonNotRunning(self._path))

    async def close(self) -> None:
        """Leave. Closing twice does no harm."""
        self._lost = True
        self._news.set()
        await cancelled(*self._tasks)
        self._tasks = []
        if self._line is not None:
            self._line.close()
            self._line = None

    async def __aenter__(self) -> "AsyncControlClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _resolve(answer: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not answer.done():
        answer.set_result(reply)
