"""What stands at the other end of deliveries: a push service and a webhook's receiver in one, over TLS, in a thread of the test.

It answers what it is told to, and keeps what it got. The browser that it pushes to opens the bodies (RFC 8291) by its own key.
"""

import http.server
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.deadlines import HANG_S


def opened(sealed: bytes, browser: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a browser makes of the body of a push."""
    salt, size, id_bytes = sealed[:16], int.from_bytes(sealed[16:20], "big"), sealed[20]
    sender, body = sealed[21 : 21 + id_bytes], sealed[21 + id_bytes :]
    assert len(body) <= size
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    own = browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = browser.exchange(ec.ECDH(), theirs)

    def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
        return HKDF(hashes.SHA256(), length, salt, info).derive(secret)

    keying = derived(shared, auth, b"WebPush: info\0" + own + sender, 32)
    key = derived(keying, salt, b"Content-Encoding: aes128gcm\0", 16)
    plain = AESGCM(key).decrypt(derived(keying, salt, b"Content-Encoding: nonce\0", 12), body, None)
    assert plain.rstrip(b"\0").endswith(b"\x02"), "the last record"
    return plain.rstrip(b"\0")[:-1]


@dataclass
class Got:
    """One request. headers: their names in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """url: https, of this machine. answers: to a path, one after the other, the last for ever; 201 to the rest.

    held: while it is not set, requests are taken and not answered.
    """

    url: str
    got: list[Got] = field(default_factory=list)
    answers: dict[str, list[int]] = field(default_factory=dict)
    held: threading.Event = field(default_factory=threading.Event)
    came: threading.Condition = field(default_factory=threading.Condition)

    def at(self, path: str) -> list[Got]:
        return [each for each in self.got if each.path == path]

    def wait_for(self, path: str, count: int = 1) -> list[Got]:
        until = time.monotonic() + HANG_S
        with self.came:
            while len(found := self.at(path)) < count:
                assert self.came.wait(until - time.monotonic()), [each.path for each in self.got]
        return found

    def take(self, got: Got) -> int:
        with self.came:
            self.got.append(got)
            self.came.notify_all()
        self.held.wait(HANG_S)
        answers = self.answers.get(got.path, [201])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def running_receiver(chain: Path, key: Path) -> Iterator[Receiver]:
    """chain, key: of a certificate for 127.0.0.1."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            status = receiver.take(got)
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", receiver.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Who called has gone."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(f"https://127.0.0.1:{server.server_address[1]}")
    receiver.held.set()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.held.set()
        server.shutdown()
        server.server_close()
