"""What door.py promises, on a folder and on a real S3: each test runs on both."""

import asyncio
import hashlib
import json
import secrets
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from relay.core.tus import Checksum
from relay.engine.objects.door import (
    PIECE_BYTES,
    ObjectMissing,
    Objects,
    Part,
    PartDamaged,
    PartTooLong,
)
from relay.engine.objects.open import open_objects
from relay.engine.objects.s3_requests import SEGMENT_BYTES
from tests.support.deadlines import HANG_S
from tests.support.seaweed import ENVIRONMENT, Seaweed

SIZES = (0, 1, PIECE_BYTES - 1, PIECE_BYTES, 3 * PIECE_BYTES + 7, SEGMENT_BYTES, SEGMENT_BYTES + 1, 12 << 20)


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of this test's own."""
    if request.param == "folder":
        return f"folder://{tmp_path / 'objects'}"
    seaweed: Seaweed = request.getfixturevalue("seaweed")
    return seaweed.url.replace("?", f"/{secrets.token_hex(8)}?")


@pytest.fixture
async def objects(url: str) -> AsyncIterator[Objects]:
    store = open_objects(url, ENVIRONMENT)
    yield store
    await store.close()


def bytes_of(size: int) -> bytes:
    return secrets.token_bytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def body(data: bytes, piece_bytes: int = 65_536) -> AsyncIterator[bytes]:
    for at in range(0, len(data), piece_bytes):
        yield data[at : at + piece_bytes]


async def whole(objects: Objects, name: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in await objects.read(name, start, end)])


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_put_is_read_back(objects: Objects, tmp_path: Path, size: int) -> None:
    data = bytes_of(size)
    (tmp_path / "source").write_bytes(data)
    name = await objects.put_file(tmp_path / "source", "audio/mpeg")
    assert name == sha256(data)
    assert await objects.put(data) == name
    assert await objects.size(name) == size
    assert await whole(objects, name) == data
    await objects.fetch(name, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0


async def test_any_span_is_read_in_small_pieces(objects: Objects) -> None:
    size = 2 * PIECE_BYTES + 100
    data = bytes_of(size)
    name = await objects.put(data)
    for start, end in (
        (0, 0),
        (0, 1),
        (PIECE_BYTES - 1, PIECE_BYTES + 1),
        (7, size - 7),
        (size - 1, size),
        (size, size),
        (5, None),
        (5, size + 999),
    ):
        pieces = [piece async for piece in await objects.read(name, start, end)]
        assert b"".join(pieces) == data[start:end], (start, end)
        assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)


async def test_what_is_not_there_is_told_before_there_is_a_byte(objects: Objects, tmp_path: Path) -> None:
    absent = sha256(b"never stored")
    for wait in (objects.size(absent), objects.read(absent), objects.fetch(absent, tmp_path / "none")):
        with pytest.raises(ObjectMissing):
            await wait
    await objects.delete(absent)
    name = await objects.put(b"stored")
    await objects.delete(name)
    with pytest.raises(ObjectMissing):
        await objects.read(name)


