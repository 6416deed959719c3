"""HTTP to the relay: the only module that imports httpx. Tokens, uploads, feed pages.

Every call has a connect, a read and a total deadline and a limit on the decoded answer (a server, or somebody in its
place, may send a compression bomb or a byte a second). Redirects are not followed: credentials go where configured.
"""

import asyncio
import logging
import time
import urllib.parse
from collections.abc import AsyncGenerator, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
import msgspec

from daemon.core.claim import b64url
from daemon.errors import NotClaimed, Offline, RelayRefused
from daemon.shell.identity.credentials import Identity
from relay.wire import oauth, rest
from relay.wire.tus import CHECKSUM_MISMATCH

log = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_LIMIT_S = 10.0
READ_LIMIT_S = 20.0
TOTAL_LIMIT_S = 30.0
AUDIO_LIMIT_S = 600.0
PROCESS_LIMIT_S = 120.0  # the relay decodes and encodes meanwhile, and says nothing
MAX_ANSWER_BYTES = 1024 * 1024
MAX_RETRY_AFTER_DIGITS = 9  # the outbox waits an hour at most, whatever is asked
REFRESH_EARLY_S = 60.0
TRANSIENT = {408, 409, 425, 429, CHECKSUM_MISMATCH}
RELAY_WIDE = {407, 429, 502, 503, 504, 511}
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
OK, BAD_REQUEST, UNAUTHORIZED = 200, 400, 401


