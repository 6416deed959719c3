"""How much of what one connection sends is looked at in one turn of the loop.

Protocols of asyncio are handed up to 256 KiB at once, which is 43,000 empty frames or one-byte chunks: half a second in
which nobody else is served.
"""

import asyncio

READ_BYTES = 16 * 1024
_buffer = bytearray(READ_BYTES)
_view = memoryview(_buffer)


class BoundedReads(asyncio.BufferedProtocol):
    """Stands behind a class that has data_received. The buffer is everybody's: it is read before anybody else fills it."""

    def get_buffer(self, sizehint: int) -> bytearray:
        return _buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(_view[:nbytes]))  # type: ignore[attr-defined]  # of the class behind this one
