"""The link's rules, one by one: opening, recovery, live events, close codes, silence, sleep, tokens, presence."""

import msgspec
import pytest

from daemon.core import link, link_table
from daemon.core.link import IllegalEvent, Link, LinkState
from relay.wire import events as wire

S = 1_000_000
AT = "2026-01-01T00:00:00.000000Z"
HELLO = wire.Hello(session="0" * 32, server="relay")


def payload(n: int) -> wire.PresenceUpdate:
    return wire.PresenceUpdate(user_id=f"{n:032x}", username="ana", status="producing", since=AT)


def live(n: int, cursor: str | None = "", d: object = None) -> wire.Event:
    """The n-th event; its cursor is `c{n}` unless given."""
    raw = msgspec.Raw(msgspec.msgpack.encode(payload(n) if d is None else d))
    return wire.Event(id=f"{n:032x}", ts=AT, cursor=f"c{n}" if cursor == "" else cursor, d=raw)


def connected(cursor: str = "c0", **fields: object) -> wire.Connected:
    return wire.Connected(**{"cursor": cursor, "recovered": True, **fields})  # type: ignore[arg-type]


class Driven:
    """A link and the answers a driver would give; `tell` returns the effects. number: of the message that comes next."""

    def __init__(self) -> None:
        self.link = Link()
        self.now_us = 0
        self.number = 1

    def tell(self, event: link.Event, jitter: float = 0.0) -> list[link.Effect]:
        return self.link.handle(event, self.now_us, jitter)

    def frame(self, *messages: wire.FromRelay | None) -> list[link.Effect]:
        number, self.number = self.number, self.number + len(messages)
        return self.numbered(number, *messages)

    def numbered(self, number: int, *messages: wire.FromRelay | None) -> list[link.Effect]:
        return self.tell(link.FrameReceived(socket=self.link.socket, number=number, messages=list(messages)))

    def lose(self, code: int | None = None, jitter: float = 0.0) -> list[link.Effect]:
        return self.tell(link.SocketLost(socket=self.link.socket, code=code), jitter)

    def open(self, cursor: str | None = None) -> list[link.Effect]:
        if self.link.state is LinkState.UNCLAIMED:
            self.tell(link.Started(claimed=True))
        self.number = 1
        self.tell(link.SocketOpened(socket=self.link.socket, cursor=cursor))
        return self.frame(HELLO)

    def online(self, cursor: str = "c0") -> "Driven":
        self.open(cursor)
        self.frame(connected(cursor))
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
    link.Started(claimed=True),
    link.Started(claimed=False),
    link.ClaimedEvent(),
    link.SocketOpened(socket=1, cursor=None),
    link.FrameReceived(socket=1, number=1, messages=[wire.Disconnect(code=3001, reason="")]),
    link.FrameReceived(socket=1, number=1, messages=[wire.Disconnect(code=3502, reason="")]),
    link.FrameReceived(socket=9, number=1, messages=[HELLO]),
    link.SocketLost(socket=1),
    link.SocketLost(socket=1, code=3005),
    link.TokenRefused(socket=1),
    link.TokenRefreshed(access_token="t" * 16),
    link.RefreshFailed(final=False),
    link.RefreshFailed(final=True),
    link.PresenceChanged(presence=wire.Presence(status="idle")),
    link.Tick(),
    link.Woke(),
    link.Stopped(),
]


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


@pytest.mark.parametrize("state", [LinkState.PAUSED, LinkState.UNCLAIMED, LinkState.NEEDS_RECLAIM])
def test_it_is_the_table_that_sets_the_state(monkeypatch: pytest.MonkeyPatch, state: LinkState) -> None:
    monkeypatch.setitem(link_table.TURNS[LinkState.ONLINE], link_table.Turn.LOST, state)
    driven = Driven().online()
    driven.lose()
    assert driven.link.state is state
    monkeypatch.delitem(link_table.TURNS[LinkState.ONLINE], link_table.Turn.LOST)
    driven = Driven().online()
    assert not only(driven.lose(), link.Report) and driven.link.state is LinkState.ONLINE


@pytest.mark.parametrize("cursor", [None, "c7"])
def test_hello_is_answered_with_the_cursor_of_the_store(cursor: str | None) -> None:
    assert Driven().open(cursor)[0] == link.SendFrame(messages=[wire.Connect(cursor=cursor)])


def test_a_connection_starts_from_what_the_store_holds_not_from_what_was_given_out() -> None:
    driven = Driven().online("c4")
    driven.frame(live(5))  # the driver fails to store it, and says so
    driven.lose()
    driven.tell(link.Woke())
    assert driven.open("c4")[0] == link.SendFrame(messages=[wire.Connect(cursor="c4")])


def test_missed_events_are_applied_in_order_and_the_cursor_goes_with_them() -> None:
    driven = Driven()
    driven.open("c2")
    effects = driven.frame(connected("c5", events=[live(3), live(4)]))
    applied = link.ApplyEvents(payloads=[payload(3), payload(4)], cursor="c5")
    assert only(effects, link.ApplyEvents) == [applied]
    assert only(effects, link.Report) == [
        link.Report(state=LinkState.ONLINE, sentence="Connected to the relay.")
    ]


