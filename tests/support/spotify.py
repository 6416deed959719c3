"""A music service's two servers on this machine: tokens for an app's id and secret (RFC 6749, 4.4), and what only their bearer is told."""

import base64
import json
from typing import Any

from tests.support.web_files import WebFiles

APP, SECRET = "an-app-of-ours", "a-secret-to-be-found"
_PAIR = base64.b64encode(f"{APP}:{SECRET}".encode())
Json = Any  # any: JSON


class MusicService:
    """expires_s: how long its tokens are said to hold. ended: those that it takes no more. given: how many it gave."""

    def __init__(self, files: WebFiles) -> None:
        self._files = files
        self.expires_s: float = 3600
        self.given = 0
        self.ended: set[bytes] = set()
        files.answers["/api/token"] = self._token

    def knows(self, path: str, said: Json) -> None:
        self._files.answers[path] = lambda request: self._told(request, said)

    def _token(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0].startswith(b"POST /api/token HTTP/1.") and body == b"grant_type=client_credentials"
        assert b"Content-Type: application/x-www-form-urlencoded" in lines
        if b"Authorization: Basic " + _PAIR not in lines:
            return _answer(b"400 Bad Request", {"error": "invalid_client"})
        self.given += 1
        return _answer(
            b"200 OK",
            {"access_token": f"token-{self.given}", "token_type": "Bearer", "expires_in": self.expires_s},
        )

    def _told(self, request: bytes, said: Json) -> bytes:
        token = f"token-{self.given}".encode()
        if b"Authorization: Bearer " + token not in request.split(b"\r\n") or token in self.ended:
            return _answer(b"401 Unauthorized", {"error": {"status": 401}})
        return _answer(b"200 OK", said)


def _answer(status: bytes, said: Json) -> bytes:
    body = json.dumps(said).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
