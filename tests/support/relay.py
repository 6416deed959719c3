"""A real relay process for tests, and a small client of it. The relay runs in development mode on a free port."""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.sync.client import ClientConnection, connect

from relay.wire import events
from relay.wire.identity import Device, DeviceRegister, TokenPair, claim_message, register_message
from relay.wire.rest import AudioPost
from tests.support.deadlines import HANG_S
from tests.support.engines import EMBEDDED, Engines

Kind = TypeVar("Kind")
CALL_LIMIT_S = HANG_S
ROOT = Path(__file__).parents[2]


@dataclass
class RelayProcess:
    """url: where it listens; data: its folder, which outlives it. metrics: where its figures are, if it serves them."""

    url: str
    data: Path
    process: subprocess.Popen[str]
    metrics: str = ""
    engines: Engines = EMBEDDED

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(CALL_LIMIT_S)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(CALL_LIMIT_S)


def start_relay(
    data: Path,
    *options: str,
    dev: bool = True,
    port: int = 0,
    module: str = "relay",
    cwd: Path = ROOT,
    engines: Engines = EMBEDDED,
) -> RelayProcess:
    """Start `python -m MODULE` and wait until it listens. Who starts it stops it. engines: what it stands on."""
    command = [
        sys.executable,
        "-m",
        module,
        "--data",
        str(data),
        "--port",
        str(port),
        "--json-log",
        *("--trusted-proxies", "127.0.0.1"),  # tests come from where they like
        *options,
    ]
    with (data.parent / f"{data.name}.log").open("ab") as log:
        process = subprocess.Popen(
            command + (["--dev"] if dev else []),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=cwd,
            env={
                **os.environ,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(ROOT),
                **engines.environment,
            },
        )
    assert process.stdout is not None
    line = process.stdout.readline()  # ends at once if the process does
    if not line:
        process.wait(CALL_LIMIT_S)
        process.stdout.close()
        raise RuntimeError((data.parent / f"{data.name}.log").read_text())
    said = json.loads(line)
    return RelayProcess(
        url=said["url"], data=data, process=process, metrics=said.get("metrics", ""), engines=engines
    )


@contextmanager
def running_relay(
    data: Path,
    *options: str,
    dev: bool = True,
    port: int = 0,
    module: str = "relay",
    cwd: Path = ROOT,
    engines: Engines = EMBEDDED,
) -> Iterator[RelayProcess]:
    relay = start_relay(data, *options, dev=dev, port=port, module=module, cwd=cwd, engines=engines)
    try:
        yield relay
    finally:
        if relay.process.poll() is None:
            relay.stop()
        if relay.process.stdout is not None:
            relay.process.stdout.close()


