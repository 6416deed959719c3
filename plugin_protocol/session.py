"""The session of plugin and daemon as a machine: who may say what, when, and when the other counts as lost.

Sans-IO: messages and `now_us` go in, effects come out; `tick` is called at least every HEARTBEAT_INTERVAL_US.
Both roles are rows of one table, TRANSITIONS[role][state][event type]; SPEC.md's diagrams are drawn from it. What
lies behind a message (the Ring, the Take) is not this file's business, and neither are bytes (codec.py).

An edge that the table lacks is an error and changes nothing: LocalProtocolError when this side wanted to send,
RemoteProtocolError when the peer did.

Liveness: `now_us` is a monotonic clock. Whoever says nothing for SILENCE_LIMIT_US is lost. But when *we* were not
called for that long (the machine slept, the process was stopped), nobody could have been heard, so the silence is
counted afresh. That is why `tick` has a rhythm: the gap must be ours to see.
"""

from collections.abc import Callable
from enum import Enum

import msgspec

from plugin_protocol.errors import LocalProtocolError, RemoteProtocolError
from plugin_protocol.layout import ABI_MAJOR, HEADER_BYTES, RECORD_BYTES
from plugin_protocol.message_base import HEARTBEAT_INTERVAL_US, PROTOCOL_MAX, PROTOCOL_MIN, SILENCE_LIMIT_US
from plugin_protocol.messages import (
    Alive,
    FromDaemon,
    FromListener,
    FromPlugin,
    FromWindow,
    Goodbye,
    Heartbeat,
    Hello,
    Keep,
    KeepFailed,
    Kept,
    Message,
    Notice,
    PreviewHeard,
    Refused,
    RingAttached,
    RingClosed,
    RingOpened,
    StopPreview,
    ToListener,
    ToWindow,
    Welcome,
    WindowShown,
)

REFUSED_STATE = "state"
"""Refused.code that means "I do not know you (any more): say Hello first". The plugin then does so at once."""


class Role(Enum):
    """Which side this machine speaks for."""

    PLUGIN = "plugin"
    DAEMON = "daemon"


class State(Enum):
    """Where the session stands."""

    NEW = "new"  # no Hello yet, or the peer was lost
    GREETING = "greeting"  # Hello said, not answered
    OPEN = "open"
    REFUSED = "refused"  # the plugin may try again with another Hello
    CLOSED = "closed"  # Goodbye said: the end


class Forgotten(msgspec.Struct, frozen=True):
    """Not a message: Refused with code "state", by which a restarted daemon asks for a Hello."""


class PeerLost(msgspec.Struct, frozen=True, kw_only=True):
    """Not a message: the peer was silent too long, or its transport is gone. `reason` is a sentence."""

    reason: str


Event = Message | Forgotten | PeerLost

_TALK_OF_PLUGIN: tuple[type, ...] = (
    RingOpened,
    RingClosed,
    Heartbeat,
    Keep,
    *FromWindow.__args__,
    *FromListener.__args__,
)
_TALK_OF_DAEMON: tuple[type, ...] = (
    RingAttached,
    Alive,
    Kept,
    KeepFailed,
    Notice,
    *ToWindow.__args__,
    *ToListener.__args__,
)

TRANSITIONS: dict[Role, dict[State, dict[type, State]]] = {
    Role.PLUGIN: {
        State.NEW: {
            Hello: State.GREETING,
            Goodbye: State.CLOSED,
            PeerLost: State.NEW,
            # Answers to what was said before the loss; nothing hangs on them, and they are dropped.
            **dict.fromkeys((*_TALK_OF_DAEMON, Welcome, Refused, Forgotten), State.NEW),
        },
        State.GREETING: {
            Welcome: State.OPEN,
            Refused: State.REFUSED,
            Forgotten: State.NEW,
            Goodbye: State.CLOSED,
            PeerLost: State.NEW,
            **dict.fromkeys(_TALK_OF_DAEMON, State.GREETING),
        },
        State.OPEN: {
            **dict.fromkeys(_TALK_OF_PLUGIN, State.OPEN),
            **dict.fromkeys(_TALK_OF_DAEMON, State.OPEN),
            Refused: State.OPEN,  # a Ring was refused; the session stands
            Forgotten: State.NEW,
            Hello: State.GREETING,
            Goodbye: State.CLOSED,
            PeerLost: State.NEW,
        },
        State.REFUSED: {Hello: State.GREETING, Goodbye: State.CLOSED, PeerLost: State.NEW},
        State.CLOSED: {},
    },
    Role.DAEMON: {
        State.NEW: {
            Hello: State.GREETING,
            Refused: State.NEW,  # code "state": the answer to whatever else is said here
            **dict.fromkeys(_TALK_OF_PLUGIN, State.NEW),
            Goodbye: State.CLOSED,
            PeerLost: State.NEW,
        },
        State.GREETING: {Welcome: State.OPEN, Refused: State.REFUSED, PeerLost: State.NEW},
        State.OPEN: {
            **dict.fromkeys(_TALK_OF_PLUGIN, State.OPEN),
            **dict.fromkeys(_TALK_OF_DAEMON, State.OPEN),
            Refused: State.OPEN,
            Hello: State.GREETING,
            Goodbye: State.CLOSED,
            PeerLost: State.NEW,
        },
        State.REFUSED: {Hello: State.GREETING, Goodbye: State.CLOSED, PeerLost: State.NEW},
        State.CLOSED: {},
    },
}

