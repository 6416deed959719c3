"""An S3 that is dead, frozen, killed in the middle and back: a server of this module's own."""

import asyncio
import hashlib
import json
import secrets
import sys
import time
import urllib.request
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from relay.engine.objects.door import PIECE_BYTES, ObjectMissing, Objects, ObjectsUnavailable
from relay.engine.objects.open import open_objects
from relay.engine.objects.s3_client import ANSWER_LIMIT_S
from relay.engine.objects.s3_requests import SEGMENT_BYTES
from tests.support.deadlines import HANG_S
from tests.support.seaweed import ENVIRONMENT, Seaweed, free_ports

DEAD_LIMIT_S = 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    server = Seaweed(tmp_path_factory.mktemp("seaweed") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def objects(server: Seaweed) -> AsyncIterator[Objects]:
    store = open_objects(server.url, ENVIRONMENT)
    yield store
    await store.close()


async def test_a_signed_link_gives_the_object_and_spans_of_it(objects: Objects) -> None:
    data = secrets.token_bytes(300_000)
    name = await objects.put(data, "audio/mpeg")
    link = await objects.signed_url(name, 60)
    assert link is not None

    def get(span: str | None) -> tuple[bytes, str]:
        headers = {"Range": span} if span else {}
        with urllib.request.urlopen(urllib.request.Request(link, headers=headers), timeout=HANG_S) as answer:
            return answer.read(), answer.headers["content-type"]

    assert await asyncio.to_thread(get, None) == (data, "audio/mpeg")
    assert (await asyncio.to_thread(get, "bytes=10-99"))[0] == data[10:100]


async def test_a_link_names_the_endpoint_that_listeners_reach(server: Seaweed) -> None:
    store = open_objects(f"{server.url}&public=https://media.example", ENVIRONMENT)
    link = await store.signed_url("a" * 64, 60)
    assert link is not None and link.startswith(f"https://media.example/sidechain/objects/{'a' * 64}?")
    await store.close()


async def test_a_store_that_is_not_there_is_told_within_a_second(tmp_path: Path) -> None:
    """The least of several tries: what is asked is what our limits allow, not what else this machine does."""
    store = open_objects(f"s3://sidechain?endpoint=http://127.0.0.1:{free_ports(1)[0]}", ENVIRONMENT)

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * (SEGMENT_BYTES + 1)

    calls = [
        lambda: store.size("a" * 64),
        lambda: store.read("a" * 64),
        lambda: store.put(b"x"),
        lambda: store.put_part("a" * 32, 0, body(), 1 << 30),
        lambda: store.sweep(set(), set()),
    ]
    for number, call in enumerate(calls):
        took = []
        for _ in range(3):
            begun = time.monotonic()
            with pytest.raises(ObjectsUnavailable):
                await call()
            took.append(time.monotonic() - begun)
        assert min(took) < DEAD_LIMIT_S, number
    health = await store.health()
    assert not health.ok and "does not answer" in health.detail
    await store.close()


async def test_wrong_keys_are_told_by_health(server: Seaweed) -> None:
    store = open_objects(server.url, ENVIRONMENT | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    health = await store.health()
    assert not health.ok and "keys" in health.detail
    await store.close()


async def test_a_frozen_store_ends_a_read_and_the_next_one_works(server: Seaweed, objects: Objects) -> None:
    name = await objects.put(secrets.token_bytes(2 * PIECE_BYTES))
    pieces = aiter(await objects.read(name))
    await anext(pieces)
    server.freeze()
    try:
        begun = time.monotonic()
        with pytest.raises(ObjectsUnavailable):
            await anext(pieces)
        assert time.monotonic() - begun >= ANSWER_LIMIT_S * 0.9, "it was given its time"
        health = await objects.health()
        assert not health.ok
    finally:
        server.thaw()
    assert await objects.size(name) == 2 * PIECE_BYTES


async def test_killed_in_the_middle_and_back(server: Seaweed, objects: Objects, tmp_path: Path) -> None:
    """A part on its way and an object being read both end in an error, nothing half is kept, and all goes on after."""
    data = secrets.token_bytes(4 * PIECE_BYTES)
    name = await objects.put(data)
    pieces = aiter(await objects.read(name))
    read = [await anext(pieces)]
    upload, begun, go_on = secrets.token_hex(16), asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        for number in range(4):
            yield b"%d" % number * SEGMENT_BYTES
        begun.set()
        await go_on.wait()
        for number in range(4):
            yield b"%d" % number * SEGMENT_BYTES

    putting = asyncio.create_task(objects.put_part(upload, 0, body(), 1 << 30))
    await asyncio.wait_for(begun.wait(), 60)
    await asyncio.to_thread(server.kill)
    go_on.set()
    with pytest.raises(ObjectsUnavailable):
        await putting
    with pytest.raises(ObjectsUnavailable) as raised:
        async for piece in pieces:
            read.append(piece)
    assert "127.0.0.1" in raised.value.reason and "127.0.0.1" not in str(raised.value)
    assert b"".join(read) != data
    await asyncio.to_thread(server.start)
    again = b"".join([piece async for piece in await objects.read(name)])
    assert again == data
    part = await objects.put_part(upload, 0, body(), 1 << 30)
    whole = b"".join(b"%d" % number * SEGMENT_BYTES for number in (0, 1, 2, 3, 0, 1, 2, 3))
    assert await objects.join([part], tmp_path / "whole") == hashlib.sha256(whole).hexdigest()
    await objects.delete_upload(upload)
    with pytest.raises(ObjectMissing):
        await objects.join([part], tmp_path / "none")


_USE_AND_END = """
import asyncio, json, sys
from relay.engine.objects.open import open_objects
async def main(url, environment):
    store = open_objects(url, environment)
    name = await store.put(b"x" * 1000)
    await asyncio.gather(*(store.size(name) for _ in range(10)))
    await store.close()
asyncio.run(main(*json.loads(sys.argv[1])))
"""


async def test_a_process_that_used_s3_ends_cleanly(server: Seaweed) -> None:
    """obstore's coroutines abort one in five at their exit; ours are threads."""
    for _ in range(5):
        ends = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", _USE_AND_END, json.dumps([server.url, ENVIRONMENT]), stderr=PIPE
            )
            for _ in range(4)
        ]
        for process in ends:
            _, errors = await process.communicate()
            assert (process.returncode, errors) == (0, b"")
