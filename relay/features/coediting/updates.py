"""An update of a document (Yjs, version 1), looked at before the library that applies it is: what is in it, and that it is bounded.

The library follows what it reads: lists that hold lists ten thousand deep end the process. So only that goes in of which our
documents are made: maps below one root, and in them numbers, texts, flags, null and short lists of these.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from relay.features.coediting.lib0 import BadBytes, Reader

ROOT = "score"
EMPTY = b"\x00\x00"
"""An update that says nothing."""
MAX_CLOCK = (1 << 31) - 1
MAX_LIST, MAX_TEXT, MAX_KEY = 16, 512, 160
_GC, _DELETED, _TYPE, _ANY = 0, 1, 7, 8
_CONTENT, _HAS_ORIGIN, _HAS_RIGHT, _HAS_KEY = 0x1F, 0x80, 0x40, 0x20
_MAP = 1
_UNDEFINED, _NULL, _INTEGER, _FLOAT, _DOUBLE, _BIGINT, _FALSE, _TRUE, _TEXT, _LIST = (
    *(127, 126, 125, 124, 123, 122, 121, 120, 119),
    117,
)
_SIZES = {_UNDEFINED: 0, _NULL: 0, _FLOAT: 4, _DOUBLE: 8, _BIGINT: 8, _FALSE: 0, _TRUE: 0}


class Examined(Struct, frozen=True, kw_only=True):
    """maps: how many it makes. made: by clients, from which clock to which (not included). needs: the clock behind all that it names."""

    maps: int
    made: dict[int, tuple[int, int]]
    needs: dict[int, int]

    def is_next_to(self, known: Mapping[int, int]) -> bool:
        """Whether a document that has so much of each client has all that it stands on."""
        follows = all(start <= known.get(client, 0) for client, (start, _) in self.made.items())
        return follows and all(
            clock <= max(known.get(client, 0), self.made.get(client, (0, 0))[1])
            for client, clock in self.needs.items()
        )


def examined(update: bytes) -> Examined:
    """Raises BadBytes. [any]"""
    return _Examination(Reader(update)).run()


def state(data: bytes) -> dict[int, int]:
    """A state vector: how much of each client there is. Raises BadBytes. [any]"""
    reader = Reader(data)
    found = {reader.number(): reader.number(MAX_CLOCK) for _ in range(reader.count())}
    reader.end()
    return found


class _Examination:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._maps = 0
        self._made: dict[int, tuple[int, int]] = {}
        self._needs: dict[int, int] = {}
        self._contents: dict[int, Callable[[], int]] = {
            _DELETED: self._length,
            _TYPE: self._type,
            _ANY: self._values,
        }

    def run(self) -> Examined:
        reader = self._reader
        for _ in range(reader.count()):
            structs, client, clock = reader.count(), reader.number(), reader.number(MAX_CLOCK)
            if client in self._made:
                raise BadBytes("a client comes twice")
            start = clock
            for _ in range(structs):
                clock += self._struct()
                if clock > MAX_CLOCK:
                    raise BadBytes("a clock runs too far")
            self._made[client] = start, clock
        for _ in range(reader.count()):
            client = reader.number()
            for _ in range(reader.count()):
                self._need(client, reader.number(MAX_CLOCK) + reader.number(MAX_CLOCK))
        reader.end()
        return Examined(maps=self._maps, made=self._made, needs=self._needs)

    def _need(self, client: int, clock: int) -> None:
        self._needs[client] = max(clock, self._needs.get(client, 0))

    def _struct(self) -> int:
        """How many clocks it takes."""
        info = self._reader.byte()
        content = info & _CONTENT
        if content == _GC:
            return self._length()
        for flag in (_HAS_ORIGIN, _HAS_RIGHT):
            if info & flag:
                self._named()
        if not info & (_HAS_ORIGIN | _HAS_RIGHT):
            self._parent()
            if not info & _HAS_KEY:
                raise BadBytes("an item of a map has no key")
            self._key()
        if content not in self._contents:
            raise BadBytes(f"a document of ours has no content of kind {content}")
        return self._contents[content]()

    def _named(self) -> None:
        self._need(self._reader.number(), self._reader.number(MAX_CLOCK) + 1)

    def _parent(self) -> None:
        if self._reader.number(1) == 0:
            self._named()
        elif self._reader.text() != ROOT:
            raise BadBytes(f"a document of ours has the root {ROOT!r} alone")

    def _key(self) -> None:
        if len(self._reader.text()) > MAX_KEY:
            raise BadBytes(f"a key has more than {MAX_KEY} characters")

    def _length(self) -> int:
        length = self._reader.number(MAX_CLOCK)
        if length == 0:
            raise BadBytes("nothing takes a clock")
        return length

    def _type(self) -> int:
        if self._reader.number() != _MAP:
            raise BadBytes("a document of ours is made of maps")
        self._maps += 1
        return 1

    def _values(self) -> int:
        count = self._reader.count()
        if count == 0:
            raise BadBytes("a content is empty")
        for _ in range(count):
            self._value(lists=True)
        return count

    def _value(self, *, lists: bool) -> None:
        kind = self._reader.byte()
        if kind in _SIZES:
            self._reader.take(_SIZES[kind])
        elif kind == _INTEGER:
            self._integer()
        elif kind == _TEXT:
            if len(self._reader.text()) > MAX_TEXT:
                raise BadBytes(f"a text has more than {MAX_TEXT} characters")
        elif kind == _LIST and lists:
            for _ in range(self._reader.number(MAX_LIST)):
                self._value(lists=False)
        else:
            raise BadBytes("a value is no number, text, flag, null or short list of these")

    def _integer(self) -> None:
        """Its first byte has six bits of it, and a sign."""
        for _ in range(9):
            if self._reader.byte() < 0x80:
                return
        raise BadBytes("a number is too long")
