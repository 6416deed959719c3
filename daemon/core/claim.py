"""A claim, decided: what the browser is asked, which request to the loopback address is its answer, when to ask again.

RFC 8252 (native programs), RFC 7636 (PKCE), RFC 9207 (`iss`), RFC 8414 (metadata), RFC 8628 (device grant).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from relay.wire.oauth import CLIENT_ID, Metadata

SECOND_US = 1_000_000
LISTEN_LIMIT_US = 300 * SECOND_US
BROWSER_PATIENCE_US = 60 * SECOND_US
"""How long only the browser is waited for; then there is a code as well, and the first to come wins."""
MAX_BAD_REQUESTS = 10
MAX_HEAD_BYTES = 8 * 1024
SLOW_DOWN_S = 5
MAX_POLL_S = 60
CALLBACK = "/callback/"
_CODE = re.compile(r"[A-Za-z0-9_-]{22,128}")


def b64url(data: bytes) -> str:
    """base64url without padding. [any]"""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Attempt(Struct, frozen=True, kw_only=True):
    """The secrets of one attempt, 256 random bits each. They live in memory only and work once."""

    verifier: str
    state: str
    nonce: str
    path: str

    @classmethod
    def of(cls, random: bytes) -> "Attempt":
        """random: 128 bytes that nobody else has."""
        verifier, state, nonce, path = (b64url(random[at : at + 32]) for at in range(0, 128, 32))
        return cls(verifier=verifier, state=state, nonce=nonce, path=CALLBACK + path)

    def redirect_uri(self, port: int) -> str:
        return f"http://127.0.0.1:{port}{self.path}"


def authorize_url(metadata: Metadata, attempt: Attempt, port: int, device_id: str) -> str:
    """What to open in the browser. [any]"""
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": attempt.redirect_uri(port),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": b64url(hashlib.sha256(attempt.verifier.encode()).digest()),
        "code_challenge_method": "S256",
        "device_id": device_id,
    }
    return f"{metadata.authorization_endpoint}?{urlencode(query)}"


def fault_of_metadata(metadata: Metadata, relay_url: str) -> str | None:
    """Why this is not the relay that is configured, as a sentence; None when it is (RFC 8414, 3.3). [any]"""
    if metadata.issuer != relay_url:
        return f"The relay calls itself {metadata.issuer}, but relay_url is {relay_url}."
    addresses = (
        metadata.authorization_endpoint,
        metadata.token_endpoint,
        metadata.device_authorization_endpoint,
        metadata.claimed_page,
        metadata.unclaimed_page,
    )
    if not all(each.startswith(relay_url + "/") for each in addresses):
        return "The relay names addresses of another server."
    if "S256" not in metadata.code_challenge_methods_supported:
        return "The relay does not know PKCE with S256."
    return None


# the answer of the browser ------------------------------------------------------------------------------------------


class Ignored(Struct, frozen=True, kw_only=True):
    """Not the answer; go on listening. counts: towards MAX_BAD_REQUESTS."""

    status: int
    counts: bool = True


class Granted(Struct, frozen=True, kw_only=True):
    code: str


class Denied(Struct, frozen=True, kw_only=True):
    """Somebody pressed no, or the relay would not have it. error: the RFC's word."""

    error: str


def read_callback(head: bytes, attempt: Attempt, port: int, issuer: str) -> Ignored | Granted | Denied:
    """What one HTTP request to the listener is. head: up to and without the empty line. [any]

    Everything but the one navigation that was asked for is a stranger: another program of this machine, a page
    that tries ports, a name that was bound anew to 127.0.0.1.
    """
    try:
        request, *lines = head.decode("ascii").split("\r\n")
        method, target, _version = request.split(" ")
        pairs = [line.split(":", 1) for line in lines]
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
    except ValueError:
        return Ignored(status=400)
    if len(headers) != len(pairs) or headers.get("host") != f"127.0.0.1:{port}":
        return Ignored(status=403)
    if target == "/favicon.ico":
        return Ignored(status=404, counts=False)
    if method != "GET" or "upgrade" in headers:
        return Ignored(status=405)
    foreign = headers.get("sec-fetch-mode", "navigate") != "navigate"
    if foreign or headers.get("sec-fetch-dest", "document") != "document":
        return Ignored(status=403)
    address = urlsplit(target)
    if address.netloc or not hmac.compare_digest(address.path.encode(), attempt.path.encode()):
        return Ignored(status=404)
    return _read_answer(address.query, attempt, issuer)


def _read_answer(query: str, attempt: Attempt, issuer: str) -> Ignored | Granted | Denied:
    try:
        given = parse_qs(query, max_num_fields=8, strict_parsing=True)
    except ValueError:
        return Ignored(status=400)
    fields = {name: values[0] for name, values in given.items() if len(values) == 1}
    if not hmac.compare_digest(fields.get("state", "").encode(), attempt.state.encode()):
        return Ignored(status=403)
    if fields.get("iss") != issuer:  # mix-up: an answer, but of another server
        return Ignored(status=403)
    if "error" in fields:
        return Denied(error=fields["error"][:64])
    code = fields.get("code", "")
    return Granted(code=code) if _CODE.fullmatch(code) else Ignored(status=400)


# the device grant ---------------------------------------------------------------------------------------------------


def next_poll_s(interval_s: int, error: str) -> int | None:
    """How long to wait after a poll was answered by `error`; None: it is over. "offline": there was no answer. [any]"""
    match error:
        case "authorization_pending":
            return interval_s
        case "slow_down":
            return interval_s + SLOW_DOWN_S
        case "offline":
            return min(2 * interval_s, MAX_POLL_S)
        case _:
            return None


def without_a_browser(env: Mapping[str, str], platform: str) -> str | None:
    """Why no browser can be opened for whoever types here, as a sentence; None when it can. [any]"""
    if env.get("SSH_CONNECTION") or env.get("SSH_TTY"):
        return "This is a remote session, so a browser here would be on the wrong machine."
    if env.get("BROWSER"):
        return None
    if platform == "linux" and not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
        return "There is no display to open a browser on."
    return None
