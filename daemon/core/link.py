"""The daemon's end of the relay's WebSocket, as a state machine without I/O.

    unclaimed      this device belongs to no account: nothing to connect as
    connecting     a socket is being opened, or its token renewed, or Connected is awaited
    online         events arrive, applied up to the cursor
    backing_off    the connection failed; the next try waits for the timer
    needs_reclaim  the relay has revoked this device: only a new claim helps
    paused         the relay said not to come back (close codes 3500-3999): a wake-up or a claim tries again
    stopped        the daemon ends (end)

The cursor comes in with every SocketOpened, from the store, and goes out with every effect that moves it, to be stored in
the transaction that applies the events. So a crash, or a refetch that fails, costs nothing: the next connection starts
from what is durable. Messages are numbered: one that is missing ends the connection, and the next one brings it. What
this version does not know is passed over, and the cursor moves on.

The driver carries effects out in order, and replaces the timer with each SetTimer. Every socket has the number of its
OpenSocket; what a replaced one still says is dropped here. When a refetch or a store fails, the driver drops what is
left of the effects and tells SocketLost before any other event: else a later event could be stored over the hole.
`now_us` is a monotonic clock; `jitter` is chance in [0, 1]. Not here: bytes, time, REST.
"""

from daemon.core.link_signals import (
    ApplyEvents,
    ClaimedEvent,
    CloseSocket,
    Effect,
    Event,
    FrameReceived,
    LinkState,
    OpenSocket,
    PresenceChanged,
    Refetch,
    RefreshFailed,
    RefreshToken,
    ReplacePresence,
    Report,
    SendFrame,
    SetTimer,
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
from daemon.core.link_table import SENTENCES, TRANSITIONS, TURNS, Turn
from relay.wire import events as wire
from relay.wire.events import FromRelay, Payload, Presence, read_payload, read_presence
from relay.wire.identity import ACCESS_LIFETIME_S

__all__ = [  # the signals are part of this module's face: a driver needs no other
    "TRANSITIONS",
    "ApplyEvents",
    "ClaimedEvent",
    "CloseSocket",
    "Effect",
    "Event",
    "FrameReceived",
    "IllegalEvent",
    "Link",
    "LinkState",
    "OpenSocket",
    "PresenceChanged",
    "Refetch",
    "RefreshFailed",
    "RefreshToken",
    "ReplacePresence",
    "Report",
    "SendFrame",
    "SetTimer",
    "SocketLost",
    "SocketOpened",
    "Started",
    "Stopped",
    "Tick",
    "TokenRefreshed",
    "TokenRefused",
    "UnclaimedEvent",
    "Woke",
]

SECOND_US = 1_000_000
BACKOFF_FLOOR_US = SECOND_US // 2
BACKOFF_CEILING_US = 30 * SECOND_US
RETRY_AFTER_CEILING_US = 3600 * SECOND_US
CONNECT_LIMIT_US = 3 * wire.CONNECT_LIMIT_MS * 1000  # open, Hello and Connected together, or a token renewed
PONG_LIMIT_US = wire.PONG_LIMIT_MS * 1000
PRESENCE_EVERY_US = wire.PRESENCE_LEASE_MS * 1000 // 2
REFRESH_EVERY_US = ACCESS_LIFETIME_S * SECOND_US * 2 // 3
REFRESH_RETRY_US = 30 * SECOND_US
MIN_PING_US, MAX_PING_US = SECOND_US, 60 * SECOND_US
CURSOR_EVERY_US = 600 * SECOND_US
"""How often the cursor of a quiet account is stored: so old it may be, without a write to the disk at each ping."""


class IllegalEvent(Exception):
    """An event the state does not allow: a bug of the driver; nothing has changed."""

    def __init__(self, state: LinkState, event: Event) -> None:
        super().__init__(state, event)
        self.state = state
        self.event = event

    def __str__(self) -> str:
        return f"The link is {self.state} and cannot take {type(self.event).__name__}."


class Link:
    """One link. `handle` is the only way in; attributes are for reading. [loop]"""

    def __init__(self) -> None:
        self.state = LinkState.UNCLAIMED
        self.cursor: str | None = None  # of the socket in use; the store's is the truth
        self._cursor_us = 0  # when it was last stored
        self._next_number = 1  # of the message that comes next on this socket
        self.socket = 0  # number of the last one opened
        self._has_socket = False
        self._attempts = 0  # failed connections since one last proved itself
        self._renewed = False  # the token was renewed since a socket last opened: a refusal is not its age
        self._awaited: type[FromRelay] | None = (
            None  # the message that must come next, but for Error and Disconnect
        )
        self._ping_us = 0
        self._presence: Presence | None = None
        self._deadlines: dict[str, int] = {}  # "connect", "retry", "ping", "pong", "refresh", "presence"
        self._effects: list[Effect] = []
        self._now_us = 0
        self._jitter = 0.0
        self._timer_us: int | None = None

    def handle(self, event: Event, now_us: int, jitter: float) -> list[Effect]:
        """What to do about `event`, in this order. Raises IllegalEvent, and then nothing has changed."""
        if type(event) not in TRANSITIONS[self.state]:
            raise IllegalEvent(self.state, event)
        self._effects, self._now_us, self._jitter = [], now_us, jitter
        match event:
            case Started(claimed=True) | ClaimedEvent():
                self._connect_anew(Turn.CLAIMED)
            case Started() | UnclaimedEvent():
                self._turn(Turn.UNCLAIMED)
            case SocketOpened() | FrameReceived() | SocketLost() | TokenRefused():
                if self._has_socket and event.socket == self.socket:
                    self._on_socket(event)
            case TokenRefreshed():
                self._on_refreshed(event.access_token)
            case RefreshFailed():
                self._on_refresh_failed(event.final)
            case PresenceChanged():
                self._presence = event.presence
                self._send_presence()
            case Tick():
                self._on_tick()
            case Woke():
                self._connect_anew(Turn.WOKE)
            case Stopped():
                self._turn(Turn.STOPPED)
        at_us = min(self._deadlines.values(), default=None)
        if at_us != self._timer_us or isinstance(event, Tick):  # a timer that went off is no timer any more
            self._timer_us = at_us
            self._effects.append(SetTimer(at_us=at_us))
        return self._effects

    # ways between states --------------------------------------------------------------------------------------

    def _turn(self, turn: Turn, sentence: str = "") -> bool:
        """The only place where the state is set. False: it means nothing in this state."""
        state = TURNS[self.state].get(turn)
        if state is None:
            return False
        if turn is not Turn.CONNECTED:
            self._drop_socket()
        self.state = state
        self._effects.append(Report(state=state, sentence=sentence or SENTENCES[state]))
        return True

    def _drop_socket(self) -> None:
        self._deadlines.clear()
        if self._has_socket:
            self._has_socket = False
            self._effects.append(CloseSocket(socket=self.socket))
        if self.state is LinkState.ONLINE:
            self._effects.append(ReplacePresence(presence=[]))

    def _connect(self, turn: Turn) -> bool:
        """Away with the old socket, on with a new one."""
        if not self._turn(turn):
            return False
        self.socket += 1
        self._has_socket, self._awaited = True, wire.Hello
        self._next_number = 1
        self._deadlines["connect"] = self._now_us + CONNECT_LIMIT_US
        self._effects.append(OpenSocket(socket=self.socket))
        return True

    def _connect_anew(self, turn: Turn) -> None:
        """What failed before says nothing any more."""
        if self._connect(turn):
            self._attempts, self._renewed = 0, False

    def _renew(self) -> None:
        """Away with the socket, on with a new token; unless that was just tried."""
        if self._renewed:
            self._back_off("The relay refuses a token it has just given; trying again soon.")
        elif self._turn(Turn.EXPIRED):
            self._renewed = True
            self._deadlines["connect"] = self._now_us + CONNECT_LIMIT_US
            self._effects.append(RefreshToken())

    def _back_off(self, sentence: str = "", retry_after_us: int = 0) -> None:
        """Come back after 0.5 to 30 s with full jitter, and not before the relay asked for."""
        if not self._turn(Turn.LOST, sentence):
            return
        self._attempts += 1
        self._renewed = False
        ceiling_us = min(BACKOFF_FLOOR_US << min(self._attempts, 16), BACKOFF_CEILING_US)
        wait_us = BACKOFF_FLOOR_US + int((ceiling_us - BACKOFF_FLOOR_US) * self._jitter)
        self._deadlines["retry"] = self._now_us + max(wait_us, min(retry_after_us, RETRY_AFTER_CEILING_US))

    def _lost(self, code: int | None, retry_after_us: int = 0) -> None:
        """By the class of the close code: 3000-3499 and everything unknown come back, 3500-3999 do not."""
        if code == wire.CLOSE_EXPIRED:
            self._renew()
        elif code == wire.CLOSE_REVOKED:
            self._turn(Turn.REVOKED)
        elif code is not None and 3500 <= code <= 3999:
            self._turn(Turn.UNWELCOME)
        else:
            self._back_off("", retry_after_us)

    # events ---------------------------------------------------------------------------------------------------

    def _on_socket(self, event: SocketOpened | FrameReceived | SocketLost | TokenRefused) -> None:
        match event:
            case SocketOpened():
                self.cursor = event.cursor
            case FrameReceived():
                self._on_frame(event)
            case SocketLost():
                self._has_socket = False
                self._lost(event.code)
            case TokenRefused():
                self._has_socket = False
                self._renew()

    def _on_frame(self, event: FrameReceived) -> None:
        if event.number != self._next_number:
            self._back_off("A message of the relay is missing; connecting again to get it.")
            return
        self._next_number += len(event.messages)
        for message in event.messages:
            if not self._has_socket or event.socket != self.socket:
                break  # one before it has ended this connection
            self._on_message(message)

    def _on_message(self, message: FromRelay | None) -> None:
        if "pong" in self._deadlines:  # whatever arrives shows that the relay is there
            del self._deadlines["pong"]
            self._attempts = 0
        if message is None:  # of a later version
            return
        opening = isinstance(message, wire.Hello | wire.Connected)
        if opening != (self._awaited is type(message)) or (
            self._awaited and not opening and not isinstance(message, wire.Error | wire.Disconnect)
        ):
            self._back_off("The relay does not keep to the protocol; trying again soon.")
            return
        match message:
            case wire.Hello():
                self._awaited = wire.Connected
                self._ping_us = min(max(message.ping_interval_ms * 1000, MIN_PING_US), MAX_PING_US)
                self._effects.append(SendFrame(messages=[wire.Connect(cursor=self.cursor)]))
            case wire.Connected():
                self._on_connected(message)
            case wire.Event():
                self._on_event(message)
            case wire.Disconnect():
                self._lost(message.code, (message.retry_after_ms or 0) * 1000)
            case wire.Pong():
                self._on_pong(message)
            case wire.Refreshed() | wire.Error():
                pass

    def _on_connected(self, connected: wire.Connected) -> None:
        """Apply what was missed, or fetch the whole."""
        self._turn(Turn.CONNECTED)
        self._renewed, self._awaited = False, None
        del self._deadlines["connect"]
        self._deadlines["ping"] = self._now_us + self._ping_us
        self._deadlines["refresh"] = self._now_us + REFRESH_EVERY_US
        self._effects.append(ReplacePresence(presence=read_presence(connected)))
        if connected.recovered:
            self._apply([read_payload(event) for event in connected.events], connected.cursor)
        else:
            self._move_to(connected.cursor)
            self._effects.append(Refetch(paths=connected.fetch, cursor=connected.cursor))
        self._send_presence()

    def _on_event(self, event: wire.Event) -> None:
        self._apply([read_payload(event)], event.cursor)

    def _on_pong(self, pong: wire.Pong) -> None:
        """Where the account stands though nothing happened; else a long quiet would look like a loss."""
        due = self._now_us - self._cursor_us >= CURSOR_EVERY_US
        if pong.cursor is not None and pong.cursor != self.cursor and due:
            self._apply([], pong.cursor)

    def _apply(self, payloads: list[Payload | None], cursor: str | None) -> None:
        """Payloads that this version cannot read are passed over, and the cursor moves on."""
        if cursor is not None:
            self._move_to(cursor)
        known = [payload for payload in payloads if payload is not None]
        self._effects.append(ApplyEvents(payloads=known, cursor=cursor))

    def _move_to(self, cursor: str) -> None:
        self.cursor, self._cursor_us = cursor, self._now_us

    def _on_refreshed(self, access_token: str) -> None:
        if self.state is LinkState.ONLINE:
            self._deadlines["refresh"] = self._now_us + REFRESH_EVERY_US
            self._effects.append(SendFrame(messages=[wire.Refresh(access_token=access_token)]))
        elif not self._has_socket:
            self._connect(Turn.RENEWED)

    def _on_refresh_failed(self, final: bool) -> None:
        if final:
            self._turn(Turn.DISOWNED)
        elif self.state is LinkState.ONLINE:
            self._deadlines["refresh"] = self._now_us + REFRESH_RETRY_US
        elif not self._has_socket:
            self._back_off()

    def _on_tick(self) -> None:
        for name in [n for n, at_us in self._deadlines.items() if at_us <= self._now_us]:
            if name not in self._deadlines:
                break  # one before it has ended this connection
            match name:
                case "connect":
                    self._back_off()
                case "retry":
                    self._connect(Turn.DUE)
                case "pong":
                    self._back_off("The relay has gone silent; connecting again.")
                case "ping":
                    self._deadlines["ping"] = self._now_us + self._ping_us
                    self._deadlines.setdefault("pong", self._now_us + PONG_LIMIT_US)
                    self._effects.append(SendFrame(messages=[wire.Ping()]))
                case "refresh":
                    del self._deadlines["refresh"]  # until it is answered
                    self._effects.append(RefreshToken())
                case "presence":
                    self._send_presence()

    def _send_presence(self) -> None:
        """Presence is leased: said on change, on connecting, and again before the lease ends."""
        if self.state is LinkState.ONLINE and self._presence:
            self._deadlines["presence"] = self._now_us + PRESENCE_EVERY_US
            self._effects.append(SendFrame(messages=[self._presence]))
