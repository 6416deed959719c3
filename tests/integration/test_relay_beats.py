"""A beat machine's client, written from its own specification, against the relay on both engines: each path as it is written there,
answers field by field, in their envelope.
"""

import io
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image

from audio.score.compiled import compile_pattern
from audio.score.midi import read_midi, write_midi
from audio.score.shapes import Pattern, Row
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.rows import every_operation

PATHS = """POST /auth/register · POST /auth/login · POST /auth/oauth/google · POST /auth/logout · POST /auth/forgot-password · POST /auth/reset-password · GET /patterns · GET /patterns/{creation_id} · POST /patterns · PUT /patterns/{creation_id} · DELETE /patterns/{creation_id} ·
GET /patterns/me · POST /patterns/{creation_id}/like · DELETE /patterns/{creation_id}/like · POST /patterns/{creation_id}/play ·
POST /patterns/{creation_id}/fork · GET /patterns/{creation_id}/comments · POST /patterns/{creation_id}/comments ·
PUT /comments/{comment_id} · DELETE /comments/{comment_id} · GET /machines · GET /machines/{machine_id} ·
GET /users/me · PUT /users/me · GET /users/{username} · PUT /users/me/preferences · POST /users/{username}/follow · DELETE /users/{username}/follow · GET /users/{username}/followers ·
GET /users/{username}/following · GET /feed · GET /analytics/popular-instruments · GET /analytics/popular-patterns ·
GET /analytics/tempo-distribution"""
PATTERN = {
    "title": "My New Beat",
    "description": "A groovy salsa pattern\nwith a complex bell",
    "flavor": "Salsa",
    "bpm": 125,
    "keyNote": 3,
    "isPublic": True,
    "configuration": {
        "instruments": [
            {"id": "clave", "enabled": True, "activeProgram": 1, "volume": 1.0, "pitchOffset": 0},
            {"id": "bass", "enabled": False, "activeProgram": 0, "volume": 0.5, "pitchOffset": -12},
        ]
    },
}
STEPS = {
    "title": "By steps",
    "bpm": 100,
    "isPublic": False,
    "configuration": {
        "beats": 1,
        "stepsPerBeat": 4,
        "instruments": [
            {"id": "drum-kick", "steps": [1.0, 0.0, 0.0, 0.0]},
            {"id": "bass", "steps": [0.5, 0.0, 0.5, 0.0], "notes": ["C2", None, "G2", None]},
        ],
    },
}
ON_LISTS = {
    *("id", "title", "description", "flavor", "bpm", "keyNote", "isPublic", "thumbnail", "author", "stats"),
    *("createdAt", "updatedAt"),
}
WHOLE = ON_LISTS | {"configuration", "shareUrl", "originalId", "version"}
Json = Any  # any: JSON


class Client:
    """What is in the envelope of a success; of a refusal, its code."""

    def __init__(self, peer: InMemory, token: str | None) -> None:
        self._http = peer.http
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: object = None, status: int = 200) -> Json:
        answer = await self._http.request(method, f"/api{path}", json=body, headers=self._headers)
        assert answer.status_code == status, answer.text
        told = answer.json()
        if status < 400:
            assert set(told) == {"success", "data"} and told["success"] is True
            return told["data"]
        assert told["success"] is False and set(told["error"]) == {"code", "message"}
        assert told["status"] == status and told["detail"], "a problem document (RFC 9457) all the same"
        return told["error"]["code"]

    async def file(self, method: str, path: str, data: bytes = b"", kind: str = "") -> httpx.Response:
        headers = self._headers | ({"content-type": kind} if kind else {})
        return await self._http.request(method, f"/api{path}", content=data, headers=headers)


Clients = dict[str, Client]


@pytest.fixture
async def people(tmp_path: Path, database_url: str) -> AsyncIterator[Clients]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        tokens = {name: (await peer.claimed(name)).access_token for name in ("ana", "ben", "cat")}
        yield {name: Client(peer, token) for name, token in tokens.items()} | {"nobody": Client(peer, None)}


def test_every_path_of_it_is_an_operation() -> None:
    answered = {(method, path) for method, path, _ in every_operation()}
    for each in PATHS.split("·"):
        method, path = each.split()
        assert (method, f"/api{path}") in answered, each


