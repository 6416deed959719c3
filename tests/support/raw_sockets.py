"""Clients made of bare sockets: they send what no library would, and read only when told to."""

import os
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from relay.wire.events import SUBPROTOCOL_JSON
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S
PING, PONG, TEXT, CLOSE = 9, 10, 1, 8


class Refused(Exception):
    """The head of the answer."""


def dial(url: str, receive_bytes: int | None = None) -> socket.socket:
    """A TCP connection. receive_bytes: how much the kernel takes for us before the other end has to wait."""
    parts = urlsplit(url)
    sock = socket.socket()
    sock.settimeout(LIMIT_S)
    if receive_bytes is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.connect((parts.hostname or "", parts.port or 80))
    return sock


def open_socket(url: str, token: str, receive_bytes: int | None = None) -> socket.socket:
    """A WebSocket of which only the handshake is done. Raises Refused."""
    sock = dial(url, receive_bytes)
    sock.sendall(
        f"GET /api/v1/ws HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n"
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL_JSON}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head and (piece := sock.recv(1)):
        head += piece
    if not head.startswith(b"HTTP/1.1 101"):
        sock.close()
        raise Refused(head.decode())
    return sock


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """A client's frame of up to 65,535 bytes, masked with zeros (RFC 6455, 5.2)."""
    first = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        return first + bytes([0x80 | len(payload)]) + bytes(4) + payload
    return first + b"\xfe" + struct.pack("!H", len(payload)) + bytes(4) + payload


def is_ended(sock: socket.socket) -> bool:
    """Read until the other end ends it, however. Raises TimeoutError when it does not."""
    try:
        while sock.recv(1 << 16):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    return True


def is_reset(sock: socket.socket) -> bool:
    """Wait until the other end resets it, and read nothing."""
    poll = select.poll()
    poll.register(sock, 0)  # errors and hang-ups are always told
    return bool(poll.poll(LIMIT_S * 1000))


def push(sock: socket.socket, data: bytes) -> bool:
    """Send all of it; whether the other end took it all."""
    try:
        sock.sendall(data)
    except OSError:
        return False
    return True


@contextmanager
def closing(*socks: socket.socket) -> Iterator[None]:
    try:
        yield
    finally:
        for sock in socks:
            sock.close()


def resident_bytes(pid: int) -> int:
    """What a process has in memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def cpu_s(pid: int) -> float:
    """What a process has used of the CPUs so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_cpu_s(pid: int) -> float:
    """That, of its children and theirs too, of those that have ended as well: what a load beside it does not change."""
    family = {pid}
    stats = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            stats.append(path.read_text())
    rows = {int(text.split(" ", 1)[0]): text.rpartition(")")[2].split() for text in stats}
    while more := {each for each, row in rows.items() if int(row[1]) in family} - family:
        family |= more
    ticks = sum(int(field) for each in family for field in rows[each][11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
