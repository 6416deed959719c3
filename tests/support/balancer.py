"""A proxy as stands before several relay processes: each connection goes to the next of them. Bytes only."""

import asyncio
from contextlib import suppress
from itertools import count
from types import TracebackType
from urllib.parse import urlsplit

PIECE_BYTES = 64 * 1024


class Balancer:
    """`async with Balancer() as balancer:`; backends may be set and changed at any time. served: connections of each."""

    def __init__(self) -> None:
        self.backends: list[str] = []
        self.served: dict[str, int] = {}
        self._turn = count()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Balancer":
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        backend = self.backends[next(self._turn) % len(self.backends)]
        self.served[backend] = self.served.get(backend, 0) + 1
        address = urlsplit(backend)
        ends = [writer]
        try:
            to_read, to_write = await asyncio.open_connection(address.hostname, address.port)
            ends.append(to_write)
            await asyncio.gather(_pump(reader, to_write), _pump(to_read, writer))
        except OSError:
            return
        finally:
            for each in ends:
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE_BYTES):
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()