async def test_every_path_as_it_is_written(people: Clients) -> None:
    ana, ben, nobody = people["ana"], people["ben"], people["nobody"]
    made = await _made(ana, ben, nobody)
    await _lists(ana, ben, nobody, made)
    await _signs(ana, ben, nobody, made)
    await _talk(ana, ben, nobody, made)
    fork = await ben.call("POST", f"/patterns/{made['id']}/fork", status=201)
    assert (fork["title"], fork["originalId"]) == ("My New Beat (Fork)", made["id"])
    assert fork["configuration"] == made["configuration"] and not fork["isPublic"]
    assert (await nobody.call("GET", f"/patterns/{made['id']}"))["stats"]["forks"] == 1
    gone = await ana.call("DELETE", f"/patterns/{made['id']}")
    assert gone == {"message": "Pattern deleted successfully"}
    assert await ana.call("GET", f"/patterns/{made['id']}", status=410) == "PATTERN_NOT_FOUND"


async def _made(ana: Client, ben: Client, nobody: Client) -> Json:
    made = await ana.call("POST", "/patterns", PATTERN, status=201)
    assert set(made) == WHOLE and str(UUID(made["id"])) == made["id"]
    said = {**PATTERN, "configuration": made["configuration"]}
    assert {name: made[name] for name in PATTERN} == said
    assert _instruments(made) == PATTERN["configuration"]["instruments"]  # type: ignore[index]
    assert set(made["author"]) == {"id", "displayName", "avatar"} and made["author"]["displayName"] == "ana"
    assert made["shareUrl"] == f"http://relay/p/{made['id'].replace('-', '')}" and made["originalId"] is None
    assert await nobody.call("GET", f"/patterns/{made['id'].replace('-', '')}") == made
    for wrong in (
        {"bpm": 241},
        {"flavor": "Polka"},
        {"flavor": None},
        {"keyNote": 12},
        {"configuration": {"instruments": [{"id": "clave", "activeProgram": 40}]}},
    ):
        assert await ana.call("POST", "/patterns", PATTERN | wrong, status=422) == "VALIDATION_ERROR"
    assert await nobody.call("POST", "/patterns", PATTERN, status=401) == "AUTH_REQUIRED"
    one = f"/patterns/{made['id']}"
    assert await ben.call("PUT", one, {"title": "mine"}, status=404) == "PATTERN_NOT_FOUND"
    assert await ben.call("DELETE", one, status=404) == "PATTERN_NOT_FOUND"
    changed = await ana.call("PUT", one, {"title": "Updated", "bpm": 130})
    assert changed == made | {"title": "Updated", "bpm": 130, "version": 2, "updatedAt": changed["updatedAt"]}
    return await ana.call("PUT", one, {"title": "My New Beat"})


async def _lists(ana: Client, ben: Client, nobody: Client, made: Json) -> None:
    steps = await ana.call("POST", "/patterns", STEPS, status=201)
    assert (steps["flavor"], steps["isPublic"]) == (None, False)
    assert _instruments(steps, "id", "steps", "notes") == [
        {"notes": [], **each}
        for each in STEPS["configuration"]["instruments"]  # type: ignore[index]
    ]
    page = await nobody.call("GET", "/patterns")
    assert set(page["patterns"][0]) == ON_LISTS
    assert page["pagination"] == {"page": 1, "limit": 20, "total": 1, "pages": 1}
    assert page["patterns"] == [{name: made[name] for name in ON_LISTS}]
    for query, count in {
        "flavor=Salsa": 1,
        "flavor=merengue": 0,
        f"userId={made['author']['id']}": 1,
        "search=GROOVY": 1,
        "search=polka": 0,
        "sort=popular": 1,
        "sort=liked&page=2": 0,
    }.items():
        found = await ben.call("GET", f"/patterns?{query}")
        assert len(found["patterns"]) == count, query
    await nobody.call("GET", "/patterns?limit=101", status=422)
    mine = await ana.call("GET", "/patterns/me?limit=1")
    assert mine["pagination"] == {"page": 1, "limit": 1, "total": 2, "pages": 2}
    assert mine["patterns"][0]["id"] == steps["id"]
    public = await ana.call("GET", "/patterns/me?includePrivate=false")
    assert [each["id"] for each in public["patterns"]] == [made["id"]]
    assert await nobody.call("GET", "/patterns/me", status=401) == "AUTH_REQUIRED"


