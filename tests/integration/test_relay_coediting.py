"""Editing together, on both engines, by a client that we did not write: it converges, becomes versions, and is for whom it is."""

import asyncio
import random
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from pycrdt import Map
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from relay.features.coediting import messages, presence
from relay.features.coediting.lib0 import number, with_length
from relay.features.coediting.room import CLOSE_FULL, MAX_OF_ACCOUNT, READ_ONLY
from relay.features.coediting.trees import body_of
from relay.features.creations.api import Kind
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_BUSY, CLOSE_REFUSED, CLOSE_REVOKED
from tests.support.deadlines import HANG_S
from tests.support.editors import Editor, bearer, document_address
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True
LOOP: dict[str, Any] = {
    "kind": "loop",
    "name": "Dusk",
    "bars": 2,
    "chords": [{"beat": 0, "root": "C", "quality": "maj7"}],
    "steps": [{"step": 0, "sound": "drum-kick", "velocity": 1.0, "note": None}],
}
PATTERN: dict[str, Any] = {
    "kind": "pattern",
    "name": "Tumbao",
    "bpm": 180,
    "beats": 4,
    "rows": [
        {"sound": sound, "steps": [1.0, 0.0, 0.0, 0.0] * 4, "notes": []}
        for sound in ("drum-kick", "drum-snare", "drum-clap")
    ],
}
Person = Callable[[str], RelayClient]


@pytest.fixture
def person(relay: RelayProcess) -> Iterator[Person]:
    made: list[RelayClient] = []

    def make(name: str) -> RelayClient:
        client = RelayClient(relay.url)
        if name:
            client.sign_in(f"{name}.{secrets.token_hex(4)}")
        made.append(client)
        return client

    yield make
    for each in made:
        each.close()


def new(client: RelayClient, score: dict[str, Any], **more: str) -> str:
    answer = client.http.post("/creations", json={"score": score, **more}).raise_for_status()
    return str(answer.json()["id"])


def link_to(client: RelayClient, creation_id: str, *, may_edit: bool = True) -> str:
    path = client.url + f"/api/loops/{creation_id}/share"
    answer = client.http.post(path, json={"mayEdit": may_edit}, headers=bearer(client))
    return str(answer.raise_for_status().json()["shareToken"])


