"""Looking into what strangers send, by ClamAV's daemon: the command INSTREAM of clamd(8), over TCP or a local socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from struct import pack

from msgspec import Struct

from relay.core.refusal import Refusal

LIMIT_S = 30.0
CHUNK_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 4096
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class BadScannerUrl(ValueError):
    """A sentence: what is wrong with it."""


class Scanner(Struct, frozen=True, kw_only=True):
    """Where a clamd listens. path: of a local socket; None: host and port. [loop]"""

    path: str | None = None
    host: str = ""
    port: int = 0

    async def require_clean(self, data: bytes) -> None:
        """What cannot be looked into is not taken either. Raises Refusal: audio_refused, for what it finds; busy."""
        try:
            async with asyncio.timeout(LIMIT_S), self._line() as (reader, writer):
                answer = await _ask(reader, writer, data)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise _away() from None
        if answer.endswith(" FOUND"):
            raise Refusal(
                "audio_refused",
                "The virus scan of this relay found something in this file.",
                "It was not kept.",
            )
        if not answer.endswith(" OK"):
            raise _away()

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        """Raises OSError."""
        if self.path is None:
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=MAX_ANSWER_BYTES)
        else:
            reader, writer = await asyncio.open_unix_connection(self.path, limit=MAX_ANSWER_BYTES)
        try:
            yield reader, writer
        finally:
            writer.close()


def scanner_of(url: str) -> Scanner:
    """unix:/path or host:port. Raises BadScannerUrl. [any]"""
    kind, _, rest = url.partition(":")
    if kind == "unix" and rest.startswith("/"):
        return Scanner(path=rest)
    host, _, port = url.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port[:6]) < 1 << 16:
        raise BadScannerUrl(f"is unix:/path of a socket, or host:port, not {url!r}")
    return Scanner(host=host, port=int(port))


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> str:
    """Its answer, such as `stream: OK`."""
    writer.write(b"zINSTREAM\0")
    for start in range(0, len(data), CHUNK_BYTES):
        piece = data[start : start + CHUNK_BYTES]
        writer.write(pack("!L", len(piece)) + piece)
        await writer.drain()
    writer.write(pack("!L", 0))
    await writer.drain()
    return (await reader.readuntil(b"\0"))[:-1].decode("ascii", "replace").strip()


def _away() -> Refusal:
    return Refusal(
        "busy", "The virus scan of this relay does not answer.", "Try again later.", retry_after_s=60
    )