async def _signs(ana: Client, ben: Client, nobody: Client, made: Json) -> None:
    one = f"/patterns/{made['id']}"
    for _ in range(2):
        assert await ben.call("POST", f"{one}/like") == {"liked": True, "likeCount": 1}
    assert (await ben.call("GET", one))["stats"]["isLikedByCurrentUser"] is True
    assert await nobody.call("POST", f"{one}/play") == {"playCount": 1}
    assert await ben.call("POST", f"{one}/play") == {"playCount": 2}
    assert await ana.call("POST", f"{one}/play") == {"playCount": 2}, "its owner does not count"
    told = (await nobody.call("GET", one))["stats"]
    assert told == {"plays": 2, "likes": 1, "comments": 0, "forks": 0, "isLikedByCurrentUser": False}
    assert await ben.call("DELETE", f"{one}/like") == {"liked": False, "likeCount": 0}
    assert await nobody.call("POST", f"{one}/like", status=401) == "AUTH_REQUIRED"


async def _talk(ana: Client, ben: Client, nobody: Client, made: Json) -> None:
    path = f"/patterns/{made['id']}/comments"
    said = await ben.call("POST", path, {"text": "This is an amazing beat!"}, status=201)
    assert set(said) == {"id", "text", "author", "createdAt", "updatedAt"}
    assert said["author"]["displayName"] == "ben" and said["text"] == "This is an amazing beat!"
    page = await nobody.call("GET", path)
    assert page == {"comments": [said], "pagination": {"page": 1, "limit": 20, "total": 1, "pages": 1}}
    assert (await nobody.call("GET", f"{path}?page=2"))["comments"] == []
    one = f"/comments/{said['id']}"
    assert await ana.call("PUT", one, {"text": "not mine"}, status=404) == "COMMENT_NOT_FOUND"
    assert (await ben.call("PUT", one, {"text": "Updated"}))["text"] == "Updated"
    assert await ana.call("DELETE", one) == {"message": "Comment deleted successfully"}
    assert (await nobody.call("GET", path))["pagination"]["total"] == 0


async def test_versions_are_compared_and_come_back(people: Clients) -> None:
    ana, ben = people["ana"], people["ben"]
    made = await ana.call("POST", "/patterns", PATTERN, status=201)
    one = f"/patterns/{made['id']}"
    await ana.call("PUT", one, made | {"note": "the same content makes no version"})
    configuration = {"instruments": [{"id": "clave", "activeProgram": 2, "volume": 0.5}]}
    await ana.call("PUT", one, {"configuration": configuration, "bpm": 90, "note": "slower"})
    saved = (await ana.call("GET", f"{one}/versions"))["versions"]
    assert [(each["n"], each["note"], each["current"]) for each in saved] == [
        (2, "slower", True),
        (1, "", False),
    ]
    first = await ana.call("GET", f"{one}/versions/1")
    assert (first["bpm"], first["configuration"], first["flavor"]) == (125, made["configuration"], "Salsa")
    compared = await ana.call("GET", f"{one}/compare")
    assert (compared["a"], compared["b"], compared["more"]) == (1, 2, False)
    told = {each["path"]: (each["was"], each["now"]) for each in compared["changes"]}
    assert told["bpm"] == ("125", "90")
    assert told["configuration.instruments[0].activeProgram"] == ("1", "2")
    back = await ana.call("POST", f"{one}/versions/1/restore")
    assert (back["version"], back["bpm"], back["configuration"]) == (3, 125, made["configuration"])
    assert await ana.call("GET", f"{one}/versions/9", status=404) == "PATTERN_NOT_FOUND"
    assert await ben.call("GET", f"{one}/versions", status=404) == "PATTERN_NOT_FOUND"


async def test_it_is_exported_imported_and_shown_by_a_link(people: Clients) -> None:
    ana, nobody = people["ana"], people["nobody"]
    made = await ana.call("POST", "/patterns", PATTERN | {"isPublic": False}, status=201)
    exported = await ana.file("GET", f"/patterns/{made['id']}/export?format=json")
    assert exported.headers["content-disposition"].endswith("My%20New%20Beat.json")
    again = await ana.call("POST", "/patterns/import", json.loads(exported.content), status=201)
    assert again | {name: made[name] for name in ("id", "shareUrl", "createdAt", "updatedAt")} == made
    midi = await ana.file("GET", f"/patterns/{made['id']}/export?format=midi")
    assert midi.headers["content-type"] == "audio/midi" and read_midi(midi.content).bpm == pytest.approx(125)
    link = await ana.call("POST", f"/patterns/{made['id']}/share", {"expiresIn": 7})
    assert link["shareUrl"] == f"http://relay/loop/{link['shareToken']}" and link["expiresAt"] is not None
    shown = (await nobody.file("GET", f"/shared/{link['shareToken']}")).json()
    assert (shown["resourceType"], shown["data"]) == ("pattern", made)
    assert await nobody.call("GET", f"/patterns/{made['id']}", status=404) == "PATTERN_NOT_FOUND"


