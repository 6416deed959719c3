"""Reading what stands at an address that a person gave: over the same connections as all calls outward, a bounded stream.

Each redirect is an address of its own: looked at and resolved anew. HTTP/1.0 is asked for, so that a body ends with its length or its connection.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urljoin

from relay.engine.outward import Outward, Target, TargetAnswered, TargetRefused, TargetUnavailable, target_of

T = TypeVar("T")

MAX_REDIRECTS = 3
PIECE_BYTES = 1 << 16
NOTHING: Mapping[str, str] = MappingProxyType({})
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,15})[ \t]*\r$")
_CODED = re.compile(rb"(?im)^(?:transfer|content)-encoding:[ \t]*(?!identity[ \t]*\r$)")
_LOCATION = re.compile(rb"(?im)^location:[ \t]*([\x21-\x7e]{1,1024})[ \t]*\r$")
_REDIRECTS = (b"301", b"302", b"303", b"307", b"308")


class Reader(Outward):
    """[loop]"""

    async def read(
        self,
        url: str,
        *,
        max_bytes: int,
        limit_s: float,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
    ) -> AsyncIterator[bytes]:
        """What stands there, at most max_bytes within limit_s. headers: for that server alone, so that with any no redirect is followed. body: of
        a POST. Raises TargetRefused, TargetUnavailable.
        """
        until_s = asyncio.get_running_loop().time() + limit_s
        async with self._opened(url, until_s, headers, body) as (reader, length):
            if length is not None and length > max_bytes:
                raise TargetRefused(f"It has more than {max_bytes} bytes.")
            size_bytes = 0
            while piece := await _within(reader.read(PIECE_BYTES), until_s):
                size_bytes += len(piece)
                if size_bytes > max_bytes:
                    raise TargetRefused(f"It has more than {max_bytes} bytes.")
                yield piece
            if length is not None and size_bytes != length:
                raise TargetUnavailable("It ended before all of it was there.")

    @asynccontextmanager
    async def _opened(
        self, url: str, until_s: float, headers: Mapping[str, str], body: bytes | None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, int | None]]:
        """The body, and how long it says it is."""
        for _ in range(1 if headers or body is not None else MAX_REDIRECTS + 1):
            target = target_of(url)
            reader, writer = await _within(self._connected(target), until_s)
            try:
                writer.write(_request(target, headers, body))
                head = await _within(reader.readuntil(b"\r\n\r\n"), until_s)
                if (location := _location(head)) is None:
                    length = _LENGTH.search(head)
                    yield reader, None if length is None else int(length[1])
                    return
                url = urljoin(url, location)
            finally:
                writer.transport.abort()
        raise TargetUnavailable("It leads on and on.")


def _location(head: bytes) -> str | None:
    """Where it leads; None: it is here. Raises TargetUnavailable."""
    found = _STATUS.match(head)
    if found is None:
        raise TargetUnavailable("Its answer is not HTTP.")
    if found[1] == b"200":
        if _CODED.search(head):
            raise TargetUnavailable("It is coded in a way that was not asked for.")
        return None
    location = _LOCATION.search(head)
    if found[1] not in _REDIRECTS or location is None:
        raise TargetAnswered(int(found[1]))
    return location[1].decode("ascii")


async def _within(work: Awaitable[T], until_s: float) -> T:
    """Raises TargetUnavailable."""
    try:
        async with asyncio.timeout_at(until_s):
            return await work
    except TimeoutError:
        raise TargetUnavailable("It did not send all of it in time.") from None
    except (socket.gaierror, UnicodeError):
        raise TargetUnavailable("Its name leads nowhere now.") from None
    except ssl.SSLCertVerificationError:
        raise TargetUnavailable("Its certificate is not trusted.") from None
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise TargetUnavailable("Its answer is not HTTP, or too long.") from None
    except OSError as error:
        raise TargetUnavailable(f"It cannot be reached: {type(error).__name__}.") from None


def _request(target: Target, headers: Mapping[str, str], body: bytes | None) -> bytes:
    lines = [
        f"{'GET' if body is None else 'POST'} {target.path} HTTP/1.0",
        f"Host: {target.authority}",
        "User-Agent: Sidechain-Relay",
        "Accept: */*",
        "Accept-Encoding: identity",
        *(f"{name}: {value}" for name, value in headers.items()),
        *([] if body is None else [f"Content-Length: {len(body)}"]),
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + (body or b"")
