"""Samples at the relay, on both engines: uploaded, listed, within a quota, looked into where there is a scanner, deleted."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from relay.engine.virus_scan import BadScannerUrl, Scanner, scanner_of
from relay.features.creations.reading import miscounts
from relay.features.samples import store
from tests.support.asgi_peer import InMemory, unlimited_relay_in_memory
from tests.support.clamd import EICAR, clamd
from tests.support.loops import as_file

Json = Any  # any: JSON
FIELDS = {"id", "name", "fileUrl", "fileSize", "mimeType", "duration", "createdAt"}


def wav(seconds: float, hz: float = 220.0) -> bytes:
    tone = 0.5 * np.sin(2 * np.pi * hz * np.arange(int(44_100 * seconds)) / 44_100)
    return as_file(np.stack([tone, tone], axis=1), 44_100, format="WAV", subtype="PCM_16")


class Owner:
    def __init__(self, peer: InMemory, token: str | None) -> None:
        self.http = peer.http
        self.headers = {} if token is None else {"authorization": f"Bearer {token}"}

    async def upload(self, data: bytes, name: str = "Kick 1.wav", type_: str = "audio/wav") -> httpx.Response:
        return await self.http.post(
            "/api/samples/upload", files={"file": (name, data, type_)}, headers=self.headers
        )

    async def listed(self) -> Json:
        return (await self.http.get("/api/samples", headers=self.headers)).raise_for_status().json()


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    async with unlimited_relay_in_memory(tmp_path / "data", database_url) as peer:
        yield peer


async def test_a_sample_is_uploaded_listed_heard_and_deleted(peer: InMemory) -> None:
    ana, ben = [Owner(peer, (await peer.claimed(name)).access_token) for name in ("ana", "ben")]
    nobody = Owner(peer, None)
    answer = await ana.upload(wav(0.5), "C:\\\\drums\\\\Kick 1.wav")
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert set(made) == FIELDS | {"quotaWarning"} and made["quotaWarning"] is None
    assert (made["name"], made["duration"], made["mimeType"]) == ("Kick 1", 0.5, "audio/flac")
    page = await ana.listed()
    assert page == {
        "samples": [{name: made[name] for name in FIELDS}],
        "totalSize": made["fileSize"],
        "quota": 100 << 20,
        "quotaWarning": None,
    }
    path = made["fileUrl"].removeprefix("http://relay")
    sound = await peer.http.get(path, headers=ana.headers)
    assert (
        sound.status_code == 200 and len(sound.content) == made["fileSize"] and sound.content[:4] == b"fLaC"
    )
    assert (await peer.http.get(path, headers=ben.headers)).status_code == 404
    assert (await nobody.upload(wav(0.1))).status_code == 401
    assert (await ben.listed())["samples"] == []
    delete = f"/api/samples/{made['id']}"
    assert (await peer.http.delete(delete, headers=ben.headers)).status_code == 404
    assert (await peer.http.delete(delete, headers=ana.headers)).json() == {"success": True}
    assert (await ana.listed())["samples"] == []
    assert (await peer.http.get(path, headers=ana.headers)).status_code == 410
    assert await peer.relay.db.read(miscounts) == []


async def test_what_is_no_sample_is_refused_and_nothing_is_kept(peer: InMemory) -> None:
    ana = Owner(peer, (await peer.claimed("ana")).access_token)
    guest = Owner(peer, (await peer.ask("/auth/guest", None)).json()["access_token"])
    cases = (
        (await ana.upload(b"RIFF no sound"), 422, "audio_refused"),
        (await ana.upload(wav(0.1), type_="text/plain"), 415, "unsupported_media_type"),
        (await ana.upload(b"x" * ((5 << 20) + 1)), 413, "too_large"),
        (await guest.upload(wav(0.1)), 403, "account_required"),
        (
            await peer.http.post(
                "/api/samples/upload", files={"sound": ("a.wav", b"x", "audio/wav")}, headers=ana.headers
            ),
            400,
            "malformed",
        ),
        (
            await peer.http.post("/api/samples/upload", content=b"x", headers=ana.headers),
            415,
            "unsupported_media_type",
        ),
    )
    for answer, status, code in cases:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await ana.listed())["totalSize"] == 0


async def test_a_quota_is_warned_of_and_then_holds(peer: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = Owner(peer, (await peer.claimed("ana")).access_token)
    size = (await ana.upload(wav(0.2))).json()["fileSize"]
    monkeypatch.setattr(store, "QUOTA_BYTES", 2 * size + size // 2)
    monkeypatch.setattr(store, "WARN_BYTES", 2 * size)
    assert "are used" in (await ana.upload(wav(0.2))).json()["quotaWarning"]
    assert (await ana.listed())["quotaWarning"] is not None
    full = await ana.upload(wav(0.2))
    assert (full.status_code, full.json()["code"]) == (413, "quota_exceeded")
    assert len((await ana.listed())["samples"]) == 2


async def test_a_scanner_is_asked_first(peer: InMemory, tmp_path: Path) -> None:
    samples = peer.relay.posts.samples
    samples._scanner = Scanner(path=str(tmp_path / "clamd" / "socket"))
    ana = Owner(peer, (await peer.claimed("ana")).access_token)
    away = await ana.upload(wav(0.1))
    assert (away.status_code, away.json()["code"]) == (503, "busy")
    async with clamd(tmp_path / "clamd", most_bytes=1 << 20):
        for bad in (wav(0.1) + EICAR, EICAR):  # (MP3 frames it takes for what nothing can be in)
            found = await ana.upload(bad)
            assert found.json()["code"] == "audio_refused" and "virus" in found.json()["detail"]
        assert (await ana.upload(wav(0.1))).status_code == 200
        too_long_for_it = await ana.upload(wav(8.0))
        assert (too_long_for_it.status_code, too_long_for_it.json()["code"]) == (503, "busy")
    gone = await ana.upload(wav(0.1))
    assert (gone.status_code, gone.json()["code"]) == (503, "busy")
    assert len((await ana.listed())["samples"]) == 1


def test_where_a_scanner_is_is_read_or_refused_in_words() -> None:
    assert scanner_of("unix:/run/clamd") == Scanner(path="/run/clamd")
    assert scanner_of("scan.local:3310") == Scanner(host="scan.local", port=3310)
    for wrong in ("", "unix:clamd", "scan.local", "scan.local:0", "scan.local:x", ":3310"):
        with pytest.raises(BadScannerUrl):
            scanner_of(wrong)


async def test_one_changes_how_one_is_shown(peer: InMemory) -> None:
    ana = Owner(peer, (await peer.claimed("ana")).access_token)

    async def patch(body: Json) -> httpx.Response:
        return await peer.http.patch("/api/users/me", json=body, headers=ana.headers)

    now = (await patch({"displayName": "Ana B.", "avatarUrl": None})).json()
    assert set(now) == {"id", "username", "displayName", "avatarUrl", "isAnonymous"}
    assert (now["username"], now["displayName"], now["avatarUrl"], now["isAnonymous"]) == (
        "ana",
        "Ana B.",
        None,
        False,
    )
    elsewhere = await patch({"avatarUrl": "https://pictures.example/a.png"})
    assert elsewhere.status_code == 422 and "PUT /api/v1/users/me/avatar" in elsewhere.json()["next_step"]
    assert (await peer.http.get("/api/users/ana")).json()["displayName"] == "Ana B."