async def test_a_midi_file_becomes_a_pattern_or_a_loop(people: Clients) -> None:
    ana = people["ana"]
    kick = Row(sound="drum-kick", steps=(1.0, 0.0, 0.0, 0.0) * 4)
    bass = Row(sound="bass", steps=(0.0, 0.5) * 8, notes=("C2", "G2") * 8)
    data = write_midi(compile_pattern(Pattern(name="x", bpm=97, beats=4, rows=(kick, bass))), "x")
    answer = await ana.file("POST", "/patterns/import?title=Found", data, "audio/midi")
    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert (made["title"], made["bpm"], made["isPublic"], made["description"]) == ("Found", 97, False, "")
    rows = {each["id"]: each for each in made["configuration"]["instruments"]}
    assert rows["drum-kick"]["steps"] == list(kick.steps)
    assert [rows["bass"]["notes"][n] for n in (1, 3)] == ["G2", "G2"]
    answer = await ana.file("POST", "/v1/creations/import?kind=loop&name=Found", data, "audio/midi")
    assert answer.status_code == 201, answer.text
    loop = answer.json()
    assert loop["told"] == [] and loop["creation"]["kind"] == "loop" and loop["creation"]["bpm"] == 97
    assert len(loop["creation"]["score"]["steps"]) == 12
    for kind, status in (("audio/midi", 422), ("text/plain", 415)):
        answer = await ana.file("POST", "/patterns/import", b"nothing", kind)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, "VALIDATION_ERROR")
    too_large = await ana.file("POST", "/patterns/import", bytes(1_000_001), "audio/midi")
    assert too_large.status_code == 413


async def test_machines_are_told_with_what_they_play(people: Clients) -> None:
    nobody = people["nobody"]
    listed = (await nobody.call("GET", "/machines"))["machines"]
    assert [each["id"] for each in listed] == ["salsa", "merengue"]
    assert set(listed[0]) == {"id", "title", "flavor", "description"}
    salsa = await nobody.call("GET", "/machines/salsa")
    assert set(salsa) == {"id", "title", "flavor", "description", "bpm", "keyNote", "instruments"}
    clave = salsa["instruments"][0]
    assert {"id", "title", "enabled", "activeProgram", "programs"} <= set(clave) and clave["id"] == "clave"
    son = clave["programs"][0]
    assert son["length"] == 16 and [each["index"] for each in son["notes"]] == [2, 4, 8, 11, 14]
    assert await nobody.call("GET", "/machines/polka", status=404) == "MACHINE_NOT_FOUND"


async def test_a_sign_in_ends(people: Clients) -> None:
    ana, ben, nobody = people["ana"], people["ben"], people["nobody"]
    told = await ana.call("POST", "/auth/logout")
    assert set(told) == {"message"}
    assert await ana.call("GET", "/users/me", status=401) == "AUTH_REQUIRED"
    assert await nobody.call("POST", "/auth/logout", status=401) == "AUTH_REQUIRED"
    assert await ben.call("GET", "/users/me")
    asked = await nobody.call("POST", "/auth/forgot-password", {"email": "a@example.com"}, status=404)
    assert asked == "INVALID_CREDENTIALS", "a relay that sends no letters says so"


async def test_one_signs_in_on_the_page_or_by_a_device_and_is_told_so(people: Clients) -> None:
    """Whatever is sent, also a name that is somebody's: it is not read (docs/decisions/0045)."""
    nobody = people["nobody"]
    for path, where in (("register", "for an account"), ("login", "/sign-in"), ("oauth/google", "/sign-in")):
        for body in ({"email": "ana", "password": "her own"}, {"email": "nobody-of-that-name"}, None):
            assert await nobody.call("POST", f"/auth/{path}", body, status=403) == "UNAUTHORIZED"
        told = (await nobody.file("POST", f"/auth/{path}")).json()
        assert (
            where in told["next_step"] and where in told["error"]["message"] and told["code"] == "forbidden"
        )


