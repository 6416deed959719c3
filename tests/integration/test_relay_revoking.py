"""A sign-in that ends at an awkward moment: whatever was under way in its name comes to nothing."""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.features.live.service import Live
from relay.features.live.socket import Sockets
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_REVOKED, Refresh
from relay.wire.identity import TokenPair
from tests.support.asgi_peer import InMemory, Peer, relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True
LIMIT_S = HANG_S


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[InMemory]:
    async with relay_in_memory(tmp_path / "data") as made:
        yield made


async def take_away(here: InMemory, pair: TokenPair) -> None:
    await here.ask(f"/auth/devices/{pair.device_id}/revoke", {}, pair.access_token)


@pytest.mark.parametrize("moment", ["after its token was looked at", "while it is greeted"])
async def test_a_sign_in_that_ends_while_its_socket_opens_hears_nothing(
    here: InMemory, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Between the look at its token and its place among those who are told of the end; and while it is greeted."""
    pair, peer = await here.claimed("anna"), Peer(stalled=False)
    opened, read = Sockets._open, Live.snapshot

    async def late_to_its_place(sockets: Sockets, *given: Any) -> Any:
        found = await opened(sockets, *given)
        await take_away(here, pair)
        return found

    async def late_to_the_snapshot(live: Live, *given: Any) -> Any:
        await take_away(here, pair)
        return await read(live, *given)

    if moment == "while it is greeted":
        monkeypatch.setattr(Live, "snapshot", late_to_the_snapshot)
    else:
        monkeypatch.setattr(Sockets, "_open", late_to_its_place)
    async with asyncio.timeout(LIMIT_S):
        await here.connect(pair.access_token, peer)
    assert peer.closed_with == CLOSE_REVOKED and not peer.connected.is_set()
    assert len(here.relay.hub) == 0


async def test_a_socket_is_not_prolonged_with_the_token_of_another_device(here: InMemory) -> None:
    """Else taking the first device away would not end it."""
    first, second = await here.claimed("anna"), await here.claimed("anna")
    peer = Peer(stalled=False)
    serving = here.connect(first.access_token, peer)
    async with asyncio.timeout(LIMIT_S):
        await peer.connected.wait()
        peer.say(Refresh(access_token=second.access_token))
        await serving
    assert peer.closed_with == CLOSE_BAD_MESSAGE


def test_an_upload_under_way_when_its_device_is_taken_away_makes_no_post(relay: RelayProcess) -> None:
    owner = RelayClient(relay.url)
    pair = owner.sign_in("uploader")
    body = multipart({"title": "too late"}, short_flac(4800))
    host, port = relay.url.removeprefix("http://").split(":")
    head = (
        f"POST /api/v1/audio/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {pair.access_token}\r\nIdempotency-Key: {'d' * 32}\r\nConnection: close\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=LIMIT_S) as line:
        line.sendall(head.encode() + body[:-9])
        until_begun(relay)
        owner.http.post("/auth/unclaim").raise_for_status()
        line.sendall(body[-9:])
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 401 ") and b"token_invalid" in answer
    del owner.http.headers["authorization"]
    assert owner.http.get(f"/feed/user/{owner.user_id}").json()["posts"] == []
    owner.close()


def multipart(meta: dict[str, str], audio: bytes) -> bytes:
    meta_json = json.dumps({**meta, "sha256": hashlib.sha256(audio).hexdigest()}).encode()
    return (
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%b"; filename="f"\r\n\r\n%b\r\n' % (name, content)
            for name, content in ((b"meta", meta_json), (b"audio", audio))
        )
        + b"--x--\r\n"
    )


def until_begun(relay: RelayProcess) -> None:
    """The relay has let the request in, and writes down what comes."""
    deadline = time.monotonic() + LIMIT_S
    while not relay.engines.being_sent(relay.data):
        assert time.monotonic() < deadline
