"""Every operation and every topic, for each of the eight there are: what the table of access says, and nothing else."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.app.dispatch import method_of, path_of
from relay.core.access import OF_GUESTS, OF_SUSPENDED, POLICY, Action, Relation, Role
from relay.core.calls import AnyRow, Page
from relay.core.visibility import Visibility
from relay.features.accounts import api as accounts
from relay.features.studio.kit import KIT_VERSION
from relay.wire.events import CommentAdded, FeedNewPost, SocialNewFollow, read_payload
from relay.wire.identity import TokenPair
from tests.support.asgi_peer import ADDRESS, InMemory, Peer, relay_in_memory, unlimited_relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.house import new_loop, new_post

RELATIONS = {
    "nobody": Relation.ANONYMOUS,
    "guest": Relation.OTHER,
    "stranger": Relation.OTHER,
    "follower": Relation.OTHER,
    "blocked": Relation.OTHER,
    "owner": Relation.OWNER,
    "suspended": Relation.OTHER,
    "moderator": Relation.MODERATOR,
    "admin": Relation.ADMIN,
}
ASKS_MORE = ("/api/v1/audio/{post_id}/download", "/api/v1/auth/verify", "/api/v1/auth/refresh")
"""Than who asks: what the author gives out, or the token shown."""
BODIES: dict[str, Any] = {
    "/api/v1/creations": {"score": {"kind": "loop", "name": "x", "bars": 1}},
    "/api/v1/audio/{post_id}/versions": {"upload_id": "0" * 32, "meta": {}},
    "/api/v1/comments/{comment_id}": {"text": "other words"},
    "/api/comments/{comment_id}": {"text": "other words"},
}
SAME_TO_ALL = {"/embed/{post_id}", "/api/v1/audio/{post_id}/signed"}
"""Whoever is signed in: what stands in pages of others, without a cookie, and links that are a right themselves."""


@dataclass
class Scene:
    """tokens: of each but nobody. browser: cookie and token of a page of who is suspended, whose access tokens have ended."""

    tokens: dict[str, str]
    browser: dict[str, str]
    named: dict[str, str]

    def headers(self, who: str) -> dict[str, str]:
        if who == "suspended":
            return self.browser
        return {"authorization": f"Bearer {self.tokens[who]}"} if who != "nobody" else {}


async def scene(peer: InMemory) -> Scene:
    """Accounts that nobody else uses, as they stand to the owner, and what is the owner's."""
    mark = secrets.token_hex(3)
    pairs = {who: await peer.claimed(f"{who}-{mark}") for who in RELATIONS if who not in ("nobody", "guest")}
    tokens = {who: pair.access_token for who, pair in pairs.items()}
    tokens["guest"] = (await peer.http.post("/api/v1/auth/guest")).json()["access_token"]
    for who, role in (("moderator", Role.MODERATOR), ("admin", Role.ADMIN)):
        await peer.relay.db.write(partial(accounts.set_role, account_id=pairs[who].user.id, role=role))
    owner = pairs["owner"]
    await peer.ask("/social/follow", {"user_id": owner.user.id}, tokens["follower"])
    await peer.ask("/social/block", {"user_id": pairs["blocked"].user.id}, tokens["owner"])
    sound = await peer.relay.engines.objects.put(b"of no kind")
    post_id = await peer.relay.db.write(lambda tx: new_post(tx, owner.user.id, sha256=sound))
    creation_id = await peer.relay.db.write(lambda tx: new_loop(tx, owner.user.id))
    said = await peer.ask(f"/audio/{post_id}/comments", {"text": "mine"}, tokens["owner"])
    reacted = await peer.ask("/social/react", {"post_id": post_id, "emoji": "🔥"}, tokens["owner"])
    job = await peer.ask("/users/me/export", {}, tokens["owner"])
    browser = await _suspended(peer, pairs["suspended"], tokens["moderator"])
    named = {
        "post_id": post_id,
        "creation_id": creation_id,
        "comment_id": said.json()["id"],
        "reaction_id": reacted.json()["reaction"]["id"],
        "job_id": job.json()["id"],
        "device_id": owner.device_id,
        "name": owner.user.username,
        "username": owner.user.username,
        "tag": "loop",
        "n": "1",
        "deed": "mute",
        "list": "followers",
        "who": "likes",
        "size_px": "96",
        "secret": "x" * 43,
        "version": KIT_VERSION,
        "sound": "clave",
        "number": "75",
    }
    return Scene(tokens, browser, named)


async def _suspended(peer: InMemory, pair: TokenPair, moderator: str) -> dict[str, str]:
    """Suspend an account, and sign it in by a browser: it may still appeal."""
    decision = {"kind": "account", "id": pair.user.id, "deed": "suspend", "note": "as the rules say"}
    await peer.ask("/moderation/decide", decision, moderator)
    opened = await peer.http.post("/session", data={"username": pair.user.username})
    cookies = "; ".join(f"{name}={value}" for name, value in opened.cookies.items())
    peer.http.cookies.clear()
    page = await peer.http.get("/appeal", headers={"cookie": cookies})
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text[:300]
    return {"cookie": cookies, "x-csrf-token": found[1], "origin": ADDRESS}