async def test_preferences_are_kept(people: Clients) -> None:
    ana, nobody = people["ana"], people["nobody"]
    first = await ana.call("GET", "/users/me/preferences")
    assert first["chosen"] is False and first["preferences"] == {
        "defaultBpm": 120,
        "defaultKey": 0,
        "defaultFlavor": "Salsa",
        "useGlassUI": True,
        "autoPlay": False,
        "showBeatNumbers": True,
        "defaultVolume": 0.8,
        "theme": "auto",
        "language": "en",
    }
    wanted = {"defaultBpm": 130, "defaultKey": 7, "defaultFlavor": "Merengue", "useGlassUI": False}
    told = await ana.call("PUT", "/users/me/preferences", wanted)
    assert told == {"preferences": first["preferences"] | wanted, "chosen": True}
    assert await ana.call("PUT", "/users/me/preferences", {"theme": "dark"}) == {
        "preferences": first["preferences"] | wanted | {"theme": "dark"},
        "chosen": True,
    }
    for wrong in ({"defaultBpm": 999}, {"defaultKey": 12}, {"defaultFlavor": "Polka"}, {"theme": "pink"}):
        assert await ana.call("PUT", "/users/me/preferences", wrong, status=422) == "VALIDATION_ERROR"
    assert await nobody.call("GET", "/users/me/preferences", status=401) == "AUTH_REQUIRED"


async def test_one_is_told_of_oneself_and_of_others(people: Clients) -> None:
    ana, ben, nobody = people["ana"], people["ben"], people["nobody"]
    await ana.call("POST", "/patterns", PATTERN, status=201)
    await ana.call("POST", "/patterns", PATTERN | {"isPublic": False}, status=201)
    await ana.call("PUT", "/users/me/preferences", {"defaultBpm": 130})
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "PNG")
    in_base64 = b64encode(picture.getvalue()).decode()
    changed = await ana.call("PUT", "/users/me", {"displayName": "Ana B.", "bio": "Son\nand salsa"})
    assert set(changed) == {"id", "displayName", "bio", "avatar", "updatedAt"}
    assert (changed["displayName"], changed["bio"], changed["avatar"]) == ("Ana B.", "Son\nand salsa", None)
    for head in ("", "data:image/png;base64,"):
        changed = await ana.call("PUT", "/users/me", {"avatar": head + in_base64})
        assert changed["avatar"] is not None
    for wrong in ("https://pictures.example/a.png", "no picture"):
        assert await ana.call("PUT", "/users/me", {"avatar": wrong}, status=422) == "VALIDATION_ERROR"
    await ben.call("POST", f"/users/{changed['id']}/follow")
    me = await ana.call("GET", "/users/me")
    assert me == {
        "id": changed["id"],
        "email": None,
        "displayName": "Ana B.",
        "avatar": changed["avatar"],
        "bio": "Son\nand salsa",
        "preferences": me["preferences"] | {"defaultBpm": 130, "defaultKey": 0, "defaultFlavor": "Salsa"},
        "stats": {"patternsCreated": 2, "patternsShared": 1, "followers": 1, "following": 0},
        "createdAt": me["createdAt"],
        "updatedAt": None,
    }
    by_id = (await ben.file("GET", f"/users/{me['id']}")).json()
    assert by_id["success"] is True and by_id["username"] == "ana"
    assert by_id["data"] == {name: me[name] for name in ("id", "displayName", "avatar", "bio")} | {
        "stats": {"patternsShared": 1, "followers": 1},
        "isFollowing": True,
    }
    assert (await nobody.file("GET", f"/users/{me['id']}")).json()["data"]["isFollowing"] is False
    assert "data" not in (await nobody.file("GET", "/users/ana")).json()
    assert (await ana.call("PUT", "/users/me", {"avatar": ""}))["avatar"] is None
    assert await nobody.call("GET", "/users/me", status=401) == "AUTH_REQUIRED"


