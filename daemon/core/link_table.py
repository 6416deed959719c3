"""The link's table: which turn leads from which state to which. Nothing else changes the state (link.py).

An event (link_signals.py) says what happened; what of it matters to the state is a turn. A turn that a state has no row
for changes nothing there: a socket that was given up may still say something, a computer may wake before it is claimed.
"""

from enum import Enum, auto

from daemon.core.link_signals import (
    ClaimedEvent,
    Event,
    FrameReceived,
    LinkState,
    PresenceChanged,
    RefreshFailed,
    SocketLost,
    SocketOpened,
    Started,
    Stopped,
    Tick,
    TokenRefreshed,
    TokenRefused,
    UnclaimedEvent,
    Woke,
)


class Turn(Enum):
    CLAIMED = auto()  # this device belongs to an account, from now on or from the start
    UNCLAIMED = auto()  # to none
    CONNECTED = auto()  # the relay has answered Connect
    LOST = auto()  # no connection, or no answer, for a reason that may pass
    EXPIRED = auto()  # the access token is too old, and may be renewed
    RENEWED = auto()  # it has been
    DISOWNED = auto()  # the relay renews it no more: it knows this device no longer
    REVOKED = auto()  # the relay ended the connection, saying the same
    UNWELCOME = auto()  # the relay ended it, saying not to come back
    DUE = auto()  # the pause is over
    WOKE = auto()  # the computer slept
    STOPPED = auto()  # the daemon ends


_S, _T = LinkState, Turn

_ALWAYS = {_T.CLAIMED: _S.CONNECTING, _T.UNCLAIMED: _S.UNCLAIMED, _T.STOPPED: _S.STOPPED}
_WITH_SOCKET = {
    _T.LOST: _S.BACKING_OFF,
    _T.EXPIRED: _S.CONNECTING,
    _T.DISOWNED: _S.NEEDS_RECLAIM,
    _T.REVOKED: _S.NEEDS_RECLAIM,
    _T.UNWELCOME: _S.PAUSED,
    _T.WOKE: _S.CONNECTING,
}

TURNS: dict[LinkState, dict[Turn, LinkState]] = {
    _S.UNCLAIMED: _ALWAYS,
    _S.CONNECTING: _ALWAYS | _WITH_SOCKET | {_T.CONNECTED: _S.ONLINE, _T.RENEWED: _S.CONNECTING},
    _S.ONLINE: _ALWAYS | _WITH_SOCKET,
    _S.BACKING_OFF: _ALWAYS | {_T.DUE: _S.CONNECTING, _T.WOKE: _S.CONNECTING, _T.DISOWNED: _S.NEEDS_RECLAIM},
    _S.NEEDS_RECLAIM: _ALWAYS,
    _S.PAUSED: _ALWAYS | {_T.WOKE: _S.CONNECTING},
    _S.STOPPED: {},
}

TURNS_OF: dict[type[Event], frozenset[Turn]] = {
    Started: frozenset({_T.CLAIMED, _T.UNCLAIMED}),
    ClaimedEvent: frozenset({_T.CLAIMED}),
    UnclaimedEvent: frozenset({_T.UNCLAIMED}),
    SocketOpened: frozenset(),
    FrameReceived: frozenset({_T.CONNECTED, _T.LOST, _T.EXPIRED, _T.REVOKED, _T.UNWELCOME}),
    SocketLost: frozenset({_T.LOST, _T.EXPIRED, _T.REVOKED, _T.UNWELCOME}),
    TokenRefused: frozenset({_T.EXPIRED, _T.LOST}),
    TokenRefreshed: frozenset({_T.RENEWED}),
    RefreshFailed: frozenset({_T.DISOWNED, _T.LOST}),
    PresenceChanged: frozenset(),
    Tick: frozenset({_T.LOST, _T.DUE}),
    Woke: frozenset({_T.WOKE}),
    Stopped: frozenset({_T.STOPPED}),
}
"""What may be a turn in each event."""


def _legal(state: LinkState) -> list[type[Event]]:
    """After the end nothing may come; and there is one beginning."""
    if state is LinkState.STOPPED:
        return []
    return [event for event in TURNS_OF if event is not Started or state is LinkState.UNCLAIMED]


TRANSITIONS: dict[LinkState, dict[type[Event], frozenset[LinkState]]] = {
    state: {
        event: frozenset(turns[turn] for turn in TURNS_OF[event] if turn in turns) for event in _legal(state)
    }
    for state, turns in TURNS.items()
}
"""[state][event]: the states it may lead to, besides staying. An event without an entry is illegal."""

SENTENCES: dict[LinkState, str] = {
    _S.UNCLAIMED: "This device belongs to no account yet.",
    _S.CONNECTING: "Connecting to the relay.",
    _S.ONLINE: "Connected to the relay.",
    _S.BACKING_OFF: "The relay cannot be reached; trying again soon.",
    _S.NEEDS_RECLAIM: "The relay no longer knows this device; it has to be claimed again.",
    _S.PAUSED: "The relay does not want this version to come back; an update may help.",
    _S.STOPPED: "Sidechain is stopping.",
}
