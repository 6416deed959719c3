"""Power cuts while objects and parts of uploads are stored: what was answered is there afterwards, byte for byte."""

import asyncio
import hashlib
import os
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from relay.engine.objects.door import ObjectsUnavailable, Part
from relay.engine.objects.folder import FolderObjects
from tests.chaos.disks import LosingDisk, no_fuse
from tests.support.deadlines import HANG_S

CUTS = 200 if "SIDECHAIN_SOAK" in os.environ else 6
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261129"))
WRITERS = 3
STORED_AT_LEAST = 5
"""Objects of each life of the disk, before chance may end it."""
UPLOAD = "a" * 32
pytestmark = pytest.mark.skipif(no_fuse() is not None, reason=str(no_fuse()))


class Ledger:
    """What was answered."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: list[tuple[Part, bytes]] = []


async def one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def store_until_the_end(objects: FolderObjects, chance: random.Random, ledger: Ledger) -> None:
    """Some bytes are equal to what another one is storing at the moment."""
    while True:
        data = b"%d" % chance.randrange(40) * chance.choice((1, 1000, 100_000))
        if chance.random() < 0.5:
            ledger.objects[await objects.put(data)] = data
        else:
            ledger.parts.append((await objects.put_part(UPLOAD, 0, one(data), len(data)), data))


@pytest.mark.timeout(900 + 5 * CUTS)
async def test_what_was_answered_is_there_after_a_power_cut(tmp_path: Path) -> None:
    chance, ledger = random.Random(SEED), Ledger()
    disk = LosingDisk(tmp_path / "disk")
    for life in range(CUTS):
        await disk.mount()
        objects = FolderObjects(tmp_path / "disk" / "objects", admit_free_bytes=0, write_free_bytes=0)
        for name, data in ledger.objects.items():
            assert b"".join([piece async for piece in await objects.read(name)]) == data, (SEED, life)
        for number, (part, data) in enumerate(ledger.parts):
            kept = await objects.join([part], tmp_path / f"{life}-{number}")
            assert kept == hashlib.sha256(data).hexdigest(), (SEED, life)
        ledger = Ledger()  # each is looked for once
        writers = [asyncio.create_task(store_until_the_end(objects, chance, ledger)) for _ in range(WRITERS)]
        async with asyncio.timeout(HANG_S):
            while len(ledger.objects) + len(ledger.parts) < STORED_AT_LEAST + chance.randrange(20):
                await asyncio.sleep(0.001)
        await disk.cut()
        for writer in writers:
            writer.cancel()
            with suppress(asyncio.CancelledError, ObjectsUnavailable):
                await writer
