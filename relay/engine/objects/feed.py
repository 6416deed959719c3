"""A body that the loop receives, as blocks for a thread that asks for them one by one."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from relay.engine.objects.door import CountedBody


class BodyFeed:
    """Blocks of block_bytes, the last one shorter. The loop may take some first (`block`), then a thread the rest."""

    def __init__(self, body: CountedBody, block_bytes: int) -> None:
        self._pieces: AsyncIterator[bytes] = aiter(body)
        self._block_bytes = block_bytes
        self._left = bytearray()
        self._ready: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._pulling: asyncio.Task[bytes] | None = None
        self._stopped = False

    async def block(self) -> bytes:
        """The next block; empty at the end. Raises what the body raises. [loop]"""
        async for piece in self._pieces:
            self._left += piece
            if len(self._left) >= self._block_bytes:
                break
        block = bytes(self._left[: self._block_bytes])
        del self._left[: self._block_bytes]
        return block

    def after(self, *blocks: bytes) -> "BodyFeed":
        """These again before what follows them. [loop]"""
        self._ready = list(blocks)
        return self

    def stop(self) -> None:
        """The thread gets an error in place of its next block. [loop]"""
        self._stopped = True
        if self._pulling:
            self._pulling.cancel()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """[worker]"""
        if self._ready:
            return self._ready.pop(0)
        block = asyncio.run_coroutine_threadsafe(self._pull(), self._loop).result()
        if not block:
            raise StopIteration
        return block

    async def _pull(self) -> bytes:
        if self._stopped:
            raise asyncio.CancelledError
        self._pulling = asyncio.ensure_future(self.block())
        return await self._pulling
