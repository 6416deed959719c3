"""A stand-in for ClamAV's daemon: its command INSTREAM, and one signature, the EICAR test file's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from struct import unpack

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@asynccontextmanager
async def clamd(path: Path) -> AsyncIterator[None]:
    """Listens on a socket at this path."""
    server = await asyncio.start_unix_server(_answer, path)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        data = bytearray()
        while size := unpack("!L", await reader.readexactly(4))[0]:
            data += await reader.readexactly(size)
        writer.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0")
        await writer.drain()
    finally:
        writer.close()
