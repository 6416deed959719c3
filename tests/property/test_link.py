"""The link against a relay that drops connections, forgets events and starts new epochs, and a daemon whose store
fails: what is applied is every event once and in order, or a refetch stands in its place."""

import hypothesis.strategies as st
import msgspec
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from daemon.core import link
from daemon.core.link import CURSOR_EVERY_US, Link, LinkState
from relay.wire import events as wire

RETAINED = 4
AT = "2026-01-01T00:00:00.000000Z"


def event(n: int, epoch: int, *, live_only: bool = False, known: bool = True) -> wire.Event:
    """The n-th event of an epoch. known False: of a type that this version does not have."""
    said = wire.PresenceUpdate(user_id=f"{n:032x}", username="ana", status="idle", since=AT)
    document = msgspec.msgpack.encode(said if known else {"t": "of.the.next.version"})
    cursor = None if live_only else cursor_of(epoch, n)
    return wire.Event(id=f"{n:032x}", ts=AT, cursor=cursor, d=msgspec.Raw(document))


def cursor_of(epoch: int, n: int) -> str:
    return f"{epoch}.{n}"


def place_of(cursor: str) -> tuple[int, int]:
    epoch, n = cursor.split(".")
    return int(epoch), int(n)


class World(RuleBasedStateMachine):
    """Relay, driver and durable store around one Link. Events of an epoch are 1, 2, 3 …"""

    def __init__(self) -> None:
        super().__init__()
        self.link = Link()
        self.now_us = 0
        self.timer_us: int | None = None
        self.epoch = 1
        self.head = 0
        self.unknown: set[tuple[int, int]] = set()  # events that this version cannot read
        self.stored: str | None = None
        self.known: tuple[int, list[int]] | None = (
            None  # what the store holds: epoch, and events, applied or fetched
        )
        self.wire: list[tuple[int, int, wire.FromRelay]] = []  # on the way: (socket, number, message)
        self.next_number: dict[int, int] = {}  # of the next message on each socket
        self.listening: int | None = None  # the socket the relay has answered Connect on
        self.failures = 0  # so many of the next transactions fail

    def fails(self) -> bool:
        failing = self.failures > 0
        self.failures -= failing
        return failing

    def say(self, socket: int, message: wire.FromRelay) -> None:
        number = self.next_number.get(socket, 1)
        self.next_number[socket] = number + 1
        self.wire.append((socket, number, message))

    def tell(self, happened: link.Event, jitter: float = 0.5) -> None:
        before = self.link.state
        allowed = link.TRANSITIONS[before][type(happened)]
        effects = self.link.handle(happened, self.now_us, jitter)
        assert self.link.state in allowed | {before}
        for effect in effects:
            if not self.carry_out(effect):
                self.tell(link.SocketLost(socket=self.link.socket))
                return

    def carry_out(self, effect: link.Effect) -> bool:
        match effect:
            case link.SetTimer(at_us=at_us):
                self.timer_us = at_us
            case link.CloseSocket():
                self.listening = None
            case link.SendFrame(messages=messages):
                for message in messages:
                    if isinstance(message, wire.Connect):
                        self.answer(message)
                    elif isinstance(message, wire.Ping):
                        self.say(self.link.socket, wire.Pong(cursor=cursor_of(self.epoch, self.head)))
            case link.ApplyEvents(payloads=payloads, cursor=cursor):
                return self.store(payloads, cursor)
            case link.Refetch(cursor=cursor):
                if self.fails():
                    return False
                epoch, n = place_of(cursor)
                self.known, self.stored = (epoch, list(range(1, n + 1))), cursor
        return True

    def store(self, payloads: list[wire.Payload], cursor: str | None) -> bool:
        """One transaction: all or nothing."""
        if cursor is None:
            return True  # live only: nothing of it is kept
        if self.fails():
            return False
        epoch, n = place_of(cursor)
        if self.known is None:  # the first time: from now on
            self.known = (epoch, list(range(1, n + 1)))
        else:
            assert epoch == self.known[0], "a new epoch begins with a refetch"
            before = self.known[1]
            applied = [int(each.user_id, 16) for each in payloads if isinstance(each, wire.PresenceUpdate)]
            passed = [i for i in range(len(before) + 1, n + 1) if (epoch, i) in self.unknown]
            before += sorted(passed + applied)
        self.stored = cursor
        return True

    def answer(self, connect: wire.Connect) -> None:
        """What an honest relay says: the events in between, or plainly that it cannot."""
        at = None if connect.cursor is None else place_of(connect.cursor)
        whole = at is None or (at[0] == self.epoch and self.head - RETAINED <= at[1] <= self.head)
        missed = range(at[1] + 1, self.head + 1) if at and whole else []
        self.listening = self.link.socket
        self.say(
            self.link.socket,
            wire.Connected(
                cursor=cursor_of(self.epoch, self.head),
                recovered=whole,
                events=[self.event(n) for n in missed],
                fetch=[] if whole else ["/u"],
            ),
        )

    def event(self, n: int) -> wire.Event:
        return event(n, self.epoch, known=(self.epoch, n) not in self.unknown)

    @initialize(opens=st.booleans())
    def start(self, opens: bool) -> None:
        self.tell(link.Started(claimed=True))
        if opens:
            self.opens(True)

    def may_open(self) -> bool:
        return self.link.state is LinkState.CONNECTING and self.listening is None

    @precondition(may_open)
    @rule(whole=st.booleans())
    def opens(self, whole: bool) -> None:
        if self.may_open():
            self.tell(link.SocketOpened(socket=self.link.socket, cursor=self.stored))
            self.say(self.link.socket, wire.Hello(session="0" * 32, server="r"))
            self.deliver(2)
            if whole:
                self.deliver(5)

    @precondition(lambda self: self.link.state is LinkState.BACKING_OFF)
    @rule()
    def comes_back(self) -> None:
        self.tick()
        self.opens(True)

    @precondition(lambda self: self.wire)
    @rule(count=st.integers(1, 5), repeat=st.booleans())
    def deliver(self, count: int, repeat: bool = False) -> None:
        """Up to `count` messages in one frame, from the oldest socket that still says something; perhaps twice."""
        if not self.wire:
            return
        socket, first, _ = self.wire[0]
        messages: list[wire.FromRelay | None] = []
        for index, (of, number, message) in enumerate(self.wire[:count]):
            if (of, number) != (socket, first + index):
                break
            messages.append(message)
        del self.wire[: len(messages)]
        for _ in range(2 if repeat else 1):
            self.tell(link.FrameReceived(socket=socket, number=first, messages=messages))

    @rule(
        known=st.lists(st.booleans(), min_size=1, max_size=4), at_once=st.booleans(), lost=st.integers(0, 9)
    )
    def publish(self, known: list[bool], at_once: bool, lost: int) -> None:
        """A few events; the one of index `lost`, if there is one, vanishes on the way: a relay with a bug."""
        for index, readable in enumerate(known):
            self.head += 1
            if not readable:
                self.unknown.add((self.epoch, self.head))
            if self.listening is not None:
                self.say(self.listening, self.event(self.head))
                if index == lost:
                    self.wire.pop()
        if at_once:
            self.deliver(5)

    @rule()
    def say_something_live(self) -> None:
        if self.listening is not None:
            self.say(self.listening, event(0, self.epoch, live_only=True))

    @rule(head=st.integers(0, 3))
    def new_epoch(self, head: int) -> None:
        """The relay lost its memory: everybody is disconnected."""
        self.epoch += 1
        self.head = head
        self.disconnect(None, False)

    @rule(code=st.sampled_from([None, 1006, 3001, 3005, 3008]), late=st.booleans())
    def disconnect(self, code: int | None, late: bool) -> None:
        if not late:
            self.wire.clear()
        self.listening = None
        self.tell(link.SocketLost(socket=self.link.socket, code=code))
        self.tell(link.TokenRefreshed(access_token="t" * 16))

    @rule()
    def wake(self) -> None:
        self.tell(link.Woke())

    @rule(long=st.booleans())
    def tick(self, long: bool = False) -> None:
        if self.timer_us is not None:
            self.now_us = max(self.now_us, self.timer_us) + (CURSOR_EVERY_US if long else 0)
            self.tell(link.Tick())

    @rule(count=st.integers(1, 2))
    def disk_full(self, count: int) -> None:
        self.failures = count

    @invariant()
    def every_event_is_known_once_and_in_order(self) -> None:
        if self.known is not None:
            assert self.stored is not None
            epoch, n = place_of(self.stored)
            assert self.known == (epoch, list(range(1, n + 1)))

    @invariant()
    def a_timer_runs_whenever_the_link_waits(self) -> None:
        assert self.timer_us is not None

    def teardown(self) -> None:
        """Left in peace it comes to know everything."""
        self.failures = 0
        self.wake()
        self.listening = None
        self.opens(True)
        for _ in range(50):
            self.deliver(5)
        if self.link.state is not LinkState.ONLINE:
            raise AssertionError(f"did not come online: {self.link.state}")
        assert self.stored == cursor_of(self.epoch, self.head)
        self.every_event_is_known_once_and_in_order()


World.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLink = World.TestCase
