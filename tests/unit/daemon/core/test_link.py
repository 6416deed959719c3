"""The link's rules, one by one: opening, recovery, live events, close codes, silence, sleep, tokens, presence."""

from collections.abc import Mapping

import pytest

from daemon.core import link
from daemon.core.link import IllegalEvent, Link, LinkState
from relay.wire import events as wire
from relay.wire.events import Position

S = 1_000_000
CH = "author:" + "a" * 32
OTHER = "author:" + "b" * 32
EPOCH = "epoch-one"
HELLO = wire.Hello(session="0" * 32, server="relay")


def payload(n: int) -> wire.PresenceUpdate:
    return wire.PresenceUpdate(
        user_id=f"{n:032x}", username="ana", status="producing", since="2026-01-01T00:00:00Z"
    )


def live(offset: int, channel: str = CH) -> wire.Event:
    return wire.Event(ch=channel, o=offset, id=f"{offset:032x}", ts="2026-01-01T00:00:00Z", d=payload(offset))


def at_head(head: int, **fields: object) -> wire.ChannelState:
    return wire.ChannelState(**{"epoch": EPOCH, "head": head, "recovered": True, **fields})  # type: ignore[arg-type]


class Driven:
    """A link and the answers a driver would give; `tell` returns the effects."""

    def __init__(self) -> None:
        self.link = Link()
        self.now_us = 0

    def tell(self, event: link.Event, jitter: float = 0.0) -> list[link.Effect]:
        return self.link.handle(event, self.now_us, jitter)

    def frame(self, *messages: wire.FromRelay) -> list[link.Effect]:
        return self.tell(link.FrameReceived(socket=self.link.socket, messages=list(messages)))

    def lose(self, code: int | None = None, jitter: float = 0.0) -> list[link.Effect]:
        return self.tell(link.SocketLost(socket=self.link.socket, code=code), jitter)

    def open(self, positions: Mapping[str, Position] | None = None) -> list[link.Effect]:
        if self.link.state is LinkState.UNCLAIMED:
            self.tell(link.Started(claimed=True))
        self.tell(link.SocketOpened(socket=self.link.socket, positions=positions or {}))
        return self.frame(HELLO)

    def online(self, head: int = 0) -> "Driven":
        self.open({CH: Position(epoch=EPOCH, offset=head)})
        self.frame(wire.Connected(channels={CH: at_head(head)}))
        assert self.link.state is LinkState.ONLINE
        return self


def only(effects: list[link.Effect], kind: type) -> list[link.Effect]:
    return [e for e in effects if isinstance(e, kind)]


def in_state(state: LinkState) -> Driven:
    driven = Driven()
    match state:
        case LinkState.CONNECTING:
            driven.tell(link.Started(claimed=True))
        case LinkState.ONLINE:
            driven.online()
        case LinkState.BACKING_OFF:
            driven.tell(link.Started(claimed=True))
            driven.lose()
        case LinkState.NEEDS_RECLAIM:
            driven.online().lose(wire.CLOSE_REVOKED)
        case LinkState.PAUSED:
            driven.online().lose(wire.CLOSE_BAD_MESSAGE)
        case LinkState.STOPPED:
            driven.tell(link.Stopped())
    assert driven.link.state is state
    return driven


