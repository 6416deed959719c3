"""What `sidechain doctor` finds between this machine and the relay: name, connection, certificate, answer, clock.

Each step has a deadline, and the first that fails ends the walk: what comes after it cannot be known. No credentials
are sent.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec

from daemon.core.checks import Check, note, ok, problem
from daemon.core.health import SET_A_RELAY
from daemon.errors import why_of
from relay.wire.health import Health

STEP_LIMIT_S = 5.0
MAX_SKEW_S = 60.0  # tokens are dated; beyond a minute they are refused
HEALTH_PATH = "/health/live"
MAX_ANSWER_BYTES = 64 * 1024


def check_relay(url: str, certificate: str = "") -> Iterator[Check]:
    """DNS, TCP, TLS, health and clock of the relay at `url`. certificate: the file of the one that proves it, if one is set."""
    if not url:
        yield note("relay", "No relay is configured: takes are kept here only.", f"To post: {SET_A_RELAY}")
        return
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = {str(a[4][0]) for a in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        yield problem(
            "relay name", f"{host} is not found ({error.strerror}).", "Check relay_url and the network."
        )
        return
    yield ok("relay name", f"{host} is {', '.join(sorted(found))}.")
    try:
        stream: socket.socket = socket.create_connection((host, port), STEP_LIMIT_S)
    except OSError as error:
        yield problem(
            "relay connection",
            f"{host} port {port} does not answer ({why_of(error)}).",
            "Takes wait here meanwhile, and nothing is lost.",
        )
        return
    with stream:
        if parts.scheme == "https":
            try:
                context = ssl.create_default_context(cafile=certificate or None)
                stream = context.wrap_socket(stream, server_hostname=host)
            except (ssl.SSLError, OSError) as error:
                yield problem(
                    "relay certificate",
                    f"The certificate of {host} is not accepted: {why_of(error)}.",
                    "A proxy or portal may be in between; check the clock too.",
                )
                return
            yield ok("relay certificate", f"{host} has proved its name ({stream.version()}).")
        yield from _ask(stream, parts.netloc)


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
