"""Ending a connection whose other end does not read."""

import asyncio
import os
import socket
import struct
from contextlib import suppress

_AT_ONCE = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Now, and what waits for the reader is forgotten, here and in the kernel, which else would keep it for minutes.

    socket(7), SO_LINGER of zero: the other end is sent an RST.
    """
    known = transport.get_extra_info("socket")
    with suppress(OSError):  # without it the kernel keeps it a while
        if known is not None and known.fileno() >= 0:
            with socket.socket(fileno=os.dup(known.fileno())) as ours:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