@pytest.mark.parametrize("fetch", [["/a", "/b"], []], ids=["pages", "none"])
@pytest.mark.parametrize("events", [[], [live(3)]], ids=["no events", "some events"])
def test_what_was_not_recovered_is_refetched_whatever_else_is_said(
    fetch: list[str], events: list[wire.Event]
) -> None:
    driven = Driven()
    driven.open("c2")
    effects = driven.frame(connected("c9", recovered=False, fetch=fetch, events=events))
    assert only(effects, link.Refetch) == [link.Refetch(paths=fetch, cursor="c9")]
    assert not only(effects, link.ApplyEvents), "the cursor is stored with what was fetched, not before"


def test_an_account_not_heard_before_starts_at_the_cursor_it_is_told() -> None:
    driven = Driven()
    driven.open(None)
    effects = driven.frame(connected("c4"))
    assert only(effects, link.ApplyEvents) == [link.ApplyEvents(payloads=[], cursor="c4")]


def test_a_live_event_is_applied_with_its_cursor_and_a_frame_said_again_is_not() -> None:
    driven = Driven().online("c4")
    assert driven.frame(live(5)) == [link.ApplyEvents(payloads=[payload(5)], cursor="c5")]
    effects = driven.numbered(driven.number - 1, live(5))
    assert not only(effects, link.ApplyEvents) and only(effects, link.CloseSocket)


def test_a_message_that_is_missing_ends_the_connection_and_nothing_behind_it_is_applied() -> None:
    driven = Driven().online("c4")
    effects = driven.numbered(driven.number + 1, live(6), live(5))
    assert driven.link.state is LinkState.BACKING_OFF
    assert not only(effects, link.ApplyEvents) and only(effects, link.CloseSocket)


def test_live_only_events_move_no_cursor() -> None:
    assert Driven().online().frame(live(1, None)) == [link.ApplyEvents(payloads=[payload(1)], cursor=None)]


@pytest.mark.parametrize(
    "d",
    [
        {"t": "of.the.next.version", "x": 1},
        {"t": "presence.update"},
        {"t": "presence.update", "user_id": "0" * 32, "username": "ana", "status": "asleep", "since": AT},
        {"no": "type"},
        [1, 2],
        "a text",
    ],
)
def test_an_event_that_cannot_be_read_is_passed_over_and_the_cursor_moves_on(d: object) -> None:
    driven = Driven().online("c4")
    assert driven.frame(live(5, d=d)) == [link.ApplyEvents(payloads=[], cursor="c5")]
    assert driven.frame(live(6)) == [link.ApplyEvents(payloads=[payload(6)], cursor="c6")]


def test_a_message_of_a_later_version_is_counted_and_passed_over() -> None:
    driven = Driven().online("c4")
    assert driven.frame(None, live(5)) == [link.ApplyEvents(payloads=[payload(5)], cursor="c5")]
    assert driven.frame(live(6)) == [link.ApplyEvents(payloads=[payload(6)], cursor="c6")]


def test_a_quiet_account_still_stores_where_it_stands_but_not_at_each_ping() -> None:
    driven = Driven().online("c4")
    assert not only(driven.frame(wire.Pong(cursor="c5")), link.ApplyEvents)
    driven.now_us = link.CURSOR_EVERY_US
    assert only(driven.frame(wire.Pong(cursor="c6")), link.ApplyEvents) == [
        link.ApplyEvents(payloads=[], cursor="c6")
    ]
    assert not only(driven.frame(wire.Pong(cursor="c7")), link.ApplyEvents)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (None, LinkState.BACKING_OFF),
        (1006, LinkState.BACKING_OFF),
        (3001, LinkState.BACKING_OFF),
        (3499, LinkState.BACKING_OFF),
        (4000, LinkState.BACKING_OFF),
        (wire.CLOSE_EXPIRED, LinkState.CONNECTING),
        (3500, LinkState.PAUSED),
        (3999, LinkState.PAUSED),
        (wire.CLOSE_REVOKED, LinkState.NEEDS_RECLAIM),
    ],
)
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
    assert driven.tell(link.FrameReceived(socket=old, number=1, messages=[live(1)])) == []
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
    assert said in driven.frame(connected())
    driven.now_us = link.PRESENCE_EVERY_US
    assert said in driven.tell(link.Tick())


def test_nothing_is_known_of_friends_when_offline() -> None:
    assert link.ReplacePresence(presence=[]) in Driven().online().lose()


@pytest.mark.parametrize(
    "messages",
    [[live(1)], [connected()], [HELLO, HELLO], [HELLO, live(1)]],
    ids=["event first", "connected first", "hello twice", "event before connected"],
)
def test_a_relay_that_speaks_out_of_turn_is_left(messages: list[wire.FromRelay]) -> None:
    driven = Driven()
    driven.tell(link.Started(claimed=True))
    driven.tell(link.SocketOpened(socket=1, cursor=None))
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
