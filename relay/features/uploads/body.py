"""The body of a request as it arrives: with limits of time, cut into parts that are made safe one by one."""

import asyncio
from collections.abc import AsyncIterator

from relay.core.calls import RequestLost
from relay.core.refusal import Refusal

IDLE_S = 30.0
REQUEST_LIMIT_S = 600.0
CHECKPOINT_BYTES = 1 << 20
"""The most that a killed relay forgets of what was sent without a checksum."""


class Arriving:
    """body, until it ends, is too slow (Refusal: malformed), its sender goes away, or another request takes over.

    The last two end what is being stored in an ordinary way, so that what arrived is kept; `lost` and `taken` say so.
    """

    def __init__(self, body: AsyncIterator[bytes], taken_over: asyncio.Event) -> None:
        self._pieces = aiter(body)
        self._taken_over = taken_over
        self._ends_s = asyncio.get_running_loop().time() + REQUEST_LIMIT_S
        self._ahead: bytes | None = None
        self.lost: Exception | None = None
        self.taken = False
        self.slow = False

    async def has_more(self) -> bool:
        """Whether another byte has come, or comes."""
        while self._ahead is None:
            self._ahead = await self._next()
            if self._ahead is None:
                return False
            if not self._ahead:
                self._ahead = None
        return True

    async def part(self, limit_bytes: int | None) -> AsyncIterator[bytes]:
        """The bytes of one part: all that is to come, or, with a limit, until that is reached."""
        size_bytes = 0
        while await self.has_more():
            piece, self._ahead = self._ahead, None
            assert piece is not None
            size_bytes += len(piece)
            yield piece
            if limit_bytes is not None and size_bytes >= limit_bytes:
                return

    async def _next(self) -> bytes | None:
        """The next piece; None when there is none, for whatever reason."""
        if self.lost or self.taken or self.slow:
            return None
        loop = asyncio.get_running_loop()
        coming = asyncio.ensure_future(anext(self._pieces))
        taking = asyncio.ensure_future(self._taken_over.wait())
        limit_s = min(IDLE_S, self._ends_s - loop.time())
        try:
            await asyncio.wait(
                {coming, taking}, timeout=max(0.0, limit_s), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            taking.cancel()
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        if coming.cancelled():
            self.taken = self._taken_over.is_set()
            self.slow = not self.taken
            return None
        try:
            return coming.result()
        except StopAsyncIteration:
            return None
        except RequestLost as error:
            self.lost = error
            return None

    def require_whole(self) -> None:
        """Raises what ended the body early: Refusal: upload_taken_over, malformed."""
        if self.taken:
            raise Refusal("upload_taken_over", "Another request has gone on with this upload.")
        if self.slow:
            raise Refusal("malformed", "The upload took too long.", "Go on at its offset.")
        if self.lost:
            raise Refusal("malformed", "The request ended before its body did.")
