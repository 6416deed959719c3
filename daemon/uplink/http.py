"""HTTP to the relay: the only module that imports httpx. Not here: tokens, and what is asked.

Every call has a connect, a read and a total deadline and a limit on the decoded answer (a server, or somebody in its
place, may send a compression bomb or a byte a second). Redirects are not followed: credentials go where configured.
"""

import asyncio
import functools
import logging
import ssl
import time
import urllib.parse
from collections.abc import AsyncGenerator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from daemon.errors import Obstacle, Offline, RelayRefused
from daemon.system.late_import import imported_late
from daemon.uplink.route import route_to, trusted
from relay.wire import oauth, rest
from relay.wire.operations import Operation
from relay.wire.tus import CHECKSUM_MISMATCH

if TYPE_CHECKING:
    import httpx
else:
    httpx = imported_late("httpx")  # a twelfth of the daemon's start, which no relay has to wait for

B = TypeVar("B")
Q = TypeVar("Q")
R = TypeVar("R")
log = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_LIMIT_S = 10.0
READ_LIMIT_S = 20.0
TOTAL_LIMIT_S = 30.0
SOUND_LIMIT_S = 600.0
PIECE_LIMIT_S = 5.0
MAX_ANSWER_BYTES = 1024 * 1024
MAX_RETRY_AFTER_DIGITS = 9  # the outbox waits an hour at most, whatever is asked
TRANSIENT = {408, 409, 425, 429, CHECKSUM_MISMATCH}
REFUSED_BUSY = {503}
FINAL = {"version_conflict", "idempotency_mismatch"}  # of the 409s: asked again, the answer is the same
RELAY_WIDE = {407, 429, 502, 503, 504, 511}
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
OK, BAD_REQUEST, UNAUTHORIZED = 200, 400, 401
PROXY_REFUSES, PORTAL = 407, 511


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """headers: names in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class RelayHttp:
    """Calls of one relay, with nobody's token. All methods are [loop]. Raises Offline, RelayRefused."""

    def __init__(self, base_url: str, certificate: str = "") -> None:
        """certificate: a file, the only one that proves this relay; "": as other programs have it."""
        self.base_url = base_url
        self.certificate = certificate

    @functools.cached_property
    def _http(self) -> "httpx.AsyncClient":
        """Made when first needed: proxy or certificates may be amiss, which is no reason not to start. Raises Offline."""
        return httpx.AsyncClient(
            base_url=self.base_url + rest.API_PREFIX,
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            trust_env=False,
            proxy=route_to(self.base_url).proxy,
            verify=trusted(self.certificate) if self.base_url.startswith("https:") else False,
        )

    async def close(self) -> None:
        if "_http" in self.__dict__:
            await self._http.aclose()

    async def get(self, address: str, answer: type[T]) -> T:
        """What stands at a whole address."""
        return self.decoded(await self.exchange("GET", address, {}, b""), answer)

    async def do(self, operation: Operation[B, Q, R], body: B | None = None) -> R:
        """An operation of the wire that needs no token and whose path has no parameters."""
        headers, content = json_of(body)
        answer = await self.exchange(operation.method, path_of(operation), headers, content)
        return self.decoded(answer, operation.reply)

    async def form(self, url: str, fields: dict[str, str], answer: type[T]) -> T:
        """POST a form, as OAuth wants it. A RelayRefused has the RFC's word for its code."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        content = urllib.parse.urlencode(fields).encode()
        return self.decoded(await self.exchange("POST", url, headers, content), answer)

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        limit_s: float = TOTAL_LIMIT_S,
        silence_s: float = READ_LIMIT_S,
    ) -> Answer:
        """Any status is an answer. Raises Offline, when there is none in time, or one that is too large."""
        timeout = httpx.Timeout(silence_s, connect=CONNECT_LIMIT_S)
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(limit_s):
                async with self._http.stream(
                    method, url, headers=headers, content=content, timeout=timeout
                ) as response:
                    _require_plain(response)
                    data = bytearray()
                    async for chunk in response.aiter_raw():
                        data += chunk
                        if len(data) > MAX_ANSWER_BYTES:
                            raise httpx.RemoteProtocolError(f"answer larger than {MAX_ANSWER_BYTES} bytes")
                    took_ms = (time.monotonic() - began_s) * 1000
                    log.debug("%s %s: %d, %.1f ms", method, response.url.path, response.status_code, took_ms)
                    return Answer(status=response.status_code, headers=response.headers, content=bytes(data))
        except (httpx.TransportError, TimeoutError) as error:
            said, next_step = _in_words(error)
            raise Offline(
                f"The relay at {self.base_url} does not answer: {said}.",
                next_step,
                no_answer=True,
                obstacle="route" if is_barred(error) else "",
                may_have_arrived=not _is_before_asking(error),
            ) from error

    async def sound(
        self,
        path: str,
        headers: Mapping[str, str],
        limit_bytes: int,
        silence_s: float = PIECE_LIMIT_S,
    ) -> AsyncGenerator[tuple[bytes, int], None]:
        """A file in pieces, each with the bytes there are in all (0: not told). Nothing above `limit_bytes`, or after a longer silence."""
        timeout = httpx.Timeout(silence_s, connect=PIECE_LIMIT_S)
        until = time.monotonic() + SOUND_LIMIT_S
        try:
            async with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
                _require_plain(response)
                told = response.headers.get("content-length", "")
                total_bytes, done = int(told) if told.isdigit() else 0, 0
                data = bytearray()
                async for chunk in response.aiter_raw():
                    done += len(chunk)
                    if max(done, total_bytes) > limit_bytes or time.monotonic() > until:
                        raise httpx.RemoteProtocolError(f"more than {limit_bytes} bytes, or too slow")
                    if response.status_code == OK:
                        yield chunk, total_bytes
                    else:
                        data += chunk[:MAX_ANSWER_BYTES]
                if response.status_code != OK:
                    status, answered = response.status_code, response.headers
                    raise self.refusal(Answer(status=status, headers=answered, content=bytes(data)))
        except (httpx.TransportError, TimeoutError) as error:
            said, next_step = _in_words(error)
            raise Offline(
                f"The relay at {self.base_url} does not deliver the sound: {said}.", next_step
            ) from error

    def decoded(self, answer: Answer, kind: type[T]) -> T:
        if answer.status >= BAD_REQUEST:
            raise self.refusal(answer)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.ValidationError as error:
            raise self.not_understood(str(error)) from error
        except UNREADABLE as error:
            log.warning("an answer of %s is not JSON: %s", self.base_url, error)
            raise self._not_the_relay(answer) from error

    def not_understood(self, why: str) -> Offline:
        """why: for the log."""
        log.warning("an answer of the relay at %s is not understood: %s", self.base_url, why)
        said = f"An answer of the relay at {self.base_url} is not understood."
        return Offline(said, "Update Sidechain.", may_have_arrived=True)

    def refusal(self, answer: Answer) -> Offline | RelayRefused:
        """What an answer that is not the one wanted means: to be tried again, or a no.

        A no is final only in the relay's own words. What a portal, a proxy or a server in its place says is not.
        """
        status, headers, data = answer.status, answer.headers, answer.content
        if status == BAD_REQUEST and headers.get("content-type", "").startswith("application/json"):
            try:
                told = msgspec.json.decode(data, type=oauth.OAuthProblem)
                return RelayRefused(told.error_description or told.error, status=status, code=told.error)
            except UNREADABLE:
                pass
        try:
            problem = msgspec.json.decode(data, type=rest.Problem)
        except UNREADABLE:
            return self._not_the_relay(answer)
        if status >= 500 or (status in TRANSIENT and problem.code not in FINAL):
            return Offline(
                problem.detail,
                problem.next_step,
                retry_after_s=_retry_after_s(headers),
                relay_wide=status in RELAY_WIDE,
                may_have_arrived=_is_failure(status),
            )
        return RelayRefused(problem.detail, problem.next_step, status=status, code=problem.code)

    def _not_the_relay(self, answer: Answer) -> Offline:
        """A portal's page, a proxy's, or a server's that has lost the relay behind it."""
        return Offline(
            f"What answers at {self.base_url} is not the relay, or not well (HTTP {answer.status}).",
            "If it lasts: sign in to the network, or look at the proxy.",
            retry_after_s=_retry_after_s(answer.headers),
            relay_wide=answer.status < BAD_REQUEST or answer.status in RELAY_WIDE,
            may_have_arrived=_is_failure(answer.status),
            obstacle=obstacle_of(answer.status),
        )