def newest(client: RelayClient, creation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.http.get(f"/creations/{creation_id}").raise_for_status().json()
    return found


async def saved_as(
    client: RelayClient, creation_id: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The creation, as soon as something holds of it."""
    deadline = time.monotonic() + HANG_S
    while not holds(found := newest(client, creation_id)):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def raw(
    client: RelayClient, creation_id: str, link: str | None = None
) -> AsyncIterator[ClientConnection]:
    address = document_address(client, creation_id, link)
    async with connect(
        address, additional_headers=bearer(client), proxy=None, open_timeout=HANG_S
    ) as connection:
        yield connection


async def refused(client: RelayClient, creation_id: str, link: str | None = None) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as error:
        async with raw(client, creation_id, link):
            pass
    answer = error.value.response
    return answer.status_code, msgspec.json.decode(answer.body or b"{}")["code"]


async def closed_with(connection: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        async with asyncio.timeout(HANG_S):
            while True:
                await connection.recv()
    return connection.close_code


def test_a_link_says_whether_one_edits_with_it_and_a_machine_has_none(person: Person) -> None:
    anna = person("anna")
    loop, machine = new(anna, LOOP), new(anna, {"kind": "machine", "name": "x", "style": "salsa", "bpm": 180})
    links = f"/creations/{loop}/links"
    for may_edit in (True, False):
        made = anna.http.post(links, json={"may_edit": may_edit}).raise_for_status().json()
        assert made["may_edit"] is may_edit
    assert sorted(each["may_edit"] for each in anna.http.get(links).json()["links"]) == [False, True]
    refused = anna.http.post(f"/creations/{machine}/links", json={"may_edit": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "validation")
    assert anna.http.get(f"/creations/{machine}/links").json()["links"] == []


async def test_two_edit_a_loop_and_it_is_a_version_when_they_have_gone(person: Person) -> None:
    anna, ben = person("anna"), person("ben")
    made = new(anna, LOOP)
    editors = Editor(anna, made), Editor(ben, made, link_to(anna, made))
    first, second = editors
    async with first.connected(), second.connected():
        assert second.tree() == first.tree()
        assert first.tree()["steps"] == {"0 drum-kick -": 1.0}
        first.score["steps"]["4 drum-clap -"] = 0.5
        second.score["bpm"] = 90
        second.score["name"] = "Dawn"
        second.score["chords"]["4"] = ["A", "min"]
        for each in editors:
            await each.until(
                lambda tree: tree["bpm"] == 90 and "4 drum-clap -" in tree["steps"] and "4" in tree["chords"]
            )
        assert newest(anna, made)["version"] == 1
    saved = await saved_as(anna, made, lambda found: found["title"] == "Dawn")
    assert (saved["version"], saved["score"]["bpm"], saved["score"]["name"]) == (2, 90, "Dawn")
    assert [each["sound"] for each in saved["score"]["steps"]] == ["drum-kick", "drum-clap"]
    assert [each["root"] for each in saved["score"]["chords"]] == ["C", "A"]
    listed = anna.http.get(f"/creations/{made}/versions").json()["versions"]
    assert [each["note"] for each in listed] == ["Edited together", ""]


async def test_sixteen_edit_a_pattern_over_lines_that_are_cut_and_all_have_the_same(person: Person) -> None:
    """Also what was done while a line was cut, and rows that several move at once."""
    anna, made_by = person("anna"), random.Random(16)
    made = new(anna, PATTERN)
    editors = [Editor(anna, made) for _ in range(16)]

    async def edits(editor: Editor, seed: int) -> None:
        chance = random.Random(seed)
        for round_ in range(3):
            async with editor.connected():
                for _ in range(3):
                    _edit(editor, chance)
                    await asyncio.sleep(0)
                assert editor.connection is not None
                if round_ < 2:
                    editor.connection.transport.abort()
            _edit(editor, chance)  # with nobody there to hear it

    await asyncio.gather(*(edits(each, made_by.randrange(1 << 30)) for each in editors))
    async with AsyncExitStack() as opened:
        for each in editors:
            await opened.enter_async_context(each.connected())
        async with asyncio.timeout(HANG_S):
            while any(each.tree() != editors[0].tree() for each in editors):
                await asyncio.sleep(0.02)
        tree = editors[0].tree()
    assert len(tree["rows"]) > 3, "rows were made"
    score = body_of(Kind.PATTERN, tree)
    order = sorted(tree["rows"].values(), key=lambda row: row["place"])
    assert [row["sound"] for row in score["rows"]] == [row["sound"] for row in order[:32]]
    await saved_as(anna, made, lambda found: found["score"]["rows"] == score["rows"])


def _edit(editor: Editor, chance: random.Random) -> None:
    rows = editor.score["rows"]
    name = chance.choice(sorted(rows.keys()))
    with editor.doc.transaction():
        match chance.randrange(5):
            case 0:
                rows[secrets.token_hex(4)] = Map(
                    {
                        "sound": "drum-rim",
                        "place": chance.random() * 4,
                        "steps": Map({"3": 0.7}),
                        "notes": Map(),
                    }
                )
            case 1:
                rows[name]["place"] = chance.random() * 4
            case 2:
                editor.score["bpm"] = chance.randint(40, 240)
            case 3:
                editor.score["beats"] = chance.choice([2, 4, 8])
            case _:
                rows[name]["steps"][str(chance.randrange(32))] = chance.random()


async def test_who_may_look_sees_it_and_may_not_edit(person: Person) -> None:
    anna, ben = person("anna"), person("ben")
    made = new(anna, LOOP, visibility="public")
    assert await refused(ben, made) == (404, "not_found"), "nobody edits it yet"
    owner, looker = Editor(anna, made), Editor(ben, made)
    async with owner.connected(), looker.connected():
        looker.score["bpm"] = 77
        owner.score["swing"] = 60
        await looker.until(lambda tree: tree["swing"] == 60)
        assert owner.tree()["bpm"] == 120
    assert (await saved_as(anna, made, lambda found: found["version"] == 2))["score"]["bpm"] == 120


async def test_a_page_is_told_in_words_why_not_and_at_once_that_one_only_looks(person: Person) -> None:
    """A browser shows its page nothing of a handshake that was refused."""
    anna, ben = person("anna"), person("ben")
    made = new(anna, LOOP, visibility="public")

    async def closed(who: RelayClient, link: str | None = None) -> tuple[int, str]:
        async with page(who, made, link) as connection:
            return await closed_with(connection) or 0, connection.close_reason or ""

    assert await closed(ben) == (CLOSE_REFUSED, "Nobody edits this together.")
    assert (await closed(ben, "no-such-link"))[0] == CLOSE_REFUSED
    async with AsyncExitStack() as all_of_them:
        for _ in range(MAX_OF_ACCOUNT):
            await all_of_them.enter_async_context(raw(anna, made))
        assert await closed(anna) == (CLOSE_BUSY, "Too many are at this already.")
        async with page(ben, made) as looker:
            assert await asyncio.wait_for(looker.recv(), HANG_S) == messages.denied(READ_ONLY)


@asynccontextmanager
async def page(
    client: RelayClient, creation_id: str, link: str | None = None
) -> AsyncIterator[ClientConnection]:
    """As a page comes: with a ticket."""
    ticket = client.http.post("/auth/ws-ticket").raise_for_status().json()["ticket"]
    address = document_address(client, creation_id, link)
    address += f"{'&' if '?' in address else '?'}ticket={ticket}"
    async with connect(address, proxy=None, open_timeout=HANG_S) as connection:
        yield connection


@pytest.mark.parametrize("visibility", ["private", "unlisted", "followers", "public"])
async def test_it_is_opened_by_whom_the_creation_is_for(person: Person, visibility: str) -> None:
    anna, ben, cleo, dan, nobody = (person(name) for name in ("anna", "ben", "cleo", "dan", ""))
    made, other = new(anna, LOOP, visibility=visibility), new(anna, LOOP)
    to_see, to_edit = link_to(anna, made, may_edit=False), link_to(anna, made)
    cleo.http.post("/social/follow", json={"user_id": anna.pair.user.id}).raise_for_status()  # type: ignore[union-attr]
    anna.http.post("/social/block", json={"user_id": dan.pair.user.id}).raise_for_status()  # type: ignore[union-attr]
    async with Editor(anna, made).connected(), Editor(anna, other).connected():
        for who, link, may_read, may_edit in (
            (ben, None, visibility in ("unlisted", "public"), False),
            (cleo, None, visibility != "private", False),
            (dan, None, False, False),
            (ben, to_see, True, False),
            (ben, to_edit, True, True),
            (dan, to_edit, False, False),
        ):
            if not may_read:
                assert (await refused(who, made, link))[0] == 404
                continue
            async with raw(who, made, link) as connection:
                await connection.send(b"\x00\x02" + with_length(_of_values(b"\x77" + with_length(b"x"))))
                answers = [
                    await asyncio.wait_for(connection.recv(), HANG_S) for _ in range(1 if may_edit else 3)
                ]
                assert (answers[-1][0] == 2) is not may_edit, "denied, or let"
        assert (await refused(ben, other, to_edit))[0] == 404, "a link to something else"
        assert await refused(nobody, made, to_edit) == (401, "sign_in_required")


@pytest.mark.parametrize("end", ["hidden", "link ended", "deleted", "blocked", "signed out"])
async def test_it_ends_for_who_may_no_longer(person: Person, end: str) -> None:
    anna, ben = person("anna"), person("ben")
    made = new(anna, LOOP, visibility="public")
    link = None if end == "hidden" else link_to(anna, made)
    async with Editor(anna, made).connected(), raw(ben, made, link) as connection:
        match end:
            case "hidden":
                anna.http.patch(f"/creations/{made}", json={"visibility": "private"}).raise_for_status()
            case "link ended":
                _end_links(anna, made)
            case "deleted":
                anna.http.delete(f"/creations/{made}").raise_for_status()
            case "blocked":
                anna.http.post("/social/block", json={"user_id": ben.pair.user.id}).raise_for_status()  # type: ignore[union-attr]
            case _:
                ben.http.post(f"/auth/devices/{ben.pair.device_id}/revoke", json={}).raise_for_status()  # type: ignore[union-attr]
        assert await closed_with(connection) == CLOSE_REVOKED


def _end_links(client: RelayClient, creation_id: str) -> None:
    """As its owner does on the page."""
    page = f"/creations/{creation_id}/links"
    with httpx.Client(base_url=client.url, trust_env=False, timeout=HANG_S) as browser:
        browser.post("/session", data={"username": client.pair.user.username})  # type: ignore[union-attr]
        text = browser.get(page).text
        csrf, link = (re.search(rf'name="{name}" value="([^"]+)"', text) for name in ("csrf", "link"))
        assert csrf is not None and link is not None, text[:500]
        form = {"csrf": csrf[1], "link": link[1]}
        ended = browser.post(f"{page}/end", data=form, headers={"origin": client.url})
        assert ended.status_code == 303, ended.text


async def test_what_is_saved_beside_it_comes_into_the_document(person: Person) -> None:
    anna = person("anna")
    made = new(anna, PATTERN)
    editor = Editor(anna, made)
    async with editor.connected():
        editor.score["swing"] = 66
        more = PATTERN["rows"] + [{"sound": "drum-rim", "steps": [0.5] * 16, "notes": []}]
        anna.http.patch(
            f"/creations/{made}", json={"score": PATTERN | {"bpm": 99, "rows": more}}
        ).raise_for_status()
        tree = await editor.until(lambda tree: tree["bpm"] == 99)
        assert tree["swing"] == 66 and len(tree["rows"]) == 4
    saved = await saved_as(anna, made, lambda found: found["score"]["swing"] == 66)
    assert (saved["score"]["bpm"], saved["score"]["swing"], len(saved["score"]["rows"])) == (99, 66, 4)


async def test_what_no_score_has_is_no_version_until_it_is_one_again(person: Person) -> None:
    anna = person("anna")
    made = new(anna, LOOP)
    editor = Editor(anna, made)
    async with editor.connected():
        editor.score["bpm"] = 12_000
    async with editor.connected():  # there was time to save it
        assert editor.tree()["bpm"] == 12_000
        editor.score["bpm"] = 60
    saved = await saved_as(anna, made, lambda found: found["score"]["bpm"] == 60)
    assert (saved["version"], saved["score"]["bpm"]) == (2, 60)


def _of_values(value: bytes, client: int = 77, clock: int = 0) -> bytes:
    """An update that puts one value at the root."""
    return (
        (
            b"\x01\x01"
            + number(client)
            + number(clock)
            + b"\x28\x01"
            + with_length(b"score")
            + with_length(b"k")
            + b"\x01"
        )
        + value
        + b"\x00"
    )


HOSTILE = {
    "lists in lists, which end the library's process": _of_values(b"\x75\x01" * 20_000 + b"\x75\x00"),
    "more values than bytes": _of_values(b"\x75" + number(1 << 40)),
    "a text that is not there": _of_values(b"\x77" + number(1 << 50)),
    "a clock that runs over": _of_values(b"\x7d\x01", clock=(1 << 31) + 5),
    "another root": _of_values(b"\x7d\x01").replace(b"score", b"skore"),
    "no update": b"\xff" * 40,
    "more clients than bytes": number(1 << 50),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_who_says_what_no_client_says_is_parted_with_and_nobody_else(person: Person, what: str) -> None:
    anna = person("anna")
    made = new(anna, LOOP)
    editor = Editor(anna, made)
    async with editor.connected():
        async with raw(anna, made) as connection:
            await connection.send(b"\x00\x02" + with_length(HOSTILE[what]))
            assert await closed_with(connection) == CLOSE_BAD_MESSAGE
        other = Editor(anna, made)
        async with other.connected():
            editor.score["swing"] = 70
            await other.until(lambda tree: tree["swing"] == 70)


async def test_a_document_has_an_end(person: Person) -> None:
    """It takes no more, and is what it was."""
    anna = person("anna")
    made = new(anna, LOOP)
    async with raw(anna, made) as connection:
        for clock in range(1, 4):
            maps = b"".join(
                b"\x27\x01" + with_length(b"score") + with_length(str(n).encode()) + b"\x01"
                for n in range(2_000)
            )
            update = b"\x01" + number(2_000) + number(77 + clock) + b"\x00" + maps + b"\x00"
            await connection.send(b"\x00\x02" + with_length(update))
        assert await closed_with(connection) == CLOSE_FULL
    async with Editor(anna, made).connected():
        pass


async def test_who_is_here_is_told_under_the_name_that_the_relay_knows(person: Person) -> None:
    anna, ben = person("anna"), person("ben")
    made = new(anna, LOOP)
    link = link_to(anna, made)
    said = msgspec.json.encode({"user": {"name": "anna", "color": "#fff"}, "at": "4 drum-kick -"})
    async with raw(anna, made) as first:
        await asyncio.wait_for(first.recv(), HANG_S)
        async with raw(ben, made, link) as second:
            await second.send(b"\x01" + with_length(b"\x01" + number(5) + b"\x01" + with_length(said)))
            client, state = _state(await asyncio.wait_for(first.recv(), HANG_S))
            assert client == 5 and state["at"] == "4 drum-kick -"
            assert state["user"]["name"] == ben.pair.user.username and state["user"]["color"] == "#fff"  # type: ignore[union-attr]
            async with raw(anna, made) as third:
                await asyncio.wait_for(third.recv(), HANG_S)
                assert _state(await asyncio.wait_for(third.recv(), HANG_S)) == (5, state)
        assert _state(await asyncio.wait_for(first.recv(), HANG_S)) == (5, None), "it has left"


def _state(frame: str | bytes) -> tuple[int, Any]:
    assert isinstance(frame, bytes) and frame[0] == 1, frame
    said = messages.read(frame)
    assert isinstance(said, messages.Awareness)
    (found,) = presence.read(said.data)
    return found.client, msgspec.json.decode(found.text)
