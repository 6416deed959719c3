"""Today's ends of the relay's WebSocket against ends of the next version, which say more than today's know.

The relay of today hears a client of tomorrow, the daemon of today a relay of tomorrow: what is not known is passed over,
the rest is taken, and the cursor moves past all of it.
"""

import msgspec
import pytest

from daemon.core import link
from daemon.core.link import Link, LinkState
from relay.wire import events
from relay.wire.events import Frames, read_payload
from relay.wire.notifications import NotificationPage, NotificationPreferences

AT = "2026-01-01T00:00:00.000000Z"
ID = "0" * 32
PRODUCER = {
    "id": ID,
    "username": "ana",
    "display_name": "Ana",
    "aura": {"colour": "violet"},
    "follower_count": 3,
}
FOLLOW = {"t": "social.new_follow", "follower": PRODUCER, "because": ["tomorrow"]}
PRODUCING = {"t": "presence.update", "user_id": ID, "username": "ana", "status": "producing", "since": AT}
DANCING = {**PRODUCING, "status": "dancing"}
INVENTED = [
    {"t": "jam.started", "room": 7, "deep": {"x": [1, {"y": None}]}},
    {"t": "social.new_follow", "follower": {"id": 7}},  # a known type, of another shape
    DANCING,  # a word not known
    {"t": ""},
    {"kind": "without a type"},
    ["not", "even", "a", "map"],
    None,
]
ENCODINGS = {"json": msgspec.json.encode, "msgpack": msgspec.msgpack.encode}


@pytest.fixture(params=sorted(ENCODINGS))
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def frame(encoding: str, messages: object) -> bytes:
    return ENCODINGS[encoding](messages)


# a relay of tomorrow, a daemon of today ---------------------------------------------------------------------------


def event(cursor: str, d: object) -> dict[str, object]:
    return {"t": "event", "id": ID, "ts": AT, "cursor": cursor, "d": d, "importance": 0.7}


@pytest.mark.parametrize("invented", INVENTED, ids=repr)
def test_the_daemon_passes_over_events_of_tomorrow_and_its_cursor_moves_on(invented: object) -> None:
    """msgpack: what a daemon speaks. Live and replayed."""
    machine, frames = Link(), Frames(json=False)
    machine.handle(link.Started(claimed=True), 0, 0.5)
    machine.handle(link.SocketOpened(socket=1, cursor="c0"), 0, 0.5)
    told: list[object] = []

    def say(number: int, *messages: object) -> list[link.Effect]:
        first, decoded = frames.of_relay(frame("msgpack", [number, *messages]))
        effects = machine.handle(link.FrameReceived(socket=1, number=first, messages=decoded), 0, 0.5)
        told.extend(
            payload for each in effects if isinstance(each, link.ApplyEvents) for payload in each.payloads
        )
        return effects

    say(1, {"t": "hello", "session": ID, "server": "relay/9", "motd": "hi"}, {"t": "welcome.mat"})
    missed = [event("c1", invented), event("c2", FOLLOW)]
    greeted = say(
        3,
        {
            "t": "connected",
            "cursor": "c2",
            "recovered": True,
            "events": missed,
            "presence": [PRODUCING, DANCING, None, {**PRODUCING, "bpm": "fast"}],
            "mood": "fine",
        },
    )
    assert machine.state is LinkState.ONLINE and machine.cursor == "c2"
    assert [type(each) for each in told] == [events.SocialNewFollow]
    (shown,) = (each.presence for each in greeted if isinstance(each, link.ReplacePresence))
    assert [each.status for each in shown] == ["producing"]
    effects = say(4, event("c3", invented), {"t": "of.tomorrow", "c": 1}, event("c4", FOLLOW))
    assert machine.state is LinkState.ONLINE and machine.cursor == "c4"
    stored = [each.cursor for each in effects if isinstance(each, link.ApplyEvents)]
    assert stored == ["c3", "c4"], "stored though nothing of it was understood"
    assert [type(each) for each in told] == [events.SocialNewFollow] * 2