async def ask(peer: InMemory, row: AnyRow, given: Scene, who: str) -> httpx.Response:
    names = re.findall(r"\{(\w+)\}", path_of(row))
    path = path_of(row).format(**{name: given.named.get(name, "0" * 32) for name in names})
    headers, more = given.headers(who) | {"tus-resumable": "1.0.0"}, dict[str, Any]()
    if method_of(row) not in ("GET", "HEAD", "OPTIONS"):
        if isinstance(row, Page):
            more = {"data": {"csrf": headers.get("x-csrf-token", "")}}
        elif not row.operation.streamed:
            more = {"json": BODIES.get(path_of(row), {})}
    return await peer.http.request(method_of(row), path, headers=headers, **more)


def check(row: AnyRow, who: str, answer: httpx.Response) -> None:
    action, status = row.action, answer.status_code
    where = (who, method_of(row), path_of(row), status, answer.text[:200])
    is_problem = "problem" in answer.headers.get("content-type", "") and answer.content
    code = answer.json()["code"] if is_problem else ""
    assert status < 500, where
    may = RELATIONS[who] in POLICY[action]
    if who == "suspended" and action not in OF_SUSPENDED:
        assert status == 403, where
    elif who == "guest" and action not in OF_GUESTS:
        assert (status, code) == (403, "account_required") or method_of(row) == "HEAD", where
    elif not may and method_of(row) == "HEAD":
        assert status in (401, 404), where
    elif not may and who == "nobody":
        assert status == 401, where
    elif not may:
        assert status == 404, where
    elif path_of(row) not in ASKS_MORE:
        assert status != 401 and (status != 403 or code in ("forbidden", "csrf", "dev_mode_only")), where
    if (
        who == "blocked"
        and action is Action.POST_READ
        and re.search("{(post|creation)_id}", path_of(row))
        and path_of(row) not in SAME_TO_ALL
        and method_of(row) == "GET"
    ):
        assert status == 404, where


@pytest.mark.parametrize("who", RELATIONS)
async def test_every_operation_is_for_whom_the_table_says(tmp_path: Path, who: str) -> None:
    async with unlimited_relay_in_memory(tmp_path / "data", "") as peer:
        given = await scene(peer)
        for row in sorted(peer.relay.rows, key=path_of):
            is_streamed = not isinstance(row, Page) and row.operation.streamed
            if is_streamed or (isinstance(row, Page) and row.max_file_bytes):
                continue  # test_relay_http.py asks these over a real line
            answer = await ask(peer, row, given, who)
            check(row, who, answer)
            if method_of(row) not in ("GET", "HEAD", "OPTIONS") and answer.status_code < 400:
                given = await scene(peer)  # it may have ended what the next ones are asked of


HEARD = {
    Visibility.PUBLIC: {"owner", "follower"},
    Visibility.FOLLOWERS: {"owner", "follower"},
    Visibility.UNLISTED: {"owner"},
    Visibility.PRIVATE: {"owner"},
}
"""Who hears of a new post, though who is staff may see it when it was reported."""


async def test_every_topic_is_heard_by_whom_it_concerns(tmp_path: Path) -> None:
    async with relay_in_memory(tmp_path / "data") as peer:
        given = await scene(peer)
        hearers = [who for who in RELATIONS if who not in ("nobody", "guest", "suspended")]
        peers = {who: Peer(stalled=False) for who in hearers}
        running = [peer.connect(given.tokens[who], each) for who, each in peers.items()]
        refused = Peer(stalled=False)
        await asyncio.wait_for(peer.connect(given.tokens["suspended"], refused), HANG_S)
        assert refused.closed_with is not None, "its tokens have ended"
        for each in peers.values():
            await asyncio.wait_for(each.connected.wait(), HANG_S)
        owner = (await peer.http.get(f"/api/v1/users/{given.named['name']}")).json()["id"]
        for visibility in HEARD:
            await peer.relay.db.write(
                lambda tx, shown_to=visibility: new_post(tx, owner, title=shown_to, visibility=shown_to)  # type: ignore[misc]
            )
        post = given.named["post_id"]
        await peer.ask(f"/audio/{post}/comments", {"text": "hi"}, given.tokens["stranger"])
        for who, each in peers.items():  # then each hears of a follower, and of nothing after that
            name = (await peer.http.get("/api/v1/users/me", headers=given.headers(who))).json()["id"]
            by = "stranger" if who == "moderator" else "moderator"
            await peer.ask("/social/follow", {"user_id": name}, given.tokens[by])
            async with asyncio.timeout(HANG_S):
                while not any(isinstance(read_payload(event), SocialNewFollow) for event in each.events):
                    await asyncio.sleep(0.01)
        for who, each in peers.items():
            told = [read_payload(event) for event in each.events]
            titles = {payload.post.title for payload in told if isinstance(payload, FeedNewPost)}
            assert titles == {shown for shown, whom in HEARD.items() if who in whom}, who
            assert any(isinstance(payload, CommentAdded) for payload in told) is (who == "owner"), who
            each.leave()
        for task in running:
            await asyncio.wait_for(task, HANG_S)
