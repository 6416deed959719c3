"""ControlClient: the daemon's control socket for programs that wait. Without asyncio, since the command line starts
with it; async_client.py is for programs with a loop.

One client is one connection: when the daemon goes, the client is spent, and the next one finds the next daemon.
"""

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec

from bridge import system
from bridge.control import Failed, Reply, Request, ToClient
from bridge.errors import DaemonNotRunning, DaemonSilent, RequestFailed
from bridge.paths import CONTROL_SOCKET
from plugin_protocol.codec import CONTROL_LIMITS, decode, encode
from plugin_protocol.errors import CodecError

if sys.platform == "win32":
    from bridge.line_windows import Line
else:
    from bridge.line_posix import Line

TIMEOUT_S = 30.0
LAST_WORDS_MS = 50
QUIET_S = 1.5  # so long without a word, who waits would like to know what for
LOOK_MS = 100  # how often, while waiting, to look whether the daemon is still there


def daemon_pid(path: Path) -> int:
    """Process that listens on the socket `path`. ZeroMQ would not tell: its connect succeeds on anything.

    Raises DaemonNotRunning, also when the listener belongs to another user: that is none of ours.
    """
    try:
        listener = system.listener_of(path)
    except OSError:
        raise DaemonNotRunning(path) from None
    if listener.user_id not in (system.user_id(), None):
        raise DaemonNotRunning(path)
    return listener.pid


def checked_reply(request: Request, reply: Reply) -> Reply:
    """`reply`, if it is of the type that `request` names. Raises RequestFailed otherwise."""
    if isinstance(reply, Failed):
        raise RequestFailed(reply.code, reply.message, reply.next_step)
    if not isinstance(reply, request.Reply):
        raise unreadable(f"{type(reply).__name__} is no reply to {type(request).__name__}")
    return reply


def unreadable(why: str) -> RequestFailed:
    """What to raise for an answer that this version does not understand."""
    return RequestFailed("unreadable", f"The daemon's answer cannot be read: {why}.", "Restart the daemon.")


class ControlClient:
    """Asks the daemon of `run_dir` and waits. [any, one thread at a time] Connects at the first request."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / CONTROL_SOCKET
        self._ids = itertools.count(1)
        self._line: Line | None = None
        self._pid = 0

    def request(
        self,
        request: Request,
        timeout_s: float = TIMEOUT_S,
        *,
        on_quiet: Callable[[int], None] = lambda _: None,
    ) -> Reply:
        """The reply to `request`, of its `Reply` type; the id is chosen here. on_quiet: told the daemon's pid, once, when it is slow.

        Raises DaemonNotRunning (at once, also when it ends meanwhile), DaemonSilent, RequestFailed.
        """
        asked = time.monotonic()
        deadline, quiet = asked + timeout_s, asked + QUIET_S
        connection = self._connected()
        request = msgspec.structs.replace(request, id=next(self._ids))
        connection.send(encode(request))
        while (left_s := deadline - time.monotonic()) > 0:
            if not connection.poll(min(LOOK_MS, int(left_s * 1000) + 1)):
                if self._daemon_is_there():
                    if time.monotonic() >= quiet:
                        quiet = deadline
                        on_quiet(self._pid)
                    continue
                # It may have answered between the two looks and ended at once: what it said last still counts.
                if not connection.poll(LAST_WORDS_MS):
                    raise DaemonNotRunning(self._path)
            try:
                reply: ToClient = decode(connection.receive(), ToClient, CONTROL_LIMITS)
            except CodecError as error:
                raise unreadable(str(error)) from error
            if reply.id == request.id or (isinstance(reply, Failed) and reply.id == 0):
                return checked_reply(request, reply)  # type: ignore[arg-type]  # an event has id 0
        raise DaemonSilent(type(request).__name__, timeout_s)

    def _daemon_is_there(self) -> bool:
        try:
            return daemon_pid(self._path) == self._pid
        except DaemonNotRunning:
            return False

    def _connected(self) -> Line:
        if self._line is None:
            self._pid = daemon_pid(self._path)
            self._line = Line(self._path)
        return self._line

    def close(self) -> None:
        """Leave. Closing twice does no harm."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