def obstacle_of(status: int) -> Obstacle:
    """What answers with such a status, and is no relay: a portal its page or 511 (RFC 6585, 6), a proxy 407 (RFC 9110, 15.5.8). [any]"""
    if status < BAD_REQUEST or status == PORTAL:
        return "portal"
    return "route" if status == PROXY_REFUSES else ""


def is_barred(error: BaseException) -> bool:
    """A proxy refuses, or a certificate is not accepted."""
    return isinstance(error, httpx.ProxyError) or bool(_certificate_fault(error))


def _is_failure(status: int) -> bool:
    """Whether it went wrong on the way or at the relay, after it was asked."""
    return status >= 500 and status not in REFUSED_BUSY


def path_of(operation: Operation[B, Q, R], query: Q | None = None, **parameters: str) -> str:
    """Under /api/v1, with its parameters and query filled in. [any]"""
    quoted = {name: urllib.parse.quote(value, safe="") for name, value in parameters.items()}
    path = operation.at(**quoted).removeprefix(rest.API_PREFIX)
    given = {} if query is None else msgspec.to_builtins(query)
    fields = {name: value for name, value in given.items() if value is not None}
    return f"{path}?{urllib.parse.urlencode(fields)}" if fields else path


def _is_before_asking(error: Exception) -> bool:
    """No byte of the request can have arrived."""
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)


def _in_words(error: Exception) -> tuple[str, str]:
    """What went wrong on the line, and what a person can do about it."""
    if refused := _certificate_fault(error):
        return (
            f"its certificate is not accepted ({refused})",
            "Sign in to the network if it asks for that; look at the proxy and at this computer's clock.",
        )
    match error:
        case httpx.TimeoutException() | TimeoutError():
            said = "nothing came in time"
        case httpx.ConnectError():
            said = "no connection to it can be made"
        case httpx.ProtocolError():
            said = f"what it says is not as it should be ({error})"
        case _:
            said = "the connection broke"
    return said, "Check the network if it lasts."


def _certificate_fault(error: BaseException | None) -> str:
    """What OpenSSL has against the certificate, somewhere among the causes of `error`; "" when it is something else."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return ""


def json_of(body: object) -> tuple[dict[str, str], bytes]:
    """Headers and content of a body."""
    if body is None:
        return {}, b""
    return {"Content-Type": "application/json"}, msgspec.json.encode(body)


def _require_plain(response: "httpx.Response") -> None:
    """We asked for no compression; what unpacks to a thousand times its size is not even looked at."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx.RemoteProtocolError("a compressed answer, which was not asked for")


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds, or a date against the relay's own (RFC 9110, 10.2.3). None: not told, or not understood."""
    after = headers.get("retry-after", "")
    if after.isascii() and after.isdigit():
        return float(after[:MAX_RETRY_AFTER_DIGITS])
    try:
        until, now = parsedate_to_datetime(after), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