EVENTS: list[link.Event] = [
    link.Started(claimed=True), link.Started(claimed=False), link.ClaimedEvent(), link.SocketOpened(socket=1, positions={}),
    link.FrameReceived(socket=1, messages=[wire.Disconnect(code=3001, reason="")]),
    link.FrameReceived(socket=1, messages=[wire.Disconnect(code=3502, reason="")]),
    link.FrameReceived(socket=9, messages=[HELLO]),
    link.SocketLost(socket=1), link.SocketLost(socket=1, code=3005), link.TokenRefused(socket=1),
    link.TokenRefreshed(access_token="t" * 16), link.RefreshFailed(final=False), link.RefreshFailed(final=True),
    link.PresenceChanged(presence=wire.Presence(status="idle")), link.Tick(), link.Woke(), link.Stopped(),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("state", LinkState)
def test_an_event_leads_where_the_table_allows_and_any_other_changes_nothing(
    state: LinkState, event: link.Event
) -> None:
    driven = in_state(state)
    driven.now_us = 3600 * S
    allowed = link.TRANSITIONS[state].get(type(event))
    if allowed is None:
        with pytest.raises(IllegalEvent, match=type(event).__name__):
            driven.tell(event)
        assert driven.link.state is state
    else:
        driven.tell(event)
        assert driven.link.state in allowed | {state}


def test_every_state_is_reached_and_all_but_stopped_can_be_left() -> None:
    reached = {to for edges in link.TRANSITIONS.values() for tos in edges.values() for to in tos}
    assert reached | {LinkState.UNCLAIMED} == set(LinkState)
    for state, edges in link.TRANSITIONS.items():
        assert state is LinkState.STOPPED or {to for tos in edges.values() for to in tos} - {state}


def test_hello_is_answered_with_the_positions_of_the_store() -> None:
    positions = {CH: Position(epoch=EPOCH, offset=7)}
    assert Driven().open(positions)[0] == link.SendFrame(messages=[wire.Connect(positions=positions)])


def test_a_connection_starts_from_what_the_store_holds_not_from_what_was_given_out() -> None:
    driven = Driven().online(4)
    driven.frame(live(5))  # the driver fails to store it, and says so
    driven.lose()
    driven.tell(link.Woke())
    stored = {CH: Position(epoch=EPOCH, offset=4)}
    assert driven.open(stored)[0] == link.SendFrame(messages=[wire.Connect(positions=stored)])


def test_missed_events_are_applied_in_order_and_the_position_goes_with_them() -> None:
    driven = Driven()
    driven.open({CH: Position(epoch=EPOCH, offset=2)})
    effects = driven.frame(wire.Connected(channels={CH: at_head(4, events=[live(3), live(4)])}))
    applied = link.ApplyEvents(
        events=[(CH, Position(epoch=EPOCH, offset=o), payload(o)) for o in (3, 4)],
        positions={CH: Position(epoch=EPOCH, offset=4)},
    )
    assert only(effects, link.ApplyEvents) == [applied]
    assert only(effects, link.Report) == [
        link.Report(state=LinkState.ONLINE, sentence="Connected to the relay.")
    ]


@pytest.mark.parametrize(
    "answer",
    [
        at_head(9, recovered=False, refetch="u"),
        at_head(2, recovered=False, refetch="u"),
        at_head(9, epoch="epoch-two", refetch="u"),
        at_head(9, events=[live(3), live(5)], refetch="u"),
        at_head(9, events=[], refetch="u"),
        at_head(1, events=[], refetch="u"),
    ],
    ids=["said", "said, and nothing missing", "new epoch", "hole", "short", "head behind us"],
)
def test_what_was_not_recovered_is_refetched_whatever_the_relay_calls_it(answer: wire.ChannelState) -> None:
    driven = Driven()
    driven.open({CH: Position(epoch=EPOCH, offset=2)})
    effects = driven.frame(wire.Connected(channels={CH: answer}))
    head = Position(epoch=answer.epoch, offset=answer.head)
    assert only(effects, link.Refetch) == [link.Refetch(channel=CH, url="u", position=head)]
    assert only(effects, link.ApplyEvents) == [link.ApplyEvents(events=[], positions={})]


def test_a_channel_not_heard_before_starts_at_its_head_and_one_left_is_forgotten() -> None:
    driven = Driven()
    driven.open({OTHER: Position(epoch=EPOCH, offset=5)})
    effects = driven.frame(wire.Connected(channels={CH: at_head(4)}))
    moved = {OTHER: None, CH: Position(epoch=EPOCH, offset=4)}
    assert only(effects, link.ApplyEvents) == [link.ApplyEvents(events=[], positions=moved)]


def test_a_live_event_is_applied_once_and_a_repeated_one_dropped() -> None:
    driven = Driven().online(4)
    position = Position(epoch=EPOCH, offset=5)
    applied = [link.ApplyEvents(events=[(CH, position, payload(5))], positions={CH: position})]
    assert driven.frame(live(5)) == applied
    assert driven.frame(live(5), live(3)) == []


def test_a_hole_ends_the_connection_and_nothing_behind_it_is_applied() -> None:
    driven = Driven().online(4)
    effects = driven.frame(live(6), live(5))
    assert driven.link.state is LinkState.BACKING_OFF
    assert not only(effects, link.ApplyEvents) and only(effects, link.CloseSocket)


def test_live_only_events_move_no_position() -> None:
    event = live(0, "presence:friends")
    assert Driven().online().frame(event) == [
        link.ApplyEvents(events=[("presence:friends", None, event.d)], positions={})
    ]


def test_a_follow_starts_a_channel_at_its_head_and_an_unfollow_forgets_it() -> None:
    driven = Driven().online()
    added = Position(epoch="epoch-new", offset=3)
    effects = driven.frame(wire.ChannelAdded(ch=OTHER, epoch="epoch-new", head=3), live(4, OTHER))
    assert [e.positions for e in effects] == [{OTHER: added}, {OTHER: Position(epoch="epoch-new", offset=4)}]  # type: ignore[union-attr]
    assert driven.frame(wire.ChannelRemoved(ch=OTHER)) == [
        link.ApplyEvents(events=[], positions={OTHER: None})
    ]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (None, LinkState.BACKING_OFF), (1006, LinkState.BACKING_OFF), (3001, LinkState.BACKING_OFF),
        (3499, LinkState.BACKING_OFF), (4000, LinkState.BACKING_OFF), (wire.CLOSE_EXPIRED, LinkState.CONNECTING),
        (3500, LinkState.PAUSED), (3999, LinkState.PAUSED), (wire.CLOSE_REVOKED, LinkState.NEEDS_RECLAIM),
    ],
)  # fmt: skip
def test_the_class_of_a_close_code_says_whether_to_come_back(code: int | None, state: LinkState) -> None:
    by_loss, by_word = Driven().online(), Driven().online()
    by_loss.lose(code)
    assert by_loss.link.state is state
    if code is not None:
        effects = by_word.frame(wire.Disconnect(code=code, reason=""), live(1))
        assert by_word.link.state is state and not only(effects, link.ApplyEvents)