@pytest.mark.parametrize("name", ["", "..", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n", "é" * 64])
async def test_nothing_but_a_sha256_names_an_object(objects: Objects, name: str) -> None:
    for wait in (objects.size(name), objects.read(name), objects.delete(name)):
        with pytest.raises(ObjectMissing):
            await wait


@pytest.mark.parametrize("size", [1000, SEGMENT_BYTES + 1])
async def test_equal_bytes_are_put_by_many_at_once(objects: Objects, tmp_path: Path, size: int) -> None:
    data = bytes_of(size)
    (tmp_path / "source").write_bytes(data)
    puts = [objects.put(data) for _ in range(8)] + [objects.put_file(tmp_path / "source") for _ in range(8)]
    assert set(await asyncio.gather(*puts)) == {sha256(data)}
    assert await whole(objects, sha256(data)) == data


_PUT_OFTEN = """
import asyncio, json, sys
from relay.engine.objects.open import open_objects
async def main(url, environment, rounds):
    store = open_objects(url, environment)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(rounds):
        await asyncio.gather(*(store.put(b"%d" % number * 1000) for _ in range(3)))
asyncio.run(main(*json.loads(sys.argv[1])))
"""


async def test_equal_bytes_are_put_by_many_processes_at_once(objects: Objects, url: str) -> None:
    rounds = 30
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PUT_OFTEN,
            json.dumps([url, ENVIRONMENT, rounds]),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        for _ in range(3)
    ]
    for writer in writers:
        assert writer.stdout
        assert await writer.stdout.readline() == b"ready\n"
    for _, errors in await asyncio.gather(*(writer.communicate(b"go\n") for writer in writers)):
        assert errors == b"", errors.decode()
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    for number in range(rounds):
        data = b"%d" % number * 1000
        assert await whole(objects, sha256(data)) == data


# parts of uploads -----------------------------------------------------------------------------------------------------


async def test_parts_are_joined_in_their_order(objects: Objects, tmp_path: Path) -> None:
    upload, data = secrets.token_hex(16), bytes_of(SEGMENT_BYTES + 300_000)
    cuts = [0, 1, 70_000, 70_000, 300_000, len(data)]
    parts: list[Part] = []
    for start, end in pairwise(cuts):
        check = Checksum("sha256", hashlib.sha256(data[start:end]).digest())
        part = await objects.put_part(upload, start, body(data[start:end]), len(data) - start, check)
        assert (part.offset_bytes, part.size_bytes) == (start, end - start)
        parts.append(part)
    assert len({part.name for part in parts}) == len(parts)
    assert await objects.join(parts, tmp_path / "whole") == sha256(data)
    assert (tmp_path / "whole").read_bytes() == data
    with pytest.raises(ValueError, match="begins at"):
        await objects.join(parts[1:], tmp_path / "gap")
    with pytest.raises(FileExistsError):
        await objects.join(parts, tmp_path / "whole")


async def test_two_at_one_offset_leave_two_parts_and_either_can_go(objects: Objects, tmp_path: Path) -> None:
    upload = secrets.token_hex(16)
    first, second = await asyncio.gather(
        objects.put_part(upload, 0, body(b"first"), 5), objects.put_part(upload, 0, body(b"other"), 5)
    )
    assert first.name != second.name
    await objects.delete_part(second)
    await objects.delete_part(second)
    assert await objects.join([first], tmp_path / "whole") == sha256(b"first")
    with pytest.raises(ObjectMissing):
        await objects.join([second], tmp_path / "none")


@pytest.mark.parametrize("size", [10, 100_000, SEGMENT_BYTES + 1])
async def test_a_wrong_body_leaves_nothing(objects: Objects, tmp_path: Path, size: int) -> None:
    upload, data = secrets.token_hex(16), bytes_of(size)
    wrong = Checksum("sha256", hashlib.sha256(b"something else").digest())
    with pytest.raises(PartDamaged):
        await objects.put_part(upload, 0, body(data), size, wrong)
    with pytest.raises(PartTooLong):
        await objects.put_part(upload, 0, body(data), size - 1)

    async def breaks() -> AsyncIterator[bytes]:
        async for piece in body(data):
            yield piece
        raise FileNotFoundError("the client is gone")  # whatever it raises, it is not ours to translate

    with pytest.raises(FileNotFoundError, match="the client is gone"):
        await objects.put_part(upload, 0, breaks(), size)
    assert await objects.sweep(set(), set(), older_than_s=-60) == 0


async def test_a_request_that_is_taken_over_leaves_nothing(objects: Objects) -> None:
    upload, begun = secrets.token_hex(16), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(90):
            yield bytes_of(65_536)
        begun.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(objects.put_part(upload, 0, endless(), 1 << 30))
    await asyncio.wait_for(begun.wait(), 60)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await objects.sweep(set(), set(), older_than_s=-60) == 0


async def test_an_upload_that_ends_takes_its_parts_along(objects: Objects, tmp_path: Path) -> None:
    mine, other = secrets.token_hex(16), secrets.token_hex(16)
    objects.reserve(mine, 100)
    gone = [await objects.put_part(mine, at, body(b"x" * 10), 10) for at in (0, 10)]
    stays = await objects.put_part(other, 0, body(b"y"), 1)
    await objects.delete_upload(mine)
    await objects.delete_upload(mine)
    with pytest.raises(ObjectMissing):
        await objects.join(gone, tmp_path / "none")
    assert await objects.join([stays], tmp_path / "whole") == sha256(b"y")


@pytest.mark.parametrize("upload_id", ["", "..", "../" + "a" * 29, "a" * 31, "A" * 32, "a" * 32 + "\n"])
async def test_nothing_but_an_id_names_an_upload(objects: Objects, upload_id: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        await objects.put_part(upload_id, 0, body(b"x"), 1)
    with pytest.raises(ValueError, match="not the id"):
        await objects.delete_upload(upload_id)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", f"{'a' * 32}/../{'b' * 16}", f"{'a' * 32}/1-{'b' * 16}"]
)
async def test_nothing_but_a_name_we_gave_names_a_part(objects: Objects, tmp_path: Path, name: str) -> None:
    part = Part(name=name, offset_bytes=0, size_bytes=1)
    with pytest.raises(ObjectMissing):
        await objects.join([part], tmp_path / "none")
    with pytest.raises(ObjectMissing):
        await objects.delete_part(part)


# upkeep ---------------------------------------------------------------------------------------------------------------


async def test_a_sweep_leaves_what_is_wanted_and_what_is_young(objects: Objects, tmp_path: Path) -> None:
    wanted, stray = await objects.put(b"wanted"), await objects.put(b"stray")
    ended, open_ = secrets.token_hex(16), secrets.token_hex(16)
    stale = await objects.put_part(ended, 0, body(b"x"), 1)
    kept = await objects.put_part(open_, 0, body(b"y"), 1)
    assert await objects.sweep({wanted}, {open_}) == 0, "a day has not passed"
    assert await objects.size(stray) == 5
    assert await objects.sweep({wanted}, {open_}, older_than_s=-60) == 2
    assert await objects.size(wanted) == 6
    assert await objects.join([kept], tmp_path / "kept") == sha256(b"y")
    with pytest.raises(ObjectMissing):
        await objects.size(stray)
    with pytest.raises(ObjectMissing):
        await objects.join([stale], tmp_path / "stale")


async def test_health_is_well(objects: Objects) -> None:
    """Within its own limit: one that waits longer is not well."""
    async with asyncio.timeout(HANG_S):
        health = await objects.health()
    assert health.ok, health.detail
