"""The encoding under Yjs: numbers of seven bits a byte, and what is as long as the number before it says. No I/O.

Every length is held against the bytes that are there before anything is taken for it.
"""

MAX_NUMBER = (1 << 53) - 1
"""What JavaScript counts to."""


class BadBytes(Exception):
    """What cannot be read, or is more than anybody means."""


class Reader:
    """Raises BadBytes. [any]"""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def byte(self) -> int:
        if self._at >= len(self._data):
            raise BadBytes("it ends too soon")
        self._at += 1
        return self._data[self._at - 1]

    def number(self, most: int = MAX_NUMBER) -> int:
        found = shift = 0
        while True:
            byte = self.byte()
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > 56:
                raise BadBytes("a number is too long")
        if found > most:
            raise BadBytes(f"{found} is more than {most}")
        return found

    def count(self) -> int:
        """Of things of which each has at least one byte."""
        return self.number(self.left)

    def sized(self) -> bytes:
        return self.take(self.count())

    def take(self, size_bytes: int) -> bytes:
        if size_bytes > self.left:
            raise BadBytes("it ends too soon")
        self._at += size_bytes
        return self._data[self._at - size_bytes : self._at]

    def text(self) -> str:
        try:
            return self.sized().decode()
        except UnicodeDecodeError:
            raise BadBytes("a text is not UTF-8") from None

    def end(self) -> None:
        if self.left:
            raise BadBytes("there is more than that")


def number(value: int) -> bytes:
    """[any]"""
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    out.append(value)
    return bytes(out)


def with_length(data: bytes) -> bytes:
    """[any]"""
    return number(len(data)) + data
