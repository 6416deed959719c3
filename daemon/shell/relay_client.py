"""HTTP to the relay: the only module that imports httpx. Tokens, uploads, feed pages.

Every call has a connect, a read and a total deadline and a limit on the decoded answer (a server, or somebody in its
place, may send a compression bomb or a byte a second). Redirects are not followed: credentials go where configured.
"""

import asyncio
import logging
import time
import urllib.parse
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from daemon.core.claim import b64url
from daemon.errors import NotClaimed, Offline, RelayRefused
from daemon.shell.credentials import Identity
from relay.wire import oauth, rest

log = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_LIMIT_S = 10.0
READ_LIMIT_S = 20.0
TOTAL_LIMIT_S = 30.0
UPLOAD_LIMIT_S = 600.0
MAX_ANSWER_BYTES = 1024 * 1024
CHUNK_BYTES = 256 * 1024
REFRESH_EARLY_S = 60.0
TRANSIENT = {401, 408, 409, 425, 429}
RELAY_WIDE = {429, 502, 503, 504}
BAD_REQUEST, UNAUTHORIZED = 400, 401


def _refresh_request(identity: Identity, token: str) -> rest.TokenRefresh:
    """Signed, so that the token alone is worth nothing to who steals it."""
    return rest.TokenRefresh(
        refresh_token=token, signature=b64url(identity.sign(oauth.refresh_message(token)))
    )


