"""A TCP proxy on a thread that keeps all that passed through it, both ways: so a test knows what was secret on the wire."""

import contextlib
import socket
import threading
from collections.abc import Iterator

PIECE_BYTES = 64 * 1024


class WireTap:
    """url: where it listens. said: everything that passed, in no order between connections."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._to = 0
        self._pieces: list[bytes] = []
        self._open: list[socket.socket] = []

    def carry_to(self, port: int) -> None:
        """Begin."""
        self._to = port
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def said(self) -> bytes:
        return b"".join(self._pieces)

    def close(self) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE_BYTES):
                self._pieces.append(data)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def wire_tap() -> Iterator[WireTap]:
    tap = WireTap()
    try:
        yield tap
    finally:
        tap.close()
