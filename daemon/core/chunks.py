"""How much of a file is sent in one request, so that a line which breaks all the time wastes little of it.

What a break costs is the part that was under way: it has a checksum, so the relay keeps all of it or nothing. A part
is at most an eighth of what arrived since the last break, so all breaks together cost at most an eighth of the file,
and MIN_CHUNK_BYTES each where they come faster than that. It is also at most what takes PART_S, so that a slow line tells
how far it is; on a quick one a take is soon one part.

Not here: the waiting between tries (outbox.py), the requests themselves.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

MIN_CHUNK_BYTES = 16 * 1024
MAX_CHUNK_BYTES = 4 * 1024 * 1024
SHARE = 8
FIRST_CHUNK_BYTES = 256 * 1024
PART_S = 4.0


class Line(Struct, frozen=True, kw_only=True):
    """The way to the relay, as far as it has shown itself. It outlives an upload: the next one takes the same way."""

    good_bytes: int = SHARE * FIRST_CHUNK_BYTES
    """Arrived since the last break."""
    bytes_per_s: float = math.inf
    """Of the part that arrived last; unknown is no limit."""
    moving: bool = False
    """Something arrived since the last break, or since the upload was begun: then going on at once is worth it."""

    def chunk_bytes(self, left_bytes: int) -> int:
        """How much to send next of what is left. [any]"""
        most_bytes = min(MAX_CHUNK_BYTES, self.good_bytes // SHARE, self.bytes_per_s * PART_S)
        return min(left_bytes, max(MIN_CHUNK_BYTES, int(most_bytes)))

    def begun(self) -> "Line":
        """Another upload begins. [any]"""
        return replace(self, moving=False)

    def arrived(self, chunk_bytes: int, took_s: float) -> "Line":
        """A part has, after so long. [any]"""
        bytes_per_s = chunk_bytes / took_s if chunk_bytes and took_s > 0 else self.bytes_per_s
        return Line(good_bytes=self.good_bytes + chunk_bytes, bytes_per_s=bytes_per_s, moving=True)

    def broke(self) -> "Line":
        """[any]"""
        return Line(good_bytes=0, moving=False)