SENDS: dict[Role, tuple[type[msgspec.Struct], ...]] = {
    Role.PLUGIN: FromPlugin.__args__,
    Role.DAEMON: FromDaemon.__args__,
}


# effects ------------------------------------------------------------------------------------------------------


class Send(msgspec.Struct, frozen=True):
    """Hand this to the peer."""

    message: Message


class Deliver(msgspec.Struct, frozen=True):
    """The peer said this, and it is allowed here: act on it."""

    message: Message


class HeartbeatDue(msgspec.Struct, frozen=True):
    """Plugin only: send a Heartbeat now."""


class HelloDue(msgspec.Struct, frozen=True):
    """Plugin only: the daemon asks for a Hello; send one now."""


Effect = Send | Deliver | HeartbeatDue | HelloDue | PeerLost

Judge = Callable[[Hello], Welcome | Refused]
"""Answers a Hello: `judge` below, and on top of it whatever caps the caller has."""


# versions -----------------------------------------------------------------------------------------------------


def _shortened(text: str, most: int) -> str:
    """`text` with its middle left out when it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most // 2 - 1]}…{text[-(most - most // 2) :]}"


def judge(hello: Hello, daemon_version: str, daemon_path: str) -> Welcome | Refused:
    """Whether these two can speak, and if not, which of the two files is the one to update. [any]

    The ranges must overlap (the highest common version is spoken) and the layouts must be the same; a refusal
    names both versions and both files, because two installs of either are what users have.
    """
    have = f"protocol {hello.proto_min}-{hello.proto_max}, ring {hello.abi_major}"
    need = f"protocol {PROTOCOL_MIN}-{PROTOCOL_MAX}, ring {ABI_MAJOR}"
    plugin_is_older = hello.proto_max < PROTOCOL_MIN or hello.abi_major < ABI_MAJOR
    if hello.proto_max < PROTOCOL_MIN or hello.proto_min > PROTOCOL_MAX:
        code = "version"
    elif (hello.abi_major, hello.header_bytes, hello.record_bytes) != (ABI_MAJOR, HEADER_BYTES, RECORD_BYTES):
        code = "layout"
        if hello.abi_major == ABI_MAJOR:
            have, need = (
                f"ring header {hello.header_bytes} B, record {hello.record_bytes} B",
                f"ring header {HEADER_BYTES} B, record {RECORD_BYTES} B",
            )
            plugin_is_older = True  # cannot be told; the plugin is what was built elsewhere
    else:
        return Welcome(
            proto=min(hello.proto_max, PROTOCOL_MAX), daemon_version=daemon_version, daemon_path=daemon_path
        )
    update_path = hello.plugin_path if plugin_is_older else daemon_path
    return Refused(
        code=code,
        message=(
            f"Plugin {hello.plugin_version} ({_shortened(hello.plugin_path, 130)}) speaks {have}; "
            f"daemon {daemon_version} ({_shortened(daemon_path, 130)}) speaks {need}. "
            f"Update the {'plugin' if plugin_is_older else 'daemon'}."
        ),
        have=_shortened(have, 64),
        need=need,
        update_path=update_path,
    )


# the machine --------------------------------------------------------------------------------------------------


class Session:
    """One side of one session. [any, one thread at a time]"""

    def __init__(self, role: Role, *, now_us: int, judge: Judge | None = None) -> None:
        """`judge` is needed by the daemon only, which answers Hello by it."""
        if (judge is None) == (role is Role.DAEMON):
            raise LocalProtocolError("the daemon's side needs a judge, the plugin's side has none")
        self.role = role
        self.state = State.NEW
        self._judge = judge
        self._called_us = now_us
        self._heard_us = now_us
        self._heartbeat_us = now_us

    def receive(self, message: Message, now_us: int) -> list[Effect]:
        """The peer's message. Raises RemoteProtocolError when it has no place here; the state then stands."""
        self._note_time(now_us)
        if isinstance(message, SENDS[self.role]):
            raise RemoteProtocolError(f"{type(message).__name__} is not for the {self.role.value} to receive")
        event: Event = message
        if self.role is Role.PLUGIN and isinstance(message, Refused) and message.code == REFUSED_STATE:
            event = Forgotten()
        before = self.state
        after = TRANSITIONS[self.role][before].get(type(event))
        if after is None:
            raise RemoteProtocolError(f"{type(message).__name__} has no place in state {before.value}")
        self.state = after
        self._heard_us = now_us
        if self.role is Role.DAEMON:
            return self._answer(message, before)
        if isinstance(event, Forgotten):
            return [HelloDue()] if before is not State.NEW else []
        if before is State.NEW or (before is State.GREETING and not isinstance(message, Welcome | Refused)):
            return []  # it answers a session that is over
        if isinstance(message, Welcome):
            self._heartbeat_us = now_us
        return [Deliver(message)]

    def _answer(self, message: Message, before: State) -> list[Effect]:
        if isinstance(message, Hello) and self._judge is not None:
            answer = self._judge(message)
            self.state = TRANSITIONS[self.role][self.state][type(answer)]
            return [Deliver(message), Send(answer)]
        if before is State.NEW:
            if isinstance(message, RingClosed | WindowShown | StopPreview | PreviewHeard | Goodbye):
                return []
            return [Send(_say_hello_first())]
        return [Deliver(message)]

    def send(self, message: Message, now_us: int) -> list[Effect]:
        """What this side wants to say. Raises LocalProtocolError when it has no place here; the state stands."""
        self._note_time(now_us)
        if not isinstance(message, SENDS[self.role]):
            raise LocalProtocolError(f"{type(message).__name__} is not for the {self.role.value} to send")
        after = TRANSITIONS[self.role][self.state].get(type(message))
        if after is None or (self.role is Role.DAEMON and self.state in (State.NEW, State.GREETING)):
            raise LocalProtocolError(f"{type(message).__name__} may not be sent in state {self.state.value}")
        self.state = after
        if isinstance(message, Hello):
            self._heard_us = now_us  # the daemon has the whole silence limit to answer
        if isinstance(message, Heartbeat):
            self._heartbeat_us = now_us + HEARTBEAT_INTERVAL_US
        return [Send(message)]

    def lose(self, reason: str, now_us: int) -> list[Effect]:
        """The transport says that the peer is gone. Nothing happens when it was lost, or never there, before."""
        self._note_time(now_us)
        if self.state in (State.NEW, State.CLOSED):
            return []
        self.state = TRANSITIONS[self.role][self.state][PeerLost]
        return [PeerLost(reason=reason)]

    def tick(self, now_us: int) -> list[Effect]:
        """What time alone brings about: a lost peer, or a Heartbeat that is due."""
        self._note_time(now_us)
        if self.state in (State.NEW, State.CLOSED):
            return []
        if self.state is not State.REFUSED and now_us - self._heard_us >= SILENCE_LIMIT_US:
            return self.lose(f"not heard for {(now_us - self._heard_us) / 1e6:.1f} s", now_us)
        if self.role is Role.PLUGIN and self.state is State.OPEN and now_us >= self._heartbeat_us:
            self._heartbeat_us = now_us + HEARTBEAT_INTERVAL_US
            return [HeartbeatDue()]
        return []

    def _note_time(self, now_us: int) -> None:
        if now_us - self._called_us > SILENCE_LIMIT_US:
            self._heard_us = now_us
        self._called_us = max(self._called_us, now_us)


def _say_hello_first() -> Refused:
    return Refused(
        code=REFUSED_STATE,
        message="This daemon has just started, or had lost this plugin: say Hello first.",
        have="no session",
        need="hello",
        update_path="",
    )