async def test_who_follows_hears_what_was_done(people: Clients) -> None:
    ana, ben, nobody = people["ana"], people["ben"], people["nobody"]
    made = await ana.call("POST", "/patterns", PATTERN, status=201)
    ana_id = made["author"]["id"]
    assert await ben.call("POST", f"/users/{ana_id}/follow") == {
        "following": True,
        "followerCount": 1,
        "requested": False,
    }
    page = await nobody.call("GET", f"/users/{ana_id}/followers")
    assert page["pagination"] == {"page": 1, "limit": 20, "total": 1, "pages": 1}
    assert set(page["users"][0]) == {"id", "displayName", "avatar", "isFollowedByCurrentUser"}
    assert page["users"][0]["displayName"] == "ben"
    following = await ben.call("GET", "/users/ben/following")
    assert [each["isFollowedByCurrentUser"] for each in following["users"]] == [True]
    own = await ben.call("POST", "/patterns", PATTERN | {"title": "Of ben"}, status=201)
    await ana.call("POST", f"/patterns/{own['id']}/like")
    await ana.call("POST", f"/patterns/{own['id']}/comments", {"text": "mine, too"}, status=201)
    await ana.call("POST", "/patterns", STEPS, status=201)  # private: nobody hears of it
    feed = await ben.call("GET", "/feed")
    told = [(each["type"], each["pattern"]["title"]) for each in feed["activities"]]
    assert told == [
        ("comment_created", "Of ben"),
        ("pattern_liked", "Of ben"),
        ("pattern_created", "My New Beat"),
    ]
    assert {each["user"]["displayName"] for each in feed["activities"]} == {"ana"}
    assert feed["pagination"] == {"page": 1, "limit": 20, "total": 3, "pages": 1}
    assert len((await ben.call("GET", "/feed?page=2&limit=2"))["activities"]) == 1
    await ana.call("POST", "/users/ben/follow")
    heard = (await ana.call("GET", "/feed"))["activities"]
    assert [each["type"] for each in heard] == ["pattern_created"], "that ben follows her is no news to her"
    await ana.call("POST", "/users/cat/follow")
    newest = (await ben.call("GET", "/feed"))["activities"][0]
    assert (newest["type"], newest["pattern"]) == ("user_followed", None)
    assert newest["targetUser"]["displayName"] == "cat"
    told = await ben.call("DELETE", f"/users/{ana_id}/follow")
    assert told == {"following": False, "followerCount": 0, "requested": False}
    assert (await ben.call("GET", "/feed"))["activities"] == []
    assert await ben.call("POST", "/users/nobody-there/follow", status=404) == "USER_NOT_FOUND"
    assert await nobody.call("GET", "/feed", status=401) == "AUTH_REQUIRED"


async def test_what_is_used_is_counted(people: Clients) -> None:
    ana, ben, nobody = people["ana"], people["ben"], people["nobody"]
    made = await ana.call("POST", "/patterns", PATTERN, status=201)
    await ana.call("POST", "/patterns", STEPS | {"isPublic": True, "bpm": 125}, status=201)
    await ana.call("POST", "/patterns", PATTERN | {"isPublic": False, "bpm": 99}, status=201)
    await ben.call("POST", f"/patterns/{made['id']}/play")
    used = (await nobody.call("GET", "/analytics/popular-instruments?timeRange=week"))["instruments"]
    assert used == [
        {"id": "bass", "title": "Bass", "usageCount": 1, "percentage": 50.0},
        {"id": "clave", "title": "Clave", "usageCount": 1, "percentage": 50.0},
        {"id": "drum-kick", "title": "Kick", "usageCount": 1, "percentage": 50.0},
    ]
    assert len((await nobody.call("GET", "/analytics/popular-instruments?limit=1"))["instruments"]) == 1
    tempi = await nobody.call("GET", "/analytics/tempo-distribution")
    assert tempi == {"distribution": [{"bpm": 125, "count": 2}]}
    keys = (await nobody.call("GET", "/analytics/key-usage"))["keys"]
    assert keys == [{"keyNote": 0, "title": "C", "count": 1}, {"keyNote": 3, "title": "Eb", "count": 1}]
    popular = (await nobody.call("GET", "/analytics/popular-patterns?timeRange=month"))["patterns"]
    assert [(each["title"], each["plays"], each["likes"]) for each in popular] == [
        ("My New Beat", 1, 0),
        ("By steps", 0, 0),
    ]
    assert popular[0]["author"] == made["author"]
    await nobody.call("GET", "/analytics/popular-patterns?timeRange=decade", status=422)


def _instruments(made: Json, *names: str) -> list[Json]:
    names = names or ("id", "enabled", "activeProgram", "volume", "pitchOffset")
    return [{name: each[name] for name in names} for each in made["configuration"]["instruments"]]
