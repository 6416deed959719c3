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
from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.database import Database
from relay.services.transfers import CHECKPOINT_BYTES, BodyLost, Transfers
from tests.chaos.disks import LosingDisk

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
        raise BodyLost


@pytest.mark.timeout(900 + 60 * CUTS)
async def test_no_answered_offset_is_a_lie_after_a_power_cut(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    disk = LosingDisk(tmp_path / "disk")
    actor = Actor(user_id=new_id())
    answered: dict[str, int] = {}
    sent: dict[str, bytes] = {}
    lies = regained = offsets = 0
    for _ in range(CUTS):
        await disk.mount()
        db = Database(tmp_path / "r.db", lambda _: None)
        await db.write(
            lambda tx: tx.db.execute(
                "INSERT OR IGNORE INTO account (id, username, display_name, created_us) VALUES (?, 'anna', 'x', 0)",
                (actor.user_id,),
            )
        )
        transfers = Transfers(db, tmp_path / "disk" / "incoming", min_free_bytes=0)
        await transfers.open()
        for upload, offset in answered.items():
            now = await transfers.status(actor, upload)
            kept = (tmp_path / "disk" / "incoming" / upload).read_bytes() if offset else b""
            lies += now.offset_bytes < offset or kept[: now.offset_bytes] != sent[upload][: now.offset_bytes]
            regained += now.offset_bytes - offset
            offsets, answered[upload] = offsets + 1, now.offset_bytes
        if len(answered) == LOOKED_AFTER:  # fewer than an account may have open
            oldest = min(answered)
            await transfers.end(actor, oldest)
            del answered[oldest], sent[oldest]
        upload = (await transfers.begin(actor, SIZE_BYTES, "", None)).id
        sent[upload], answered[upload] = chance.randbytes(SIZE_BYTES), 0
        for _ in range(chance.randrange(1, 4)):
            at = answered[upload]
            part = sent[upload][at : at + chance.randrange(1, SIZE_BYTES // 4)]
            answered[upload] = (
                await transfers.append(actor, upload, at, pieces(part, chance, lost=False), None)
            ).offset_bytes
        at = answered[upload]
        rest = pieces(sent[upload][at : at + chance.randrange(1, SIZE_BYTES // 2)], chance, lost=True)
        under_way = asyncio.create_task(transfers.append(actor, upload, at, rest, None))
        await asyncio.sleep(chance.random() * 0.02)  # the moment of the cut is what chance decides
        await disk.cut()
        with suppress(Refusal, BodyLost, OSError):
            await under_way
        await db.close()
    print(f"\ncuts={CUTS} offsets={offsets} lies={lies} regained_bytes={regained} seed={SEED}")
    assert lies == 0
