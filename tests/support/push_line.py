"""Mozilla's push service as Firefox speaks to it: the WebSocket on which a browser says hello, registers and is pushed to.

A browser is told of it by `dom.push.serverURL`. What a relay posts to the address that a browser got is handed on by `deliver`.
"""

import json
import queue
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.sync.server import ServerConnection, serve

from relay.features.deliveries.push import b64
from tests.support.deadlines import HANG_S
from tests.support.push_service import Got


@dataclass
class PushLine:
    """endpoints: where its addresses lie, https. channels: by their path. acknowledged: versions of pushes that the browser has taken."""

    endpoints: str
    url: str = ""
    channels: dict[str, tuple[ServerConnection, str]] = field(default_factory=dict)
    registered: "queue.Queue[str]" = field(default_factory=queue.Queue)
    acknowledged: "queue.Queue[tuple[str, int]]" = field(default_factory=queue.Queue)

    @property
    def preferences(self) -> dict[str, str | float | bool]:
        """Of a Firefox that has this for its push service, and may show notifications."""
        return {
            "dom.push.serverURL": self.url,
            "dom.push.testing.allowInsecureServerURL": True,
            "dom.push.connection.enabled": True,
            "permissions.default.desktop-notification": 1,
        }

    def subscribed(self) -> str:
        """The path of the address that a browser was given, once it has asked."""
        return self.registered.get(timeout=HANG_S)

    def deliver(self, got: Got) -> int:
        """To the browser, still sealed; how it says it went (100: it was decrypted and handed on)."""
        connection, channel = self.channels[got.path]
        version = secrets.token_hex(8)
        message = {
            "messageType": "notification",
            "channelID": channel,
            "version": version,
            "data": b64(got.body),
            "headers": {"encoding": got.headers["content-encoding"]},
        }
        connection.send(json.dumps(message))
        taken, code = self.acknowledged.get(timeout=HANG_S)
        assert taken == version
        return code

    def serve(self, connection: ServerConnection) -> None:
        for text in connection:
            if (answer := self._answer(connection, json.loads(text))) is not None:
                connection.send(json.dumps(answer))

    def _answer(self, connection: ServerConnection, said: dict[str, Any]) -> dict[str, Any] | None:
        kind = said.get("messageType")
        match kind:
            case None:
                return {}  # a ping
            case "hello":
                uaid = said.get("uaid") or secrets.token_hex(16)
                return {
                    "messageType": kind,
                    "uaid": uaid,
                    "status": 200,
                    "use_webpush": True,
                    "broadcasts": {},
                }
            case "register":
                path = f"/wpush/{secrets.token_hex(8)}"
                self.channels[path] = (connection, said["channelID"])
                self.registered.put(path)
                return {
                    "messageType": kind,
                    "channelID": said["channelID"],
                    "status": 200,
                    "pushEndpoint": self.endpoints + path,
                }
            case "ack":
                for each in said["updates"]:
                    self.acknowledged.put((each["version"], each["code"]))
        return None


@contextmanager
def running_push_line(endpoints: str) -> Iterator[PushLine]:
    line = PushLine(endpoints)
    with serve(line.serve, "127.0.0.1", 0) as server:
        line.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield line
        server.shutdown()
        thread.join(HANG_S)
