"""Objects of 1 MiB in a folder and in S3 (SeaweedFS on the loopback), beside the least that the same work can be.

The folder is held against write + fsync + rename by hand, S3 against obstore asked directly. Both sides in turn.
"""

import asyncio
import hashlib
import itertools
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from obstore.store import S3Store

from relay.engine.objects.door import Objects
from relay.engine.objects.open import open_objects
from tests.support.seaweed import ACCESS_KEY, BUCKET, ENVIRONMENT, SECRET_KEY, Seaweed

SIZE_BYTES = 1 << 20
RANGE_BYTES = 64 * 1024
PIECE_BYTES = 64 * 1024
"""As a server hands on what it receives."""
ROUNDS = 60
Row = tuple[str, float, str, str]
Work = Callable[[int], Awaitable[object]]


def rows() -> list[Row]:
    """One line per figure. About 20 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        folder = Path(name)
        server = Seaweed(folder / "seaweed")
        server.start()
        try:
            return asyncio.run(_measure(folder, server))
        finally:
            server.stop()


async def _measure(folder: Path, server: Seaweed) -> list[Row]:
    bare = S3Store(
        BUCKET,
        endpoint=server.endpoint,
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        region="auto",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    here = open_objects(folder / "objects", {})
    s3 = open_objects(server.url, ENVIRONMENT)
    datas = [secrets.token_bytes(SIZE_BYTES) for _ in range(ROUNDS)]
    (folder / "bare").mkdir()

    def write(number: int) -> Awaitable[object]:
        return asyncio.to_thread(_write_by_hand, folder / "bare" / str(number), datas[number])

    def ask(number: int) -> Awaitable[object]:
        return asyncio.to_thread(bare.put, f"bare/{number}", datas[number])

    def span(number: int) -> Awaitable[object]:
        return asyncio.to_thread(bare.get_range, f"bare/{number}", start=1000, length=RANGE_BYTES)

    def whole(number: int) -> Awaitable[object]:
        return asyncio.to_thread(lambda: bytes(bare.get(f"bare/{number}").bytes()))

    def read_by_hand(number: int) -> Awaitable[object]:
        return asyncio.to_thread((folder / "bare" / str(number)).read_bytes)

    rows: list[Row] = []
    for where, objects, put, get in (("folder", here, write, read_by_hand), ("S3", s3, ask, whole)):
        names = [*map(_sha256, datas)]
        beside = "write, fsync, rename in a thread" if objects is here else "obstore asked directly"
        ours: list[tuple[str, Work, Work, str]] = [
            ("put 1 MiB", lambda n, o=objects: o.put(datas[n]), put, beside),  # type: ignore[misc]
            ("put 1 MiB that is there", lambda n, o=objects: o.put(datas[n]), put, beside),  # type: ignore[misc]
            ("a part of 1 MiB, streamed", lambda n, o=objects: _part(o, datas[n]), put, beside),  # type: ignore[misc]
            (
                "read 1 MiB in pieces",
                lambda n, o=objects, names=names: _read(o, names[n], 0, None),  # type: ignore[misc]
                get,
                "read whole" if objects is here else beside,
            ),
            (
                "read 64 KiB of it",
                lambda n, o=objects, names=names: _read(o, names[n], 1000, 1000 + RANGE_BYTES),  # type: ignore[misc]
                get if objects is here else span,
                "read whole" if objects is here else beside,
            ),
        ]
        for what, our, other, beside in ours:
            rows += await _compare(f"{where}: {what}", our, other, beside)
    await s3.close()
    return rows


async def _compare(what: str, ours: Work, other: Work, beside: str) -> list[Row]:
    """Both in turn, so that what else this machine does meets both."""
    took: dict[Work, list[float]] = {ours: [], other: []}
    cpu_s = 0.0
    for number, work in itertools.product(range(ROUNDS), (ours, other)):
        begun, cpu = time.perf_counter(), time.process_time()
        await work(number)
        took[work].append(time.perf_counter() - begun)
        cpu_s += time.process_time() - cpu if work is ours else 0.0
    median = {work: statistics.median(each) for work, each in took.items()}
    return [
        (f"{what}, ms", median[ours] * 1e3, "", f"CPU {cpu_s / ROUNDS * 1e3:.2f} ms"),
        ("… over its peer", median[ours] / median[other], "", beside),
    ]


async def _part(objects: Objects, data: bytes) -> None:
    async def body() -> AsyncIterator[bytes]:
        for at in range(0, len(data), PIECE_BYTES):
            yield data[at : at + PIECE_BYTES]

    await objects.put_part("a" * 32, 0, body(), len(data))


async def _read(objects: Objects, name: str, start: int, end: int | None) -> None:
    async for _ in await objects.read(name, start, end):
        pass


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_by_hand(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
