"""Somebody's web server, over TLS, in a thread of the test: files at paths, answers as raw as they are told to be."""

import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relay.engine import outward
from tests.support.mail_server import make_tls


@dataclass
class WebFiles:
    """answers: by path, the whole answer, or what makes it of the whole request. asked: heads of requests. url: https, of this machine."""

    url: str = ""
    answers: dict[str, bytes | Callable[[bytes], bytes]] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)

    def put(self, path: str, data: bytes, length: int | None = None) -> str:
        """A file; length: what it says. Its address."""
        said = len(data) if length is None else length
        self.answers[path] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % said + data
        return self.url + path

    def answer(self, path: str, request: bytes) -> bytes:
        found = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\n\r\n")
        return found if isinstance(found, bytes) else found(request)

    def lead(self, path: str, to: str) -> str:
        """A redirect. Its address."""
        self.answers[path] = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
        return self.url + path


@contextmanager
def running_web_files(chain: Path, key: Path) -> Iterator[WebFiles]:
    """chain, key: of a certificate for 127.0.0.1."""
    files, context = WebFiles(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), context.wrap_socket(self.request, server_side=True) as line:
                head = b""
                while b"\r\n\r\n" not in head and (piece := line.recv(4096)):
                    head += piece
                head, _, body = head.partition(b"\r\n\r\n")
                said = re.search(rb"(?i)\ncontent-length: (\d+)", head)
                while said and len(body) < int(said[1]):
                    body += line.recv(4096)
                files.asked.append(head + b"\r\n\r\n")
                path = head.split(b" ")[1].decode() if head else ""
                line.sendall(files.answer(path, head + b"\r\n\r\n" + body))
                line.unwrap()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        files.url = f"https://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield files
        finally:
            server.shutdown()


@contextmanager
def trusted_web_files(folder: Path) -> Iterator[WebFiles]:
    """The same, by TLS whose chain what goes out from here trusts. folder: for the chain and its key."""
    chain, key = make_tls(folder)
    with pytest.MonkeyPatch.context() as patch, running_web_files(chain, key) as running:
        patch.setattr(outward, "_context", lambda: ssl.create_default_context(cafile=str(chain)))
        yield running
