"""The y-websocket protocol: what a client says and is told, as bytes of one frame. No I/O.

Of the four kinds of messages one, auth, only goes to clients. What is said besides is ours, and other clients pass over it.
"""

from msgspec import Struct

from relay.features.coediting.lib0 import Reader, number, with_length

_SYNC, _AWARENESS, _AUTH, _ASK_AWARENESS = 0, 1, 2, 3
_STEP_1, _STEP_2, _UPDATE = 0, 1, 2
_DENIED = 0


class AskUpdate(Struct, frozen=True):
    """What is missing of a document of this state?"""

    state: bytes


class Update(Struct, frozen=True):
    """What is new in a document, or was missing."""

    data: bytes


class Awareness(Struct, frozen=True):
    """Who is here, and where."""

    data: bytes


class AskAwareness(Struct, frozen=True):
    """Who is here?"""


Message = AskUpdate | Update | Awareness | AskAwareness


def read(frame: bytes) -> Message | None:
    """None: of a kind that is not known here. Raises BadBytes. [any]"""
    reader = Reader(frame)
    said: Message
    match reader.number():
        case 0:
            step = reader.number(_UPDATE)
            data = reader.sized()
            said = AskUpdate(data) if step == _STEP_1 else Update(data)
        case 1:
            said = Awareness(reader.sized())
        case 3:
            said = AskAwareness()
        case _:
            return None
    reader.end()
    return said


def ask_update(state: bytes) -> bytes:
    """[any]"""
    return bytes((_SYNC, _STEP_1)) + with_length(state)


def missing(update: bytes) -> bytes:
    """The answer to AskUpdate. [any]"""
    return bytes((_SYNC, _STEP_2)) + with_length(update)


def new(update: bytes) -> bytes:
    """[any]"""
    return bytes((_SYNC, _UPDATE)) + with_length(update)


def here(states: bytes) -> bytes:
    """[any]"""
    return bytes((_AWARENESS,)) + with_length(states)


def denied(reason: str) -> bytes:
    """[any]"""
    return bytes((_AUTH,)) + number(_DENIED) + with_length(reason.encode())
