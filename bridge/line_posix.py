"""A line to the daemon's control socket, for who waits: libzmq's DEALER (Linux, macOS). Spent when the daemon goes."""

import sys

assert sys.platform != "win32"

from pathlib import Path

import zmq

from plugin_protocol.codec import CONTROL_LIMITS

SOCKET_OPTIONS: dict[int, int] = {
    zmq.LINGER: 0,
    zmq.MAXMSGSIZE: CONTROL_LIMITS.message_bytes,
    zmq.HANDSHAKE_IVL: 2_000,
    zmq.SNDHWM: 64,
    zmq.RCVHWM: 1_024,
    # Never, in effect: another daemon knows nothing of our subscription. Not -1, with which libzmq throws away what
    # had come in but was not read yet when the daemon closed: its last words.
    zmq.RECONNECT_IVL: 3_600_000,
}


class Line:
    """One connection. [any, one thread at a time] That somebody listens must be known: a connect succeeds on anything."""

    def __init__(self, path: Path) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        for option, value in SOCKET_OPTIONS.items():
            self._socket.set(option, value)
        self._socket.connect(f"ipc://{path}")

    def send(self, data: bytes) -> None:
        """One message."""
        self._socket.send(data)

    def poll(self, milliseconds: int) -> bool:
        """Whether a message has come, or comes in that time."""
        return bool(self._socket.poll(milliseconds))

    def receive(self) -> bytes:
        """The next message."""
        return self._socket.recv()

    def close(self) -> None:
        """Leave, once."""
        self._socket.close(linger=0)
        self._context.term()
