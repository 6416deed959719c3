"""Power cuts at the relay while uploads arrive: every offset that was answered is true afterwards.

The folder of uploads lies on a disk that forgets what was not synced; rows lie elsewhere, as SQLite keeps its own word.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from relay.core.access import Actor
from relay.core.calls import RequestLost
from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.objects.folder import FolderObjects
from relay.features.accounts.api import ensure_account
from relay.features.uploads import store
from relay.features.uploads.body import CHECKPOINT_BYTES
from relay.features.uploads.service import Uploads
from tests.chaos.disks import LosingDisk
from tests.support.doors import opened

CUTS = 200 if "SIDECHAIN_SOAK" in os.environ else 6
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
LOOKED_AFTER = 8
SIZE_BYTES = 3 * CHECKPOINT_BYTES


async def pieces(data: bytes, chance: random.Random, *, lost: bool) -> AsyncIterator[bytes]:
    at = 0
    while at < len(data):
        step = chance.randrange(1, 65_536)
        yield data[at : at + step]
        at += step
    if lost:
        raise RequestLost


@pytest.mark.timeout(900 + 60 * CUTS)
async def test_no_answered_offset_is_a_lie_after_a_power_cut(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    disk = LosingDisk(tmp_path / "disk")
    answered: dict[str, int] = {}
    sent: dict[str, bytes] = {}
    lies = regained = offsets = 0
    for _ in range(CUTS):
        await disk.mount()
        async with opened(f"sqlite:///{tmp_path / 'r.db'}") as door:
            actor = Actor(user_id=await door.db.write(lambda tx: ensure_account(tx, "anna", 0)))
            objects = FolderObjects(tmp_path / "disk", admit_free_bytes=0, write_free_bytes=0)
            uploads = Uploads(door.db, objects, lambda *_: False)
            await uploads.open()
            for upload, offset in answered.items():
                now = await uploads.status(actor, upload)
                target = tmp_path / new_id()
                await objects.join(await door.db.read(lambda db, id_=upload: store.parts(db, id_)), target)
                kept = target.read_bytes()
                target.unlink()
                lies += now.offset_bytes < offset or kept != sent[upload][: now.offset_bytes]
                regained += now.offset_bytes - offset
                offsets, answered[upload] = offsets + 1, now.offset_bytes
            if len(answered) == LOOKED_AFTER:  # fewer than an account may have open
                oldest = min(answered)
                await uploads.end(actor, oldest)
                del answered[oldest], sent[oldest]
            upload = (await uploads.begin(actor, SIZE_BYTES, "", None)).id
            sent[upload], answered[upload] = chance.randbytes(SIZE_BYTES), 0
            for _ in range(chance.randrange(1, 4)):
                at = answered[upload]
                part = sent[upload][at : at + chance.randrange(1, SIZE_BYTES // 4)]
                stood = await uploads.append(actor, upload, at, pieces(part, chance, lost=False), None)
                answered[upload] = stood.offset_bytes
            at = answered[upload]
            rest = pieces(sent[upload][at : at + chance.randrange(1, SIZE_BYTES // 2)], chance, lost=True)
            under_way = asyncio.create_task(uploads.append(actor, upload, at, rest, None))
            await asyncio.sleep(chance.random() * 0.02)  # the moment of the cut is what chance decides
            await disk.cut()
            with suppress(Refusal, RequestLost, OSError):
                await under_way
    print(f"\ncuts={CUTS} offsets={offsets} lies={lies} regained_bytes={regained} seed={SEED}")
    assert lies == 0
