"""What goes over a wire, and to whom it is handed: the same for every kind of bus."""

import logging
import secrets
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from relay.engine.bus.door import MAX_MESSAGE_BYTES, OnJoin, OnMessage

log = logging.getLogger("relay")


class Frame(Struct, frozen=True, array_like=True):
    """One message, or part `part` (0, 1, …) of `parts` of one. sender: of a process, new at each of its starts.

    number: of the message; PostgreSQL delivers equal notifications of one transaction once.
    """

    sender: bytes
    number: int
    topic: str
    data: bytes
    part: int = 0
    parts: int = 1


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Frame)


class Listeners:
    """Frames out of messages and messages out of frames, and who hears them. [loop]"""

    def __init__(self) -> None:
        self._sender = secrets.token_bytes(8)
        self._number = 0
        self._listeners: dict[str, tuple[OnMessage, OnJoin]] = {}
        self._begun: dict[bytes, list[Frame]] = {}  # of each sender, parts of the message it is at

    def add(self, topic: str, on_message: OnMessage, on_join: OnJoin) -> None:
        if topic in self._listeners:
            raise ValueError(f"somebody listens to {topic} already")
        self._listeners[topic] = (on_message, on_join)

    def frames(self, topic: str, data: bytes, part_bytes: int = MAX_MESSAGE_BYTES) -> list[bytes]:
        """The message as frames whose data has at most part_bytes each."""
        if len(data) > MAX_MESSAGE_BYTES:
            raise ValueError(f"a message on {topic} has {len(data)} bytes, more than {MAX_MESSAGE_BYTES}")
        parts = [data[at : at + part_bytes] for at in range(0, len(data), part_bytes)] or [b""]
        self._number += 1
        return [
            _encode(Frame(self._sender, self._number, topic, data, part, len(parts)))
            for part, data in enumerate(parts)
        ]

    def joined(self) -> None:
        self._begun.clear()  # of what was under way, parts are missing
        for topic, (_, on_join) in self._listeners.items():
            self._call(topic, on_join)

    def heard(self, frame: bytes) -> None:
        """Hand on the message that this frame ends. What cannot be read comes from a version that we are not."""
        try:
            found = _decoder.decode(frame)
        except msgspec.DecodeError as error:
            log.warning("a frame on the bus cannot be read: %s", error)
            return
        if found.sender == self._sender or found.topic not in self._listeners:
            return
        data = found.data if found.parts == 1 else self._whole(found)
        if data is not None:
            on_message = self._listeners[found.topic][0]
            self._call(found.topic, on_message, data)

    def _whole(self, frame: Frame) -> bytes | None:
        """A sender's frames come in its order: one that does not follow shows that others were lost."""
        begun = self._begun.pop(frame.sender, []) if frame.part else []
        follows = frame.part == len(begun) and all(
            (each.number, each.parts) == (frame.number, frame.parts) for each in begun
        )
        if not follows or frame.parts > MAX_MESSAGE_BYTES:
            return None
        begun.append(frame)
        if len(begun) == frame.parts:
            return b"".join(each.data for each in begun)
        self._begun[frame.sender] = begun
        return None

    def _call(self, topic: str, listener: "OnMessage | OnJoin", *data: bytes) -> None:
        """A listener's mistake costs this message, not the wire."""
        try:
            listener(*data)
        except Exception:
            log.exception("the listener to %s failed", topic)


class Outbox:
    """Frames that wait for the wire, the oldest dropped when there are too many."""

    MAX_FRAMES = 4096

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self.lost = False

    def put(self, frames: Sequence[bytes]) -> None:
        self._frames += frames
        if len(self._frames) > self.MAX_FRAMES:
            del self._frames[: -self.MAX_FRAMES]
            self.lost = True

    def take(self, count: int) -> list[bytes]:
        taken, self._frames = self._frames[:count], self._frames[count:]
        return taken

    def clear(self) -> None:
        self._frames.clear()
        self.lost = False

    def __bool__(self) -> bool:
        return bool(self._frames)
