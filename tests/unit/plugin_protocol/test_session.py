import pytest

from plugin_protocol.errors import LocalProtocolError, RemoteProtocolError
from plugin_protocol.layout import ABI_MAJOR, HEADER_BYTES
from plugin_protocol.make_vectors import MESSAGES
from plugin_protocol.message_base import HEARTBEAT_INTERVAL_US, PROTOCOL_MAX, SILENCE_LIMIT_US
from plugin_protocol.messages import Alive, Goodbye, Heartbeat, Keep, Notice, Refused, Welcome
from plugin_protocol.session import (
    SENDS,
    TRANSITIONS,
    Deliver,
    Forgotten,
    HeartbeatDue,
    HelloDue,
    PeerLost,
    Role,
    Send,
    Session,
    State,
    judge,
)
from tests.support.pair import HELLO, Pair, hello

EXAMPLES = {type(message): message for message in MESSAGES.values()} | {type(HELLO): HELLO}
BEAT = Heartbeat(process_count=1, playing=True)


def session_in(role: Role, state: State) -> Session:
    session = Session(
        role, now_us=0, judge=None if role is Role.PLUGIN else lambda h: judge(h, "1", "/daemon")
    )
    session.state = state
    return session


def every(role: Role, sent: bool) -> list[tuple[State, type]]:
    other = Role.DAEMON if role is Role.PLUGIN else Role.PLUGIN
    return [(state, cls) for state in State for cls in SENDS[role if sent else other]]


@pytest.mark.parametrize("role", Role)
def test_every_message_is_allowed_or_refused_as_the_table_says_and_a_refusal_changes_nothing(
    role: Role,
) -> None:
    for sent in (True, False):
        for state, cls in every(role, sent):
            session, message = session_in(role, state), EXAMPLES[cls]
            edge = TRANSITIONS[role][state].get(cls)
            # The daemon's answers to Hello are the machine's own, not the caller's.
            if sent and role is Role.DAEMON and state in (State.NEW, State.GREETING):
                edge = None
            if edge is None:
                with pytest.raises(LocalProtocolError if sent else RemoteProtocolError):
                    session.send(message, 1) if sent else session.receive(message, 1)
                assert session.state is state
            elif sent:
                assert session.send(message, 1) == [Send(message)]
                assert session.state is edge
            else:
                session.receive(message, 1)
                assert session.state in (edge, State.OPEN if cls is type(HELLO) else edge)


@pytest.mark.parametrize("role", Role)
def test_nobody_may_speak_for_the_other(role: Role) -> None:
    own = EXAMPLES[SENDS[role][0]]
    with pytest.raises(RemoteProtocolError):
        session_in(role, State.OPEN).receive(own, 1)


def test_hello_is_welcomed_and_then_everything_flows() -> None:
    pair = Pair()
    pair.say(pair.plugin, HELLO)
    assert (pair.plugin.state, pair.daemon.state) == (State.OPEN, State.OPEN)
    assert pair.at_daemon == [Deliver(HELLO)]
    welcome = pair.at_plugin[-1]
    assert isinstance(welcome, Deliver) and isinstance(welcome.message, Welcome)
    assert welcome.message.proto == PROTOCOL_MAX
    keep = Keep(id=1, generation=1, at_frame=0, bars=8)
    pair.say(pair.plugin, keep)
    assert pair.at_daemon[-1] == Deliver(keep)
    pair.say(pair.plugin, Goodbye())
    assert (pair.plugin.state, pair.daemon.state) == (State.CLOSED, State.CLOSED)


def test_a_daemon_that_restarted_is_greeted_again_at_the_next_message() -> None:
    pair = Pair()
    pair.say(pair.plugin, HELLO)
    pair.daemon = Session(Role.DAEMON, now_us=pair.now_us, judge=lambda h: judge(h, "1", "/daemon"))
    pair.say(pair.plugin, BEAT)
    assert pair.at_plugin[-1] == HelloDue()
    assert pair.plugin.state is State.NEW
    pair.say(pair.plugin, HELLO)
    assert (pair.plugin.state, pair.daemon.state) == (State.OPEN, State.OPEN)


def test_late_answers_of_a_session_that_is_over_are_not_delivered() -> None:
    plugin = session_in(Role.PLUGIN, State.NEW)
    assert plugin.receive(Alive(relay_state="off"), 1) == []
    plugin.send(HELLO, 2)
    assert plugin.receive(Notice(kind="posted", message=""), 3) == []
    assert plugin.state is State.GREETING