def _refresh_request(identity: Identity, token: str) -> rest.TokenRefresh:
    """Signed, so that the token alone is worth nothing to who steals it."""
    return rest.TokenRefresh(
        refresh_token=token, signature=b64url(identity.sign(oauth.refresh_message(token)))
    )


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """headers: names in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def _json_of(body: msgspec.Struct | None) -> tuple[dict[str, str], bytes]:
    if body is None:
        return {}, b""
    return {"Content-Type": "application/json"}, msgspec.json.encode(body)


def _require_plain(response: httpx.Response) -> None:
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


class RelayClient:
    """One relay, one device. All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, base_url: str, lost: Callable[[], None]) -> None:
        """lost: told when the relay says that this device is nobody's any more."""
        self.base_url = base_url
        self._lost = lost
        self._http = httpx.AsyncClient(
            base_url=base_url + rest.API_PREFIX,
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        self._identity: Identity | None = None
        self._access: str | None = None
        self._access_until = 0.0
        self._refreshing = asyncio.Lock()

    def use(self, identity: Identity | None) -> None:
        """The identity whose refresh token is used from now on; None: nobody's."""
        self._identity = identity
        self._access = None

    async def close(self) -> None:
        await self._http.aclose()

    # tokens ---------------------------------------------------------------------------------------------------

    async def claim(self, identity: Identity, username: str, facts: rest.DeviceRegister) -> rest.TokenPair:
        """Register the device and join it to `username` by the relay's local sign-in."""
        device = await self.register(facts)
        claim = rest.DevClaim(
            device_id=device.device_id, username=username, challenge=device.challenge,
            signature=b64url(identity.sign(rest.claim_message(device.device_id, device.challenge))),
        )  # fmt: skip
        return await self._public("POST", "/auth/claim", rest.TokenPair, body=claim)

    async def register(self, device: rest.DeviceRegister) -> rest.Device:
        """Make the device known, by its key."""
        return await self._public("POST", "/auth/device", rest.Device, body=device)

    async def farewell(self, given: rest.DeviceFarewell) -> None:
        """The relay ends all that a device has, which has signed this; its tokens and its key may be gone."""
        await self._public("POST", "/auth/farewell", rest.DeviceRevoked, body=given)

    async def access_token(self, *, refused: str | None = None) -> str:
        """A token good for a minute at least, and not the one that was `refused`; one refresh at a time."""
        async with self._refreshing:
            if self._access and self._access != refused and time.monotonic() < self._access_until:
                return self._access
            refresh = await asyncio.to_thread(self._identity.refresh_token) if self._identity else None
            if not refresh or not self._identity:
                raise NotClaimed("This device belongs to no account.", "Run `sidechain claim`.")
            identity = self._identity
            try:
                pair = await self._public(
                    "POST",
                    "/auth/refresh",
                    rest.TokenPair,
                    body=_refresh_request(identity, refresh),
                )
            except RelayRefused as error:
                if error.status != UNAUTHORIZED:
                    raise
                # It will never be worth anything again, and a token that lies around helps only thieves.
                await asyncio.to_thread(identity.forget)
                self.use(None)
                self._lost()
                raise NotClaimed(
                    f"The relay no longer knows this device: {error.message}", "Run `sidechain claim` again."
                ) from error
            await self._keep(identity, pair)
            return pair.access_token

    async def renew(self) -> str:
        """A token younger than the one in use, which the relay may still take."""
        return await self.access_token(refused=self._access)

    async def adopt(self, identity: Identity, pair: rest.TokenPair) -> None:
        """Use the tokens of a new claim from now on.

        Not while the old ones are being refreshed: a refusal of those wipes what lies on the disk.
        """
        async with self._refreshing:
            await self._keep(identity, pair)

    async def _keep(self, identity: Identity, pair: rest.TokenPair) -> None:
        """On the disk before the old ones may be forgotten."""
        await asyncio.to_thread(identity.save_refresh_token, pair.refresh_token)
        self._identity = identity
        self._access = pair.access_token
        self._access_until = time.monotonic() + pair.expires_in - REFRESH_EARLY_S

    # what an account does ---------------------------------------------------------------------------------------

    async def process(
        self, entry_id: str, upload_id: str, meta: rest.UploadMeta, allowed: Callable[[], bool]
    ) -> rest.AudioPost:
        """The Post of an upload that has arrived; `allowed` as for `call`."""
        body = msgspec.json.encode(rest.AudioProcess(upload_id=upload_id, meta=meta))
        headers = {"Idempotency-Key": entry_id, "Content-Type": "application/json"}
        answer = await self.call(
            "POST", "/audio/process", headers, body,
            limit_s=PROCESS_LIMIT_S, silence_s=PROCESS_LIMIT_S, allowed=allowed,
        )  # fmt: skip
        return self._decoded(answer, rest.AudioPost)

    async def timeline(self, limit: int, cursor: str | None = None) -> rest.FeedPage:
        """A page of the feed; cursor: `next` of the page before."""
        query = urllib.parse.urlencode({"limit": limit} | ({"cursor": cursor} if cursor else {}))
        return await self._authorized("GET", f"/feed/timeline?{query}", rest.FeedPage)

    async def author_posts(self, user_id: str, limit: int) -> rest.FeedPage:
        """The newest posts of one author."""
        return await self._authorized("GET", f"/feed/user/{user_id}?limit={limit}", rest.FeedPage)

    async def follow(self, username: str, follow: bool) -> rest.Followed:
        verb = "follow" if follow else "unfollow"
        return await self._authorized(
            "POST", f"/social/{verb}", rest.Followed, body=rest.FollowRequest(username=username)
        )

    async def like(self, post_id: str, like: bool = True) -> rest.AudioPost:
        """The post as it is then."""
        path = "/social/like" if like else "/social/unlike"
        return await self._authorized("POST", path, rest.AudioPost, body=rest.LikeRequest(post_id=post_id))

    async def react(self, post_id: str, emoji: str, react: bool = True) -> rest.AudioPost:
        """The post as it is then."""
        body = rest.ReactRequest(post_id=post_id, emoji=emoji)
        if react:
            return (await self._authorized("POST", "/social/react", rest.Reacted, body=body)).post
        return await self._authorized("POST", "/social/unreact", rest.AudioPost, body=body)

    async def audio(self, post_id: str, limit_bytes: int) -> AsyncGenerator[tuple[bytes, int], None]:
        """The post's MP3 in pieces, each with the bytes there are in all (0: not told). Nothing above `limit_bytes`."""
        path = f"/audio/{urllib.parse.quote(post_id, safe='')}/mp3"
        until = time.monotonic() + AUDIO_LIMIT_S
        try:
            token = None
            for last in (False, True):
                token = await self.access_token(refused=token)
                headers = {"Authorization": f"Bearer {token}", "Accept": "audio/mpeg"}
                async with self._http.stream("GET", path, headers=headers) as response:
                    if response.status_code == UNAUTHORIZED and not last:
                        continue
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
                        raise self.refusal(
                            Answer(status=response.status_code, headers=response.headers, content=bytes(data))
                        )
                    return
        except (httpx.TransportError, TimeoutError) as error:
            raise Offline(
                f"The relay at {self.base_url} does not deliver the sound ({type(error).__name__}).",
                "Check the network, then play it again.",
            ) from error

    async def me(self) -> rest.Producer:
        return await self._authorized("GET", "/users/me", rest.Producer)

    # what is neither JSON nor under /api/v1 -----------------------------------------------------------------------

    async def get(self, url: str, answer: type[T]) -> T:
        """A public document of the relay."""
        return await self._public("GET", url, answer)

    async def form(self, url: str, fields: dict[str, str], answer: type[T]) -> T:
        """POST a form, as OAuth wants it. A RelayRefused has the RFC's word for its code."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        content = urllib.parse.urlencode(fields).encode()
        return self._decoded(await self._exchange("POST", url, headers, content), answer)

    # transport --------------------------------------------------------------------------------------------------

    async def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes = b"",
        *,
        limit_s: float = TOTAL_LIMIT_S,
        silence_s: float = READ_LIMIT_S,
        allowed: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """A call with the access token; once more with a new one when it is refused (401). Any status is an answer.

        allowed: asked when the token is there and before it is used, as the account may have changed meanwhile.
        """
        token = None
        for _ in range(2):
            token = await self.access_token(refused=token)
            if not allowed():
                raise NotClaimed("This device belongs to another account by now.")
            with_token = {**headers, "Authorization": f"Bearer {token}"}
            answer = await self._exchange(method, url, with_token, content, limit_s, silence_s)
            if answer.status != UNAUTHORIZED:
                break
        return answer

    async def _authorized(
        self, method: str, path: str, answer: type[T], *, body: msgspec.Struct | None = None
    ) -> T:
        headers, content = _json_of(body)
        return self._decoded(await self.call(method, path, headers, content), answer)

    async def _public(
        self, method: str, path: str, answer: type[T], *, body: msgspec.Struct | None = None
    ) -> T:
        """A call without a token."""
        headers, content = _json_of(body)
        return self._decoded(await self._exchange(method, path, headers, content), answer)

    def _decoded(self, answer: Answer, kind: type[T]) -> T:
        if answer.status >= BAD_REQUEST:
            raise self.refusal(answer)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except UNREADABLE as error:
            raise self.not_understood(str(error)) from error

    def not_understood(self, why: str) -> Offline:
        return Offline(
            f"An answer of the relay at {self.base_url} is not understood: {why}.", "Update Sidechain."
        )

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        limit_s: float = TOTAL_LIMIT_S,
        silence_s: float = READ_LIMIT_S,
    ) -> Answer:
        """Raises Offline, when there is no answer in time, or one that is too large."""
        timeout = httpx.Timeout(silence_s, connect=CONNECT_LIMIT_S)
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
                    return Answer(status=response.status_code, headers=response.headers, content=bytes(data))
        except (httpx.TransportError, TimeoutError) as error:
            raise Offline(
                f"The relay at {self.base_url} does not answer ({type(error).__name__}).",
                "Sidechain goes on trying; check the network if it lasts.",
                no_answer=True,
            ) from error

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
            return Offline(
                f"What answers at {self.base_url} is not the relay, or not well (HTTP {status}).",
                "If it lasts: sign in to the network, or look at the proxy.",
                retry_after_s=_retry_after_s(headers),
                relay_wide=status < BAD_REQUEST or status in RELAY_WIDE,
            )
        if status >= 500 or status in TRANSIENT:
            return Offline(
                problem.detail,
                problem.next_step,
                retry_after_s=_retry_after_s(headers),
                relay_wide=status in RELAY_WIDE,
            )
        return RelayRefused(problem.detail, problem.next_step, status=status, code=problem.code)
