"""A page of somebody else: for what is shown on pages of others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Blog(ThreadingHTTPServer):
    """Another site to the browser, for it has another name. frames: what stands in it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.frames = ""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_address[1]}/"


class _Answer(BaseHTTPRequestHandler):
    server: Blog

    def do_GET(self) -> None:
        head = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        body = f'{head}<link rel="icon" href="data:,"><title>Blog</title><p>A song:</p>{self.server.frames}'.encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def running_blog() -> Iterator[Blog]:
    with Blog() as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()