def test_a_notification_of_a_kind_of_tomorrow_is_told_in_its_words(encoding: str) -> None:
    """As a daemon that knew no remixes tells of one: live, in the list, and beside the kinds that it can choose of."""
    note = {
        "id": ID, "kind": "jam.invite", "at": AT, "seen": False, "read": False, "sentence": "ana asks you to jam", "people": ["ana"],
        "count": 1, "url": "https://r.example/jam/1", "ids": [ID], "room": 7,
    }  # fmt: skip
    known = {**note, "kind": "follow", "sentence": "ana follows you"}
    told = {"t": "notifications.changed", "unread": 2, "unseen": 1, "new": note}
    _, (message,) = Frames(json=encoding == "json").of_relay(frame(encoding, [1, event("c1", told)]))
    assert isinstance(message, events.Event)
    payload = read_payload(message, json=encoding == "json")
    assert isinstance(payload, events.NotificationsTold) and payload.new is not None
    assert (payload.unread, payload.new.sentence) == (2, "ana asks you to jam")
    page = {"notifications": [note, known], "counts": {"unread": 2, "unseen": 1, "jams": 1}, "next": None}
    listed = msgspec.json.decode(msgspec.json.encode(page), type=NotificationPage)
    assert [each.kind for each in listed.notifications] == ["jam.invite", "follow"]
    chosen = msgspec.json.decode(b'{"reply": false, "jam.invite": true}', type=NotificationPreferences)
    assert chosen == NotificationPreferences(reply=False)


def test_a_page_of_today_reads_a_relay_of_tomorrow(encoding: str) -> None:
    messages = [
        1,
        {"t": "of.tomorrow"},
        event("c1", FOLLOW),
        {"t": "pong", "r": 5, "cursor": "c1", "load": 0.1},
        {"t": "error", "code": "of_tomorrow", "message": "No.", "hint": "wait"},
        {"t": "disconnect", "code": 3042, "reason": "Tomorrow.", "retry_after_ms": 5, "to": "elsewhere"},
    ]
    number, (unknown, said, pong, error, last) = Frames(json=encoding == "json").of_relay(
        frame(encoding, messages)
    )
    assert number == 1 and unknown is None
    assert isinstance(said, events.Event)
    follow = read_payload(said, json=encoding == "json")
    assert isinstance(follow, events.SocialNewFollow) and follow.follower.follower_count == 3
    assert pong == events.Pong(r=5, cursor="c1")
    assert isinstance(error, events.Error) and isinstance(last, events.Disconnect) and last.code == 3042


# a client of tomorrow, a relay of today ---------------------------------------------------------------------------


def test_the_relay_reads_a_client_of_tomorrow(encoding: str) -> None:
    messages = [
        {"t": "connect", "cursor": "c1", "global_feed": True, "languages": ["de"]},
        {"t": "dance", "tempo": 174},
        {"t": "presence", "status": "producing", "daw": "Ardour", "bpm": 174.0, "plugin": {"name": "x"}},
        {"t": "ping", "r": 9, "since": AT},
    ]
    connect, unknown, presence, ping = Frames(json=encoding == "json").of_client(frame(encoding, messages))
    assert connect == events.Connect(cursor="c1", global_feed=True)
    assert unknown is None
    assert presence == events.Presence(status="producing", daw="Ardour", bpm=174.0)
    assert ping == events.Ping(r=9)
    (dancing,) = Frames(json=encoding == "json").of_client(
        frame(encoding, [{"t": "presence", "status": "dancing"}])
    )
    assert isinstance(dancing, events.Presence) and dancing.status not in events.STATUSES


def test_a_client_of_today_says_what_a_relay_of_tomorrow_may_rely_on(encoding: str) -> None:
    """Absent fields have the defaults of today: a later version may leave them out, or send them."""
    (connect,) = Frames(json=encoding == "json").of_client(frame(encoding, [{"t": "connect"}]))
    assert connect == events.Connect(cursor=None, global_feed=False)
    (pong,) = Frames(json=encoding == "json").of_relay(frame(encoding, [1, {"t": "pong"}]))[1]
    assert pong == events.Pong(r=0, cursor=None)
