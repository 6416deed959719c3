"""Who is here, and where: the awareness states of one document (y-protocols/awareness). No I/O, no clock.

A client says its own; its name stands in it as the relay knows it, whatever it says.
"""

from typing import Any

import msgspec
from msgspec import Struct

from relay.features.coediting.lib0 import BadBytes, Reader, number, with_length

MAX_STATE_BYTES = 2_048
MAX_CLIENTS = 4
"""Of one connection."""
MAX_CLIENTS_OF_GUEST = 1
MAX_SAID, MAX_SAID_CHARACTERS = 6, 200
"""Sentences of the chat that stand in one state, and of each."""
LEASE_US = 40_000_000
"""Of what another process told: clients say it again every 15 s."""


class State(Struct, frozen=True, kw_only=True):
    """text: JSON; "null": it is gone."""

    client: int
    clock: int
    text: str


class Held(Struct):
    """A state and whose it is; owner None: of another process, until a time."""

    state: State
    owner: object | None
    until_us: int


def read(data: bytes) -> list[State]:
    """Raises BadBytes. [any]"""
    reader = Reader(data)
    states = [
        State(client=reader.number(), clock=reader.number(), text=reader.text())
        for _ in range(reader.count())
    ]
    reader.end()
    if any(len(each.text.encode()) > MAX_STATE_BYTES for each in states):
        raise BadBytes(f"a state has more than {MAX_STATE_BYTES} bytes")
    return states


def write(states: list[State]) -> bytes:
    """[any]"""
    return number(len(states)) + b"".join(
        number(each.client) + number(each.clock) + with_length(each.text.encode()) for each in states
    )


def named(state: State, who: dict[str, Any]) -> State:
    """Under the name that the relay knows. Raises BadBytes. [any]"""
    try:
        said = msgspec.json.decode(state.text)
    except (msgspec.DecodeError, RecursionError):
        raise BadBytes("a state is no JSON") from None
    if said is None:
        return state
    if not isinstance(said, dict):
        raise BadBytes("a state is an object")
    _require_bounded(said.get("said"))
    given = said.get("user")
    said["user"] = (given if isinstance(given, dict) else {}) | who
    return State(client=state.client, clock=state.clock, text=msgspec.json.encode(said).decode())


def _require_bounded(said: object) -> None:
    """Of the chat, whose form is ours. Raises BadBytes."""
    if said is None:
        return
    if not isinstance(said, list) or len(said) > MAX_SAID:
        raise BadBytes(f"there are more than {MAX_SAID} sentences in a state")
    for each in said:
        words = each.get("words") if isinstance(each, dict) else None
        if not isinstance(words, str) or len(words) > MAX_SAID_CHARACTERS:
            raise BadBytes(f"a sentence has more than {MAX_SAID_CHARACTERS} characters")


class Board:
    """[loop]"""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}

    def say(self, owner: object, states: list[State], most: int = MAX_CLIENTS) -> list[State]:
        """Those that are news. What is somebody else's is passed over, and who has as many as `most` gets no more."""
        return [each for each in states if self._put(each, owner, 0, most)]

    def hear(self, states: list[State], until_us: int) -> list[State]:
        """Likewise, of another process."""
        return [each for each in states if self._put(each, None, until_us)]

    def _put(self, state: State, owner: object | None, until_us: int, most: int = MAX_CLIENTS) -> bool:
        was = self._held.get(state.client)
        if was is not None and was.owner is not owner:
            return False
        if was is None and (state.text == "null" or (owner is not None and self._count(owner) >= most)):
            return False
        if was is not None and state.clock < was.state.clock:
            return False
        is_news = was is None or was.state != state
        self._held[state.client] = Held(state, owner, until_us)
        if state.text == "null":
            del self._held[state.client]
        return is_news

    def left(self, owner: object) -> list[State]:
        """That its clients are gone."""
        return self._gone([client for client, held in self._held.items() if held.owner is owner])

    def expired(self, now_us: int) -> list[State]:
        """That those are gone of whom no other process speaks any more."""
        return self._gone(
            [client for client, held in self._held.items() if held.owner is None and held.until_us <= now_us]
        )

    def all(self) -> list[State]:
        return [held.state for held in self._held.values()]

    def ours(self) -> list[State]:
        """Those that were said here."""
        return [held.state for held in self._held.values() if held.owner is not None]

    def _gone(self, clients: list[int]) -> list[State]:
        return [
            State(client=client, clock=self._held.pop(client).state.clock + 1, text="null")
            for client in clients
        ]

    def _count(self, owner: object) -> int:
        return sum(held.owner is owner for held in self._held.values())