def test_the_relay_says_when_to_come_back_within_an_hour() -> None:
    driven = Driven().online()
    effects = driven.frame(wire.Disconnect(code=3001, reason="", retry_after_ms=60_000))
    assert effects[-1] == link.SetTimer(at_us=60 * S)
    effects = Driven().online().frame(wire.Disconnect(code=3001, reason="", retry_after_ms=10**12))
    assert effects[-1] == link.SetTimer(at_us=3600 * S)


def test_backing_off_doubles_from_half_a_second_to_thirty_with_full_jitter() -> None:
    driven, waits = Driven(), []
    driven.tell(link.Started(claimed=True))
    for jitter in (1.0, 1.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0):
        timer = only(driven.lose(jitter=jitter), link.SetTimer)[-1]
        waits.append((timer.at_us - driven.now_us) / S)  # type: ignore[attr-defined]
        driven.now_us = timer.at_us  # type: ignore[attr-defined]
        assert only(driven.tell(link.Tick()), link.OpenSocket)
    assert waits == [1.0, 2.0, 0.5, 4.25, 16.0, 30.0, 30.0, 30.0]


def test_only_a_connection_that_lasted_a_ping_makes_the_next_wait_short_again() -> None:
    driven = Driven()
    for _ in range(4):
        driven.online().lose(jitter=1.0)
        driven.now_us += 60 * S
        driven.tell(link.Tick())
    driven.online()
    driven.now_us += 20 * S
    assert link.SendFrame(messages=[wire.Ping()]) in driven.tell(link.Tick())
    driven.frame(wire.Pong())
    assert only(driven.lose(jitter=1.0), link.SetTimer)[-1] == link.SetTimer(at_us=driven.now_us + S)


def test_a_silent_relay_is_given_up_after_the_pong_limit() -> None:
    driven = Driven().online()
    driven.now_us = 20 * S
    assert driven.tell(link.Tick())[-1] == link.SetTimer(at_us=28 * S)
    driven.now_us = 28 * S
    assert only(driven.tell(link.Tick()), link.CloseSocket)
    assert driven.link.state is LinkState.BACKING_OFF


def test_a_tick_too_early_sets_the_timer_again() -> None:
    assert Driven().online().tell(link.Tick()) == [link.SetTimer(at_us=20 * S)]


def test_an_opening_that_takes_too_long_is_given_up() -> None:
    driven = Driven()
    driven.open()
    driven.now_us = link.CONNECT_LIMIT_US
    assert only(driven.tell(link.Tick()), link.CloseSocket)
    assert driven.link.state is LinkState.BACKING_OFF


