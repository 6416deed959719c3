"""A sign-in that ends at an awkward moment: whatever was under way in its name comes to nothing."""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from relay.app.config import Config
from relay.app.parts import Parts, close_parts, open_parts
from relay.app.socket import serve
from relay.core.access import Action
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_REVOKED, Refresh
from relay.wire.rest import DevClaim, DeviceRegister, TokenPair, claim_message
from tests.support.asgi_peer import Peer, scope_of
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, b64

LIMIT_S = 20


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    opened = await open_parts(Config(data=tmp_path / "data", dev=True), "http://relay")
    yield opened
    await close_parts(opened)


async def claimed(parts: Parts, username: str) -> TokenPair:
    """A new device of this account."""
    key = Ed25519PrivateKey.generate()
    facts = DeviceRegister(
        public_key=b64(key.public_key().public_bytes_raw()), name="d", platform="p", version="0"
    )
    device = await parts.devices.register(facts, "")
    signature = b64(key.sign(claim_message(device.device_id, device.challenge)))
    return await parts.devices.claim(
        DevClaim(
            device_id=device.device_id, username=username, challenge=device.challenge, signature=signature
        )
    )


def before(
    parts: Parts, pair: TokenPair, doing: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    """`doing`, but the device is taken away just before."""

    async def late(*given: Any) -> Any:
        actor = parts.tokens.check(pair.access_token)
        await parts.devices.revoke(actor, pair.device_id, Action.DEVICE_REVOKE)
        return await doing(*given)

    return late


@pytest.mark.parametrize(("part", "doing"), [("accounts", "profile"), ("live", "snapshot")])
async def test_a_sign_in_that_ends_while_its_socket_opens_hears_nothing(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, part: str, doing: str
) -> None:
    """Between the look at its token and its place among those who are told of the end; and while it is greeted."""
    pair, peer = await claimed(parts, "anna"), Peer(stalled=False)
    owner = getattr(parts, part)
    monkeypatch.setattr(owner, doing, before(parts, pair, getattr(owner, doing)))
    async with asyncio.timeout(LIMIT_S):
        await serve(parts, scope_of(pair.access_token), peer.receive, peer.send)
    assert peer.closed_with == CLOSE_REVOKED and not peer.connected.is_set()
    assert len(parts.hub) == 0


async def test_a_socket_is_not_prolonged_with_the_token_of_another_device(parts: Parts) -> None:
    """Else taking the first device away would not end it."""
    first, second = await claimed(parts, "anna"), await claimed(parts, "anna")
    peer = Peer(stalled=False)
    serving = asyncio.create_task(serve(parts, scope_of(first.access_token), peer.receive, peer.send))
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
    while not list((relay.data / "scratch").rglob("*")):
        assert time.monotonic() < deadline
