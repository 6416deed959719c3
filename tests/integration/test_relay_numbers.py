"""What people are told of what was counted: of their own posts, of what is made, and of the relay; too few are never told. On both engines."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.core.access import Role
from relay.engine.clock import now_us
from relay.engine.database import Tx
from relay.features.accounts import api as accounts
from relay.features.accounts import people
from relay.features.analytics import events
from relay.features.analytics.counting import Counting
from relay.features.analytics.events import DAY_US
from relay.features.leaving.export import lists_of
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.house import new_loop, new_post
from tests.support.postgres import PostgresServer, schema_of

Json = dict[str, Any]
FANS = 4


@pytest.fixture(params=["sqlite", "postgresql"])
async def peer(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[InMemory]:
    if request.param == "sqlite":
        async with relay_in_memory(tmp_path / "data") as made:
            yield made
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    with schema_of(postgres) as schema:
        async with relay_in_memory(tmp_path / "data", postgres.url(schema)) as made:
            yield made


class Scene:
    """A post that was heard by four people today, by two yesterday, and by one the day before; a loop that nobody heard."""

    def __init__(self, peer: InMemory) -> None:
        self.peer = peer
        self.tokens: dict[str, str] = {}
        self.today = now_us() // DAY_US

    async def get(self, path: str, who: str, status: int = 200) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        answer = await self.peer.http.get(path, headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    async def json(self, path: str, who: str) -> Json:
        found: Json = (await self.get(f"/api/v1/analytics{path}", who)).json()
        return found

    async def made(self) -> "Scene":
        pairs = {
            name: await self.peer.claimed(name)
            for name in ("mira", "boss", *(f"fan-{n}" for n in range(FANS)))
        }
        self.tokens = {name: pair.access_token for name, pair in pairs.items()}
        self.ids = {name: pair.user.id for name, pair in pairs.items()}
        db, now = self.peer.relay.db, now_us()
        self.post = await db.write(
            lambda tx: new_post(tx, self.ids["mira"], title="=Dusk", at_us=now, bpm=124.0, key="A minor")
        )
        self.loop = await db.write(lambda tx: new_loop(tx, self.ids["mira"]))
        await db.write(self._hear)
        await db.write(lambda tx: accounts.set_role(tx, self.ids["boss"], Role.ADMIN))
        await self.peer.ask("/social/like", {"post_id": self.post}, self.tokens["fan-0"])
        await self.peer.ask(f"/audio/{self.post}/comments", {"text": "Nice"}, self.tokens["fan-1"])
        await self.peer.ask("/social/follow", {"user_id": self.ids["mira"]}, self.tokens["fan-2"])
        counting = Counting(self.peer.relay.db)
        for day in range(self.today - 2, self.today + 1):
            await counting.count(day)
        return self

    def _hear(self, tx: Tx) -> None:
        for ago, fans in ((2, 1), (1, 2), (0, FANS)):
            at_us = (self.today - ago) * DAY_US
            for n in range(fans):
                events.note_play(tx, self.post, f"fan-{n}", at_us)
                events.note_stop(tx, self.post, f"fan-{n}", 1000 if n else 260, at_us)
        here = [self.ids[f"fan-{n}"] for n in range(FANS)]
        tx.db.execute("UPDATE account SET active_us = 0")
        events.note_here(tx, here, now_us())
        people.note_active(tx, here, now_us())


@pytest.fixture
async def scene(peer: InMemory) -> Scene:
    return await Scene(peer).made()


async def test_numbers(scene: Scene) -> None:
    """(All of it on one relay: making one takes longer than asking it.)"""
    await _own(scene)
    await _of_a_post(scene)
    await _content(scene)
    await _platform(scene)
    await _pages(scene)
    await _taken_along(scene)


async def _own(scene: Scene) -> None:
    own = await scene.json("/me?days=7", "mira")
    assert own["least"] == 3 and own["counted_at"] is not None and len(own["days"]) == 7
    *before, yesterday, today = own["days"]
    said = {"likes": 1, "reactions": 0, "comments": 1, "reposts": 0}
    assert today == {"day": today["day"], "plays": 4, "listeners": 4, "followers": 1, **said}
    assert (yesterday["plays"], yesterday["listeners"]) == (None, None), "two are too few to be told"
    assert all(day["listeners"] is None and day["followers"] == 0 for day in before)
    heard, silent = own["posts"]
    base = {"id": scene.post, "title": "=Dusk", "page_url": f"http://relay/p/{scene.post}"}
    assert heard == {**base, "listeners": 4, **said}
    assert silent["id"] == scene.loop and silent["listeners"] is None
    nobody = await scene.json("/me", "fan-0")
    assert nobody["posts"] == [] and len(nobody["days"]) == 30
    await scene.get("/api/v1/analytics/me", "", status=401)
    await scene.get("/api/v1/analytics/me?days=8", "mira", status=422)
    table = await scene.get("/api/v1/analytics/me?days=7&format=csv", "mira")
    assert table.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert [(line["listeners"], line["likes"]) for line in lines[-2:]] == [("", "0"), ("4", "1")]


async def _of_a_post(scene: Scene) -> None:
    path = f"/me/posts/{scene.post}"
    found = await scene.json(f"{path}?days=7", "mira")
    assert found["post"]["listeners"] == 4
    assert [(n, each) for n, each in enumerate(found["stops"]) if each] == [(5, 1), (19, 3)]
    assert [day["listeners"] for day in found["days"]] == [None] * 6 + [4]
    silent = await scene.json(f"/me/posts/{scene.loop}", "mira")
    assert silent["stops"] is None
    for who, status in (("fan-0", 404), ("boss", 404), ("", 401)):
        await scene.get(f"/api/v1/analytics{path}", who, status=status)


async def _content(scene: Scene) -> None:
    found = await scene.json("/content?days=7", "")
    assert [(each["id"], each["username"], each["listeners"]) for each in found["rankings"]] == [
        (scene.post, "mira", 4)
    ]
    assert found["keys"] == [{"key": "A minor", "count": 1}]
    assert found["tempi"] == [{"bpm_from": 120, "bpm_to": 130, "count": 1}]
    kinds = {each["kind"]: each for each in found["kinds"]}
    assert kinds["post"] == {"kind": "post", "made": 1, "shared": None, "forked": 0.0}
    table = (await scene.get("/api/v1/analytics/content?days=7&format=csv", "")).text
    assert "listeners,'=Dusk,4" in table, "no spreadsheet takes a title for a formula"


async def _platform(scene: Scene) -> None:
    for who, status in (("mira", 404), ("", 401)):
        await scene.get("/api/v1/analytics/platform", who, status=status)
    found = await scene.json("/platform?days=30", "boss")
    today, yesterday = found["days"][-1], found["days"][-2]
    assert (today["active"], today["hearers"], today["sign_ups"]) == (4, 4, 2 + FANS)
    assert (today["engaged"], yesterday["hearers"]) == (3, None)
    cohort = found["cohorts"][0]
    assert (cohort["signed_up"], cohort["active"]) == (2 + FANS, [4])
    assert found["cohorts"][-1]["signed_up"] == 0
    rates = found["rates"]
    assert rates["shared"] == 1.0 and rates["forked"] == 0.0 and rates["migrated"] == 0.0
    assert rates["uploads"] is None and rates["crash_free"] is None, "what nobody reports is not known"
    table = (await scene.get("/api/v1/analytics/platform?days=7&format=csv", "boss")).text
    assert len(table.splitlines()) == 8


async def _pages(scene: Scene) -> None:
    assert "4 listeners" in (await scene.get("/numbers", "mira")).text
    assert "You have posted nothing yet" in (await scene.get("/numbers", "fan-0")).text
    assert "4 stopped in this time" in (await scene.get(f"/numbers/posts/{scene.post}", "mira")).text
    await scene.get(f"/numbers/posts/{scene.post}", "fan-0", status=404)
    await scene.get("/numbers?days=week", "mira", status=422)
    assert "4 listeners" in (await scene.get("/explore/numbers", "")).text
    assert "not known" in (await scene.get("/moderation/numbers", "boss")).text
    await scene.get("/moderation/numbers", "mira", status=404)


async def _taken_along(scene: Scene) -> None:
    """An archive has what is told, and no more; with the post its numbers go."""
    db = scene.peer.relay.db
    lists = await db.read(lambda reader: lists_of(reader, scene.ids["mira"]))
    assert {(each["metric"], each["n"]) for each in lists["counted"]} == {
        ("listeners", 4),
        ("audience", 4),
        ("stops", 3),
    }
    headers = {"authorization": f"Bearer {scene.tokens['mira']}"}
    await scene.peer.http.delete(f"/api/v1/audio/{scene.post}", headers=headers)
    for table in ("analytics_event", "analytics_count"):
        left = await db.read(
            lambda reader, table=table: reader.execute(  # type: ignore[misc]
                f"SELECT count(*) FROM {table} WHERE about = ?", (scene.post,)
            ).fetchone()
        )
        assert left == (0,), table


async def test_events_and_salts_are_kept_no_longer_than_is_said(tmp_path: Path) -> None:
    async with relay_in_memory(tmp_path / "data") as peer:
        db, today = peer.relay.db, now_us() // DAY_US
        for ago in (events.KEPT_DAYS + 1, events.KEPT_DAYS, 1, 0):
            await db.write(lambda tx, ago=ago: events.note_play(tx, "0" * 32, "x", (today - ago) * DAY_US))  # type: ignore[misc]
        await events.forget_old(db)
        days, salts = await db.read(
            lambda reader: tuple(
                [day - today for (day,) in reader.execute(f"SELECT day FROM {table} ORDER BY day").fetchall()]
                for table in ("analytics_event", "analytics_salt")
            )
        )
        assert (days, salts) == ([-events.KEPT_DAYS, -1, 0], [0])