class RelayClient:
    """One device of one account, by httpx; `sign_in` makes both."""

    def __init__(self, url: str, key: Ed25519PrivateKey | None = None) -> None:
        self.url = url
        self.key = key or Ed25519PrivateKey.generate()
        self.http = httpx.Client(base_url=url + "/api/v1", timeout=CALL_LIMIT_S, trust_env=False)
        self.pair: TokenPair | None = None

    def close(self) -> None:
        self.http.close()

    def register(self) -> Device:
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        answer = self.http.post("/auth/device", json=device_facts(self.key, b64(public)))
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=Device)

    def claim_body(self, device: Device, username: str) -> dict[str, str]:
        signature = self.key.sign(claim_message(device.device_id, device.challenge))
        return {
            "device_id": device.device_id,
            "username": username,
            "challenge": device.challenge,
            "signature": b64(signature),
        }

    def sign_in(self, username: str) -> TokenPair:
        """Register, claim as username, and use the access token from here on."""
        answer = self.http.post("/auth/claim", json=self.claim_body(self.register(), username))
        answer.raise_for_status()
        return self.use(msgspec.json.decode(answer.content, type=TokenPair))

    def use(self, pair: TokenPair) -> TokenPair:
        self.pair = pair
        self.http.headers["authorization"] = f"Bearer {pair.access_token}"
        return pair

    @property
    def username(self) -> str:
        assert self.pair is not None
        return self.pair.user.username

    @property
    def user_id(self) -> str:
        assert self.pair is not None
        return self.pair.user.id

    def upload(self, audio: bytes, *, entry_id: str | None = None, **meta: Any) -> httpx.Response:
        """POST /audio/upload. meta: fields of UploadMeta; sha256 is filled in."""
        body = json.dumps({"title": "test", "sha256": sha256(audio).hexdigest(), **meta})
        meta_part: tuple[str, str | bytes, str] = ("", body, "application/json")
        audio_part: tuple[str, str | bytes, str] = ("take", audio, "application/octet-stream")
        parts = {"meta": meta_part, "audio": audio_part}
        headers = {"idempotency-key": entry_id or secrets.token_hex(16)}
        return self.http.post("/audio/upload", files=parts, headers=headers)

    def tus(self, method: str, path: str, body: bytes | None = None, **headers: str) -> httpx.Response:
        """A request of tus 1.0. path: under /api/v1, or a Location. headers: upload_offset="0" and the like."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named = {"content-type": "application/offset+octet-stream"} | named
        address = self.url + path if path.startswith("/api/") else path
        return self.http.request(method, address, content=body, headers={"tus-resumable": "1.0.0"} | named)

    def post(self, audio: bytes, **meta: Any) -> AudioPost:
        """Upload and expect a new post."""
        answer = self.upload(audio, **meta)
        assert answer.status_code == 201, answer.text
        return msgspec.json.decode(answer.content, type=AudioPost)

    def follow(self, username: str) -> None:
        self.http.post("/social/follow", json={"username": username}).raise_for_status()

    def socket(self, cursor: str | None = None, **options: Any) -> "RelaySocket":
        """A WebSocket that has said Connect. options: of RelaySocket, and fields of Connect."""
        assert self.pair is not None
        return RelaySocket(self.url, self.pair.access_token, cursor, **options)


class RelaySocket:
    """A connection speaking msgpack. connected: the answer to Connect.

    jobs, notifications: how far those are, and how many these are, is heard, not passed over.
    """

    def __init__(
        self,
        url: str,
        token: str,
        cursor: str | None,
        *,
        jobs: bool = False,
        notifications: bool = False,
        **options: Any,
    ) -> None:
        self._passed_over = tuple(
            kind
            for kind, wanted in ((events.JobProgress, jobs), (events.NotificationsTold, notifications))
            if not wanted
        )
        self._stack = ExitStack()
        opened = connect(
            url.replace("http", "ws", 1) + "/api/v1/ws",
            additional_headers={"Authorization": f"Bearer {token}"},
            subprotocols=[events.SUBPROTOCOL_MSGPACK],  # type: ignore[list-item]
            compression=None,
            proxy=None,
            open_timeout=CALL_LIMIT_S,
        )
        self.raw: ClientConnection = self._stack.enter_context(opened)
        self._frames = events.Frames(json=False)
        self._waiting: list[events.FromRelay] = []
        self._next = 1
        self.hello = self.expect(events.Hello)
        self.send(events.Connect(cursor=cursor, **options))
        self.connected = self.expect(events.Connected)

    def send(self, *messages: events.FromClient) -> None:
        self.raw.send(msgspec.msgpack.encode(list(messages)))

    def next(self, timeout_s: float = CALL_LIMIT_S) -> events.FromRelay:
        """The next message. Raises TimeoutError, and websockets' ConnectionClosed."""
        while not self._waiting:
            data = self.raw.recv(timeout=timeout_s)
            assert isinstance(data, bytes)
            number, messages = self._frames.of_relay(data)
            assert number == self._next, "messages are numbered without a hole"
            self._next += len(messages)
            self._waiting += [
                each for each in messages if each is not None and not self._is_passed_over(each)
            ]
        return self._waiting.pop(0)

    def _is_passed_over(self, message: events.FromRelay) -> bool:
        told = events.read_payload(message) if isinstance(message, events.Event) else None
        return isinstance(told, self._passed_over)

    def expect(self, kind: type[Kind]) -> Kind:
        message = self.next()
        assert isinstance(message, kind), message
        return message

    def close(self) -> None:
        self._stack.close()


def device_facts(key: Ed25519PrivateKey, public: str) -> dict[str, str]:
    """The body of a registration, signed."""
    unsigned = DeviceRegister(public_key=public, name="test", platform="linux", version="0", signature="")
    signature = b64(key.sign(register_message(unsigned)))
    return {"public_key": public, "name": "test", "platform": "linux", "version": "0", "signature": signature}


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
