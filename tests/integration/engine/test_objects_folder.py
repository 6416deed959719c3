"""What only a folder has: modes of files, a disk that ends, and times of change."""

import asyncio
import os
import secrets
import stat
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.engine.objects.door import (
    RENEW_AGE_S,
    STRAY_AGE_S,
    Health,
    NoRoom,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
)
from relay.engine.objects.folder import TRY_AGAIN_S, FolderObjects
from tests.chaos.disks import LosingDisk, no_fuse
from tests.support.deadlines import HANG_S


async def body(data: bytes) -> AsyncIterator[bytes]:
    yield data


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


async def test_nobody_else_can_read_anything(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    root.mkdir()
    root.chmod(0o755)
    before = os.umask(0)
    try:
        objects = FolderObjects(root)
        name = await objects.put(b"the author's own")
        await objects.put_part("a" * 32, 0, body(b"x"), 1)
        await objects.fetch(name, tmp_path / "copy")
    finally:
        os.umask(before)
    for path in [root, *root.rglob("*"), tmp_path / "copy"]:
        assert path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) == 0, path


async def test_an_old_object_that_is_put_again_is_not_swept(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    stray, again = await objects.put(b"stray"), await objects.put(b"again")
    for name in (stray, again):
        age(tmp_path / name[:2] / name, STRAY_AGE_S + 60)
    await objects.put(b"again")
    assert await objects.sweep(set(), set()) == 1
    assert await objects.size(again) == 5
    with pytest.raises(ObjectMissing):
        await objects.size(stray)
    assert RENEW_AGE_S < STRAY_AGE_S


async def test_no_sweep_takes_what_is_put_meanwhile(tmp_path: Path) -> None:
    """Each round an old stray is put again while it is swept: afterwards it is there, whoever was first."""
    objects = FolderObjects(tmp_path)
    for number in range(100):
        data = b"%d" % number
        name = await objects.put(data)
        age(tmp_path / name[:2] / name, STRAY_AGE_S + 60)
        await asyncio.gather(objects.sweep(set(), set()), objects.put(data), objects.put(data))
        assert await objects.size(name) == len(data), number


async def test_what_a_crash_left_half_written_goes_after_a_day(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    left = tmp_path / "writing" / secrets.token_hex(16)
    left.write_bytes(b"half")
    assert await objects.sweep(set(), set()) == 0
    age(left, STRAY_AGE_S + 60)
    assert await objects.sweep(set(), set()) == 1
    assert not left.exists()


async def test_bytes_that_rotted_are_told(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path / "objects")
    name = await objects.put(b"as it was")
    (tmp_path / "objects" / name[:2] / name).write_bytes(b"as it is.")
    with pytest.raises(ObjectDamaged):
        await objects.fetch(name, tmp_path / "copy")
    part = await objects.put_part("a" * 32, 0, body(b"part"), 4)
    (tmp_path / "objects" / "incoming" / part.name).write_bytes(b"par")
    with pytest.raises(ObjectDamaged):
        await objects.join([part], tmp_path / "whole")


async def test_an_object_that_ends_early_is_no_end(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    name = await objects.put(b"x" * 1_000_000)
    pieces = aiter(await objects.read(name))
    await anext(pieces)
    os.truncate(tmp_path / name[:2] / name, 300_000)
    with pytest.raises(ObjectsUnavailable):
        async for _ in pieces:
            pass


async def test_a_reader_that_goes_away_leaves_no_file_open(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    name = await objects.put(b"x" * 1_000_000)

    def open_files() -> int:
        return sum(name in os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())

    pieces = await objects.read(name)
    await anext(pieces)
    assert open_files() == 1
    del pieces
    async with asyncio.timeout(HANG_S):
        while open_files():  # the thread that opened it may have it for a moment longer
            await asyncio.sleep(0.01)


async def test_a_cancelled_put_is_finished_by_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a thread writes to is not closed under it."""
    objects = FolderObjects(tmp_path)
    syncing, go_on = threading.Event(), threading.Event()
    really = os.fsync

    def slow(file: int) -> None:
        syncing.set()
        assert go_on.wait(60)
        really(file)

    monkeypatch.setattr(os, "fsync", slow)
    putting = asyncio.create_task(objects.put_part("a" * 32, 0, body(b"x"), 1))
    await asyncio.to_thread(syncing.wait, 60)
    putting.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert list((tmp_path / "writing").iterdir()) == []


# a disk that ends -----------------------------------------------------------------------------------------------------


async def test_twelve_uploads_are_not_all_let_onto_a_disk_for_three(tmp_path: Path) -> None:
    """Attack W4: each alone had room, so all were let in. Another process on the same disk lets in no more either."""
    upload_bytes, free = 50 << 20, 420 << 20
    admit_free = _now_free(tmp_path) - free + (256 << 20)
    held = FolderObjects(tmp_path, admit_free_bytes=admit_free)
    admitted = 0
    for number in range(12):
        try:
            held.reserve(f"{number:032x}", upload_bytes)
            admitted += 1
        except NoRoom:
            health = await held.health()
            assert health.reserved_bytes == admitted * upload_bytes
    assert admitted == 3
    other = FolderObjects(tmp_path, admit_free_bytes=admit_free)
    with pytest.raises(NoRoom):
        other.reserve(f"{99:032x}", upload_bytes)
    held.release(f"{0:032x}")
    other.reserve(f"{99:032x}", upload_bytes)
    assert await other.sweep(set(), {f"{99:032x}"}, older_than_s=-60) == 2, "of uploads that ended unheard"
    assert (await held.health()).reserved_bytes == upload_bytes


async def test_a_disk_too_full_for_an_upload_is_not_healthy(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path, admit_free_bytes=1 << 60, write_free_bytes=1 << 60)
    health = await objects.health()
    assert not health.ok and "full" in health.detail
    with pytest.raises(NoRoom):
        objects.reserve("a" * 32, 1)
    objects.reserve("a" * 32, 1, admitted=True)  # let in by the process before this one
    with pytest.raises(NoRoom):
        await objects.put(b"x")
    with pytest.raises(NoRoom):
        await objects.put_part("a" * 32, 0, body(b"x"), 1)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size] == []


@pytest.mark.skipif(no_fuse() is not None, reason=str(no_fuse()))
async def test_a_full_and_a_sick_disk_are_told_and_leave_nothing_half(tmp_path: Path) -> None:
    disk = LosingDisk(tmp_path / "disk")
    await disk.mount()
    try:
        objects = FolderObjects(tmp_path / "disk" / "objects", admit_free_bytes=0, write_free_bytes=0)
        before = await objects.put(b"before")
        for state, error in (("full", NoRoom), ("sick", ObjectsUnavailable)):
            disk.be(state)
            await _until_it_fails(objects)
            with pytest.raises(error):
                await objects.put(b"x" * 100_000)
            with pytest.raises(error):
                await objects.put_part("a" * 32, 0, body(b"x" * 100_000), 100_000)
            assert await objects.size(before) == 6
            assert not (await _health_now(objects)).ok
            disk.be("well")
            after = await _until_it_stores(objects, state.encode())
            await objects.fetch(after, tmp_path / state)
            assert (await _health_now(objects)).ok
        assert list((tmp_path / "disk" / "objects" / "writing").iterdir()) == []
    finally:
        await disk.cut()


async def _health_now(objects: FolderObjects) -> Health:
    objects._tried_s = -TRY_AGAIN_S
    return await objects.health()


async def _until_it_fails(objects: FolderObjects) -> None:
    async with asyncio.timeout(HANG_S):
        while True:
            try:
                await objects.put(secrets.token_bytes(10))
            except ObjectsUnavailable:
                return


async def _until_it_stores(objects: FolderObjects, data: bytes) -> str:
    async with asyncio.timeout(HANG_S):
        while True:
            try:
                return await objects.put(data)
            except ObjectsUnavailable:
                await asyncio.sleep(0.01)


def _now_free(path: Path) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize
