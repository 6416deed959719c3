"""The socket that plugins talk to: sessions, caps and order around a handler that decides.

Per connection a `_Line` (session machine, token bucket); per Instance an `_Desk` (its messages in order, one at a
time). A plugin that reconnects gets a new line but keeps its desk, so the handler sees no loss and a repeated Keep
finds its outcome. Handlers run as tasks: a slow one holds up its own Instance only. The loop survives any bytes.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bridge.endpoint import Clock, GuardedRouter, Origin, TokenBucket, Unreachable, monotonic_us
from bridge.rounds import next_round
from bridge.system import UserId
from bridge.tasks import cancelled
from plugin_protocol.codec import decode, encode
from plugin_protocol.errors import LocalProtocolError, RemoteProtocolError
from plugin_protocol.message_base import HEARTBEAT_INTERVAL_US, SILENCE_LIMIT_US
from plugin_protocol.messages import (
    Alive,
    AskFailed,
    FromDaemon,
    FromListener,
    FromPlugin,
    FromWindow,
    Goodbye,
    Heartbeat,
    Hello,
    Keep,
    KeepFailed,
    Kept,
    Notice,
    Play,
    PlayFailed,
    Refused,
    RingClosed,
    RingOpened,
    Welcome,
    WindowShown,
)
from plugin_protocol.session import Deliver, PeerLost, Role, Send, Session, State, judge

MAX_INSTANCES = 1_024
MAX_INSTANCES_PER_PROCESS = 256
MAX_LINES = 2 * MAX_INSTANCES  # connections, greeted or not
MAX_WAITING = 64  # messages of one Instance that wait for its handler
MAX_OUTCOMES = 64  # answered Keeps remembered per Instance
TICK_US = HEARTBEAT_INTERVAL_US

log = logging.getLogger("sidechain.bridge.plugin")


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """One Instance that said Hello. pid and uid come from the kernel; `hello` is what the plugin says of itself."""

    instance: bytes
    pid: int
    uid: UserId
    hello: Hello


FromPeer = RingOpened | RingClosed | Heartbeat | Keep | FromWindow | FromListener | Goodbye | PeerLost
Handler = Callable[[Peer, FromPeer], Awaitable[FromDaemon | None]]
"""Acts on a message and returns the reply that messages.py names for it, or None where it names none, or where the
handler sends it later. PeerLost and
Goodbye are the last an Instance says until it greets again. After either, or after a new Hello, the Ring may be
announced again with the same generation."""
Beat = Callable[[Peer, Heartbeat], Alive | None]
"""Answers a sign of life, the most frequent message, at once; None: it is one for the Handler."""


Said = tuple[msgspec.Struct | None, bytes]
"""The last message, and its bytes."""


class _Desk:
    """One Instance: what it said and waits to be acted on, in order."""

    def __init__(self, peer: Peer, line: "_Line") -> None:
        self.peer = peer
        self.line = line
        self.waiting: deque[FromPeer] = deque()
        self.task: asyncio.Task[None] | None = None
        self.outcomes: dict[int, Kept | KeepFailed] = {}


class _Line:
    """One connection."""

    def __init__(self, origin: Origin, now_us: int, session: Session) -> None:
        self.origin = origin
        self.session = session
        self.bucket = TokenBucket(now_us)
        self.limited = False
        self.seen_us = now_us
        self.said: Said = (None, b"")
        self.desk: _Desk | None = None


class PluginEndpoint:
    """Serves `path` once started. [loop] The caller holds the RunLock.

    counts: messages refused, by reason; for Status and tests.
    """

    def __init__(
        self,
        path: Path,
        *,
        daemon_version: str,
        daemon_path: str,
        handle: Handler,
        beat: Beat = lambda peer, message: None,
        now_us: Clock = monotonic_us,
        exhausted: Callable[[], None] = lambda: None,
    ) -> None:
        """exhausted: told each time that no new plugin can be let in, for want of descriptors or memory."""
        self._router = GuardedRouter(path, exhausted)
        self._version = daemon_version
        self._path = daemon_path
        self._handle = handle
        self._beat = beat
        self._now_us = now_us
        self._lines: dict[bytes, _Line] = {}
        self._desks: dict[bytes, _Desk] = {}
        self._said: Said = (None, b"")
        self._tasks: list[asyncio.Task[None]] = []
        self.counts = self._router.counts
        self.counts.update(bad_message=0, rate=0, waiting=0, lines=0, too_many=0)

    async def start(self) -> None:
        """Bind and serve. Raises RunDirRefused."""
        self._router.bind()
        self._tasks = [
            asyncio.create_task(self._router.deliver(self._take)),
            asyncio.create_task(self._tick()),
        ]

    def keep_bound(self) -> bool:
        """Bind again when the socket's file is gone. Whether it was. Raises RunDirRefused."""
        return self._router.keep_bound()

    async def stop(self, grace_s: float = 2.0) -> None:
        """Stop listening, give running handlers `grace_s` to end and answer, then close. May be called twice."""
        await cancelled(*self._tasks)
        self._tasks = []
        running = [desk.task for desk in self._desks.values() if desk.task is not None]
        if running:
            await asyncio.wait(running, timeout=grace_s)
            await cancelled(*running)
        await self._router.close()

    def peers(self) -> list[Peer]:
        """Who stands in an open session."""
        return [desk.peer for desk in self._desks.values() if desk.line.session.state is State.OPEN]

    async def send(self, peer: Peer, message: FromDaemon) -> bool:
        """As `say`."""
        return self.say(peer, message)

    def say(self, peer: Peer, message: FromDaemon) -> bool:
        """Say `message` to `peer`, also when it reconnected since. False: it is not there, or cannot take it.

        Raises LocalProtocolError when the message is out of bounds.
        """
        desk = self._desks.get(peer.instance)
        return desk is not None and self._send(desk.line, message)

    # receiving ------------------------------------------------------------------------------------------------

    def _take(self, origin: Origin, data: bytes) -> None:
        now_us = self._now_us()
        line = self._lines.get(origin.identity)
        if line is None:
            if len(self._lines) >= MAX_LINES:
                self.counts["lines"] += 1
                return
            line = self._lines[origin.identity] = self._new_line(origin, now_us)
        line.seen_us = now_us
        if not line.bucket.take(now_us):
            self._limit(line)
            return
        line.limited = False
        try:
            message: FromPlugin = decode(data, FromPlugin)
            effects = line.session.receive(message, now_us)
        except RemoteProtocolError as error:
            self.counts["bad_message"] += 1
            log.warning("process %d was dropped: %s", origin.pid, error)
            self._say_bad(line, str(error))
            self._lose(line, "it sent what is no message of this protocol", now_us)
            line.session = self._new_session(line.origin, now_us)
            return
        for effect in effects:
            if isinstance(effect, Deliver):
                self._deliver(line, effect.message)
            elif isinstance(effect, Send):
                self._transmit(line, effect.message)
        if isinstance(message, Goodbye):
            del self._lines[origin.identity]

    def _deliver(self, line: _Line, message: object) -> None:
        if isinstance(message, Hello):
            if line.session.state is State.OPEN:
                self._seat(line, message)
            else:
                self._leave(line, "it greeted again and was refused")
        elif line.desk is not None and isinstance(message, FromPeer):
            self._put(line.desk, message)

    def _seat(self, line: _Line, hello: Hello) -> None:
        """Give the greeted line its desk: a new one, or the one that the Instance has from before."""
        peer = Peer(instance=hello.instance, pid=line.origin.pid, uid=line.origin.uid, hello=hello)
        if line.desk is not None and line.desk.peer.instance != hello.instance:
            self._leave(line, "it greeted again as another Instance")
        desk = self._desks.get(hello.instance)
        if desk is None:
            desk = self._desks[hello.instance] = _Desk(peer, line)
        elif desk.line is not line:
            desk.line.desk = None
            self._lines.pop(desk.line.origin.identity, None)
        desk.peer, desk.line, line.desk = peer, line, desk

    def _limit(self, line: _Line) -> None:
        self.counts["rate"] += 1
        if not line.limited and line.session.state is State.OPEN:
            self._send(
                line, Notice(kind="warning", message="Too many messages a second; some were not read.")
            )
        line.limited = True

    def _say_bad(self, line: _Line, why: str) -> None:
        have = f"{why[:60]}…" if len(why) > 60 else why
        refused = Refused(
            code="bad_message",
            message="The daemon could not read a message of this plugin, and ended the session.",
            have=have,
            need="a message of the protocol",
            update_path="",
        )
        self._transmit(line, refused)

    # judging --------------------------------------------------------------------------------------------------

    def _new_line(self, origin: Origin, now_us: int) -> _Line:
        return _Line(origin, now_us, self._new_session(origin, now_us))

    def _new_session(self, origin: Origin, now_us: int) -> Session:
        return Session(Role.DAEMON, now_us=now_us, judge=lambda hello: self._judge(origin, hello))

    def _judge(self, origin: Origin, hello: Hello) -> Welcome | Refused:
        known = self._desks.get(hello.instance)
        others = [desk for desk in self._desks.values() if desk is not known]
        of_process = sum(desk.peer.pid == origin.pid for desk in others)
        if known is not None and known.peer.pid != origin.pid:
            return self._refuse("taken", "another process speaks for this Instance", "a new instance id")
        if len(others) >= MAX_INSTANCES:
            self.counts["too_many"] += 1
            return self._refuse("too_many", f"{MAX_INSTANCES} Instances are connected", "close some plugins")
        if of_process >= MAX_INSTANCES_PER_PROCESS:
            self.counts["too_many"] += 1
            return self._refuse("too_many", f"{of_process} Instances in this host", "close some plugins")
        return judge(hello, self._version, self._path)

    def _refuse(self, code: str, have: str, need: str) -> Refused:
        message = f"This Instance is not served: {have}; {need}."
        return Refused(code=code, message=message, have=have, need=need, update_path="")

    # acting, one message at a time per Instance ---------------------------------------------------------------

    def _put(self, desk: _Desk, message: FromPeer) -> None:
        if len(desk.waiting) >= MAX_WAITING and not isinstance(message, Goodbye | PeerLost):
            self.counts["waiting"] += 1
            return
        is_idle = desk.task is None or desk.task.done()
        if is_idle and isinstance(message, Heartbeat) and (alive := self._beat(desk.peer, message)):
            self._send(desk.line, alive)
            return
        desk.waiting.append(message)
        if is_idle:
            desk.task = asyncio.create_task(self._work(desk))

    async def _work(self, desk: _Desk) -> None:
        while desk.waiting:
            message = desk.waiting.popleft()
            reply = await self._act(desk, message)
            if reply is not None:
                self._send(desk.line, reply)
            is_end = isinstance(message, Goodbye | PeerLost)
            if is_end and not desk.waiting and desk.line.session.state is not State.OPEN:
                del self._desks[desk.peer.instance]

    async def _act(self, desk: _Desk, message: FromPeer) -> FromDaemon | None:
        if isinstance(message, Keep) and message.id in desk.outcomes:
            return desk.outcomes[message.id]
        try:
            reply = await self._handle(desk.peer, message)
            named = None if isinstance(message, PeerLost) else message.Reply
            if reply is not None and (named is None or not isinstance(reply, named)):
                raise LocalProtocolError(f"{type(reply).__name__} is no reply to {type(message).__name__}")
            if reply is not None:
                self._encoded(desk.line, reply)
        except Exception:
            log.exception("%s of process %d failed", type(message).__name__, desk.peer.pid)
            reply = _failure(message)
        if isinstance(message, Keep) and isinstance(reply, Kept | KeepFailed):
            reply = desk.outcomes[message.id] = msgspec.structs.replace(reply, id=message.id)
            if len(desk.outcomes) > MAX_OUTCOMES:
                del desk.outcomes[next(iter(desk.outcomes))]
        return reply

    # sending and losing ---------------------------------------------------------------------------------------

    def _send(self, line: _Line, message: FromDaemon) -> bool:
        try:
            line.session.send(message, self._now_us())
        except LocalProtocolError:
            return False  # the session ended while the handler worked
        return self._transmit(line, message)

    def _transmit(self, line: _Line, message: msgspec.Struct) -> bool:
        try:
            self._router.send(line.origin.identity, self._encoded(line, message))
        except Unreachable as error:
            self._lose(line, f"it cannot be reached: {error}", self._now_us())
            return False
        return True

    def _encoded(self, line: _Line, message: msgspec.Struct) -> bytes:
        """Most of what is said was said just before, to this plugin (that all is well) or to another. Raises LocalProtocolError."""
        if message != line.said[0]:
            if message != self._said[0]:
                self._said = message, encode(message)
            line.said = self._said
        return line.said[1]

    def _lose(self, line: _Line, reason: str, now_us: int) -> None:
        if line.session.lose(reason, now_us):
            self._leave(line, reason)

    def _leave(self, line: _Line, reason: str) -> None:
        desk, line.desk = line.desk, None
        if desk is not None and desk.line is line:
            self._put(desk, PeerLost(reason=reason))

    async def _tick(self) -> None:
        before_us = self._now_us()
        while True:
            await next_round(TICK_US / 1e6)
            now_us = self._now_us()
            late = now_us - before_us > 2 * TICK_US
            before_us = now_us
            if late:
                continue  # the loop was held up: let it read what waits before anybody is declared silent
            for line in list(self._lines.values()):
                for effect in line.session.tick(now_us):
                    if isinstance(effect, PeerLost):
                        self._leave(line, effect.reason)
                if line.session.state is not State.OPEN and now_us - line.seen_us > SILENCE_LIMIT_US:
                    self._leave(line, "it fell silent")
                    self._lines.pop(line.origin.identity, None)


def _failure(message: FromPeer) -> FromDaemon | None:
    sentence = "The daemon failed at this; its log says why. Try again."
    if isinstance(message, Keep):
        return KeepFailed(id=message.id, code="internal", message=sentence)
    if isinstance(message, Play):
        return PlayFailed(id=message.id, code="internal", message=sentence)
    if isinstance(message, RingOpened):
        return Refused(code="internal", message=sentence, have="", need="", update_path="")
    if isinstance(message, FromWindow) and not isinstance(message, WindowShown):
        return AskFailed(id=message.id, code="internal", message=sentence)
    return None