def test_heartbeats_keep_a_session_alive_for_ever() -> None:
    pair = Pair()
    pair.say(pair.plugin, HELLO)
    pair.at_daemon.clear()
    for _ in range(50):
        pair.pass_time(HEARTBEAT_INTERVAL_US)
        pair.say(pair.daemon, Alive(relay_state="off"))
    assert (pair.plugin.state, pair.daemon.state) == (State.OPEN, State.OPEN)
    beats = [e for e in pair.at_daemon if isinstance(e, Deliver) and isinstance(e.message, Heartbeat)]
    assert 49 <= len(beats) <= 51  # 50 s at 1 Hz


def test_a_cut_wire_is_noticed_by_both_within_the_silence_limit() -> None:
    pair = Pair()
    pair.say(pair.plugin, HELLO)
    pair.cut = True
    pair.pass_time(SILENCE_LIMIT_US - 250_000)
    assert pair.daemon.state is State.OPEN
    pair.pass_time(2 * HEARTBEAT_INTERVAL_US)
    assert (pair.plugin.state, pair.daemon.state) == (State.NEW, State.NEW)
    assert isinstance(pair.at_daemon[-1], PeerLost) and isinstance(pair.at_plugin[-1], PeerLost)


def test_a_machine_that_slept_loses_nobody() -> None:
    pair = Pair()
    pair.say(pair.plugin, HELLO)
    pair.sleep(8 * 3_600_000_000)
    pair.pass_time(2 * HEARTBEAT_INTERVAL_US)
    pair.say(pair.daemon, Alive(relay_state="off"))
    assert (pair.plugin.state, pair.daemon.state) == (State.OPEN, State.OPEN)


def test_ticks_in_their_rhythm_do_not_look_like_sleep() -> None:
    daemon = session_in(Role.DAEMON, State.NEW)
    now_us = 0
    daemon.receive(HELLO, now_us)
    while daemon.state is not State.NEW:
        now_us += HEARTBEAT_INTERVAL_US
        daemon.tick(now_us)
    assert now_us == SILENCE_LIMIT_US


def test_heartbeat_is_due_at_once_after_welcome_and_then_every_second() -> None:
    plugin = session_in(Role.PLUGIN, State.GREETING)
    plugin.receive(Welcome(proto=1, daemon_version="1", daemon_path="/d"), 100)
    assert plugin.tick(100) == [HeartbeatDue()]
    assert plugin.tick(100 + HEARTBEAT_INTERVAL_US - 1) == []
    assert plugin.tick(100 + HEARTBEAT_INTERVAL_US) == [HeartbeatDue()]


def test_a_lost_transport_is_told_once() -> None:
    pair = Pair()
    pair.say(pair.plugin, HELLO)
    assert len(pair.daemon.lose("gone", pair.now_us)) == 1
    assert pair.daemon.lose("gone", pair.now_us) == []


@pytest.mark.parametrize(
    ("changes", "code", "update"),
    [
        ({"proto_min": PROTOCOL_MAX + 1, "proto_max": PROTOCOL_MAX + 3}, "version", "/daemon"),
        ({"abi_major": ABI_MAJOR + 1}, "layout", "/daemon"),
        ({"header_bytes": HEADER_BYTES * 2}, "layout", HELLO.plugin_path),
        ({"record_bytes": 128}, "layout", HELLO.plugin_path),
    ],
)
def test_a_refusal_names_both_versions_both_files_and_the_one_to_update(
    changes: dict[str, int], code: str, update: str
) -> None:
    refused = judge(hello(**changes), "9.9", "/daemon")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.update_path) == (code, update)
    for part in ("9.9", "/daemon", HELLO.plugin_version, HELLO.plugin_path, refused.have, refused.need):
        assert part in refused.message


def test_a_newer_plugin_that_still_speaks_our_version_is_welcome() -> None:
    welcome = judge(hello(proto_max=PROTOCOL_MAX + 7), "1", "/daemon")
    assert isinstance(welcome, Welcome) and welcome.proto == PROTOCOL_MAX


def test_a_refusal_fits_its_bounds_whatever_the_paths_are() -> None:
    from plugin_protocol.codec import encode

    refused = judge(
        hello(
            plugin_path="é" * 1024,
            plugin_version="v" * 64,
            proto_min=65_535,
            proto_max=65_535,
            abi_major=65_535,
        ),
        "w" * 64,
        "ö" * 1024,
    )
    assert encode(refused)


def test_forgotten_is_no_message() -> None:
    with pytest.raises(LocalProtocolError):
        session_in(Role.DAEMON, State.OPEN).send(Forgotten(), 1)  # type: ignore[arg-type]
