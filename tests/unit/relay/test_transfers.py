"""Uploads under way: how long they live, how many there may be, and what a start finds. On a real disk."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.core.tus import Checksum, http_date
from relay.engine.clock import new_id, now_us
from relay.engine.database import Database
from relay.services import transfers
from relay.services.transfers import LIFETIME_US, MAX_OPEN, REMEMBERED_US, BodyLost, Transfers

SECOND_US = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.us = now_us()

    def __call__(self) -> int:
        return self.us


class Desk:
    """A relay's database and folder, opened as often as one likes. actor: somebody with an account."""

    def __init__(self, folder: Path) -> None:
        self.incoming = folder / "incoming"
        self._path = folder / "r.db"
        self.clock = Clock()
        self.actor = Actor(user_id=new_id())

    @asynccontextmanager
    async def opened(self, **limits: int) -> AsyncIterator[Transfers]:
        db = Database(self._path, lambda _: None)
        made = Transfers(db, self.incoming, self.clock, **limits)
        await db.write(
            lambda tx: tx.db.execute(
                "INSERT OR IGNORE INTO account (id, username, display_name, created_us) VALUES (?, 'anna', 'x', 0)",
                (self.actor.user_id,),
            )
        )
        await made.open()
        yield made
        await db.close()

    def files(self) -> set[str]:
        return {path.name for path in self.incoming.iterdir()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def body(*pieces: bytes, lost: bool = False) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if lost:
        raise BodyLost


async def refusal(work: object) -> str:
    with pytest.raises(Refusal) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


async def test_an_upload_lives_a_day_after_it_was_touched_and_is_then_gone(desk: Desk) -> None:
    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        desk.clock.us += LIFETIME_US - SECOND_US
        touched = await made.append(desk.actor, upload.id, 0, body(b"123"), None)
        assert touched.expires_us == desk.clock.us + LIFETIME_US
        desk.clock.us += LIFETIME_US - SECOND_US
        await made.sweep()
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3
        desk.clock.us += SECOND_US
        assert await refusal(made.status(desk.actor, upload.id)) == "gone"
        assert desk.files() == {upload.id}, "until the next sweep"
        await made.sweep()
        assert desk.files() == set()
        assert await refusal(made.status(desk.actor, upload.id)) == "gone"
        desk.clock.us += REMEMBERED_US
        await made.sweep()
        assert await refusal(made.status(desk.actor, upload.id)) == "not_found"


async def test_one_upload_too_many_ends_the_one_untouched_longest(desk: Desk) -> None:
    async with desk.opened() as made:
        uploads = []
        for _ in range(MAX_OPEN):
            desk.clock.us += 1
            uploads.append(await made.begin(desk.actor, 9, "", None))
        desk.clock.us += 1
        await made.append(desk.actor, uploads[0].id, 0, body(b"1"), None)
        desk.clock.us += 1
        await made.begin(desk.actor, 9, "", None)
        assert await refusal(made.status(desk.actor, uploads[1].id)) == "gone"
        for upload in (uploads[0], *uploads[2:]):
            await made.status(desk.actor, upload.id)


async def test_a_disk_that_is_nearly_full_takes_no_new_upload(desk: Desk) -> None:
    async with desk.opened(min_free_bytes=1 << 60) as made:
        with pytest.raises(Refusal, match="MiB are free") as refused:
            await made.begin(desk.actor, 9, "", None)
        assert (refused.value.code, refused.value.retry_after_s) == ("busy", transfers.RETRY_FULL_S)


async def test_a_disk_that_fails_says_so_and_the_offset_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        with monkeypatch.context() as patched:
            patched.setattr(transfers.os, "pwrite", full)
            assert await refusal(made.append(desk.actor, upload.id, 0, body(b"123"), None)) == "busy"
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 0
        assert (await made.append(desk.actor, upload.id, 0, body(b"123"), None)).offset_bytes == 3


async def test_bytes_beyond_the_offset_are_of_nobody(desk: Desk) -> None:
    """A part with a checksum whose end never came, and a file that grew before the machine stopped."""
    checksum = Checksum("sha256", hashlib.sha256(b"456789").digest())
    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        await made.append(desk.actor, upload.id, 0, body(b"123"), None)
        with pytest.raises(BodyLost):
            await made.append(desk.actor, upload.id, 3, body(b"456", lost=True), checksum)
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3
    (desk.incoming / upload.id).write_bytes(b"123garbage")
    async with desk.opened() as made:
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3
        await made.append(desk.actor, upload.id, 3, body(b"456", b"789"), checksum)
        assert (desk.incoming / upload.id).read_bytes() == b"123456789"


async def test_a_start_removes_what_nobody_knows_and_ends_what_lost_its_bytes(desk: Desk) -> None:
    async with desk.opened() as made:
        whole, short = [await made.begin(desk.actor, 9, "", None) for _ in range(2)]
        for each in (whole, short):
            await made.append(desk.actor, each.id, 0, body(b"123"), None)
    (desk.incoming / "stray").write_bytes(b"x")
    (desk.incoming / short.id).write_bytes(b"1")
    async with desk.opened() as made:
        assert desk.files() == {whole.id}
        assert (await made.status(desk.actor, whole.id)).offset_bytes == 3
        assert await refusal(made.status(desk.actor, short.id)) == "gone"


@pytest.mark.parametrize("limit", ["IDLE_S", "REQUEST_LIMIT_S"])
async def test_a_client_that_falls_silent_is_ended_and_what_came_is_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"123"
        await asyncio.Event().wait()

    monkeypatch.setattr(transfers, limit, 0.05)
    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        assert await refusal(made.append(desk.actor, upload.id, 0, silent(), None)) == "malformed"
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3


async def test_nobody_disturbs_an_upload_that_is_not_his(desk: Desk) -> None:
    more = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"123"
        await more.wait()
        yield b"456"

    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 6, "", None)
        sending = asyncio.create_task(made.append(desk.actor, upload.id, 0, slow(), None))
        stranger = Actor(user_id=new_id())
        for attempt in (
            made.status(stranger, upload.id),
            made.append(stranger, upload.id, 0, body(b"x"), None),
            made.end(stranger, upload.id),
        ):
            assert await refusal(attempt) == "not_found"
        more.set()
        assert (await sending).offset_bytes == 6


def test_dates_are_those_of_http() -> None:
    assert http_date(784_111_777_000_000) == "Sun, 06 Nov 1994 08:49:37 GMT"  # the example of RFC 9110, 5.6.7
