"""Which store a URL means, the accounting of room against a slow oracle, and a body as blocks."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.engine.folders import FolderOpen, private_folder
from relay.engine.objects.door import CountedBody, NoRoom
from relay.engine.objects.feed import BodyFeed
from relay.engine.objects.folder import FolderObjects
from relay.engine.objects.open import BadObjectsUrl, objects_url, open_objects
from relay.engine.objects.room import Room
from tests.support.deadlines import HANG_S

R2 = {
    "STORAGE_PROVIDER": "r2",
    "CLOUDFLARE_R2_ENDPOINT": "https://account.r2.example",
    "CLOUDFLARE_R2_BUCKET": "sidechain-audio",
    "CLOUDFLARE_R2_ACCESS_KEY": "key",
    "CLOUDFLARE_R2_SECRET_KEY": "secret",
}


def test_a_folder_is_named_by_a_path_or_a_url(tmp_path: Path) -> None:
    assert isinstance(open_objects(tmp_path / "a", {}), FolderObjects)
    assert isinstance(open_objects(f"folder://{tmp_path}/with%20space", {}), FolderObjects)
    assert (tmp_path / "with space").is_dir()
    assert objects_url({}, tmp_path) == f"folder://{tmp_path}"


def test_the_settings_of_r2_name_a_bucket(tmp_path: Path) -> None:
    url = objects_url(R2, tmp_path)
    assert url == "s3://sidechain-audio?endpoint=https://account.r2.example"
    assert type(open_objects(url, R2)).__name__ == "S3Objects"


@pytest.mark.parametrize(
    ("url", "environment", "says"),
    [
        ("folder://relative/path", {}, "three slashes"),
        ("s3://bucket", R2, "endpoint"),
        ("s3://?endpoint=https://x", R2, "s3://bucket"),
        ("s3://bucket?endpoint=ftp://x", R2, "http"),
        ("s3://bucket?endpoint=http://", R2, "http://host"),
        ("s3://bucket?endpoint=http://[x", R2, "http://host"),
        ("s3://bucket?endpoint=https://x:port", R2, "http://host"),
        ("s3://key:secret@bucket?endpoint=https://x", R2, "environment"),
        ("s3://bucket?endpoint=https://x&tls=no", R2, "tls"),
        ("s3://bucket?endpoint=https://x", {}, "AWS_ACCESS_KEY_ID"),
        ("gs://bucket", R2, "folder:///path"),
    ],
)
def test_a_wrong_url_is_told_in_a_sentence(url: str, environment: dict[str, str], says: str) -> None:
    with pytest.raises(BadObjectsUrl, match=says):
        open_objects(url, environment)


@pytest.mark.parametrize("wrong", [{"STORAGE_PROVIDER": "ftp"}, {"STORAGE_PROVIDER": "r2"}])
def test_wrong_settings_are_told_in_a_sentence(wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadObjectsUrl):
        objects_url(wrong, tmp_path)


def test_a_relay_with_a_folder_never_loads_the_client_of_s3(tmp_path: Path) -> None:
    program = "import sys; from relay.engine.objects.open import open_objects; from pathlib import Path; open_objects(Path(sys.argv[1]), {}); assert 'obstore' not in sys.modules"
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "objects")], check=True)


def test_a_folder_that_we_may_not_close_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(FolderOpen, match="open to other users"):
        private_folder(tmp_path)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "admitted", "landed", "release"]),
        st.sampled_from("abc"),
        st.integers(0, 60),
    ),
    max_size=60,
)


@given(STEPS)
def test_what_is_promised_is_never_more_than_there_is(steps: list[tuple[str, str, int]]) -> None:
    """Two processes promise in turn. Oracle: a ledger of promises and of a disk of 100 bytes, 20 of them kept, summed
    anew each time."""
    with tempfile.TemporaryDirectory() as folder:
        _promise_and_write(Path(folder), steps)


def _promise_and_write(folder: Path, steps: list[tuple[str, str, int]]) -> None:
    disk_bytes, keep = 100, 20
    written: list[int] = []
    held: dict[str, int] = {}
    processes = [
        Room(folder, lambda: disk_bytes - sum(written), admit_free_bytes=keep, write_free_bytes=keep // 2)
        for _ in range(2)
    ]
    for number, (what, key, size) in enumerate(steps):
        room = processes[number % 2]
        others = sum(each for name, each in held.items() if name != key)
        fits = disk_bytes - sum(written) - others - keep >= size
        if what == "landed":
            size = min(size, held.get(key, 0))
            written.append(size)
            room.landed(key, size)
            if key in held:
                held[key] -= size
        elif what == "release":
            room.release(key)
            held.pop(key, None)
        elif what == "admitted" or fits:
            room.reserve(key, size, admitted=what == "admitted")
            held[key] = size
        else:
            with pytest.raises(NoRoom):
                room.reserve(key, size)
        free, promised = disk_bytes - sum(written), sum(held.values())
        assert room.look() == (free, promised, free - promised >= keep)


def test_nothing_is_written_into_what_the_database_needs(tmp_path: Path) -> None:
    room = Room(tmp_path, lambda: 100, admit_free_bytes=50, write_free_bytes=40)
    room.require(60)
    with pytest.raises(NoRoom, match="40 of them kept"):
        room.require(61)


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 40), st.integers(0, 3))
def test_a_thread_gets_the_body_in_even_blocks(sizes: list[int], block_bytes: int, taken: int) -> None:
    data = bytes(index % 251 for index in range(sum(sizes)))

    async def body() -> AsyncIterator[bytes]:
        at = 0
        for size in sizes:
            yield data[at : at + size]
            at += size

    async def run() -> list[bytes]:
        feed = BodyFeed(CountedBody(body(), 1 << 20, None), block_bytes)
        first = [await feed.block() for _ in range(taken)]
        return await asyncio.to_thread(list, feed.after(*(block for block in first if block)))

    blocks = asyncio.run(run())
    assert b"".join(blocks) == data
    assert all(len(block) == block_bytes for block in blocks[:-1])


async def test_a_feed_that_is_stopped_ends_its_thread() -> None:
    asked = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        asked.set()
        await asyncio.Event().wait()

    feed = BodyFeed(CountedBody(body(), 10, None), 1)
    running = asyncio.ensure_future(asyncio.to_thread(list, feed))
    await asyncio.wait_for(asked.wait(), 60)
    feed.stop()
    await asyncio.wait({running}, timeout=HANG_S)
    assert running.done() and (running.cancelled() or running.exception() is not None)
