"""Calls to addresses that people gave: webhooks, and the push services of browsers. Nobody reaches what stands behind us by them.

A name is resolved once, every address that it has must be in reach of everybody, and the connection goes to one of those: what the
name says a moment later (DNS rebinding) is not asked. https alone, no redirect is followed, and an answer's body is not read.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from urllib.parse import urlsplit

from msgspec import Struct

LIMIT_S = 10.0
"""For all of a call: resolving, connecting, sending, the head of the answer."""
MAX_URL_CHARS = 1024
MAX_HEAD_BYTES = 16 * 1024
MAX_INTERIM = 5
"""Answers before the answer (1xx)."""
ADDRESSES_TRIED = 2
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")
_RETRY_AFTER = re.compile(rb"(?im)^retry-after:[ \t]*([0-9]{1,8})[ \t]*\r$")
_MAPPED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""IPv6 that ends in an IPv4 address which a translator goes to (RFC 6052), or went to (RFC 4291, 2.5.5.1)."""
_OF_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")
"""RFC 6890, 2.2.2: some of it is "global" to a table, and all of it nobody's."""
Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host. Raises OSError."""


class TargetRefused(ValueError):
    """A sentence: why nobody is called there, now or ever."""


class TargetUnavailable(Exception):
    """A sentence: nobody answers there now, or not in a way that can be read."""


class TargetAnswered(TargetUnavailable):
    """It does, and by its status with something else than was asked for."""

    def __init__(self, status: int) -> None:
        super().__init__(f"It answers {status}.")
        self.status = status


class Target(Struct, frozen=True, kw_only=True):
    """Where a call goes. authority: of the Host header. path: with the query."""

    host: str
    port: int
    authority: str
    path: str


class Reply(Struct, frozen=True, kw_only=True):
    """retry_after_s: when it wants to be asked again, if it says."""

    status: int
    retry_after_s: int | None


def target_of(url: str) -> Target:
    """Raises TargetRefused. [any]"""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise TargetRefused("It has no host and port that can be read.") from None
    if parts.scheme != "https":
        raise TargetRefused("It starts with https://, and nothing else.")
    if len(url) > MAX_URL_CHARS or re.search(r"[^\x21-\x7e]", url):
        raise TargetRefused(f"It has at most {MAX_URL_CHARS} characters, of ASCII, without spaces.")
    if not host or port == 0 or "@" in parts.netloc or "%" in host:
        raise TargetRefused("It has a host, and neither a name nor a password before it.")
    path = parts.path or "/"
    return Target(
        host=host,
        port=port or 443,
        authority=parts.netloc,
        path=f"{path}?{parts.query}" if parts.query else path,
    )


def is_public(text: str) -> bool:
    """Whether an address is in reach of everybody; of IPv6 that stands for IPv4, whether that one is. [any]"""
    found = _meant(ipaddress.ip_address(text.partition("%")[0]))
    if found is None or found in _OF_PROTOCOLS:
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def is_of_a_house(text: str) -> bool:
    """Whether it is private or this very machine's: what an operator may let people call. [any]"""
    found = _meant(ipaddress.ip_address(text.partition("%")[0]))
    if found is None or found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    if found in _OF_PROTOCOLS:
        return False
    return (found.is_private and not found.is_reserved) or found.is_loopback


def _meant(address: Ip) -> Ip | None:
    """What is reached in the end; None: what a tunnel hides (Teredo)."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.teredo is not None:
        return None
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and any(address in each for each in _MAPPED) and int(address) > 1:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner or address


async def resolved(host: str, port: int) -> list[str]:
    """By this machine's resolver. Raises OSError. [loop]"""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Outward:
    """allow_private: the addresses of a house are called, too. [loop]"""

    def __init__(self, *, allow_private: bool = False, resolve: Resolve = resolved) -> None:
        self._allow_private = allow_private
        self._resolve = resolve

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Raises TargetRefused, TargetUnavailable."""
        target = target_of(url)
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._post(target, headers, body)
        except TimeoutError:
            raise TargetUnavailable(f"It did not answer within {LIMIT_S:.0f} s.") from None
        except (socket.gaierror, UnicodeError):
            raise TargetUnavailable("Its name leads nowhere now.") from None
        except ssl.SSLCertVerificationError:
            raise TargetUnavailable("Its certificate is not trusted.") from None
        except OSError as error:
            raise TargetUnavailable(f"It cannot be reached: {type(error).__name__}.") from None
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise TargetUnavailable("Its answer is not HTTP, or too long.") from None

    async def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Reply:
        reader, writer = await self._connected(target)
        try:
            writer.write(_request(target, headers, body))
            await writer.drain()
            return await _reply(reader)
        finally:
            writer.transport.abort()

    async def _connected(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To an address that was looked at, with a certificate for the name."""
        addresses = list(dict.fromkeys(await self._resolve(target.host, target.port)))
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise TargetRefused("It is in a network that is not everybody's.")
        for n, address in enumerate(addresses[:ADDRESSES_TRIED], 1):
            try:
                return await asyncio.open_connection(
                    address, target.port, ssl=_context(), server_hostname=target.host, limit=MAX_HEAD_BYTES
                )
            except OSError:
                if n == len(addresses[:ADDRESSES_TRIED]):
                    raise
        raise AssertionError("there is one address at least")

    def _is_allowed(self, address: str) -> bool:
        return is_public(address) or (self._allow_private and is_of_a_house(address))


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    fields = {
        "Host": target.authority,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "User-Agent": "Sidechain-Relay",
        **headers,
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


async def _reply(reader: asyncio.StreamReader) -> Reply:
    for _ in range(MAX_INTERIM + 1):
        head = await reader.readuntil(b"\r\n\r\n")
        found = _STATUS.match(head)
        if found is None:
            raise TargetUnavailable("Its answer is not HTTP.")
        if not found[1].startswith(b"1"):
            after = _RETRY_AFTER.search(head)
            return Reply(status=int(found[1]), retry_after_s=None if after is None else int(after[1]))
    raise TargetUnavailable("It answers without an end.")


@cache
def _context() -> ssl.SSLContext:
    """What the system trusts; read with the first call."""
    return ssl.create_default_context()
