"""The link against a relay that drops connections, forgets events and starts new epochs, and a daemon whose store
fails: what is applied of a channel is every event once and in order, or a refetch stands in its place."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from daemon.core import link
from daemon.core.link import Link, LinkState
from relay.wire import events as wire
from relay.wire.events import Position

CHANNELS = [f"author:{n:032x}" for n in range(3)]
RETAINED = 4


def event(channel: str, offset: int) -> wire.Event:
    update = wire.PresenceUpdate(user_id=f"{offset:032x}", username="ana", status="idle", since="2026")
    return wire.Event(ch=channel, o=offset, id=f"{offset:032x}", ts="2026", d=update)


class World(RuleBasedStateMachine):
    """Relay, driver and durable store around one Link."""

    def __init__(self) -> None:
        super().__init__()
        self.link = Link()
        self.now_us = 0
        self.timer_us: int | None = None
        self.epochs = dict.fromkeys(CHANNELS, 1)
        self.heads = dict.fromkeys(CHANNELS, 0)
        self.stored: dict[str, Position] = {}
        # what the store holds of each channel: the epoch, and the offsets known, by event or by refetch
        self.known: dict[str, tuple[str, list[int]]] = {}
        self.wire: list[tuple[int, wire.FromRelay]] = []  # on the way: (socket, message)
        self.listening: int | None = None  # the socket the relay has answered Connect on
        self.failures = 0  # so many of the next transactions fail

    def fails(self) -> bool:
        failing = self.failures > 0
        self.failures -= failing
        return failing

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
                        self.wire.append((self.link.socket, wire.Pong()))
            case link.ApplyEvents(events=events, positions=positions):
                return self.store(events, positions)
            case link.Refetch(channel=channel, position=position):
                if self.fails():
                    return False
                self.known[channel] = (position.epoch, list(range(1, position.offset + 1)))
                self.stored[channel] = position
        return True

    def store(
        self, events: list[tuple[str, Position | None, wire.Payload]], positions: dict[str, Position | None]
    ) -> bool:
        """One transaction: all or nothing."""
        if self.fails():
            return False
        for channel, position in positions.items():
            assert position is not None
            if channel not in self.known:  # the first time it is heard: at its head
                applied = [p.offset for c, p, _ in events if c == channel and p]
                self.known[channel] = (position.epoch, list(range(1, position.offset + 1 - len(applied))))
            self.stored[channel] = position
        for channel, at, _ in events:
            assert at is not None and at.epoch == self.known[channel][0]
            self.known[channel][1].append(at.offset)
        return True

    def answer(self, connect: wire.Connect) -> None:
        """What an honest relay says: the events in between, or plainly that it cannot."""
        channels = {}
        for channel, epoch in self.epochs.items():
            head, at = self.heads[channel], connect.positions.get(channel)
            whole = at is None or (at.epoch == f"epoch-{epoch}" and head - RETAINED <= at.offset)
            missed = [event(channel, o) for o in range(at.offset + 1, head + 1)] if at and whole else []
            channels[channel] = wire.ChannelState(
                epoch=f"epoch-{epoch}", head=head, recovered=whole, events=missed, refetch="u"
            )
        self.listening = self.link.socket
        self.wire.append((self.link.socket, wire.Connected(channels=channels)))

    @initialize()
    def start(self) -> None:
        self.tell(link.Started(claimed=True))

    @rule(whole=st.booleans())
    def opens(self, whole: bool) -> None:
        if self.link.state is LinkState.CONNECTING and self.listening is None:
            self.tell(link.SocketOpened(socket=self.link.socket, positions=dict(self.stored)))
            self.wire.append((self.link.socket, wire.Hello(session="0" * 32, server="")))
            self.deliver(2)
            if whole:
                self.deliver(5)

    @rule(count=st.integers(1, 5), repeat=st.booleans())
    def deliver(self, count: int, repeat: bool = False) -> None:
        """Up to `count` messages in one frame, from the oldest socket that still says something."""
        if not self.wire:
            return
        socket = self.wire[0][0]
        messages = [m for s, m in self.wire[:count] if s == socket]
        del self.wire[: len(messages)]
        if repeat:
            messages += [m for m in messages if isinstance(m, wire.Event)]
        self.tell(link.FrameReceived(socket=socket, messages=messages))

    @rule(channel=st.sampled_from(CHANNELS), at_once=st.booleans())
    def publish(self, channel: str, at_once: bool) -> None:
        self.heads[channel] += 1
        if self.listening is not None:
            self.wire.append((self.listening, event(channel, self.heads[channel])))
        if at_once:
            self.deliver(5)

    @rule(count=st.integers(1, 3))
    def lose_messages(self, count: int) -> None:
        """A relay with a bug: events vanish on the way."""
        for index in [i for i, (_, m) in enumerate(self.wire) if isinstance(m, wire.Event)][:count][::-1]:
            del self.wire[index]

    @rule(channel=st.sampled_from(CHANNELS), head=st.integers(0, 3))
    def new_epoch(self, channel: str, head: int) -> None:
        """The relay lost its memory: everybody is disconnected."""
        self.epochs[channel] += 1
        self.heads[channel] = head
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

    @rule()
    def tick(self) -> None:
        if self.timer_us is not None:
            self.now_us = max(self.now_us, self.timer_us)
            self.tell(link.Tick())

    @rule(count=st.integers(1, 2))
    def disk_full(self, count: int) -> None:
        self.failures = count

    @invariant()
    def every_event_is_known_once_and_in_order(self) -> None:
        for channel, (epoch, offsets) in self.known.items():
            assert offsets == list(range(1, self.stored[channel].offset + 1))
            assert epoch == self.stored[channel].epoch

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
        if self.link.state is LinkState.ONLINE:
            for channel, head in self.heads.items():
                assert self.stored[channel] == Position(epoch=f"epoch-{self.epochs[channel]}", offset=head)
        else:
            raise AssertionError(f"did not come online: {self.link.state}")
        self.every_event_is_known_once_and_in_order()


World.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLink = World.TestCase
