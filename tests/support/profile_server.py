"""A stand-in for Discord and for a GitHub server: OAuth 2 with PKCE and a profile, no id token. Only what signing in needs."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

TOKEN = "of-the-profile"


class ProfileServer:
    """who: the profile of whoever signs in next, at Discord's paths; octocat: at GitHub's. Its page says yes at once."""

    def __init__(self) -> None:
        self.who = {"id": "1", "username": "alice", "email": "same@example.com"}
        self.octocat: dict[str, object] = {"id": 583231, "login": "octocat", "email": "same@example.com"}
        self.challenges: dict[str, str] = {}
        self.url = ""

    def authorize(self, query: dict[str, list[str]], **more: str) -> str:
        """Where the browser goes back to. more: what else the answer says."""
        assert query["code_challenge_method"] == ["S256"]
        code = secrets.token_urlsafe(16)
        self.challenges[code] = query["code_challenge"][0]
        return f"{query['redirect_uri'][0]}?{urlencode({'code': code, 'state': query['state'][0], **more})}"

    def token(self, fields: dict[str, list[str]]) -> dict[str, str] | None:
        digest = hashlib.sha256(fields["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if self.challenges.pop(fields["code"][0], None) != challenge:
            return None
        return {"access_token": TOKEN, "token_type": "Bearer"}


@contextmanager
def running_profile_server() -> Iterator[ProfileServer]:
    server = ProfileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/oauth2/authorize":
                self.answer(302, {}, location=server.authorize(parse_qs(address.query)))
            elif address.path == "/login/oauth/authorize":  # which names itself since April 2026
                back = server.authorize(parse_qs(address.query), iss=f"{server.url}/login/oauth")
                self.answer(302, {}, location=back)
            elif address.path == "/api/v3/user" and self.headers.get("authorization") == f"Bearer {TOKEN}":
                self.answer(200, server.octocat)
            elif self.headers.get("authorization") == f"Bearer {TOKEN}":
                self.answer(200, server.who)
            else:
                self.answer(401, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            tokens = server.token(parse_qs(body))
            status = (
                400 if tokens is None and not self.path.startswith("/login") else 200
            )  # GitHub says errors with 200
            self.answer(status, tokens or {"error": "bad_verification_code"})

        def answer(self, status: int, body: Mapping[str, object], location: str = "") -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
