"""Guests, on both engines: what one may do without an account, who takes it over, and what becomes of those who stay away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.core.guests import IDLE_US
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.features.accounts import api as accounts
from relay.features.creations.api import set_hidden
from relay.features.creations.reading import miscounts
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.deadlines import HANG_S

LOOP = {"kind": "loop", "name": "Dusk", "bars": 1, "steps": [{"step": 0, "sound": "drum-kick"}]}


class Desk:
    """A relay, and how one asks it under a token."""

    def __init__(self, peer: InMemory) -> None:
        self.peer = peer

    async def ask(self, token: str, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"}
        return await self.peer.http.request(method, f"/api/v1{path}", json=body, headers=headers)

    async def guest(self) -> str:
        return str((await self.peer.ask("/auth/guest", None)).json()["access_token"])

    async def loop(self, token: str, **more: object) -> str:
        made = await self.ask(token, "POST", "/creations", {"score": LOOP, **more})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


@pytest.fixture
async def desk(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        yield Desk(peer)


async def test_a_guest_makes_and_shares_and_is_heard_of_by_nobody(desk: Desk) -> None:
    before_us = now_us()
    told = (await desk.peer.ask("/auth/guest", None)).json()
    token = told["access_token"]
    assert told["user"]["display_name"] == "Guest" and "90 days" in told["warning"]
    me = (await desk.ask(token, "GET", "/users/me")).json()
    assert me["is_guest"] and rfc3339(before_us + IDLE_US) <= told["expires_at"] <= me["expires_at"]
    made = await desk.loop(token, visibility="unlisted")
    assert (
        await desk.ask(token, "PATCH", f"/creations/{made}", {"score": LOOP | {"bars": 2}})
    ).status_code == 200
    for method, path, body in (
        ("POST", "/creations", {"score": LOOP, "visibility": "public"}),
        ("PATCH", f"/creations/{made}", {"visibility": "followers"}),
        ("PATCH", f"/audio/{made}", {"visibility": "public"}),
        ("POST", "/social/like", {"post_id": made}),
        ("POST", f"/audio/{made}/comments", {"text": "mine"}),
        ("PATCH", "/users/me", {"display_name": "Ana"}),
        ("POST", "/users/me/take-over", {"token": token}),
    ):
        refused = await desk.ask(token, method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "account_required"), path
    assert (await desk.ask(token, "GET", f"/creations/{made}")).json()["visibility"] == "unlisted"
    share = await desk.peer.http.post(
        f"/api/loops/{made}/share", json={"expiresIn": 1}, headers={"authorization": f"Bearer {token}"}
    )
    shown = await desk.peer.http.get(f"/api/shared/{share.json()['shareToken']}")
    assert shown.json()["owner"] == {"displayName": "Guest", "avatarUrl": None}
    found = (await desk.peer.http.get("/api/v1/search/people", params={"q": "guest"})).json()
    assert found["users"] == []
    assert (await desk.ask("guest." + "x" * 43, "GET", "/users/me")).status_code == 401


async def test_all_of_a_guest_becomes_an_accounts_at_once_and_only_once(desk: Desk) -> None:
    token, ana, ben = await desk.guest(), await desk.peer.claimed("ana"), await desk.peer.claimed("ben")
    made = [await desk.loop(token) for _ in range(3)]
    await desk.ask(token, "PATCH", f"/creations/{made[0]}", {"score": LOOP | {"bars": 2}})
    link = await desk.peer.http.post(
        f"/api/loops/{made[0]}/share", json={"expiresIn": None}, headers={"authorization": f"Bearer {token}"}
    )
    was = [(await desk.ask(token, "GET", f"/creations/{each}")).json() for each in made]
    deleted = await desk.loop(token)
    await desk.ask(token, "DELETE", f"/creations/{deleted}")
    answers = await asyncio.gather(
        *(desk.ask(ana.access_token, "POST", "/users/me/take-over", {"token": token}) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {answers[0].text} and answers[0].json()["creations"] == 3
    for each in was:
        now = (await desk.ask(ana.access_token, "GET", f"/creations/{each['id']}")).json()
        assert now == each | {"user_id": ana.user.id, "username": "ana"}
    states = (await desk.ask(ana.access_token, "GET", f"/creations/{made[0]}/versions")).json()["versions"]
    assert [each["n"] for each in states] == [2, 1]
    shown = (await desk.peer.http.get(f"/api/shared/{link.json()['shareToken']}")).json()
    assert shown["owner"]["displayName"] == "ana"
    assert (await desk.ask(token, "GET", "/users/me")).status_code == 401
    other = await desk.ask(ben.access_token, "POST", "/users/me/take-over", {"token": token})
    assert other.status_code == 410
    await _gone(desk, answers[0].json()["guest_id"])
    again = await desk.ask(ana.access_token, "POST", "/users/me/take-over", {"token": token})
    assert again.json() == answers[0].json()
    assert await desk.peer.relay.db.read(miscounts) == []


async def test_what_a_link_shows_is_forked_with_all_that_it_needs(desk: Desk) -> None:
    token, ana = await desk.guest(), (await desk.peer.claimed("ana")).access_token
    loop = await desk.loop(ana)
    blocks = [{"id": "a", "loop": loop, "start": 0, "bars": 1}]
    score = {"kind": "song", "name": "Set", "bpm": 110, "blocks": blocks}
    song = (await desk.ask(ana, "POST", "/creations", {"score": score, "visibility": "public"})).json()["id"]
    link = (await desk.ask(ana, "POST", f"/creations/{song}/links", {"days": 1})).json()
    path = f"/shared/{link['url'].rpartition('/')[2]}/fork"
    answer = await desk.ask(token, "POST", path)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    (block,) = made["score"]["blocks"]
    assert block["loop"] != loop and made["visibility"] == "private"
    assert (await desk.ask(token, "GET", f"/creations/{block['loop']}")).json()["score"]["name"] == "Dusk"
    assert made["forked_from"] == {"id": song, "title": "Set", "username": "ana"}
    assert (await desk.ask(ana, "GET", f"/creations/{song}")).json()["fork_count"] == 1
    assert (await desk.peer.http.post(f"/api/v1{path}")).status_code == 401
    await desk.ask(ana, "DELETE", f"/creations/{song}/links/{link['id']}")
    assert (await desk.ask(token, "POST", path)).status_code == 410


async def test_what_a_moderator_has_decided_is_not_undone_by_it(desk: Desk) -> None:
    token, ana = await desk.guest(), await desk.peer.claimed("ana")
    hidden, me = (
        await desk.loop(token, visibility="unlisted"),
        (await desk.ask(token, "GET", "/users/me")).json(),
    )
    await desk.peer.relay.db.write(lambda tx: set_hidden(tx, hidden, True))
    await desk.peer.relay.db.write(lambda tx: accounts.set_suspended(tx, me["id"], 1))
    refused = await desk.ask(ana.access_token, "POST", "/users/me/take-over", {"token": token})
    assert refused.json()["code"] == "account_suspended"
    await desk.peer.relay.db.write(lambda tx: accounts.set_suspended(tx, me["id"], None))
    await desk.ask(ana.access_token, "POST", "/users/me/take-over", {"token": token})
    assert (await desk.peer.http.get(f"/api/v1/creations/{hidden}")).status_code == 404


async def test_who_stays_away_too_long_is_let_go_and_nobody_else(desk: Desk) -> None:
    away, here, ana = await desk.guest(), await desk.guest(), await desk.peer.claimed("ana")
    gone, kept = await desk.loop(away, visibility="unlisted"), await desk.loop(here, visibility="unlisted")
    ids = [(await desk.ask(token, "GET", "/users/me")).json()["id"] for token in (away, here)]

    def move(tx: Any) -> None:  # any: Tx
        sql = "UPDATE account SET active_us = ? WHERE id = ?"
        tx.db.execute(sql, (now_us() - IDLE_US - 1, ids[0]))
        tx.db.execute(sql, (now_us() - IDLE_US + 60_000_000, ids[1]))
        tx.db.execute(sql, (0, ana.user.id))

    await desk.peer.relay.db.write(move)
    await desk.peer.relay.people.guests.forget_idle()
    assert (await desk.ask(away, "GET", "/users/me")).status_code == 401
    await _gone(desk, ids[0])
    assert (await desk.peer.http.get(f"/api/v1/creations/{gone}")).status_code in (404, 410)
    assert (await desk.peer.http.get(f"/api/v1/creations/{kept}")).status_code == 200
    assert (await desk.ask(here, "GET", "/users/me")).status_code == 200
    assert (await desk.ask(ana.access_token, "GET", "/users/me")).status_code == 200


async def _gone(desk: Desk, account_id: str) -> None:
    """Its rows are taken away, and a tombstone is there."""
    asked = "SELECT username FROM account WHERE id = ?"
    async with asyncio.timeout(HANG_S):
        while True:
            rows = await desk.peer.relay.db.read(lambda db: db.execute(asked, (account_id,)).fetchall())
            if rows[0][0].startswith("gone-"):
                return
            await asyncio.sleep(0.01)


async def test_what_a_guest_shows_by_links_is_listed_with_its_views_and_ended(desk: Desk) -> None:
    token, other = await desk.guest(), await desk.guest()
    first, second, theirs = await desk.loop(token), await desk.loop(token), await desk.loop(other)
    made = [
        (await desk.ask(token, "POST", f"/creations/{each}/links", {"days": days})).json()
        for each, days in ((first, 7), (first, None), (second, 1))
    ]
    await desk.ask(other, "POST", f"/creations/{theirs}/links", {})
    assert (await desk.peer.http.post(f"/api/shared/{made[0]['url'].rpartition('/')[2]}/view")).is_success
    listed = (await desk.ask(token, "GET", "/users/me/links")).json()
    assert not listed["more"] and {each["id"] for each in listed["links"]} == {each["id"] for each in made}
    one = next(each for each in listed["links"] if each["id"] == made[0]["id"])
    assert one == {name: value for name, value in made[0].items() if name != "url"} | {
        "creation_id": first,
        "kind": "loop",
        "title": "Dusk",
        "view_count": 1,
    }
    for creation_id, link_id in ((first, made[0]["id"]), (second, made[2]["id"])):
        assert (await desk.ask(token, "DELETE", f"/creations/{creation_id}/links/{link_id}")).is_success
    await desk.ask(token, "DELETE", f"/creations/{second}")
    listed = (await desk.ask(token, "GET", "/users/me/links")).json()
    assert [each["id"] for each in listed["links"]] == [made[1]["id"]]
    assert (await desk.peer.http.get("/api/v1/users/me/links")).status_code == 401
    page = (await desk.peer.http.get("/links", headers={"accept": "text/html"})).text
    assert "Your links as a guest" in page and "Without scripts" in page
