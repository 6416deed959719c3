"""Loops, songs, patterns and machines at the relay, on both engines: made, saved, gone back, forked, listed, found, and talked about."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace

from audio.score.midi import read_midi
from relay.core.visibility import Visibility
from relay.features.accounts import api as accounts
from relay.features.creations import scores
from relay.features.creations.kinds import KINDS, Ability, Kind
from relay.wire.rest import MAX_VERSIONS
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.house import new_post

LOOP: dict[str, Any] = {
    "kind": "loop",
    "name": "Dusk",
    "bars": 2,
    "chords": [{"beat": 0, "root": "C", "quality": "maj7"}, {"beat": 4, "root": "A", "quality": "min"}],
    "steps": [
        {"step": 0, "sound": "drum-kick", "velocity": 1.0, "note": None},
        {"step": 4, "sound": "synth-lead", "velocity": 0.8, "note": "G4"},
    ],
    "bpm": 90,
    "key": "Am",
}
PATTERN: dict[str, Any] = {
    "kind": "pattern",
    "name": "Tumbao",
    "bpm": 180,
    "beats": 4,
    "rows": [{"sound": "drum-kick", "steps": [1.0, 0.0, 0.0, 0.0] * 4, "notes": []}],
}
MACHINE: dict[str, Any] = {"kind": "machine", "name": "My salsa", "style": "salsa", "bpm": 180}
SONG: dict[str, Any] = {"kind": "song", "name": "Night", "bpm": 100, "blocks": []}


class Person:
    """Somebody who asks under /api/v1."""

    def __init__(self, peer: InMemory, name: str, id_: str, token: str | None) -> None:
        self.name, self.id = name, id_
        self._http = peer.http
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, body: object = None, **query: str) -> httpx.Response:
        return await self._http.request(
            method, f"/api/v1{path}", json=body, params=query, headers=self._headers
        )

    async def get(self, path: str, **query: str) -> Any:  # any: JSON
        return (await self.ask("GET", path, **query)).raise_for_status().json()

    async def make(self, score: Mapping[str, Any], **more: object) -> Any:  # any: JSON
        return (await self.ask("POST", "/creations", {"score": score, **more})).raise_for_status().json()

    async def save(self, id_: str, **edit: object) -> httpx.Response:
        return await self.ask("PATCH", f"/creations/{id_}", edit)


class Desk:
    """A relay and three who use it: two accounts, and nobody."""

    def __init__(self, peer: InMemory, ana: Person, ben: Person) -> None:
        self.peer, self.ana, self.ben = peer, ana, ben
        self.nobody = Person(peer, "", "", None)


@asynccontextmanager
async def opened(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        people = []
        for name in ("ana", "ben"):
            pair = await peer.claimed(name)
            people.append(Person(peer, name, pair.user.id, pair.access_token))
        yield Desk(peer, *people)


@pytest.fixture
async def desk(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    async with opened(tmp_path, database_url) as made:
        yield made


async def test_each_kind_is_made_and_read_as_it_was_written(desk: Desk) -> None:
    for score, bars, ms in ((LOOP, 2, 5333), (PATTERN, 1, 1333), (MACHINE, None, 5333), (SONG, None, 0)):
        made = await desk.ana.make(score)
        assert made["kind"] == score["kind"] and made["title"] == score["name"]
        assert made["score"] == made["score"] | score
        assert (made["duration_bars"], made["duration_ms"]) == (bars, ms)
        assert made["visibility"] == "private" and made["version"] == 1 and not made["rendered"]
        assert await desk.ana.get(f"/creations/{made['id']}") == made
        assert (await desk.ben.ask("GET", f"/creations/{made['id']}")).status_code == 404
        assert (await desk.nobody.ask("GET", f"/creations/{made['id']}")).status_code == 404
        assert (await desk.ana.ask("GET", f"/audio/{made['id']}/mp3")).status_code == 404
        assert (await desk.ana.ask("GET", f"/audio/{made['id']}/peaks")).status_code == 404
        assert "creations" in (listed := await desk.ana.get("/creations", kind=score["kind"]))
        assert [each["id"] for each in listed["creations"]] == [made["id"]]
        assert "score" not in listed["creations"][0]


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (LOOP | {"bars": 1, "chords": [], "steps": [{"step": 16, "sound": "drum-kick"}]}, "Step 16"),
        (LOOP | {"steps": [{"step": 0, "sound": "kazoo"}]}, "kazoo"),
        (LOOP | {"name": "   "}, "Name"),
        (LOOP | {"color": "red"}, "color"),
        (PATTERN | {"beats": 3}, "Steps of a row"),
        (MACHINE | {"style": "polka"}, "polka"),
        (SONG | {"kind": "opera"}, ""),
    ],
)
async def test_what_cannot_be_is_refused_in_words(tmp_path: Path, score: Any, word: str) -> None:
    async with opened(tmp_path, "sqlite") as desk:
        refused = await desk.ana.ask("POST", "/creations", {"score": score})
        assert refused.status_code == 422 and word in refused.json()["detail"], refused.text
        assert (await desk.ana.get("/creations", kind="loop"))["creations"] == []


async def test_another_score_is_a_version_and_another_name_is_not(desk: Desk) -> None:
    made = await desk.ana.make(LOOP)
    id_ = made["id"]
    renamed = (await desk.ana.save(id_, score=LOOP | {"name": "Dawn"})).json()
    assert (renamed["title"], renamed["score"]["name"], renamed["version"]) == ("Dawn", "Dawn", 1)
    faster = (await desk.ana.save(id_, score=LOOP | {"bpm": 120}, version=1, note="faster")).json()
    assert (faster["bpm"], faster["version"], faster["title"]) == (120, 2, "Dusk")
    refused = await desk.ana.save(id_, score=LOOP | {"bpm": 60}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "version_conflict")
    assert (await desk.ana.save(id_, score=PATTERN)).status_code == 422
    assert (await desk.ben.save(id_, score=LOOP)).status_code == 404
    listed = (await desk.ana.get(f"/creations/{id_}/versions"))["versions"]
    assert [(each["n"], each["current"], each["note"]) for each in listed] == [
        (2, True, "faster"),
        (1, False, ""),
    ]
    told = await desk.ana.get(f"/creations/{id_}/compare", a="1", b="2")
    assert told["changes"] == [{"path": "bpm", "was": "90", "now": "120"}] and not told["more"]
    assert await desk.ana.get(f"/creations/{id_}/compare") == told
    back = (await desk.ana.ask("POST", f"/creations/{id_}/versions/1/restore")).json()
    assert (back["version"], back["bpm"], back["score"]["bpm"]) == (3, 90, 90)
    assert (await desk.ana.get(f"/creations/{id_}/versions/2"))["score"]["bpm"] == 120
    assert (await desk.ana.ask("GET", f"/creations/{id_}/versions/4")).status_code == 404
    assert (await desk.ben.ask("GET", f"/creations/{id_}/versions")).status_code == 404


async def test_the_oldest_version_goes_when_there_are_too_many(tmp_path: Path) -> None:
    async with opened(tmp_path, "sqlite") as desk:
        id_ = (await desk.ana.make(LOOP | {"bpm": 40}))["id"]
        for n in range(1, MAX_VERSIONS + 2):
            (await desk.ana.save(id_, score=LOOP | {"bpm": 40 + n})).raise_for_status()
        listed = (await desk.ana.get(f"/creations/{id_}/versions"))["versions"]
        assert [each["n"] for each in listed] == list(range(MAX_VERSIONS + 2, 2, -1))
        assert (await desk.ana.ask("GET", f"/audio/{id_}/mp3", v="101")).status_code == 404


async def test_a_fork_says_where_it_comes_from(desk: Desk) -> None:
    made = await desk.ana.make(LOOP)
    assert (await desk.ben.ask("POST", f"/creations/{made['id']}/fork")).status_code == 404
    await desk.ana.save(made["id"], visibility="public")
    fork = (await desk.ben.ask("POST", f"/creations/{made['id']}/fork")).raise_for_status().json()
    assert fork["username"] == "ben" and fork["visibility"] == "private"
    assert fork["score"] == made["score"]
    assert fork["forked_from"] == {"id": made["id"], "title": "Dusk", "username": "ana"}
    assert (await desk.ana.get(f"/creations/{made['id']}"))["fork_count"] == 1
    path = f"/creations/{made['id']}/forks"
    assert (await desk.ana.get(path))["creations"] == []  # it is private
    await desk.ben.save(fork["id"], visibility="public")
    assert [each["id"] for each in (await desk.nobody.get(path))["creations"]] == [fork["id"]]
    (await desk.ana.ask("DELETE", f"/creations/{made['id']}")).raise_for_status()
    assert (await desk.ben.get(f"/creations/{fork['id']}"))["forked_from"] is None


async def test_it_stands_among_its_kind_and_is_no_news(desk: Desk) -> None:
    """Feeds of posts and the count of them have none; its kind's feeds, search and person's lists have it while it is public."""
    made = await desk.ana.make(LOOP, genre=["dub"], visibility="public")
    await desk.ben.ask("POST", "/social/follow", {"username": "ana"})
    for path in ("/feed/latest", "/feed/global", "/feed/tag/dub"):
        assert (await desk.ben.get(path))["posts"] == []
        assert [each["id"] for each in (await desk.ben.get(path, kind="loop"))["posts"]] == [made["id"]], path
    assert (await desk.ben.get("/feed/latest", kind="loop", bpm_min="91"))["posts"] == []
    assert (await desk.ben.get("/feed/timeline"))["posts"] == []
    assert (await desk.ben.get("/feed/user/ana"))["posts"] == []
    assert (await desk.ben.get("/search/posts", q="dusk"))["posts"] == []
    found = (await desk.ben.get("/search/posts", q="dusk", kind="loop"))["posts"]
    assert [each["id"] for each in found] == [made["id"]]
    assert (await desk.ben.get("/users/ana"))["post_count"] == 0
    theirs = await desk.nobody.get("/users/ana/creations", kind="loop")
    assert [each["id"] for each in theirs["creations"]] == [made["id"]]
    await desk.ana.save(made["id"], visibility="private")
    assert (await desk.nobody.get("/users/ana/creations", kind="loop"))["creations"] == []
    assert (await desk.ben.get("/feed/latest", kind="loop"))["posts"] == []


async def test_people_talk_about_it_as_about_a_post(desk: Desk) -> None:
    id_ = (await desk.ana.make(PATTERN, visibility="public"))["id"]
    (await desk.ben.ask("POST", "/social/like", {"post_id": id_})).raise_for_status()
    (await desk.ben.ask("POST", "/social/react", {"post_id": id_, "emoji": "🔥"})).raise_for_status()
    (await desk.ben.ask("POST", f"/audio/{id_}/comments", {"text": "the clave!"})).raise_for_status()
    (await desk.ben.ask("POST", "/social/save", {"post_id": id_})).raise_for_status()
    seen = await desk.ben.get(f"/creations/{id_}")
    assert (seen["like_count"], seen["liked"], seen["comment_count"], seen["saved"]) == (1, True, 1, True)
    assert seen["reactions"] == {"🔥": 1}
    kinds = {each["kind"] for each in (await desk.ana.get("/notifications"))["notifications"]}
    assert kinds == {"reaction", "comment"}
    page = await desk.peer.http.get(f"/p/{id_}")
    assert page.status_code == 200 and "Tumbao" in page.text


async def test_its_sound_is_not_replaced_by_an_upload(desk: Desk) -> None:
    id_ = (await desk.ana.make(PATTERN))["id"]
    refused = await desk.ana.ask("POST", f"/audio/{id_}/process")
    assert refused.status_code == 422, refused.text
    post = await desk.peer.relay.db.write(lambda tx: new_post(tx, desk.ana.id, visibility=Visibility.PUBLIC))
    assert (await desk.ana.ask("GET", f"/creations/{post}")).status_code == 404
    assert (await desk.ana.ask("POST", f"/creations/{post}/fork")).status_code == 404


async def test_deleted_it_is_gone_with_all_its_scores(desk: Desk) -> None:
    id_ = (await desk.ana.make(LOOP, visibility="public"))["id"]
    await desk.ana.save(id_, score=LOOP | {"bpm": 77})
    assert (await desk.ben.ask("DELETE", f"/creations/{id_}")).status_code == 404
    (await desk.ana.ask("DELETE", f"/creations/{id_}")).raise_for_status()
    assert (await desk.ben.ask("GET", f"/creations/{id_}")).status_code == 410
    asked = "SELECT count(*) FROM creation_version WHERE creation_id = ? AND score IS NOT NULL"
    left = await desk.peer.relay.db.read(lambda db: db.execute(asked, (id_,)).fetchone())
    assert left == (0,)


async def test_an_account_has_so_many_of_a_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (scores.LOOP.most, scores.SONG.most) == (1_000, 100)
    few = replace(KINDS[Kind.SONG], score=replace(scores.SONG, most=2))
    monkeypatch.setitem(KINDS, Kind.SONG, few)
    async with opened(tmp_path, "sqlite") as desk:
        first = await desk.ana.make(SONG)
        await desk.ana.make(SONG)
        refused = await desk.ana.ask("POST", "/creations", {"score": SONG})
        assert (refused.status_code, refused.json()["code"]) == (413, "quota_exceeded")
        await desk.ana.make(LOOP)
        await desk.ana.ask("DELETE", f"/creations/{first['id']}")
        await desk.ana.make(SONG)


async def test_pages_of_a_list_neither_repeat_nor_skip(desk: Desk) -> None:
    made = [(await desk.ana.make(LOOP | {"name": str(n)}))["id"] for n in range(5)]
    await desk.ana.save(made[1], score=LOOP | {"bpm": 60})
    cursor, seen = None, list[str]()
    for _ in range(3):
        more = {} if cursor is None else {"cursor": cursor}
        page = await desk.ana.get("/creations", kind="loop", limit="2", **more)
        seen += [each["id"] for each in page["creations"]]
        cursor = page["next"]
    assert cursor is None and seen == [made[1], made[4], made[3], made[2], made[0]]


async def test_its_sound_is_made_and_plays_as_a_post_does(desk: Desk) -> None:
    """At the loudness of all that is here; its length is its bars, and another score has none of its sound."""
    made = await desk.ana.make(LOOP | {"bars": 1, "chords": [], "steps": LOOP["steps"]}, visibility="public")
    id_ = made["id"]
    assert (await desk.ben.ask("POST", f"/creations/{id_}/render")).status_code == 404
    job = (await desk.ana.ask("POST", f"/creations/{id_}/render")).raise_for_status().json()
    again = (await desk.ana.ask("POST", f"/creations/{id_}/render")).raise_for_status().json()
    ended = await desk.peer.relay.posts.workers.ended(job["id"], HANG_S)
    assert ended is not None and ended.state == "done", ended
    assert again["id"] == job["id"] or again["created_at"] > job["created_at"]
    await desk.peer.relay.posts.workers.ended(again["id"], HANG_S)
    seen = await desk.nobody.get(f"/creations/{id_}")
    assert seen["rendered"] and seen["frames"] == round(4 * 60 / 90 * 48_000)
    assert (seen["bpm"], seen["key"], seen["duration_bars"], seen["color"]) == (90, "Am", 1, "#E85D4A")
    assert seen["lufs"] is not None and (abs(seen["lufs"] + 14) < 0.5 or seen["loudness_reason"] != "target")
    sound = await desk.nobody.ask("GET", f"/audio/{id_}/mp3")
    assert sound.headers["content-type"] == "audio/mpeg" and len(sound.content) > 1_000
    assert len((await desk.nobody.get(f"/audio/{id_}/peaks"))["maximum"]) > 100
    await desk.ana.save(id_, score=LOOP)
    later = await desk.nobody.get(f"/creations/{id_}")
    assert not later["rendered"] and (await desk.nobody.ask("GET", f"/audio/{id_}/mp3")).status_code == 404
    listed = (await desk.ana.get(f"/creations/{id_}/versions"))["versions"]
    assert [each["rendered"] for each in listed] == [False, True]
    (await desk.ana.ask("DELETE", f"/creations/{id_}")).raise_for_status()
    stored = await desk.peer.relay.db.read(lambda db: accounts.stored_bytes(db, desk.ana.id))
    assert stored == 0


async def test_what_cannot_sound_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path, "sqlite") as desk:
        block = {"id": "a", "loop": "f" * 32, "start": 0, "bars": 1}
        for score, word in ((SONG, "Nothing sounds"), (SONG | {"blocks": [block]}, "which is not there")):
            made = await desk.ana.make(score)
            refused = await desk.ana.ask("GET", f"/creations/{made['id']}/midi")
            assert refused.status_code == 422 and word in refused.json()["detail"]
            job = (await desk.ana.ask("POST", f"/creations/{made['id']}/render")).json()
            ended = await desk.peer.relay.posts.workers.ended(job["id"], HANG_S)
            assert ended is not None and ended.state == "failed" and word in (ended.error or "")


async def test_it_is_taken_out_as_a_midi_file_and_as_a_score(tmp_path: Path) -> None:
    async with opened(tmp_path, "sqlite") as desk:
        loop = await desk.ana.make(LOOP, visibility="public")
        dashed = str(UUID(loop["id"]))
        blocks = [{"id": "a", "loop": dashed, "start": 0, "bars": 4}]
        song = await desk.ben.make(SONG | {"blocks": blocks})
        for person, made, notes in ((desk.nobody, loop, 9), (desk.ben, song, 18)):
            file = await person.ask("GET", f"/creations/{made['id']}/midi")
            assert file.headers["content-type"] == "audio/midi"
            assert len(read_midi(file.content).notes) == notes
        taken = await desk.nobody.ask("GET", f"/creations/{loop['id']}/score")
        assert "Dusk.json" in taken.headers["content-disposition"]
        assert (await desk.ben.make(taken.json()))["score"] == loop["score"]


def test_every_kind_that_is_written_has_a_sound_and_is_forked() -> None:
    for row in KINDS.values():
        assert (
            (row.score is not None)
            == (Ability.FORK in row.abilities)
            == (Ability.UPLOAD not in row.abilities)
        )


async def test_a_creation_is_made_once_under_a_key_however_often_it_is_sent(desk: Desk) -> None:
    async def send(person: Person, key: str, score: Mapping[str, Any]) -> httpx.Response:
        headers = person._headers | {"idempotency-key": key}
        return await desk.peer.http.post("/api/v1/creations", json={"score": score}, headers=headers)

    answers = await asyncio.gather(*(send(desk.ana, "a" * 32, LOOP) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await desk.ana.get("/creations", kind="loop"))["creations"]) == 1
    other = await send(desk.ana, "a" * 32, PATTERN)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    theirs = await send(desk.ben, "a" * 32, LOOP)
    assert theirs.status_code == 201 and theirs.json()["id"] != answers[0].json()["id"]
    assert (await send(desk.ana, "short", LOOP)).status_code == 400
    made = answers[0].json()["id"]
    assert (await desk.ana.ask("DELETE", f"/creations/{made}")).status_code == 200
    assert (await send(desk.ana, "a" * 32, LOOP)).status_code == 410, "what was deleted is not made again"
