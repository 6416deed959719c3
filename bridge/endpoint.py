"""What both of the daemon's sockets share: a guarded ROUTER, bound for this user alone.

It moves bytes and knows who sent them. What the bytes mean, and what to answer, is in plugin_endpoint.py and
control_endpoint.py.

Not promised: a bound on a message of endlessly many parts. libzmq gathers all parts before it shows any, and none
of its limits covers that; only processes of our own user, who could do worse to us, get as far as sending one.
"""

import asyncio
import contextlib
import os
import socket
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import zmq
import zmq.asyncio

from bridge.errors import RunDirRefused
from bridge.paths import MAX_SOCKET_PATH_BYTES
from plugin_protocol.messages import MAX_MESSAGE_BYTES

HANDSHAKE_IVL_MS = 2_000
RCVHWM = 64  # messages waiting per peer, before its sends block
SNDHWM = 256  # messages waiting for one peer, before it counts as unable to take them
BACKLOG = 512
CLOSE_LINGER_MS = 500  # the last replies still go out, and a stuck peer holds nobody up for longer
MESSAGES_PER_S = 200
BURST = 200
MAX_KNOWN = 4_096
MAX_IN_A_ROW = 16
SOCKET_OPTIONS: dict[int, int] = {
    zmq.MAXMSGSIZE: MAX_MESSAGE_BYTES,
    zmq.HANDSHAKE_IVL: HANDSHAKE_IVL_MS,
    zmq.RCVHWM: RCVHWM,
    zmq.SNDHWM: SNDHWM,
    zmq.LINGER: 0,
    zmq.BACKLOG: BACKLOG,
}


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a message, from the kernel: not from anything the peer said."""

    identity: bytes  # ZeroMQ's name of the connection
    pid: int
    uid: int


class Unreachable(Exception):
    """The peer is gone, or cannot take more: end its session."""


class TokenBucket:
    """MESSAGES_PER_S on average, BURST at once. [loop]"""

    def __init__(self, now_us: int) -> None:
        self._tokens = float(BURST)
        self._seen_us = now_us

    def take(self, now_us: int) -> bool:
        """Whether one more message may pass now."""
        self._tokens = min(
            float(BURST), self._tokens + max(0, now_us - self._seen_us) * MESSAGES_PER_S / 1_000_000
        )
        self._seen_us = now_us
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class GuardedRouter:
    """One bound ROUTER socket: `receive` yields only single-part messages of our own user. [loop]

    `counts` says how many messages were refused, by reason.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[bytes, Origin] = {}
        self._in_a_row = 0
        self.counts: dict[str, int] = {"foreign_uid": 0, "parts": 0}
        self._context = zmq.asyncio.Context()
        self.socket = self._context.socket(zmq.ROUTER)
        for option, value in SOCKET_OPTIONS.items():
            self.socket.set(option, value)
        self.socket.set(zmq.ROUTER_MANDATORY, 1)  # a vanished peer is an error at send, not a silent loss
        self._uid = os.geteuid()

    def bind(self) -> None:
        """Bind with mode 0600 whatever the umask. The RunLock must be held: bind() takes over any live path.

        Raises RunDirRefused when the path is too long or cannot be bound.
        """
        if len(os.fsencode(self.path)) > MAX_SOCKET_PATH_BYTES:
            raise RunDirRefused(self.path.parent, "has too long a name for a socket in it")
        before = os.umask(0o177)
        try:
            self.socket.bind(f"ipc://{self.path}")
        except zmq.ZMQError as error:
            raise RunDirRefused(self.path.parent, f"takes no socket: {error}") from error
        finally:
            os.umask(before)
        if stat.S_IMODE(self.path.lstat().st_mode) & 0o077:
            raise RunDirRefused(self.path.parent, f"made {self.path.name} open to other users")

    async def receive(self) -> tuple[Origin, memoryview]:
        """The next message and its sender. Drops and counts what must not be looked at."""
        while True:
            self._in_a_row = (self._in_a_row + 1) % MAX_IN_A_ROW
            if self._in_a_row == 0:
                # What waits already is received without giving way: a flood would be all that the loop does.
                await asyncio.sleep(0)
            frames = await self.socket.recv_multipart(copy=False)
            if len(frames) != 2:
                self.counts["parts"] += 1
                continue
            origin = self._origin(frames[0].bytes, frames[1])
            if origin is None:
                self.counts["foreign_uid"] += 1
                continue
            return origin, frames[1].buffer

    def _origin(self, identity: bytes, frame: zmq.Frame) -> Origin | None:
        """The sender, if it is our own user.

        Asked once per connection: when a plugin says Goodbye and leaves, its descriptor may be closed, or be
        another's, before we look. Names that libzmq gave begin with a zero byte and cannot be chosen by a peer;
        a name that a peer chose proves nothing, so there the descriptor is asked each time.
        """
        known = self._known.get(identity)
        if known is not None:
            return known
        pid, uid = _credentials(frame)
        if uid != self._uid:
            return None
        origin = Origin(identity=identity, pid=pid, uid=uid)
        if identity.startswith(b"\0"):
            self._known[identity] = origin
            if len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]
        return origin

    def send(self, identity: bytes, data: bytes) -> None:
        """Hand `data` to a peer, now or never. Raises Unreachable."""
        # With NOBLOCK the future is done when it is returned, so nothing is awaited and order is kept.
        sent = self.socket.send_multipart([identity, data], flags=zmq.NOBLOCK)
        error = cast("asyncio.Future[object]", sent).exception()
        if error is not None:  # EHOSTUNREACH: gone; EAGAIN: SNDHWM messages wait already
            raise Unreachable(str(error)) from error

    def close(self) -> None:
        """Close and remove the socket file. Call before the RunLock is released."""
        self.socket.close(linger=CLOSE_LINGER_MS)
        self._context.term()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


def _credentials(frame: zmq.Frame) -> tuple[int, int]:
    """(pid, uid) of the process that opened the connection; (0, -1) when it is gone already."""
    try:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=int(frame.get(zmq.SRCFD)))
    except (OSError, zmq.ZMQError):
        return 0, -1
    try:
        pid, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return pid, uid
    except OSError:
        return 0, -1
    finally:
        peer.detach()  # the descriptor is libzmq's


def monotonic_us() -> int:
    """Microseconds of CLOCK_MONOTONIC, which stands still while the machine sleeps."""
    return time.monotonic_ns() // 1_000


Clock = Callable[[], int]


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Cancel `tasks` and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
