"""What processes tell each other about leases. Each numbers its letters, so whoever misses one knows it and asks."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

LEASES_A_MESSAGE = 400


class Renewal(Struct, frozen=True, array_like=True, tag="said"):
    """A device that its sender holds does this."""

    user_id: str
    device: str
    status: str
    daw: str | None
    bpm: float | None
    since_us: int
    said_us: int
    leaving: bool


class Ended(Struct, frozen=True, array_like=True, tag="ended"):
    """A device that its sender held does nothing any more."""

    user_id: str
    device: str


class Alive(Struct, frozen=True, array_like=True, tag="alive"):
    """Its sender lives, and so does all it holds."""


class Who(Struct, frozen=True, array_like=True, tag="who"):
    """The sender wants to know all that `holder` holds; None: of everybody."""

    holder: str | None


class Held(Struct, frozen=True, array_like=True, tag="held"):
    """All that its sender holds, in one or several letters that follow each other: the first, …, the last."""

    leases: list[Renewal]
    first: bool
    last: bool


Message = Renewal | Ended | Alive | Who | Held


class Letter(Struct, frozen=True, array_like=True):
    """number: 1, 2, 3 … of this sender. Messages are read one by one, so that one of a newer version is skipped."""

    sender: str
    number: int
    messages: list[msgspec.Raw]


_encode = msgspec.msgpack.Encoder().encode
_letters = msgspec.msgpack.Decoder(Letter)
_messages: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def pack(sender: str, number: int, messages: Sequence[Message]) -> bytes:
    return _encode(Letter(sender, number, [msgspec.Raw(_encode(each)) for each in messages]))


def unpack(data: bytes) -> tuple[str, int, list[Message]]:
    """sender, number, the messages that we know. Raises msgspec.DecodeError."""
    letter = _letters.decode(data)
    known: list[Message] = []
    for raw in letter.messages:
        try:
            known.append(_messages.decode(raw))
        except msgspec.ValidationError:
            continue
    return letter.sender, letter.number, known


def all_of(leases: Sequence[Renewal]) -> list[Held]:
    """As many as it takes, and one where there are none."""
    count = LEASES_A_MESSAGE
    cuts = [leases[at : at + count] for at in range(0, len(leases), count)] or [[]]
    return [Held(list(cut), at == 0, at == len(cuts) - 1) for at, cut in enumerate(cuts)]
