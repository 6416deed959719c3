"""What goes into the link's state machine and what comes out: its states, events and effects, as values.

link.py says when each is legal and what follows.
"""

from enum import StrEnum

from msgspec import Struct

from relay.wire.events import FromClient, FromRelay, Payload, Presence, PresenceUpdate


class LinkState(StrEnum):
    UNCLAIMED = "unclaimed"
    CONNECTING = "connecting"
    ONLINE = "online"
    BACKING_OFF = "backing_off"
    NEEDS_RECLAIM = "needs_reclaim"
    PAUSED = "paused"
    STOPPED = "stopped"


# events -------------------------------------------------------------------------------------------------------


class _Value(Struct, frozen=True, kw_only=True):
    """Common shape of events and effects."""


class Started(_Value, frozen=True, kw_only=True):
    """The daemon is up. claimed: this device belongs to an account."""

    claimed: bool


class ClaimedEvent(_Value, frozen=True, kw_only=True):
    """This device was claimed, for the first time or anew."""


class UnclaimedEvent(_Value, frozen=True, kw_only=True):
    """This device was given up here."""


class SocketOpened(_Value, frozen=True, kw_only=True):
    """cursor: what the store holds now."""

    socket: int
    cursor: str | None


class FrameReceived(_Value, frozen=True, kw_only=True):
    """number: of the first message; None stands for one that this version does not know."""

    socket: int
    number: int
    messages: list[FromRelay | None]


class SocketLost(_Value, frozen=True, kw_only=True):
    """It could not be opened, or is gone. code: of the close frame, None without one."""

    socket: int
    code: int | None = None


class TokenRefused(_Value, frozen=True, kw_only=True):
    """The relay answered the opening with 401: the access token is too old."""

    socket: int


class TokenRefreshed(_Value, frozen=True, kw_only=True):
    """Answer to RefreshToken."""

    access_token: str


class RefreshFailed(_Value, frozen=True, kw_only=True):
    """Answer to RefreshToken. final: the relay no longer knows this device; else it just could not be asked."""

    final: bool


class PresenceChanged(_Value, frozen=True, kw_only=True):
    """What this device does now; sent at once and then kept alive."""

    presence: Presence


class Tick(_Value, frozen=True, kw_only=True):
    """The time of the last SetTimer has come. Too early does no harm."""


class Woke(_Value, frozen=True, kw_only=True):
    """The computer slept: whatever the socket looks like, it is not to be trusted."""


class Stopped(_Value, frozen=True, kw_only=True):
    """The daemon ends."""


Event = (
    Started
    | ClaimedEvent
    | UnclaimedEvent
    | SocketOpened
    | FrameReceived
    | SocketLost
    | TokenRefused
    | TokenRefreshed
    | RefreshFailed
    | PresenceChanged
    | Tick
    | Woke
    | Stopped
)


# effects ------------------------------------------------------------------------------------------------------


class OpenSocket(_Value, frozen=True, kw_only=True):
    """Open a socket with the current access token; answer with SocketOpened, TokenRefused or SocketLost."""

    socket: int


class SendFrame(_Value, frozen=True, kw_only=True):
    messages: list[FromClient]


class CloseSocket(_Value, frozen=True, kw_only=True):
    """Close it, without waiting for the other side."""

    socket: int


class RefreshToken(_Value, frozen=True, kw_only=True):
    """Renew the access token; answer with TokenRefreshed or RefreshFailed."""


class ApplyEvents(_Value, frozen=True, kw_only=True):
    """Fold `payloads`, in order, and store `cursor` (None: it stays), in one transaction."""

    payloads: list[Payload]
    cursor: str | None


class ReplacePresence(_Value, frozen=True, kw_only=True):
    """What is known of those followed, as a whole; empty when offline, for then nothing is known."""

    presence: list[PresenceUpdate]


class Refetch(_Value, frozen=True, kw_only=True):
    """Events are lost to the socket. Fetch what is at `paths`, then store it and `cursor` in one transaction."""

    paths: list[str]
    cursor: str


class SetTimer(_Value, frozen=True, kw_only=True):
    """Send Tick at `at_us`, None: never. Replaces the one before."""

    at_us: int | None


class Report(_Value, frozen=True, kw_only=True):
    """The state changed, or why it is what it is. sentence: for people."""

    state: LinkState
    sentence: str


Effect = (
    OpenSocket
    | SendFrame
    | CloseSocket
    | RefreshToken
    | ApplyEvents
    | ReplacePresence
    | Refetch
    | SetTimer
    | Report
)
