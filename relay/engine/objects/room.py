"""Room on a disk that is promised before it is used: what was announced and has not come counts as taken. [loop]"""

from collections.abc import Callable

from relay.engine.objects.door import NoRoom

ADMIT_FREE_BYTES = 256 << 20
"""Nobody is promised these: they are the database's, and of what is under way without a promise."""
WRITE_FREE_BYTES = 128 << 20
"""These nobody's bytes are written into, promised or not."""


class Room:
    """free_bytes: asks the disk. The accounting is of one process, as the folder is.

    What is promised and not yet written lowers what the next one may be promised; what is written, the disk counts.
    """

    def __init__(
        self,
        free_bytes: Callable[[], int],
        admit_free_bytes: int = ADMIT_FREE_BYTES,
        write_free_bytes: int = WRITE_FREE_BYTES,
    ) -> None:
        self.free_bytes = free_bytes
        self._admit_free_bytes = admit_free_bytes
        self._write_free_bytes = write_free_bytes
        self._held: dict[str, int] = {}
        self._held_bytes = 0

    @property
    def reserved_bytes(self) -> int:
        return self._held_bytes

    def admits(self, free_bytes: int) -> bool:
        """Whether with so many bytes free an upload of no size at all would be let in."""
        return free_bytes - self._held_bytes >= self._admit_free_bytes

    def reserve(self, key: str, size_bytes: int, *, admitted: bool = False) -> None:
        """Hold size_bytes for key, instead of what it held. Raises NoRoom, unless it was admitted before."""
        others = self._held_bytes - self._held.get(key, 0)
        left = self.free_bytes() - others - self._admit_free_bytes
        if size_bytes > left and not admitted:
            raise NoRoom(f"{size_bytes} bytes were announced, and {max(0, left)} are free and not promised.")
        self._hold(key, size_bytes)

    def landed(self, key: str, size_bytes: int) -> None:
        """So much of it is on the disk, which counts it from here on."""
        if key in self._held:
            self._hold(key, max(0, self._held[key] - size_bytes))

    def release(self, key: str) -> None:
        self._held_bytes -= self._held.pop(key, 0)

    def require(self, size_bytes: int) -> None:
        """Raises NoRoom where writing so many bytes would take what is kept for the database."""
        if (free := self.free_bytes()) - size_bytes < self._write_free_bytes:
            raise NoRoom(f"{free} bytes are free, {self._write_free_bytes} of them kept for the database.")

    def _hold(self, key: str, size_bytes: int) -> None:
        self._held_bytes += size_bytes - self._held.get(key, 0)
        self._held[key] = size_bytes
