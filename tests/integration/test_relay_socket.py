"""The WebSocket of a real relay process: authorization, resuming, following, presence, limits, goodbyes."""

import contextlib
import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from relay.wire import events
from relay.wire.events import Position
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, RelaySocket, running_relay

AUDIO = short_flac(4800)
LIMIT_S = 15


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

    def make(client: RelayClient, *positions: Any, **options: Any) -> RelaySocket:
        made.append(client.socket(*positions, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


Person = Callable[[str], RelayClient]
Listen = Callable[..., RelaySocket]


def raw(relay: RelayProcess, **options: Any) -> connect:
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
        assert json.loads(socket.recv(timeout=LIMIT_S))[0]["t"] == "hello"
    assert refused(relay, query=f"?ticket={ticket}") == (401, "token_invalid")


def test_a_follower_gets_each_post_exactly_once_over_any_interruption(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    ben.follow(anna.username)
    ch = f"author:{anna.user_id}"
    socket = listen(ben)
    state = socket.connected.channels[ch]
    first = anna.post(AUDIO, title="live")
    event = socket.expect(events.Event)
    assert (event.ch, event.o, event.d) == (ch, state.head + 1, events.FeedNewPost(post=first))
    socket.close()
    missed = [anna.post(AUDIO, title=f"missed {n}") for n in range(3)]
    back = listen(ben, {ch: Position(epoch=state.epoch, offset=event.o)})
    again = back.connected.channels[ch]
    assert again.recovered and again.head == event.o + 3
    assert [each.o for each in again.events] == [event.o + 1, event.o + 2, event.o + 3]
    assert [each.d.post.id for each in again.events] == [each.id for each in missed]  # type: ignore[union-attr]
    current = listen(ben, {ch: Position(epoch=state.epoch, offset=again.head)})
    assert current.connected.channels[ch].events == []


def test_what_cannot_be_proven_is_told(person: Person, listen: Listen, relay: RelayProcess) -> None:
    anna = person("anna")
    ch = f"author:{anna.user_id}"
    for position in (Position(epoch="0" * 16, offset=0), Position(epoch="0" * 16, offset=99)):
        state = listen(anna, {ch: position}).connected.channels[ch]
        assert not state.recovered and state.events == []
        assert state.refetch == f"{relay.url}/api/v1/feed/user/{anna.user_id}"
        assert anna.http.get(state.refetch).status_code == 200


def test_positions_of_others_are_not_answered(person: Person, listen: Listen) -> None:
    anna, eve = person("anna"), person("eve")
    inbox, posts = f"user:{anna.user_id}", f"author:{anna.user_id}"
    asked = {ch: Position(epoch="0" * 16, offset=0) for ch in (inbox, posts)}
    socket = listen(eve, asked)
    assert set(socket.connected.channels) == {f"user:{eve.user_id}", f"author:{eve.user_id}"}
    anna.post(AUDIO)
    socket.send(events.Ping(r=1))
    assert socket.next() == events.Pong(r=1)


def test_following_while_connected(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    anna.post(AUDIO, title="before")
    socket, inbox = listen(ben), listen(anna)
    ben.follow(anna.username)
    added = socket.expect(events.ChannelAdded)
    assert (added.ch, added.head) == (f"author:{anna.user_id}", 1)
    follow = inbox.expect(events.Event)
    assert follow.d.follower.username == ben.username  # type: ignore[union-attr]
    anna.post(AUDIO, title="after")
    assert socket.expect(events.Event).o == 2
    ben.http.post("/social/unfollow", json={"username": anna.username})
    assert socket.expect(events.ChannelRemoved).ch == added.ch
    anna.post(AUDIO, title="unheard")
    socket.send(events.Ping(r=7))
    assert socket.next() == events.Pong(r=7)


def test_likes_arrive_in_the_inbox(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    post = anna.post(AUDIO)
    inbox = listen(anna)
    for _ in range(2):
        ben.http.post("/social/like", json={"post_id": post.id, "emoji": "🔥"})
    event = inbox.expect(events.Event)
    assert isinstance(event.d, events.SocialNewReaction)
    assert (event.d.username, event.d.reaction.post_id, event.d.reaction.emoji) == (
        ben.username,
        post.id,
        "🔥",
    )
    inbox.send(events.Ping())
    assert isinstance(inbox.next(), events.Pong)


def test_reactions_arrive_in_the_inbox_once(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    post = anna.post(AUDIO)
    inbox = listen(anna)
    for _ in range(2):
        ben.http.post("/social/react", json={"post_id": post.id, "emoji": "🚀"}).raise_for_status()
    event = inbox.expect(events.Event)
    assert isinstance(event.d, events.SocialNewReaction)
    assert (event.d.reaction.type, event.d.reaction.emoji) == ("react", "🚀")
    inbox.send(events.Ping())
    assert isinstance(inbox.next(), events.Pong)


def test_the_global_feed_is_only_for_those_who_ask(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    asked, not_asked = listen(ben, global_feed=True), listen(ben)
    post = anna.post(AUDIO)
    event = asked.expect(events.Event)
    assert (event.ch, event.o) == ("feed:global", 0)
    assert event.d.post == post  # type: ignore[union-attr]
    not_asked.send(events.Ping())
    assert isinstance(not_asked.next(), events.Pong)


def test_presence_is_for_followers_and_survives_a_reconnect(person: Person, listen: Listen) -> None:
    anna, ben, eve = person("anna"), person("ben"), person("eve")
    ben.follow(anna.username)
    follower, stranger, mine = listen(ben), listen(eve), listen(anna)
    mine.send(events.Presence(status="producing", daw="Ardour", bpm=128.0))
    seen = follower.expect(events.Event).d
    assert isinstance(seen, events.PresenceUpdate)
    assert (seen.username, seen.status, seen.daw, seen.bpm) == (anna.username, "producing", "Ardour", 128.0)
    assert listen(ben).connected.presence == [seen]
    assert ben.http.get(f"/users/{anna.username}").json()["is_live"] is True
    mine.close()
    again = listen(anna)  # inside the grace time
    again.send(events.Presence(status="producing", daw="Ardour", bpm=128.0))
    again.send(events.Presence(status="offline"))
    assert follower.expect(events.Event).d.status == "offline"  # type: ignore[union-attr]
    stranger.send(events.Ping())
    assert isinstance(stranger.next(), events.Pong)


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"[]", b"{}", b"[1]", b"not json", b"[" * 20_000, b'[{"t":"nothing"}]', b'[{"t":"hello"}]',
        b'[{"t":"ping"}]', b'[{"t":"connect","positions":{"admin:x":{"epoch":"aaaaaaaa","offset":1}}}]',
        b'[{"t":"connect"},{"t":"ping"}]', b'[{"t":"connect","positions":' + b"9" * 4000 + b"}]", b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_first_message_other_than_connect_ends_it(
    relay: RelayProcess, person: Person, frame: bytes
) -> None:
    with raw(relay, additional_headers=bearer(person("anna"))) as socket:
        socket.send(frame)
        assert closed_with(socket) == events.CLOSE_BAD_MESSAGE


def test_a_flood_ends_the_connection_and_nothing_else(person: Person, listen: Listen) -> None:
    anna, ben = person("anna"), person("ben")
    calm, flood = listen(ben), listen(anna)
    flood.send(*[events.Ping()] * 60)
    with contextlib.suppress(ConnectionClosed):  # the first sixty may have ended it already
        flood.send(*[events.Ping()] * 60)
    assert closed_with(flood.raw) == events.CLOSE_BAD_MESSAGE
    calm.send(events.Ping(r=3))
    assert calm.next() == events.Pong(r=3)


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
        ch = f"author:{anna.user_id}"
        state = socket.connected.channels[ch]
        assert relay.stop() == 0
        goodbye = socket.expect(events.Disconnect)
        assert goodbye.code == events.CLOSE_SHUTDOWN and goodbye.retry_after_ms
        assert closed_with(socket.raw) == events.CLOSE_SHUTDOWN
        anna.close()
    with running_relay(tmp_path / "data") as relay:
        back = RelayClient(relay.url)
        back.use(pair)  # the key is kept, so tokens outlive the process
        again = back.socket({ch: Position(epoch=state.epoch, offset=0)})
        assert [each.o for each in again.connected.channels[ch].events] == [1]
        post = again.connected.channels[ch].events[0].d.post  # type: ignore[union-attr]
        assert post.audio_url.startswith(relay.url)  # links follow the relay to its new address
        assert back.http.get(post.audio_url).status_code == 200
        again.close()
        back.close()


def test_browsers_speak_json(relay: RelayProcess, person: Person) -> None:
    with raw(relay, additional_headers=bearer(person("anna"))) as socket:
        assert socket.subprotocol == events.SUBPROTOCOL_JSON
        hello = msgspec.json.decode(socket.recv(timeout=LIMIT_S), type=events.RelayFrame)  # type: ignore[arg-type]
        assert isinstance(hello[0], events.Hello)
        socket.send('[{"t":"connect","unknown":[1,2]}]')
        assert json.loads(socket.recv(timeout=LIMIT_S))[0]["t"] == "connected"


def test_a_head_that_cannot_be_read_is_answered_and_ends_the_connection(relay: RelayProcess) -> None:
    """A line of more than 8 KiB; a connection that stays open for it costs the relay one for good."""
    host, _, port = relay.url.removeprefix("http://").partition(":")
    head = (
        "GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {'A' * 10_000}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(head.encode())
        answer = b""
        while chunk := raw.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 431 ")
