"""A line to a PostgreSQL server that can be slow, lose what it carries, and be cut. Unix socket to unix socket."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

PORT = ".s.PGSQL.5432"
CHUNK = 65_536


class Line:
    """lose_requests, lose_replies: from now on. refuse: new connections. delay_s: each way."""

    def __init__(self, folder: Path, server: Path, delay_s: float = 0.0) -> None:
        self.lose_requests = False
        self.lose_replies = False
        self.refuse = False
        self.server = server
        self._delay_s = delay_s
        self._folder = folder
        self._ends: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(os.fspath(folder / PORT))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, schema: str) -> str:
        return f"postgresql://postgres@/postgres?host={self._folder}&schema={schema}"

    def cut(self) -> None:
        """Every connection that there is, with what is on its way; what comes later is carried again."""
        ends, self._ends = self._ends, set()
        self.lose_requests = self.lose_replies = False
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                if self.refuse:
                    raise ConnectionRefusedError
                far.connect(os.fspath(self.server / PORT))
            except OSError:
                near.close()
                far.close()
                continue
            self._ends |= {near, far}
            self._carry(near, far, "lose_requests")
            self._carry(far, near, "lose_replies")

    def _carry(self, source: socket.socket, target: socket.socket, loss: str) -> None:
        on_the_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()

        def receive() -> None:
            data = b"more"
            while data:
                try:
                    data = source.recv(CHUNK)
                except OSError:
                    data = b""
                on_the_way.put((time.monotonic() + self._delay_s, data))
            source.close()

        def send() -> None:
            while (item := on_the_way.get())[1]:
                time.sleep(max(0.0, item[0] - time.monotonic()))
                with suppress(OSError):
                    if source in self._ends and not getattr(self, loss):
                        target.sendall(item[1])
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)

        for job in (receive, send):
            threading.Thread(target=job, daemon=True).start()


@contextmanager
def line_to(folder: Path, server: Path, delay_s: float = 0.0) -> Iterator[Line]:
    """folder: for its socket, whose path has at most 107 bytes. server: the folder of the server's socket."""
    line = Line(folder, server, delay_s)
    try:
        yield line
    finally:
        line.close()
