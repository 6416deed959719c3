"""A music playground's client, written from its own specification, against the relay on both engines: answers field by field."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from relay.features.studio.share_links import DAY_US
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.rows import every_operation

CHORDS = [
    {"bar": 0, "chord": "C maj7", "roman": "I", "root": "C", "quality": "maj7"},
    {"bar": 4, "chord": "G maj", "roman": "V", "root": "G", "quality": "maj"},
    {"bar": 8, "chord": "A min", "roman": "vi", "root": "A", "quality": "min"},
    {"bar": 12, "chord": "F maj", "roman": "IV", "root": "F", "quality": "maj"},
]
STEPS = [
    {"step": 0, "soundId": "synth-lead", "velocity": 0.8, "note": "C4"},
    {"step": 4, "soundId": "synth-lead", "velocity": 0.8, "note": "G4"},
    {"step": 0, "soundId": "drum-kick", "velocity": 1.0},
]
LOOP = {
    "name": "Verse",
    "length": 4,
    "chordProgression": CHORDS,
    "iconSequence": STEPS,
    "color": "#FF8800",
    "isPublic": False,
}
LOOP_FIELDS = {
    *("id", "userId", "name", "length", "chordProgression", "iconSequence", "color", "isPublic"),
    *("viewCount", "forkCount", "forkedFrom", "createdAt", "updatedAt"),
}
SONG_FIELDS = {
    *("id", "userId", "name", "bpm", "timeSignature", "timeline", "totalBars", "isPublic", "viewCount"),
    *("createdAt", "updatedAt"),
}
Json = Any  # any: JSON


class ApiClient:
    """As the specification's own TypeScript client: it sends a whole loop, with all that it was given, back."""

    def __init__(self, peer: InMemory, token: str | None) -> None:
        self._http = peer.http
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: object = None, status: int = 200) -> Json:
        answer = await self._http.request(method, f"/api{path}", json=body, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer.json()


class ApiStorage:
    """The specification's interface StorageAdapter, over the relay: what has a local id is new, all else is there already."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def get_loops(self) -> list[Json]:
        return list((await self._api.call("GET", "/loops?page=1&limit=20"))["loops"])

    async def get_loop(self, id_: str, status: int = 200) -> Json:
        return await self._api.call("GET", f"/loops/{id_}", status=status)

    async def save_loop(self, loop: Json) -> Json:
        if loop["id"].startswith("local-"):
            return await self._api.call("POST", "/loops", loop)
        return await self._api.call("PATCH", f"/loops/{loop['id']}", loop)

    async def delete_loop(self, id_: str) -> None:
        assert await self._api.call("DELETE", f"/loops/{id_}") == {"success": True}

    async def get_songs(self) -> list[Json]:
        return list((await self._api.call("GET", "/songs"))["songs"])

    async def get_song(self, id_: str) -> Json:
        return await self._api.call("GET", f"/songs/{id_}")

    async def save_song(self, song: Json) -> Json:
        if song["id"].startswith("local-"):
            return await self._api.call("POST", "/songs", song)
        return await self._api.call("PATCH", f"/songs/{song['id']}", song)

    async def delete_song(self, id_: str) -> None:
        assert await self._api.call("DELETE", f"/songs/{id_}") == {"success": True}


@pytest.fixture
async def people(tmp_path: Path, database_url: str) -> AsyncIterator[tuple[InMemory, dict[str, ApiClient]]]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        tokens = {name: (await peer.claimed(name)).access_token for name in ("ana", "ben")}
        clients = {name: ApiClient(peer, token) for name, token in tokens.items()}
        yield peer, clients | {"nobody": ApiClient(peer, None)}


PATHS = """GET /loops · POST /loops · GET /loops/{creation_id} · PATCH /loops/{creation_id} · DELETE /loops/{creation_id} ·
POST /loops/{creation_id}/fork · POST /loops/{creation_id}/share · GET /songs · POST /songs · GET /songs/{creation_id} ·
PATCH /songs/{creation_id} · DELETE /songs/{creation_id} · POST /songs/{creation_id}/share · GET /shared/{token} ·
POST /samples/upload · GET /samples · DELETE /samples/{creation_id} · POST /migrate · GET /users/{username} · PATCH /users/me"""


def test_every_path_of_it_is_an_operation() -> None:
    """Of samples and of oneself, test_relay_samples.py has the answers field by field."""
    answered = {(method, path) for method, path, _ in every_operation()}
    for each in PATHS.split("·"):
        method, path = each.split()
        assert (method, f"/api{path}") in answered, each


async def test_every_path_as_it_is_written(people: tuple[InMemory, dict[str, ApiClient]]) -> None:
    peer, clients = people
    ana, ben, nobody = clients["ana"], clients["ben"], clients["nobody"]
    made = await _loops(ana, ben, nobody)
    song = await _songs(ana, nobody, made["id"])
    await _sharing(peer, ana, ben, nobody, song)
    told = await nobody.call("GET", "/users/ana")
    assert set(told) == {"username", "displayName", "avatarUrl", "publicLoops", "publicSongs"}
    assert [each["id"] for each in told["publicLoops"]] == [made["id"]] and told["publicSongs"] == []
    assert await ana.call("DELETE", f"/loops/{made['id']}") == {"success": True}
    assert await ana.call("DELETE", f"/songs/{song['id']}") == {"success": True}
    await ana.call("GET", f"/loops/{made['id']}", status=410)


async def _loops(ana: ApiClient, ben: ApiClient, nobody: ApiClient) -> Json:
    """A public loop."""
    made = await ana.call("POST", "/loops", LOOP)
    assert set(made) == LOOP_FIELDS and str(UUID(made["id"])) == made["id"]
    assert {name: made[name] for name in LOOP} == LOOP | {
        "iconSequence": [step | {"note": step.get("note")} for step in STEPS]
    }
    assert (made["viewCount"], made["forkCount"], made["forkedFrom"]) == (0, 0, None)
    await ana.call("POST", "/loops", LOOP | {"length": 3}, status=422)
    await ana.call("POST", "/loops", LOOP | {"color": "red"}, status=422)
    await nobody.call("POST", "/loops", LOOP, status=401)
    await nobody.call("GET", f"/loops/{made['id']}", status=404)
    await ben.call("PATCH", f"/loops/{made['id']}", {"name": "mine"}, status=404)
    other = await ana.call("POST", "/loops", LOOP | {"name": "Other"})
    changed = await ana.call("PATCH", f"/loops/{made['id']}", made | {"name": "Chorus", "isPublic": True})
    assert changed == made | {"name": "Chorus", "isPublic": True, "updatedAt": changed["updatedAt"]}
    bare = made["id"].replace("-", "")
    assert await nobody.call("GET", f"/loops/{bare}") == changed
    page = await ana.call("GET", "/loops?page=1&limit=1")
    assert set(page) == {"loops", "total", "page", "hasMore"}
    assert (page["total"], page["page"], page["hasMore"]) == (2, 1, True)
    assert set(page["loops"][0]) == LOOP_FIELDS - {"chordProgression", "iconSequence", "forkedFrom"}
    last = await ana.call("GET", "/loops?page=2&limit=1")
    assert not last["hasMore"]
    assert [page["loops"][0]["id"], last["loops"][0]["id"]] == [made["id"], other["id"]]
    public = await ana.call("GET", "/loops?public=true")
    assert [each["id"] for each in public["loops"]] == [made["id"]] and public["total"] == 1
    await ana.call("GET", "/loops?limit=101", status=422)
    await ana.call("GET", "/loops?size=1", status=422)
    fork = await ben.call("POST", f"/loops/{made['id']}/fork")
    assert fork["forkedFrom"] == made["id"] and fork["chordProgression"] == made["chordProgression"]
    assert (await ana.call("GET", f"/loops/{made['id']}"))["forkCount"] == 1
    return changed


async def _songs(ana: ApiClient, nobody: ApiClient, loop_id: str) -> Json:
    timeline = [
        {"id": "block-1", "loopId": loop_id, "startBar": 0, "duration": 4},
        {"id": "block-2", "loopId": loop_id, "startBar": 4, "duration": 8},
    ]
    song = {"name": "Set", "bpm": 104, "timeSignature": "4/4", "timeline": timeline, "isPublic": False}
    made = await ana.call("POST", "/songs", song)
    assert set(made) == SONG_FIELDS and {name: made[name] for name in song} == song
    assert made["totalBars"] == 12
    changed = await ana.call("PATCH", f"/songs/{made['id']}", {"timeSignature": "3/4"})
    assert changed == made | {"timeSignature": "3/4", "updatedAt": changed["updatedAt"]}
    page = await ana.call("GET", "/songs")
    assert [each["id"] for each in page["songs"]] == [made["id"]] and "timeline" not in page["songs"][0]
    await ana.call("GET", f"/songs/{loop_id}", status=404)
    await nobody.call("GET", f"/songs/{made['id']}", status=404)
    return changed


async def _sharing(peer: InMemory, ana: ApiClient, ben: ApiClient, nobody: ApiClient, song: Json) -> None:
    """Of a private song: by the link alone, as long as it lasts."""
    await ben.call("POST", f"/songs/{song['id']}/share", {"expiresIn": None}, status=404)
    link = await ana.call("POST", f"/songs/{song['id']}/share", {"expiresIn": 7})
    assert link["shareUrl"] == f"http://relay/loop/{link['shareToken']}"
    for_ever = await ana.call("POST", f"/songs/{song['id']}/share", {"expiresIn": None})
    assert for_ever["expiresAt"] is None
    shown = await nobody.call("GET", f"/shared/{link['shareToken']}")
    assert shown == {
        "resourceType": "song",
        "data": song,
        "owner": {"displayName": "ana", "avatarUrl": None},
    }
    assert await nobody.call("POST", f"/shared/{link['shareToken']}/view") == {"viewCount": 1}
    assert await ana.call("POST", f"/shared/{link['shareToken']}/view") == {"viewCount": 1}
    await nobody.call("GET", "/shared/" + "x" * 22, status=404)
    move = "UPDATE share_link SET expires_us = expires_us - ? WHERE expires_us IS NOT NULL"
    await peer.relay.db.write(lambda tx: tx.db.execute(move, (7 * DAY_US,)))
    await nobody.call("GET", f"/shared/{link['shareToken']}", status=410)
    assert (await nobody.call("GET", f"/shared/{for_ever['shareToken']}"))["data"]["viewCount"] == 1


async def test_a_client_of_its_interface_saves_shares_forks_and_migrates(
    people: tuple[InMemory, dict[str, ApiClient]],
) -> None:
    """Nothing but what the interface's own code would call, in its order: each thing is sent back as it was given."""
    _, clients = people
    ana, ben, nobody = clients["ana"], clients["ben"], clients["nobody"]
    mine = ApiStorage(ana)
    kept = await mine.save_loop(LOOP | {"id": "local-1"})
    assert set(kept) == LOOP_FIELDS and not kept["id"].startswith("local-")
    again = await mine.save_loop(kept | {"name": "Chorus", "isPublic": True})
    assert again == kept | {"name": "Chorus", "isPublic": True, "updatedAt": again["updatedAt"]}
    assert await mine.get_loop(kept["id"]) == again
    timeline = [{"id": "block-1", "loopId": kept["id"], "startBar": 0, "duration": 4}]
    bare = {"name": "Set", "bpm": 104, "timeSignature": "4/4", "timeline": timeline, "isPublic": False}
    song = await mine.save_song(bare | {"id": "local-2"})
    assert await mine.save_song(song | {"bpm": 98}) == await mine.get_song(song["id"])
    link = await ana.call("POST", f"/songs/{song['id']}/share", {"expiresIn": 30})
    shown = await nobody.call("GET", f"/shared/{link['shareToken']}")
    assert shown["data"] == await mine.get_song(song["id"])
    fork = await ben.call("POST", f"/loops/{kept['id']}/fork")
    assert [each["id"] for each in await ApiStorage(ben).get_loops()] == [fork["id"]]

    local = [LOOP | {"id": "local-1"}, LOOP | {"id": "local-2", "name": "Other"}]
    songs = [bare | {"id": "local-3", "timeline": [timeline[0] | {"loopId": "local-2"}]}]
    told = await ben.call("POST", "/migrate", {"loops": local, "songs": songs})
    assert (told["loops"], told["songs"]) == ({"created": 2, "failed": 0}, {"created": 1, "failed": 0})
    ids = told["idMapping"]
    moved = [each | {"id": ids["loops"][each["id"]]} for each in local]
    theirs = ApiStorage(ben)
    assert [(await theirs.get_loop(each["id"]))["name"] for each in moved] == ["Verse", "Other"]
    (block,) = (await theirs.get_song(ids["songs"]["local-3"]))["timeline"]
    assert block["loopId"] == ids["loops"]["local-2"]
    assert await ben.call("POST", "/migrate", {"loops": local, "songs": songs}) == told, "once"
    await mine.delete_song(song["id"])
    await mine.delete_loop(kept["id"])
    assert await mine.get_loops() == [] and await mine.get_songs() == []
