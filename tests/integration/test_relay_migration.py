"""What a browser has kept by itself becomes an account's once, whatever is sent how often, on both engines."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.core.buckets import Limit
from relay.core.limits import LIMITS, Kind
from relay.features.creations import kinds
from tests.support.asgi_peer import InMemory, relay_in_memory

LOOP: dict[str, Any] = {
    "name": "Verse",
    "length": 4,
    "chordProgression": [{"bar": 0, "chord": "C maj7", "roman": "I", "root": "C", "quality": "maj7"}],
    "iconSequence": [{"step": 0, "soundId": "drum-kick", "velocity": 1.0}],
    "color": "#FF8800",
    "isPublic": True,
    "createdAt": "2025-10-16T00:00:00Z",
}
SONG: dict[str, Any] = {"name": "Set", "bpm": 104, "timeSignature": "4/4", "isPublic": False}
Json = Any  # any: JSON


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        yield peer


async def send(peer: InMemory, token: str, body: Json) -> httpx.Response:
    return await peer.http.post("/api/migrate", json=body, headers={"authorization": f"Bearer {token}"})


async def get(peer: InMemory, token: str, path: str) -> Json:
    return (await peer.http.get(path, headers={"authorization": f"Bearer {token}"})).raise_for_status().json()


def local(*names: str) -> list[Json]:
    return [LOOP | {"id": name, "name": name} for name in names]


async def test_each_loop_and_song_is_brought_once(peer: InMemory) -> None:
    token = (await peer.claimed("ana")).access_token
    blocks = [
        {"id": "block-1", "loopId": "local-1", "startBar": 0, "duration": 4},
        {"id": "block-2", "loopId": "local-9", "startBar": 4, "duration": 8},
    ]
    body = {
        "loops": [
            *local("local-1", "local-2"),
            LOOP | {"id": "local-3", "length": 3},
            LOOP,
            LOOP | {"id": "local-5", "length": 1, "iconSequence": [{"step": 16, "soundId": "drum-kick"}]},
        ],
        "songs": [SONG | {"id": "local-1", "timeline": blocks}],
    }
    answers = await asyncio.gather(*(send(peer, token, body) for _ in range(3)))
    told = [answer.json() for answer in answers if answer.status_code == 200]
    assert told and all(each == told[0] for each in told), "the others came too soon, and were told so"
    assert {answer.status_code for answer in answers} <= {200, 429}
    first = told[0]
    assert set(first) == {"loops", "songs", "idMapping", "errors"}
    assert first["loops"] == {"created": 2, "failed": 3} and first["songs"] == {"created": 1, "failed": 0}
    assert set(first["errors"]["loops"]) == {"local-3", "at-3", "local-5"} and first["errors"]["songs"] == {}
    ids, songs = first["idMapping"]["loops"], first["idMapping"]["songs"]
    assert set(ids) == {"local-1", "local-2"}
    page = await get(peer, token, "/api/loops")
    assert page["total"] == 2 and {each["id"] for each in page["loops"]} == set(ids.values())
    assert all(each["isPublic"] for each in page["loops"])
    song = await get(peer, token, f"/api/songs/{songs['local-1']}")
    assert song["timeline"] == [blocks[0] | {"loopId": ids["local-1"]}, blocks[1]]


async def test_a_text_that_is_no_utf8_keeps_out_its_own_loop_alone(peer: InMemory) -> None:
    token = (await peer.claimed("eve")).access_token
    good = json.dumps(local("local-1")[0]).encode()
    body = b'{"loops": [' + good + b", " + good.replace(b"local-1", b"\xff") + b"]}"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    told = (await peer.http.post("/api/migrate", content=body, headers=headers)).raise_for_status().json()
    assert told["loops"] == {"created": 1, "failed": 1} and set(told["errors"]["loops"]) == {"at-1"}


async def test_what_is_sent_again_is_free_and_what_is_new_waits(peer: InMemory) -> None:
    token = (await peer.claimed("ben")).access_token
    peer.relay.engines.limits._limits = dict(LIMITS)  # one for development allows more
    first = (await send(peer, token, {"loops": local("local-1")})).json()
    assert (await send(peer, token, {"loops": local("local-1")})).json() == first
    more = {"loops": local("local-1", "local-2")}
    refused = await send(peer, token, more)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    peer.relay.engines.limits._buckets.clear()  # an hour goes by
    both = (await send(peer, token, more)).json()
    assert both["idMapping"]["loops"]["local-1"] == first["idMapping"]["loops"]["local-1"]
    made = both["idMapping"]["loops"]["local-2"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await peer.http.delete(f"/api/loops/{made}", headers=headers)).status_code == 200
    assert (await send(peer, token, more)).json() == both, "what was deleted here does not come back"
    assert (await get(peer, token, "/api/loops"))["total"] == 1


async def test_a_guests_are_private_and_go_with_it(peer: InMemory) -> None:
    guest = (await peer.ask("/auth/guest", None)).json()["access_token"]
    told = (await send(peer, guest, {"loops": local("local-1")})).json()
    assert not (await get(peer, guest, "/api/loops"))["loops"][0]["isPublic"]
    token = (await peer.claimed("cleo")).access_token
    await peer.ask("/users/me/take-over", {"token": guest}, token)
    assert (await send(peer, token, {"loops": local("local-1")})).json() == told
    assert (await get(peer, token, "/api/loops"))["total"] == 1


async def test_what_has_no_room_is_named_and_the_rest_is_brought(
    peer: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await peer.claimed("dan")).access_token
    full = kinds.KINDS[kinds.Kind.LOOP].score
    assert full is not None
    row = kinds.KINDS[kinds.Kind.LOOP].__class__(
        kind=kinds.Kind.LOOP,
        abilities=kinds.KINDS[kinds.Kind.LOOP].abilities,
        roles=kinds.SOUND_TYPES,
        score=full.__class__(**{name: getattr(full, name) for name in full.__struct_fields__} | {"most": 2}),
    )
    monkeypatch.setitem(kinds.KINDS, kinds.Kind.LOOP, row)
    told = (
        await send(
            peer, token, {"loops": local("a", "b", "c"), "songs": [SONG | {"id": "s", "timeline": []}]}
        )
    ).json()
    assert told["loops"] == {"created": 2, "failed": 1} and "2 loops" in told["errors"]["loops"]["c"]
    assert told["songs"]["created"] == 1


async def test_what_the_studio_keeps_is_brought_whole_and_never_twice_whichever_way_it_is_sent(
    peer: InMemory,
) -> None:
    """Under the keys by which each is also made by itself, before or after; also by the account that takes a guest over."""
    guest = (await peer.ask("/auth/guest", None)).json()["access_token"]
    keys = [f"{n:032x}" for n in range(4)]
    loop = {"kind": "loop", "name": "Dusk", "bars": 2, "bpm": 97, "key": "Am", "swing": 60}
    song = {
        "kind": "song",
        "name": "Set",
        "bpm": 97,
        "blocks": [{"id": "a", "loop": keys[1], "start": 0, "bars": 2}],
    }
    machine = {"kind": "machine", "name": "Salsa", "style": "salsa", "bpm": 180}
    scores = [song, loop, machine, loop | {"name": "Rain"}]

    async def alone(token: str, n: int) -> Json:
        headers = {"authorization": f"Bearer {token}", "idempotency-key": keys[n]}
        answer = await peer.http.post("/api/v1/creations", json={"score": scores[n]}, headers=headers)
        return answer.raise_for_status().json()["id"]

    first = await alone(guest, 3)
    body = {
        "creations": [{"id": key, "score": score} for key, score in zip(keys, scores, strict=True)]
        + [{"id": "wrong", "score": loop | {"bars": 99}}]
    }
    told = [answer.json() for answer in await asyncio.gather(*(send(peer, guest, body) for _ in range(3)))]
    assert told[0] == told[1] == told[2]
    assert told[0]["creations"] == {"created": 4, "failed": 1} and set(told[0]["errors"]["creations"]) == {
        "wrong"
    }
    ids = [told[0]["idMapping"]["creations"][key].replace("-", "") for key in keys]
    assert ids[3] == first and await alone(guest, 2) == ids[2]
    token = (await peer.claimed("fay")).access_token
    await peer.ask("/users/me/take-over", {"token": guest}, token)
    assert (await send(peer, token, body)).json() == told[0]
    assert [await alone(token, n) for n in (1, 3)] == [ids[1], ids[3]]
    whole = (await get(peer, token, f"/api/v1/creations/{ids[1]}"))["score"]
    assert {name: whole[name] for name in loop} == loop
    brought = await get(peer, token, f"/api/v1/creations/{ids[0]}")
    assert brought["score"]["blocks"][0]["loop"] == ids[1] and brought["visibility"] == "private"
    for kind, count in (("loop", 2), ("song", 1), ("machine", 1)):
        assert len((await get(peer, token, f"/api/v1/creations?kind={kind}"))["creations"]) == count


def test_the_hourly_limits_are_those_of_the_specification() -> None:
    hour_us = 3_600_000_000
    for kind, count in ((Kind.LIBRARY, 1000), (Kind.WRITE, 100), (Kind.UPLOAD, 20), (Kind.MIGRATE, 1)):
        assert LIMITS[kind] == Limit(count, hour_us)
