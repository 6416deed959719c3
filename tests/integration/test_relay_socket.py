"""The WebSocket of a real relay process: authorization, resuming, following, presence, limits, goodbyes."""

import contextlib
import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from relay.wire import events
from relay.wire.events import read_payload
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, RelaySocket, running_relay

BOTH_ENGINES = True
AUDIO = short_flac(4800)
LIMIT_S = HANG_S


@pytest.fixture
def person(relay: RelayProcess) -> Iterator[Callable[[str], RelayClient]]:
    made: list[RelayClient] = []

    def make(name: str) -> RelayClient:
        client = RelayClient(relay.url)
        client.sign_in(f"{name}.{secrets.token_hex(4)}")  # tests share the relay, not the people
        made.append(client)
        return client

    yield make
    for each in made:
        each.close()


@pytest.fixture
def listen() -> Iterator[Callable[..., RelaySocket]]:
    made: list[RelaySocket] = []

    def make(client: RelayClient, cursor: str | None = None, **options: Any) -> RelaySocket:
        made.append(client.socket(cursor, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


Person = Callable[[str], RelayClient]
Listen = Callable[..., RelaySocket]


def raw(relay: RelayProcess, **options: Any) -> ClientConnection:
    address = relay.url.replace("http", "ws", 1) + "/api/v1/ws" + options.pop("query", "")
    options.setdefault("subprotocols", [events.SUBPROTOCOL_JSON])
    return connect(address, proxy=None, open_timeout=LIMIT_S, **options)


def refused(relay: RelayProcess, **options: Any) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as error, raw(relay, **options):
        pass
    answer = error.value.response
    return answer.status_code, json.loads(answer.body or b"{}")["code"]


def bearer(client: RelayClient) -> dict[str, str]:
    assert client.pair is not None
    return {"Authorization": f"Bearer {client.pair.access_token}"}


def closed_with(socket: ClientConnection) -> int | None:
    """Reads until the end; the close code."""
    with pytest.raises(ConnectionClosed):
        while True:
            socket.recv(timeout=LIMIT_S)
    return socket.close_code


def heard(socket: RelaySocket) -> events.Payload:
    """What the next event says."""
    said = read_payload(socket.expect(events.Event))
    assert said is not None
    return said


def nothing_more(socket: RelaySocket) -> events.Pong:
    """Nothing has been told when a ping is answered."""
    socket.send(events.Ping(r=7))
    pong = socket.expect(events.Pong)
    assert pong.r == 7
    return pong


def is_gone(socket: RelaySocket, person: RelayClient) -> bool:
    """Of whom one does not follow any more, the posts go, and nothing is known."""
    told = [heard(socket), heard(socket)]
    offline = [each for each in told if isinstance(each, events.PresenceUpdate)]
    return events.FeedAuthorRemoved(user_id=person.user_id) in told and [
        (each.user_id, each.status) for each in offline
    ] == [(person.user_id, "offline")]


def posts_of(connected: events.Connected) -> list[str]:
    found = [read_payload(each) for each in connected.events]
    return [each.post.id for each in found if isinstance(each, events.FeedNewPost)]


def test_nobody_gets_in_without_a_right_to(relay: RelayProcess, person: Person) -> None:
    anna = person("anna")
    assert refused(relay) == (401, "sign_in_required")
    assert refused(relay, additional_headers={"Authorization": "Bearer x.y.z"}) == (401, "token_invalid")
    assert refused(relay, query="?ticket=guess") == (401, "token_invalid")
    evil = {**bearer(anna), "Origin": "https://evil.example"}
    assert refused(relay, additional_headers=evil) == (403, "forbidden")
    assert refused(relay, additional_headers=bearer(anna), subprotocols=["other"]) == (400, "malformed")


def test_a_ticket_opens_once(relay: RelayProcess, person: Person) -> None:
    ticket = person("anna").http.post("/auth/ws-ticket").json()["ticket"]
    with raw(relay, query=f"?ticket={ticket}", origin=relay.url) as socket:
        number, hello = json.loads(socket.recv(timeout=LIMIT_S))
        assert (number, hello["t"]) == (1, "hello")
    assert refused(relay, query=f"?ticket={ticket}") == (401, "token_invalid")


def test_a_follower_gets_each_post_exactly_once_over_any_interruption(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    ben.follow(anna.username)
    socket = listen(ben)
    first = anna.post(AUDIO, title="live")
    event = socket.expect(events.Event)
    assert read_payload(event) == events.FeedNewPost(post=first)
    socket.close()
    missed = [anna.post(AUDIO, title=f"missed {n}") for n in range(3)]
    again = listen(ben, event.cursor).connected
    assert again.recovered and again.fetch == []
    assert posts_of(again) == [each.id for each in missed]
    middle = listen(ben, again.events[0].cursor).connected
    assert posts_of(middle) == [each.id for each in missed[1:]], "from the middle of what was missed, too"
    assert listen(ben, again.cursor).connected.events == []


@pytest.mark.parametrize(
    "cursor", ["0" * 16 + ".0.0", "none-of-ours", "{epoch}.{far}.0", "{epoch}.1.99999999999"]
)
def test_what_cannot_be_proven_is_told(person: Person, listen: Listen, cursor: str) -> None:
    anna = person("anna")
    epoch = listen(anna).connected.cursor.partition(".")[0]
    told = listen(anna, cursor.format(epoch=epoch, far=10**15)[:96]).connected
    assert not told.recovered and told.events == []
    assert told.fetch == ["/api/v1/feed/timeline", "/api/v1/inbox"]
    for path in told.fetch:
        assert anna.http.get(anna.url + path).status_code == 200
    assert listen(anna, told.cursor).connected.recovered, "what was fetched is the whole truth up to there"


def test_a_cursor_opens_nobody_elses_events(person: Person, listen: Listen) -> None:
    anna, eve = person("anna"), person("eve")
    mine = listen(anna).connected.cursor
    post = anna.post(AUDIO)
    theirs = listen(eve, mine)
    assert theirs.connected.recovered and theirs.connected.events == []
    anna.post(AUDIO)
    nothing_more(theirs)
    assert posts_of(listen(anna, mine).connected)[0] == post.id


def test_a_quiet_account_learns_where_it_stands(person: Person, listen: Listen) -> None:
    """Else a long quiet would look like a loss, once what it missed of others is gone."""
    anna, ben = person("anna"), person("ben")
    socket = listen(ben)
    anna.post(AUDIO)
    pong = nothing_more(socket)
    assert pong.cursor is not None and pong.cursor != socket.connected.cursor
    assert listen(ben, pong.cursor).connected.recovered


def test_following_while_connected(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    anna.post(AUDIO, title="before")
    socket, inbox = listen(ben), listen(anna)
    ben.follow(anna.username)
    follow = heard(inbox)
    assert isinstance(follow, events.SocialNewFollow) and follow.follower.username == ben.username
    after = anna.post(AUDIO, title="after")
    assert heard(socket) == events.FeedNewPost(post=after), "from now on, and nothing of before"
    ben.http.post("/social/unfollow", json={"username": anna.username})
    assert is_gone(socket, anna)
    anna.post(AUDIO, title="unheard")
    nothing_more(socket)


@pytest.mark.parametrize(("act", "undo"), [("like", "unlike"), ("react", "unreact")])
def test_an_act_that_is_taken_back_and_done_again_is_told_once(
    person: Person, listen: Listen, act: str, undo: str
) -> None:
    anna, ben = person("anna"), person("ben")
    post = anna.post(AUDIO)
    inbox = listen(anna)
    body = {"post_id": post.id, "emoji": "🔥"}
    for path in (act, act, undo, act, undo, undo, act):
        ben.http.post(f"/social/{path}", json=body).raise_for_status()
    said = heard(inbox)
    assert isinstance(said, events.SocialNewReaction)
    assert (said.username, said.reaction.post_id, said.reaction.emoji) == (ben.username, post.id, "🔥")
    nothing_more(inbox)
    assert len(listen(anna, inbox.connected.cursor).connected.events) <= 1, "nor is it replayed twice"
    items = anna.http.get("/inbox").json()["items"]
    assert len(items) <= 1


def test_a_follow_that_is_taken_back_and_done_again_is_told_once(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    inbox = listen(anna)
    ben.follow(anna.username)
    assert isinstance(
        heard(inbox), events.SocialNewFollow
    )  # what is taken back before it is told is not told
    for path in ("follow", "unfollow", "follow", "unfollow", "follow"):
        ben.http.post(f"/social/{path}", json={"user_id": anna.user_id}).raise_for_status()
    nothing_more(inbox)
    assert len(listen(anna, inbox.connected.cursor).connected.events) == 1
    (item,) = anna.http.get("/inbox").json()["items"]
    assert item["follower"]["username"] == ben.username


def test_different_reactions_of_one_person_are_told_once_each(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    post = anna.post(AUDIO)
    inbox = listen(anna)
    for emoji in ("🚀", "🔥", "🚀", "🔥"):
        ben.http.post("/social/react", json={"post_id": post.id, "emoji": emoji}).raise_for_status()
    said = [heard(inbox), heard(inbox)]
    assert [(each.reaction.type, each.reaction.emoji) for each in said] == [("react", "🚀"), ("react", "🔥")]  # type: ignore[union-attr]
    nothing_more(inbox)


def test_whom_one_blocks_is_not_heard_of_live_nor_replayed(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    ben.follow(anna.username)
    post, socket, inbox = anna.post(AUDIO), listen(ben), listen(anna)
    start = inbox.connected.cursor
    ben.http.post("/social/like", json={"post_id": post.id}).raise_for_status()
    assert isinstance(heard(inbox), events.SocialNewReaction)
    anna.http.post("/social/block", json={"user_id": ben.user_id}).raise_for_status()
    assert is_gone(socket, anna), "neither follows the other any more"
    mine = anna.post(AUDIO, title="unheard")
    nothing_more(socket)
    assert ben.http.post("/social/like", json={"post_id": post.id}).status_code == 404
    again = listen(anna, start).connected
    hers = [events.FeedAuthorRemoved(user_id=ben.user_id), events.FeedNewPost(post=mine)]
    assert [read_payload(each) for each in again.events] == hers, "that he is gone, and nothing of him"
    assert anna.http.get("/inbox").json()["items"] == []
    his = [read_payload(each) for each in listen(ben, socket.connected.cursor).connected.events]
    assert his == [events.FeedAuthorRemoved(user_id=anna.user_id)]


def test_the_global_feed_is_only_for_those_who_ask(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    asked, not_asked = listen(ben, global_feed=True), listen(ben)
    post = anna.post(AUDIO)
    assert heard(asked) == events.FeedNewPost(post=post)
    nothing_more(not_asked)


def test_presence_is_for_followers_and_survives_a_reconnect(person: Person, listen: Listen) -> None:
    anna, ben, eve = person("anna"), person("ben"), person("eve")
    ben.follow(anna.username)
    follower, stranger, mine = listen(ben), listen(eve), listen(anna)
    mine.send(events.Presence(status="producing", daw="Ardour", bpm=128.0))
    seen = heard(follower)
    assert isinstance(seen, events.PresenceUpdate)
    assert (seen.username, seen.status, seen.daw, seen.bpm) == (anna.username, "producing", "Ardour", 128.0)
    assert events.read_presence(listen(ben).connected) == [seen]
    assert ben.http.get(f"/users/{anna.username}").json()["is_live"] is True
    mine.close()
    again = listen(anna)  # inside the grace time
    again.send(events.Presence(status="producing", daw="Ardour", bpm=128.0))
    again.send(events.Presence(status="offline"))
    gone = heard(follower)
    assert isinstance(gone, events.PresenceUpdate) and gone.status == "offline"
    nothing_more(stranger)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b"{}",
        b"[1]",
        b"not json",
        b"[" * 20_000,
        b'[{"t":"nothing"}]',
        b'[{"t":"hello"}]',
        b'[{"t":"ping"}]',
        b'[{"t":"connect","cursor":7}]',
        b'[{"t":"connect","cursor":"a b"}]',
        b'[{"t":"connect","cursor":""}]',
        b'[{"t":"connect"},{"t":"ping"}]',
        b'[{"t":"connect","cursor":"' + b"9" * 4000 + b'"}]',
        b"\xff\xfe",
    ],
)
def test_a_first_message_other_than_connect_ends_it(
    relay: RelayProcess, person: Person, frame: bytes
) -> None:
    with raw(relay, additional_headers=bearer(person("anna"))) as socket:
        socket.send(frame)
        assert closed_with(socket) == events.CLOSE_BAD_MESSAGE


def test_an_unknown_message_is_answered_and_passed_over(relay: RelayProcess, person: Person) -> None:
    with raw(relay, additional_headers=bearer(person("anna"))) as socket:
        socket.send('[{"t":"connect"}]')
        for number in (1, 2):
            assert json.loads(socket.recv(timeout=LIMIT_S))[0] == number
        socket.send('[{"t":"of.the.next.version","x":[1]},{"t":"ping","r":3,"of the next version":1}]')
        frame: list[Any] = []
        while len(frame) < 2:
            frame += json.loads(socket.recv(timeout=LIMIT_S))[1:]
        assert [each["t"] for each in frame] == ["error", "pong"]
        assert frame[0]["code"] == "unknown_type" and frame[1]["r"] == 3


@pytest.mark.parametrize(
    "frame",
    [b"[]", b"[7]", b'[{"x":1}]', b'[{"t":7}]', b'[{"t":"presence","status":"asleep!"}]', b"{", b"\xff"],
)
def test_what_is_no_message_ends_the_connection(relay: RelayProcess, person: Person, frame: bytes) -> None:
    with raw(relay, additional_headers=bearer(person("anna"))) as socket:
        socket.send('[{"t":"connect"}]')
        socket.send(frame)
        assert closed_with(socket) == events.CLOSE_BAD_MESSAGE


def test_a_flood_ends_the_connection_and_nothing_else(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    calm, flood = listen(ben), listen(anna)
    flood.send(*[events.Ping()] * 60)
    with contextlib.suppress(ConnectionClosed):  # the first sixty may have ended it already
        flood.send(*[events.Ping()] * 60)
    assert closed_with(flood.raw) == events.CLOSE_BAD_MESSAGE
    nothing_more(calm)


def test_a_frame_past_the_limit_is_not_taken(person: Person, listen: Listen) -> None:
    socket = listen(person("anna"))
    socket.raw.send(b"\0" * (events.MAX_FRAME_BYTES + 1))
    assert closed_with(socket.raw) in (1009, events.CLOSE_BAD_MESSAGE)


def test_a_newer_token_prolongs_and_somebody_elses_ends(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    socket = listen(anna)
    assert anna.pair is not None and ben.pair is not None
    socket.send(events.Refresh(access_token=anna.pair.access_token))
    socket.expect(events.Refreshed)
    socket.send(events.Refresh(access_token=ben.pair.access_token))
    assert closed_with(socket.raw) == events.CLOSE_BAD_MESSAGE


def test_a_revoked_sign_in_loses_its_sockets(person: Person, listen: Listen) -> None:
    anna = person("anna")
    assert anna.pair is not None
    socket, first = listen(anna), anna.pair.refresh_token
    second = anna.http.post("/auth/refresh", json={"refresh_token": first}).json()["refresh_token"]
    anna.http.post("/auth/refresh", json={"refresh_token": second})
    anna.http.post("/auth/refresh", json={"refresh_token": first})  # a thief
    assert closed_with(socket.raw) == events.CLOSE_REVOKED


def test_an_account_has_so_many_connections(relay: RelayProcess, person: Person, listen: Listen) -> None:
    anna = person("anna")
    sockets = [listen(anna) for _ in range(10)]
    assert refused(relay, additional_headers=bearer(anna)) == (429, "rate_limited")
    sockets[0].close()
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            listen(anna)
            break
        except InvalidStatus:
            assert time.monotonic() < deadline


def test_a_relay_that_goes_down_says_so_and_resumes_after(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data") as relay:
        anna = RelayClient(relay.url)
        pair = anna.sign_in("anna")
        anna.post(AUDIO)
        socket = anna.socket()
        start = socket.connected.cursor
        anna.post(AUDIO, title="missed")
        socket.expect(events.Event)
        assert relay.stop() == 0
        goodbye = socket.expect(events.Disconnect)
        assert goodbye.code == events.CLOSE_SHUTDOWN and goodbye.retry_after_ms
        assert closed_with(socket.raw) == events.CLOSE_SHUTDOWN
        anna.close()
    with running_relay(tmp_path / "data") as relay:
        back = RelayClient(relay.url)
        back.use(pair)  # the key is kept, so tokens outlive the process
        again = back.socket(start)
        (event,) = again.connected.events
        said = read_payload(event)
        assert isinstance(said, events.FeedNewPost) and said.post.title == "missed"
        post = said.post
        assert post.audio_url.startswith(relay.url)  # links follow the relay to its new address
        assert back.http.get(post.audio_url).status_code == 200
        again.close()
        back.close()


def test_browsers_speak_json(relay: RelayProcess, person: Person) -> None:
    with raw(relay, additional_headers=bearer(person("anna"))) as socket:
        assert socket.subprotocol == events.SUBPROTOCOL_JSON
        said = socket.recv(timeout=LIMIT_S)
        assert isinstance(said, str)
        number, (hello,) = events.Frames(json=True).of_relay(said.encode())
        assert number == 1 and isinstance(hello, events.Hello)
        socket.send('[{"t":"connect","unknown":[1,2]}]')
        assert json.loads(socket.recv(timeout=LIMIT_S))[1]["t"] == "connected"


def test_a_head_that_cannot_be_read_is_answered_and_ends_the_connection(relay: RelayProcess) -> None:
    """A line of more than 8 KiB; a connection that stays open for it costs the relay one for good."""
    host, _, port = relay.url.removeprefix("http://").partition(":")
    head = (
        "GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {'A' * 10_000}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=HANG_S) as raw:
        raw.sendall(head.encode())
        answer = b""
        while chunk := raw.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 431 ") and b"\r\nconnection: close\r\n" in answer.lower()