class RelayClient:
    """One relay, one device. All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, base_url: str, lost: Callable[[], None]) -> None:
        """lost: told when the relay says that this device is nobody's any more."""
        self.base_url = base_url
        self._lost = lost
        self._http = httpx.AsyncClient(
            base_url=base_url + rest.API_PREFIX,
            timeout=httpx.Timeout(READ_LIMIT_S, connect=CONNECT_LIMIT_S),
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
        return await self._json("POST", "/auth/claim", rest.TokenPair, body=claim, token=None)

    async def register(self, device: rest.DeviceRegister) -> rest.Device:
        """Make the device known, by its key."""
        return await self._json("POST", "/auth/device", rest.Device, body=device, token=None)

    async def unclaim(self) -> None:
        """The relay ends all that this device has."""
        await self._authorized("POST", "/auth/unclaim", rest.DeviceRevoked)

    async def access_token(self, *, renew: bool = False) -> str:
        """A token good for a minute at least; one refresh at a time, whoever asks. `renew`: the old one was refused."""
        stale = self._access
        async with self._refreshing:
            if self._access and self._access is not stale:
                return self._access  # somebody renewed it while we waited
            if self._access and not renew and time.monotonic() < self._access_until:
                return self._access
            refresh = await asyncio.to_thread(self._identity.refresh_token) if self._identity else None
            if not refresh or not self._identity:
                raise NotClaimed("This device belongs to no account.", "Run `sidechain claim`.")
            identity = self._identity
            try:
                pair = await self._json(
                    "POST",
                    "/auth/refresh",
                    rest.TokenPair,
                    body=_refresh_request(identity, refresh),
                    token=None,
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

    async def upload(
        self, entry_id: str, audio: Path, meta: rest.UploadMeta, progress: Callable[[int, int], None]
    ) -> rest.AudioPost:
        """POST /audio/upload with the entry id as idempotency key. `progress(sent_bytes, total_bytes)`."""
        boundary = f"sidechain-{entry_id}"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="meta"\r\nContent-Type: application/json\r\n\r\n'
        ).encode() + msgspec.json.encode(meta) + (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="audio"; filename="take.flac"\r\n'
            "Content-Type: audio/flac\r\n\r\n"
        ).encode()  # fmt: skip
        tail = f"\r\n--{boundary}--\r\n".encode()
        audio_bytes = (await asyncio.to_thread(audio.stat)).st_size

        async def body() -> AsyncIterator[bytes]:
            yield head
            sent = 0
            with await asyncio.to_thread(audio.open, "rb") as file:
                while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                    yield chunk
                    sent += len(chunk)
                    progress(sent, audio_bytes)
            yield tail

        headers = {
            "Idempotency-Key": entry_id,
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + audio_bytes + len(tail)),
        }
        return await self._authorized(
            "POST", "/audio/upload", rest.AudioPost, content=body, headers=headers, limit_s=UPLOAD_LIMIT_S
        )

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

    async def me(self) -> rest.Producer:
        return await self._authorized("GET", "/users/me", rest.Producer)

    # what is neither JSON nor under /api/v1 -----------------------------------------------------------------------

    async def get(self, url: str, answer: type[T]) -> T:
        """A public document of the relay."""
        return await self._json("GET", url, answer, token=None)

    async def form(self, url: str, fields: dict[str, str], answer: type[T]) -> T:
        """POST a form, as OAuth wants it. A RelayRefused has the RFC's word for its code."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode(fields).encode()

        async def content() -> AsyncIterator[bytes]:
            yield body

        return await self._json("POST", url, answer, token=None, content=content, headers=headers)

    # transport --------------------------------------------------------------------------------------------------

    async def _authorized(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: msgspec.Struct | None = None,
        content: Callable[[], AsyncIterator[bytes]] | None = None,
        headers: dict[str, str] | None = None,
        limit_s: float = TOTAL_LIMIT_S,
    ) -> T:
        """A call with the access token; once more with a new one when it is refused (401)."""
        for renew in (False, True):
            token = await self.access_token(renew=renew)
            try:
                return await self._json(
                    method,
                    path,
                    answer,
                    body=body,
                    content=content,
                    headers=headers,
                    token=token,
                    limit_s=limit_s,
                )
            except RelayRefused as error:
                if error.status != 401 or renew:
                    raise
        raise AssertionError("unreachable")

    async def _json(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        token: str | None,
        body: msgspec.Struct | None = None,
        content: Callable[[], AsyncIterator[bytes]] | None = None,
        headers: dict[str, str] | None = None,
        limit_s: float = TOTAL_LIMIT_S,
    ) -> T:
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        payload: bytes | AsyncIterator[bytes] | None = content() if content else None
        if body is not None:
            headers["Content-Type"] = "application/json"
            payload = msgspec.json.encode(body)
        try:
            async with asyncio.timeout(limit_s):
                status, response_headers, data = await self._exchange(method, path, headers, payload)
        except (httpx.TransportError, TimeoutError) as error:
            raise Offline(
                f"The relay at {self.base_url} does not answer ({type(error).__name__}).",
                "Sidechain goes on trying; check the network if it lasts.",
            ) from error
        if status >= 400:
            raise self._refusal(status, response_headers, data)
        try:
            return msgspec.json.decode(data, type=answer)
        except msgspec.DecodeError as error:
            raise Offline(
                f"The relay's answer to {method} {path} is not understood: {error}.", "Update Sidechain."
            ) from error

    async def _exchange(
        self, method: str, path: str, headers: dict[str, str], payload: bytes | AsyncIterator[bytes] | None
    ) -> tuple[int, httpx.Headers, bytes]:
        async with self._http.stream(method, path, headers=headers, content=payload) as response:
            data = bytearray()
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > MAX_ANSWER_BYTES:
                    raise httpx.RemoteProtocolError(f"answer larger than {MAX_ANSWER_BYTES} bytes")
            return response.status_code, response.headers, bytes(data)

    def _refusal(self, status: int, headers: httpx.Headers, data: bytes) -> Offline | RelayRefused:
        if status == BAD_REQUEST and headers.get("content-type", "").startswith("application/json"):
            try:
                told = msgspec.json.decode(data, type=oauth.OAuthProblem)
                return RelayRefused(told.error_description or told.error, status=status, code=told.error)
            except msgspec.DecodeError:
                pass
        try:
            problem = msgspec.json.decode(data, type=rest.Problem)
        except msgspec.DecodeError:
            problem = rest.Problem(
                title="error", status=status, code="unknown", detail=f"The relay answered {status}."
            )
        if status >= 500 or (status in TRANSIENT and status != 401):
            after = headers.get("retry-after", "")
            return Offline(
                problem.detail,
                problem.next_step,
                retry_after_s=float(after) if after.isdigit() else None,
                relay_wide=status in RELAY_WIDE,
            )
        return RelayRefused(problem.detail, problem.next_step, status=status, code=problem.code)
