"""What `sidechain doctor` finds between this machine and the relay: name, connection, certificate, answer, clock.

Each step has a deadline, and the first that fails ends the walk: what comes after it cannot be known. No credentials
are sent.
"""

import contextlib
import http.client
import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Generator, Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from daemon.core.checks import Check, note, ok, problem
from daemon.core.health import SET_A_RELAY
from daemon.errors import Offline, why_of
from daemon.uplink.route import route_to, trusted
from relay.wire.health import Health

STEP_LIMIT_S = 5.0
MAX_SKEW_S = 60.0  # tokens are dated; beyond a minute they are refused
PROXY_STEP = "Ask who runs the proxy, or set NO_PROXY to go directly; then restart the daemon."
HEALTH_PATH = "/health/live"
MAX_ANSWER_BYTES = 64 * 1024


def check_relay(url: str, certificate: str = "") -> Iterator[Check]:
    """Name, connection, TLS, health and clock of the relay at `url`, by the way that the daemon takes, through its proxy.

    certificate: the file of the one that proves it, if one is set. A way that cannot be taken at all is check_proxy's to tell.
    """
    if not url:
        yield note("relay", "No relay is configured: takes are kept here only.", f"To post: {SET_A_RELAY}")
        return
    try:
        route, context = route_to(url), trusted(certificate)
    except Offline:
        return
    parts = urlsplit(url)
    stream = yield from _connected(route.proxy or url, "proxy" if route.proxy else "relay")
    if stream is None:
        return
    with contextlib.ExitStack() as ends:
        ends.enter_context(stream)
        if route.proxy:
            refused = _through(stream, route.proxy, parts)
            if refused:
                yield refused
                return
            yield ok("proxy answer", f"{route.shown} lets us through to {parts.hostname}.")
        if parts.scheme == "https":
            try:
                stream = ends.enter_context(context.wrap_socket(stream, server_hostname=parts.hostname))
            except (ssl.SSLError, OSError) as error:
                yield problem(
                    "relay certificate",
                    f"The certificate of {parts.hostname} is not accepted: {why_of(error)}.",
                    "A proxy or portal may be in between; check the clock too.",
                )
                return
            yield ok("relay certificate", f"{parts.hostname} has proved its name ({stream.version()}).")
        yield from _ask(stream, parts.netloc)


def _connected(url: str, whom: str) -> Generator[Check, None, socket.socket | None]:
    """What is found on the way to whoever is connected to first, and the connection. whom: relay or proxy."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    setting = "relay_url" if whom == "relay" else "HTTPS_PROXY"
    try:
        found = {str(a[4][0]) for a in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        yield problem(
            f"{whom} name", f"{host} is not found ({error.strerror}).", f"Check {setting} and the network."
        )
        return None
    yield ok(f"{whom} name", f"{host} is {', '.join(sorted(found))}.")
    try:
        return socket.create_connection((host, port), STEP_LIMIT_S)
    except OSError as error:
        yield problem(
            f"{whom} connection",
            f"{host} port {port} does not answer ({why_of(error)}).",
            "Takes wait here meanwhile, and nothing is lost.",
        )
        return None


def _through(stream: socket.socket, proxy: str, to: SplitResult) -> Check | None:
    """Ask a proxy for a tunnel (RFC 9110, 9.3.6); None: there is one."""
    if urlsplit(proxy).scheme != "http":
        return note("proxy answer", "This proxy itself speaks TLS; what is behind it was not looked at.")
    name = f"{to.hostname}:{to.port or 443}"
    own = urlsplit(proxy)
    key = b64encode(f"{unquote(own.username or '')}:{unquote(own.password or '')}".encode()).decode()
    word = f"Proxy-Authorization: Basic {key}\r\n" if own.username else ""
    try:
        stream.sendall(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n{word}\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head and len(head) < MAX_ANSWER_BYTES:
            piece = stream.recv(1)  # what comes behind the head is the relay's already
            if not piece:
                break
            head += piece
    except OSError as error:
        return problem("proxy answer", f"The proxy does not answer ({why_of(error)}).", PROXY_STEP)
    status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    if status and status[1] == b"200":
        return None
    said = f"answers {int(status[1])}" if status else "does not answer as a proxy does"
    return problem("proxy answer", f"The proxy {said} and lets nothing through to {to.hostname}.", PROXY_STEP)


def _ask(stream: socket.socket, netloc: str) -> Iterator[Check]:
    stream.settimeout(STEP_LIMIT_S)
    connection = http.client.HTTPConnection(netloc, timeout=STEP_LIMIT_S)
    connection.sock = stream
    asked_s = time.time()
    try:
        connection.request("GET", HEALTH_PATH, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        content = answer.read(MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        yield problem("relay answer", f"The relay does not answer ({why_of(error)}).", "Try again later.")
        return
    if answer.status in (301, 302, 303, 307, 308, 511):
        yield problem(
            "relay answer", "Something in between answers with a redirect.", "Sign in to the network first."
        )
        return
    if answer.status != 200:
        yield problem("relay answer", f"The relay answers {answer.status}.", "Try again later.")
        return
    try:
        msgspec.json.decode(content, type=Health)
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield problem(
            "relay answer",
            f"What answers at {netloc} is not a relay of Sidechain.",
            "Check relay_url; sign in to the network first, if it has a page for that.",
        )
        return
    yield ok("relay answer", f"It answered in {(time.time() - asked_s) * 1000:.0f} ms.")
    yield _clock(answer.getheader("date"), (asked_s + time.time()) / 2)


def _clock(date: str | None, now_s: float) -> Check:
    try:
        skew_s = now_s - parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return note("clock", "The relay did not tell the time.")
    if abs(skew_s) > MAX_SKEW_S:
        return problem(
            "clock", f"This clock is {skew_s:+.0f} s off the relay's.", "Let the system set the clock."
        )
    return ok("clock", "This clock agrees with the relay's.")
