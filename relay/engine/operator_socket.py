"""A socket in the relay's folder by which its operator's commands reach the process that serves. Who may enter the folder
is the operator: it is closed to everybody else (`folders`). One line of JSON asks, one answers.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

NAME = "operator.sock"
MAX_LINE_BYTES = 1 << 20
LIMIT_S = 60.0
"""For one question and its answer."""

Answer = Callable[[bytes], Awaitable[bytes]]


class OperatorSocket:
    """Answers whoever asks in the folder. [loop]"""

    def __init__(self, server: asyncio.Server, path: Path) -> None:
        self._server = server
        self._path = path

    @classmethod
    async def open(cls, folder: Path, answer: Answer) -> "OperatorSocket":
        """folder: held by this process alone, so a socket that is there is of a dead one. Raises OSError."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(TimeoutError, OSError, ValueError):  # ValueError: a line longer than MAX_LINE_BYTES
                async with asyncio.timeout(LIMIT_S):
                    if line := await reader.readline():
                        writer.write(await answer(line) + b"\n")
                        await writer.drain()
            writer.close()

        (folder / NAME).unlink(missing_ok=True)
        bound = socket.socket(socket.AF_UNIX)
        try:
            _in_folder(folder, bound.bind)
            os.chmod(folder / NAME, 0o600)
            server = await asyncio.start_unix_server(serve, sock=bound, limit=MAX_LINE_BYTES)
        except BaseException:
            bound.close()
            raise
        return cls(server, folder / NAME)

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        self._path.unlink(missing_ok=True)


def ask(folder: Path, line: bytes) -> bytes:
    """What the process that serves there says. Raises OSError: none answers. [worker]"""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LIMIT_S)
        _in_folder(folder, connection.connect)
        connection.sendall(line + b"\n")
        with connection.makefile("rb") as answered:
            answer = answered.readline(MAX_LINE_BYTES)
    if not answer.endswith(b"\n"):
        raise ConnectionError("The relay ended before it had answered.")
    return answer


def _in_folder(folder: Path, use: Callable[[str], object]) -> None:
    """An address has at most 108 bytes (unix(7)), a folder's path may have more: so it is named by its handle."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        use(f"/proc/self/fd/{handle}/{NAME}")
    finally:
        os.close(handle)
