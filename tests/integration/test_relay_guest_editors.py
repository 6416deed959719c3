"""Guests who edit with others, on both engines: by what link, as whom, how much of it, and until when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relay.core.access import Actor, Role
from relay.core.refusal import Refusal
from relay.features.accounts import api as accounts
from relay.features.coediting import messages, presence
from relay.features.coediting.lib0 import number, with_length
from relay.features.coediting.presence import MAX_CLIENTS_OF_GUEST, MAX_SAID, MAX_SAID_CHARACTERS
from relay.features.coediting.room import MAX_GUESTS, MAX_OF_GUEST, MAX_SESSIONS
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_REFUSED, CLOSE_REVOKED
from tests.integration.test_relay_guests import Desk
from tests.support.asgi_peer import relay_in_memory
from tests.support.deadlines import HANG_S


@pytest.fixture
async def desk(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        yield Desk(peer)


class Line:
    """One connection to a document, in memory. status: of a handshake that was refused."""

    def __init__(self) -> None:
        self._inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbound.put_nowait({"type": "websocket.connect"})
        self._frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_open, self.ended = asyncio.Event(), asyncio.Event()
        self.status, self.told, self.code, self.reason = 0, b"", 0, ""

    async def receive(self) -> dict[str, Any]:
        return await self._inbound.get()

    async def send(self, message: Any) -> None:  # any: of ASGI
        match message["type"]:
            case "websocket.accept":
                self.is_open.set()
            case "websocket.send":
                self._frames.put_nowait(message["bytes"])
            case "websocket.http.response.start":
                self.status = message["status"]
            case "websocket.http.response.body":
                self.told += message["body"]
            case "websocket.close":
                self.code, self.reason = message["code"], message.get("reason", "")

    def say(self, frame: bytes) -> None:
        self._inbound.put_nowait({"type": "websocket.receive", "bytes": frame})

    def leave(self) -> None:
        self._inbound.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def next_here(self) -> list[presence.State]:
        """Who came, moved or went."""
        async with asyncio.timeout(HANG_S):
            while True:
                said = messages.read(await self._frames.get())
                if isinstance(said, messages.Awareness):
                    return presence.read(said.data)


@asynccontextmanager
async def line(desk: Desk, path: str, token: str = "", **query: str) -> AsyncIterator[Line]:
    """Once it is open, or refused."""
    made = Line()
    headers = [(b"host", b"relay")] + (
        [(b"authorization", b"Bearer " + token.encode())] if token else list[tuple[bytes, bytes]]()
    )
    scope = {
        "type": "websocket",
        "path": f"/api/v1{path}",
        "headers": headers,
        "query_string": "&".join(f"{name}={value}" for name, value in query.items()).encode(),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
        "client": ("127.0.0.1", 9),
    }
    serving = asyncio.create_task(desk.peer.relay.app(scope, made.receive, made.send))
    serving.add_done_callback(lambda _: made.ended.set())
    opening = asyncio.create_task(made.is_open.wait())
    try:
        await asyncio.wait_for(asyncio.wait((serving, opening), return_when=asyncio.FIRST_COMPLETED), HANG_S)
        yield made
    finally:
        opening.cancel()
        made.leave()
        await asyncio.wait_for(serving, HANG_S)


async def link_to(desk: Desk, owner: str, made: str, **what: bool) -> dict[str, Any]:
    answer = await desk.ask(owner, "POST", f"/creations/{made}/links", what)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told | {"token": told["url"].rpartition("/")[2]}


async def refused(desk: Desk, path: str, token: str, **query: str) -> tuple[int, str]:
    async with line(desk, path, token, **query) as connection:
        await asyncio.wait_for(connection.ended.wait(), HANG_S)
    return connection.status, msgspec.json.decode(connection.told)["code"]


def where(client: int, **state: object) -> bytes:
    text = msgspec.json.encode(state)
    return b"\x01" + with_length(b"\x01" + number(client) + b"\x01" + with_length(text))


async def test_a_guest_edits_by_a_link_that_lets_guests_and_is_seen_under_its_own_name(desk: Desk) -> None:
    ana, guest = (await desk.peer.claimed("ana")).access_token, await desk.guest()
    made = await desk.loop(ana)
    link = (await link_to(desk, ana, made, may_edit=True, guests_may_edit=True))["token"]
    me = (await desk.ask(guest, "GET", "/users/me")).json()
    ticket = (await desk.ask(guest, "POST", "/auth/ws-ticket")).json()["ticket"]
    async with (
        line(desk, f"/coedit/{made}", ana) as hers,
        line(desk, f"/coedit/{made}", link=link, ticket=ticket) as its,
    ):
        its.say(where(5, user={"name": "ana", "id": "x", "guest": False}, at={"row": 0, "step": 1}, said=[]))
        (state,) = await hers.next_here()
        told = msgspec.json.decode(state.text)
        assert told["user"] == {"id": me["id"], "name": me["username"], "edits": True, "guest": True}
        assert told["at"] == {"row": 0, "step": 1}
    assert (its.code, hers.code) == (0, 0), "both left"


async def test_what_a_guest_may_not_is_refused_in_words(desk: Desk) -> None:
    ana, guest = (await desk.peer.claimed("ana")).access_token, await desk.guest()
    made, shown, other = (
        await desk.loop(ana),
        await desk.loop(ana, visibility="public"),
        await desk.loop(ana),
    )
    for_accounts, to_see, to_other = [
        (await link_to(desk, ana, creation_id, **what))["token"]
        for creation_id, what in (
            (made, {"may_edit": True}),
            (made, {}),
            (other, {"may_edit": True, "guests_may_edit": True}),
        )
    ]
    async with line(desk, f"/coedit/{made}", ana), line(desk, f"/coedit/{shown}", ana):
        for creation_id, query, status, code in (
            (made, {"link": for_accounts}, 403, "account_required"),
            (made, {"link": to_see}, 403, "account_required"),
            (shown, {}, 403, "account_required"),
            (made, {}, 404, "not_found"),
            (made, {"link": to_other}, 404, "not_found"),
        ):
            assert await refused(desk, f"/coedit/{creation_id}", guest, **query) == (status, code), query
        ticket = (await desk.ask(guest, "POST", "/auth/ws-ticket")).json()["ticket"]
        async with line(desk, f"/coedit/{made}", link=for_accounts, ticket=ticket) as connection:
            await asyncio.wait_for(connection.ended.wait(), HANG_S)
        assert (connection.code, connection.reason) == (CLOSE_REFUSED, "This link is for who is signed in.")
    ticket = (await desk.ask(guest, "POST", "/auth/ws-ticket")).json()["ticket"]
    assert await refused(desk, "/ws", guest) == (403, "account_required")
    assert await refused(desk, "/ws", "", ticket=ticket) == (403, "account_required")
    answer = await desk.ask(ana, "POST", f"/creations/{made}/links", {"guests_may_edit": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
    listed = (await desk.ask(ana, "GET", f"/creations/{made}/links")).json()["links"]
    assert [each["guests_may_edit"] for each in listed] == [False, False]


@pytest.mark.parametrize("end", ["link ended", "blocked", "suspended", "taken over", "deleted"])
async def test_it_ends_at_once_for_a_guest_who_may_no_longer(desk: Desk, end: str) -> None:
    ana, ben = await desk.peer.claimed("ana"), await desk.peer.claimed("ben")
    guest = await desk.guest()
    me = (await desk.ask(guest, "GET", "/users/me")).json()
    made = await desk.loop(ana.access_token)
    link = await link_to(desk, ana.access_token, made, may_edit=True, guests_may_edit=True)
    await desk.peer.relay.db.write(partial(accounts.set_role, account_id=ben.user.id, role=Role.MODERATOR))
    async with line(desk, f"/coedit/{made}", guest, link=link["token"]) as connection:
        assert connection.is_open.is_set(), connection.told
        match end:
            case "link ended":
                asked = ana.access_token, "DELETE", f"/creations/{made}/links/{link['id']}", None
            case "blocked":
                asked = ana.access_token, "POST", "/social/block", {"user_id": me["id"]}
            case "suspended":
                decision = {"kind": "account", "id": me["id"], "deed": "suspend", "note": "as the rules say"}
                asked = ben.access_token, "POST", "/moderation/decide", decision
            case "taken over":
                asked = ben.access_token, "POST", "/users/me/take-over", {"token": guest}
            case _:
                asked = guest, "POST", "/users/me/delete", {"username": me["username"]}
        answer = await desk.ask(*asked)
        assert answer.status_code < 300, answer.text
        await asyncio.wait_for(connection.ended.wait(), HANG_S)
        assert connection.code == CLOSE_REVOKED
    async with line(desk, f"/coedit/{made}", guest, link=link["token"]) as again:
        assert again.status in (401, 403, 404, 410), again.told


async def test_of_guests_there_are_so_many_and_no_more(desk: Desk) -> None:
    """Who has an account finds room beside them; each says where one page of it is, and so many words."""
    ana = await desk.peer.claimed("ana")
    made = await desk.loop(ana.access_token)
    link = (await link_to(desk, ana.access_token, made, may_edit=True, guests_may_edit=True))["token"]
    rooms, guests = desk.peer.relay.posts.rooms, list[Actor]()
    for n in range(MAX_GUESTS // MAX_OF_GUEST + 1):
        account_id = await desk.peer.relay.db.write(partial(accounts.create_guest, now=n + 1))
        guests.append(Actor(user_id=account_id, is_guest=True, expires_us=1 << 60))
    *some, last = guests
    async with AsyncExitStack() as inside:

        async def enter(actor: Actor, with_link: str | None = link) -> None:
            room, session = await rooms.enter(made, actor, with_link)
            inside.callback(rooms.leave, room, session)

        for actor in some:
            for _ in range(MAX_OF_GUEST):
                await enter(actor)
            with pytest.raises(Refusal, match="Too many are at this already"):
                await enter(actor)
        with pytest.raises(Refusal, match="Too many are at this already"):
            await enter(last)
        assert MAX_GUESTS < MAX_SESSIONS
        await enter(Actor(user_id=ana.user.id, expires_us=1 << 60), None)


async def test_a_guest_says_where_one_page_is_and_so_many_words(desk: Desk) -> None:
    ana, guest = (await desk.peer.claimed("ana")).access_token, await desk.guest()
    made = await desk.loop(ana)
    link = (await link_to(desk, ana, made, may_edit=True, guests_may_edit=True))["token"]
    words = {"n": 1, "words": "x" * MAX_SAID_CHARACTERS}
    async with (
        line(desk, f"/coedit/{made}", ana) as hers,
        line(desk, f"/coedit/{made}", guest, link=link) as its,
    ):
        for client in range(MAX_CLIENTS_OF_GUEST + 1):
            its.say(where(50 + client, said=[words] * MAX_SAID))
        its.say(where(50, said=[words | {"words": "x" * (MAX_SAID_CHARACTERS + 1)}]))
        assert [state.client for state in await hers.next_here()] == [50]
        await asyncio.wait_for(its.ended.wait(), HANG_S)
        assert its.code == CLOSE_BAD_MESSAGE and "sentence" in its.reason
        assert [state.text for state in await hers.next_here()] == ["null"], "it has gone, and no other came"
