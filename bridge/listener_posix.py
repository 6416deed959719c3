"""Where peers come in on Linux and macOS: a Unix socket with a name in the run directory.

It accepts by itself, because libzmq ends the process when a connection comes and no descriptor is left: here that is a
pause, and a line in the log, once until somebody is let in again.
"""

import sys

assert sys.platform != "win32"

import asyncio
import errno
import logging
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from bridge import system
from bridge.errors import RunDirRefused
from bridge.paths import MAX_SOCKET_PATH_BYTES

BACKLOG = 512
RESERVED_DESCRIPTORS = 32  # left to what the daemon has to open itself: takes, the library, Rings
EXHAUSTED_PAUSE_S = 1.0  # before the next look whether there are descriptors again
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger("sidechain.bridge")

Admit = Callable[[system.Peer], asyncio.BufferedProtocol | None]


class Listener:
    """A bound socket. All methods are [loop]."""

    def __init__(self, path: Path, admit: Admit, exhausted: Callable[[], None]) -> None:
        """admit: the protocol of whoever comes; None: nobody is to be let in. exhausted: told when nobody can be."""
        self.path = path
        self._admit = admit
        self._exhausted = exhausted
        self._socket: socket.socket | None = None
        self._file: os.stat_result | None = None  # of the socket's name, as it was bound
        self._adopting: set[asyncio.Task[None]] = set()
        self._shut_why = ""  # why nobody is let in, as the log has it

    def bind(self) -> None:
        """Bind with mode 0600 whatever the umask, and accept. The RunLock must be held: a live path is taken over.

        Raises RunDirRefused when the path is too long or cannot be bound.
        """
        if len(os.fsencode(self.path)) > MAX_SOCKET_PATH_BYTES:
            raise RunDirRefused(self.path.parent, "has too long a name for a socket in it")
        before = os.umask(0o177)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.setblocking(False)
            self.path.unlink(missing_ok=True)
            listener.bind(os.fspath(self.path))
            listener.listen(BACKLOG)
            found = self.path.lstat()
        except OSError as error:
            listener.close()
            raise RunDirRefused(self.path.parent, f"takes no socket: {error}") from error
        finally:
            os.umask(before)
        if stat.S_IMODE(found.st_mode) & 0o077:
            listener.close()
            raise RunDirRefused(self.path.parent, f"made {self.path.name} open to other users")
        self._socket, self._file = listener, found
        self._listen()

    def is_there(self) -> bool:
        """Whether the path still leads to this socket."""
        try:
            return self._file is not None and os.path.samestat(self._file, self.path.lstat())
        except (FileNotFoundError, NotADirectoryError):
            return False

    def close(self) -> None:
        """Let nobody in any more; who is connected stays so. The name stays, if it is another's by now."""
        if self.is_there():
            self.path.unlink(missing_ok=True)
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = self._file = None

    def _listen(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        assert self._socket is not None
        try:
            peer, _ = self._socket.accept()
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._pause(error.strerror or "no descriptor is left")
            return
        # The kernel gives the lowest free number, so a high one says how many are in use.
        if peer.fileno() >= system.descriptor_limit() - RESERVED_DESCRIPTORS:
            peer.close()
            self._pause(f"{RESERVED_DESCRIPTORS} descriptors are left, for what is kept")
            return
        if self._shut_why:
            self._shut_why = ""
            log.info("%s: whoever comes is let in again", self.path.name)
        protocol = self._admit(system.peer_of(peer))
        if protocol is None:
            peer.close()
            return
        task = asyncio.get_running_loop().create_task(_adopt(protocol, peer))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    def _pause(self, why: str) -> None:
        """Let nobody in for a moment. Who waits in the backlog is looked at then."""
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        self._exhausted()
        if why != self._shut_why:
            self._shut_why = why
            name, step = self.path.name, "Raise the limit of open files"
            log.warning("%s: nobody new is let in until there is room: %s. %s.", name, why, step)
        loop.remove_reader(self._socket)
        loop.call_later(EXHAUSTED_PAUSE_S, self._listen)


async def _adopt(protocol: asyncio.BufferedProtocol, peer: socket.socket) -> None:
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, peer)
    except BaseException as error:  # also when the loop ends: nobody else would close it
        peer.close()
        protocol.connection_lost(None)
        if not isinstance(error, OSError):
            raise
