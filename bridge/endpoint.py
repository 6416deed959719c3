"""What both of the daemon's sockets share: a guarded ROUTER of ZeroMQ, bound for this user alone.

It moves bytes and knows who sent them. What the bytes mean, and what to answer, is in plugin_endpoint.py and
control_endpoint.py; how a message lies in the bytes, in zmtp.py; how a peer comes in, in listener_posix.py and
listener_windows.py.
"""

import asyncio
import contextlib
import logging
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from bridge import system, zmtp
from plugin_protocol.message_base import MAX_MESSAGE_BYTES

if sys.platform == "win32":
    from bridge.listener_windows import Listener
else:
    from bridge.listener_posix import Listener

HANDSHAKE_S = 2.0
MAX_CONNECTIONS = 4_096
MAX_WAITING = 64  # messages of one peer that wait to be received, before no more of it is read
MAX_UNSENT_BYTES = 1 << 20  # that wait for one peer, before it counts as unable to take more
READ_BYTES = 1 << 14  # at a time: what is in them is all that one turn of the loop looks at
CLOSE_LINGER_S = 0.5  # the last replies still go out, and a stuck peer holds nobody up for longer
MESSAGES_PER_S = 200
BURST = 200
MAX_IN_A_ROW = 16

log = logging.getLogger("sidechain.bridge")


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a message, from the kernel: not from anything the peer said."""

    identity: bytes  # our name of the connection
    pid: int
    uid: system.UserId


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


class _Connection(asyncio.BufferedProtocol):
    """One peer: its handshake, what it said and nobody has received yet."""

    def __init__(self, router: "GuardedRouter", origin: Origin) -> None:
        self.origin = origin
        self.waiting: deque[bytes] = deque()
        self.in_turn = False  # it stands in the router's queue
        self.transport: asyncio.Transport | None = None
        self._router = router
        self._incoming = zmtp.Incoming(MAX_MESSAGE_BYTES)
        self._buffer = bytearray(READ_BYTES)
        self._paused = False
        self.has_room = asyncio.Event()  # for more to be sent, or it is gone
        self.has_room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        transport.write(zmtp.OPENING)
        asyncio.get_running_loop().call_later(HANDSHAKE_S, self._end_unless_open)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        dropped = self._incoming.parts_dropped
        try:
            self.waiting.extend(self._incoming.feed(bytes(self._buffer[:nbytes])))
        except zmtp.ZmtpError as error:
            log.warning("the connection of process %d was ended: %s", self.origin.pid, error)
            self.abort()
        self._router.counts["parts"] += self._incoming.parts_dropped - dropped
        if self.waiting:
            self._router.has_waiting(self)
        if len(self.waiting) >= MAX_WAITING and self.transport is not None and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        self.has_room.clear()

    def resume_writing(self) -> None:
        self.has_room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_room.set()
        self._router.is_gone(self)

    def take(self) -> bytes:
        """The oldest message that waits."""
        data = self.waiting.popleft()
        if self._paused and len(self.waiting) < MAX_WAITING and self.transport is not None:
            self._paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()
        return data

    def abort(self) -> None:
        """End the connection now; what came before still counts."""
        if self.transport is not None:
            self.transport.abort()

    def _end_unless_open(self) -> None:
        if not self._incoming.is_open:
            self.abort()


class GuardedRouter:
    """One bound ROUTER socket: `receive` yields only single-part messages of our own user. [loop]

    A peer of another user is cut off before a byte of it is read. `counts` says what was refused, by reason.
    """

    def __init__(self, path: Path, exhausted: Callable[[], None] = lambda: None) -> None:
        """exhausted: told each time that nobody new can be let in, for want of descriptors or memory."""
        self.path = path
        self._exhausted = exhausted
        self.counts: dict[str, int] = {"foreign_uid": 0, "parts": 0, "connections": 0, "exhausted": 0}
        self._uid = system.user_id()
        self._listener = Listener(path, self._admit, self._is_exhausted)
        self._number = 0
        self._connections: dict[bytes, _Connection] = {}
        self._ready: deque[_Connection] = deque()  # each that has something waiting, once: they take turns
        self._all_gone = asyncio.Event()  # nobody is connected
        self._all_gone.set()
        self._news = asyncio.Event()
        self._in_a_row = 0

    def bind(self) -> None:
        """Let peers in. The RunLock must be held: a live path is taken over. Raises RunDirRefused."""
        self._listener.bind()

    def keep_bound(self) -> bool:
        """Bind again when the listener's file was removed or replaced; who is connected stays so. Whether it was.

        Raises RunDirRefused as bind does; then the next call tries again.
        """
        if self._listener.is_there():
            return False
        self._listener.close()
        self.bind()
        return True

    async def receive(self) -> tuple[Origin, bytes]:
        """The next message and its sender; each peer that has something waiting has its turn."""
        self._in_a_row = (self._in_a_row + 1) % MAX_IN_A_ROW
        if self._in_a_row == 0:
            # What waits already is received without giving way: a flood would be all that the loop does.
            await asyncio.sleep(0)
        while not self._ready:
            self._news.clear()
            await self._news.wait()
        connection = self._ready.popleft()
        data = connection.take()
        connection.in_turn = False
        if connection.waiting:
            self.has_waiting(connection)
        return connection.origin, data

    async def deliver(self, take: Callable[[Origin, bytes], None]) -> None:
        """Hand each message to `take`, until cancelled; one that it fails at costs no other."""
        while True:
            origin, data = await self.receive()
            try:
                take(origin, data)
            except Exception:
                log.exception("a message of process %d was not handled", origin.pid)

    def send(self, identity: bytes, data: bytes) -> None:
        """Hand `data` to a peer, now or never. Raises Unreachable."""
        connection = self._connections.get(identity)
        transport = connection.transport if connection else None
        if transport is None or transport.is_closing():
            raise Unreachable("it has left")
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            raise Unreachable("it does not read what it is sent")
        transport.write(zmtp.message(data))

    async def until_room(self, identity: bytes) -> None:
        """Until what waits for a peer has been read down, so that `send` takes more; at once when it is gone."""
        if connection := self._connections.get(identity):
            await connection.has_room.wait()

    def cut_off(self, identity: bytes) -> None:
        """End the connection of a peer, which thereby knows that nothing more comes."""
        if connection := self._connections.get(identity):
            connection.abort()

    async def close(self) -> None:
        """Close and remove the listener's file. Call before the RunLock is released. What was said last still goes out."""
        self._listener.close()
        for connection in list(self._connections.values()):
            if connection.transport is not None:
                connection.transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LINGER_S):
                await self._all_gone.wait()
        for connection in list(self._connections.values()):
            connection.abort()
        await self._all_gone.wait()

    def _admit(self, peer: system.Peer) -> _Connection | None:
        """The connection of one more peer; None for one who is to be cut off."""
        refused = "foreign_uid" if peer.user_id is None or peer.user_id != self._uid else ""
        if not refused and len(self._connections) >= MAX_CONNECTIONS:
            refused = "connections"
        if refused or peer.user_id is None:
            self.counts[refused] += 1
            return None
        self._number += 1
        origin = Origin(identity=self._number.to_bytes(8, "big"), pid=peer.pid, uid=peer.user_id)
        connection = self._connections[origin.identity] = _Connection(self, origin)
        self._all_gone.clear()
        return connection

    def _is_exhausted(self) -> None:
        self.counts["exhausted"] += 1
        self._exhausted()

    # what the connections tell ----------------------------------------------------------------------------------

    def has_waiting(self, connection: _Connection) -> None:
        """It has at least one message."""
        if not connection.in_turn:
            connection.in_turn = True
            self._ready.append(connection)
        self._news.set()

    def is_gone(self, connection: _Connection) -> None:
        """Its last messages can still be received."""
        self._connections.pop(connection.origin.identity, None)
        if not self._connections:
            self._all_gone.set()


def monotonic_us() -> int:
    """Microseconds of the clock that stands still while the machine sleeps."""
    return system.awake_ns() // 1_000


Clock = Callable[[], int]
