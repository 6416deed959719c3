"""How a call to the relay is made with the device's access token: once more with a new one when it is refused."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from daemon.errors import NotClaimed, Offline
from daemon.uplink.http import (
    READ_LIMIT_S,
    TOTAL_LIMIT_S,
    UNAUTHORIZED,
    Answer,
    RelayHttp,
    json_of,
    path_of,
)
from relay.wire.operations import Operation

B = TypeVar("B")
Q = TypeVar("Q")
R = TypeVar("R")


class AccessTokens(Protocol):
    """Where a call gets its access token from."""

    async def access(self, *, refused: str | None = None) -> str:
        """A token that is not the one `refused`. Raises NotClaimed, Offline."""

    async def renew(self) -> str:
        """A token younger than the one in use. Raises NotClaimed, Offline."""


class Calls:
    """One relay, one device. All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, http: RelayHttp, tokens: AccessTokens) -> None:
        """http: for what needs no token. tokens: of the device that asks."""
        self.base_url = http.base_url
        self.http = http
        self.tokens = tokens

    async def close(self) -> None:
        await self.http.close()

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
        """A call with the access token; once more with a new one when it is refused (401). Any other status is an answer.

        allowed: asked when the token is there and before it is used, as the account may have changed meanwhile.
        """
        token = None
        for _ in range(2):
            token = await self.tokens.access(refused=token)
            if not allowed():
                raise NotClaimed("This device belongs to another account by now.")
            with_token = {**headers, "Authorization": f"Bearer {token}"}
            answer = await self.http.exchange(method, url, with_token, content, limit_s, silence_s)
            if answer.status != UNAUTHORIZED:
                return answer
        raise Offline(f"The relay at {self.base_url} refuses a token that it has just given.")

    async def _do(
        self,
        operation: Operation[B, Q, R],
        body: B | None = None,
        *,
        query: Q | None = None,
        headers: Mapping[str, str] | None = None,
        limit_s: float = TOTAL_LIMIT_S,
        allowed: Callable[[], bool] = lambda: True,
        **parameters: str,
    ) -> R:
        """An operation of the wire, with the access token. parameters: of its path."""
        of_body, content = json_of(body)
        answer = await self.call(
            operation.method,
            path_of(operation, query, **parameters),
            {**of_body, **(headers or {})},
            content,
            limit_s=limit_s,
            silence_s=limit_s if limit_s > TOTAL_LIMIT_S else READ_LIMIT_S,
            allowed=allowed,
        )
        return self.http.decoded(answer, operation.reply)