@pytest.mark.parametrize(
    "state", [LinkState.CONNECTING, LinkState.ONLINE, LinkState.BACKING_OFF, LinkState.PAUSED]
)
def test_waking_up_replaces_the_socket_whatever_it_looks_like(state: LinkState) -> None:
    driven = in_state(state)
    before = driven.link.socket
    effects = driven.tell(link.Woke())
    assert only(effects, link.OpenSocket) == [link.OpenSocket(socket=before + 1)]
    assert bool(only(effects, link.CloseSocket)) == (state in (LinkState.CONNECTING, LinkState.ONLINE))


def test_what_a_replaced_socket_still_says_is_dropped() -> None:
    driven = Driven().online()
    old = driven.link.socket
    driven.tell(link.Woke())
    assert driven.tell(link.FrameReceived(socket=old, messages=[live(1)])) == []
    assert driven.tell(link.SocketLost(socket=old, code=wire.CLOSE_REVOKED)) == []


def test_an_old_token_is_renewed_once_and_then_backed_off() -> None:
    driven = Driven()
    driven.tell(link.Started(claimed=True))
    assert only(driven.tell(link.TokenRefused(socket=1)), link.RefreshToken)
    assert only(driven.tell(link.TokenRefreshed(access_token="t" * 16)), link.OpenSocket)
    assert not only(driven.tell(link.TokenRefused(socket=2)), link.RefreshToken)
    assert driven.link.state is LinkState.BACKING_OFF


def test_a_token_is_renewed_on_the_living_socket_before_it_ends() -> None:
    driven = Driven().online()
    driven.now_us = link.REFRESH_EVERY_US
    assert only(driven.tell(link.Tick()), link.RefreshToken)
    effects = driven.tell(link.TokenRefreshed(access_token="t" * 16))
    assert link.SendFrame(messages=[wire.Refresh(access_token="t" * 16)]) in effects
    assert driven.link.state is LinkState.ONLINE


def test_presence_is_said_on_change_and_again_before_its_lease_ends_and_on_every_connection() -> None:
    driven, said = Driven(), link.SendFrame(messages=[wire.Presence(status="producing")])
    assert driven.tell(link.PresenceChanged(presence=wire.Presence(status="producing"))) == []
    driven.open()
    assert said in driven.frame(wire.Connected(channels={}))
    driven.now_us = link.PRESENCE_EVERY_US
    assert said in driven.tell(link.Tick())


def test_nothing_is_known_of_friends_when_offline() -> None:
    assert link.ReplacePresence(presence=[]) in Driven().online().lose()


@pytest.mark.parametrize(
    "messages",
    [[live(1)], [wire.Connected(channels={})], [HELLO, HELLO], [HELLO, live(1)]],
    ids=["event first", "connected first", "hello twice", "event before connected"],
)
def test_a_relay_that_speaks_out_of_turn_is_left(messages: list[wire.FromRelay]) -> None:
    driven = Driven()
    driven.tell(link.Started(claimed=True))
    driven.tell(link.SocketOpened(socket=1, positions={}))
    assert not only(driven.frame(*messages), link.ApplyEvents)
    assert driven.link.state is LinkState.BACKING_OFF


def test_stopping_closes_the_socket_and_sets_no_timer() -> None:
    effects = Driven().online().tell(link.Stopped())
    assert only(effects, link.CloseSocket) and effects[-1] == link.SetTimer(at_us=None)


@pytest.mark.parametrize("before", ["unclaimed", "connecting", "online", "backing off", "revoked"])
def test_a_device_that_is_given_up_is_unclaimed_at_once_and_stays_it(before: str) -> None:
    driven = Driven()
    if before == "connecting":
        driven.open()
    elif before != "unclaimed":
        driven.online()
        if before != "online":
            driven.lose(wire.CLOSE_REVOKED if before == "revoked" else None)
    effects = driven.tell(link.UnclaimedEvent())
    assert driven.link.state is LinkState.UNCLAIMED
    assert any(isinstance(effect, link.CloseSocket) for effect in effects) is (
        before in ("connecting", "online")
    )
    driven.tell(
        link.SocketLost(socket=driven.link.socket, code=wire.CLOSE_REVOKED)
    )  # the relay's answer to it, late
    driven.tell(link.RefreshFailed(final=True))
    assert driven.link.state is LinkState.UNCLAIMED
    driven.tell(link.ClaimedEvent())
    assert driven.link.state is LinkState.CONNECTING
