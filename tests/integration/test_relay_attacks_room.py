"""More announced than there is room for: what is promised is kept, the rest is refused, and the database goes on."""

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from audio.encode.flac import encode_flac
from relay.engine.objects.room import ADMIT_FREE_BYTES, WRITE_FREE_BYTES
from relay.wire.rest import MAX_UPLOAD_BYTES
from tests.support.relay import RelayClient, RelayProcess, running_relay

DISK_BYTES = 420 << 20
PART_BYTES = 1 << 20
AT_ONCE = 12


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of DISK_BYTES. Needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def relay(disk: Path) -> Iterator[RelayProcess]:
    with running_relay(disk / "data") as relay:
        yield relay


@pytest.fixture
def client(relay: RelayProcess) -> Iterator[RelayClient]:
    client = RelayClient(relay.url)
    client.sign_in("greedy")
    yield client
    client.close()


def ready(relay: RelayProcess) -> int:
    return httpx.get(f"{relay.url}/health/ready", trust_env=False).status_code


def begin(client: RelayClient) -> httpx.Response:
    return client.tus("POST", "/uploads/", upload_length=str(MAX_UPLOAD_BYTES))


def fill(client: RelayClient, location: str, size_bytes: int = MAX_UPLOAD_BYTES) -> httpx.Response:
    at = int(client.tus("HEAD", location).headers["upload-offset"])
    return client.tus("PATCH", location, bytes(size_bytes), upload_offset=str(at))


def leave(others: Path, free_bytes: int) -> None:
    """What somebody else writes on the disk, until so much is left."""
    with others.open("ab") as file:
        file.write(bytes(shutil.disk_usage(others.parent).free - free_bytes))


def is_writable(relay: RelayProcess, name: str) -> bool:
    """Whether the database takes something new."""
    other = RelayClient(relay.url)
    try:
        other.sign_in(name)
    finally:
        other.close()
    return True


def test_twelve_large_uploads_on_a_small_disk(relay: RelayProcess, client: RelayClient, disk: Path) -> None:
    begun = [begin(client) for _ in range(AT_ONCE)]
    admitted = [answer.headers["location"] for answer in begun if answer.status_code == 201]
    refused = [answer for answer in begun if answer.status_code != 201]
    assert len(admitted) == (DISK_BYTES - ADMIT_FREE_BYTES) // MAX_UPLOAD_BYTES
    assert {answer.status_code for answer in refused} == {503}
    assert all("retry-after" in answer.headers for answer in refused)
    for location in admitted:  # what was promised is kept
        assert fill(client, location).status_code == 204
    assert is_writable(relay, "after-the-uploads")
    assert begin(client).status_code == 503

    client.tus("DELETE", admitted[0])  # what is given up is room again
    assert begin(client).status_code == 201


def test_a_full_disk_is_told_and_leaves_the_database_its_room(
    relay: RelayProcess, client: RelayClient, disk: Path
) -> None:
    location = begin(client).headers["location"]
    assert ready(relay) == 200
    others = disk / "somebody-elses"
    leave(others, ADMIT_FREE_BYTES - PART_BYTES)
    assert ready(relay) == 503
    assert begin(client).status_code == 503
    assert client.upload(bytes(1 << 20)).status_code == 503, "in one go, too"
    assert fill(client, location, PART_BYTES).status_code == 204, "one that was promised goes on"
    leave(others, WRITE_FREE_BYTES)
    assert fill(client, location, PART_BYTES).status_code == 503
    assert is_writable(relay, "on-a-full-disk")
    others.unlink()
    assert ready(relay) == 200
    assert fill(client, location, PART_BYTES).status_code == 204, "where it stood"
    assert int(client.tus("HEAD", location).headers["upload-offset"]) == 2 * PART_BYTES


def test_posts_that_are_being_made_count_against_the_quota(tmp_path: Path) -> None:
    """Four at once, of which there is room for one."""
    rng = np.random.default_rng(3)
    takes = [
        encode_flac(rng.uniform(-0.5, 0.5, (96_000, 2)).astype(np.float32), 48_000).data for _ in range(4)
    ]
    quota = str(max(map(len, takes)) * 3 // 2)
    with running_relay(tmp_path / "data", "--account-quota", quota) as relay:
        client = RelayClient(relay.url)
        client.sign_in("greedy")
        with ThreadPoolExecutor(len(takes)) as pool:
            codes = sorted(answer.status_code for answer in pool.map(client.upload, takes))
        assert codes == [201, 413, 413, 413]
        assert client.upload(takes[0]).json()["code"] == "quota_exceeded"
        client.close()
