"""tus against ends that we did not write: our relay by tus-js-client and tuspy, our client by @tus/server."""

import asyncio
import hashlib
import io
import json
import random
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient as StrangersClient
from tusclient.uploader.uploader import Uploader as StrangersUploader

from daemon.core.outbox import Moved
from daemon.errors import Offline
from daemon.identity.credentials import FileSecret, open_identity
from daemon.identity.relay import DeviceRelay as OurClient
from daemon.uplink.tus import Parcel, TusClient
from relay.wire.identity import TokenPair
from relay.wire.rest import Producer
from tests.support.deadlines import HANG_S
from tests.support.fault_proxy import FaultProxy
from tests.support.loops import short_flac
from tests.support.node import installed, program, running_script
from tests.support.posting import no_words
from tests.support.relay import RelayClient, RelayProcess

AUDIO = short_flac()
PIECE = 1024
LIMIT_S = HANG_S


@pytest.fixture(scope="module")
def packages() -> Path:
    return installed("tus")


@pytest.fixture(scope="module")
def client(relay: RelayProcess) -> Iterator[RelayClient]:
    made = RelayClient(relay.url)
    made.sign_in("holder")
    yield made
    made.close()


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "take.flac"
    path.write_bytes(AUDIO)
    return path


def becomes_a_post(client: RelayClient, url: str) -> bool:
    """The bytes are there, and they are the ones."""
    meta = {"title": "by a stranger", "sha256": hashlib.sha256(AUDIO).hexdigest()}
    body = {"upload_id": url.rpartition("/")[2], "meta": meta}
    headers = {"idempotency-key": secrets.token_hex(16)}
    return client.http.post("/audio/process", json=body, headers=headers).status_code == 201


# our relay ------------------------------------------------------------------------------------------------------


def js_command(client: RelayClient, take: Path, **asked: Any) -> list[str]:
    assert client.pair is not None
    given = {
        "endpoint": f"{client.url}/api/v1/uploads",
        "token": client.pair.access_token,
        "file": str(take),
    } | asked
    return [program("node"), "client.js", json.dumps(given)]


def tus_js(packages: Path, client: RelayClient, take: Path, **asked: Any) -> dict[str, Any]:
    done = subprocess.run(
        js_command(client, take, **asked),
        cwd=packages,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"chunkBytes": PIECE},
        {"duringCreation": True},
        {"duringCreation": True, "chunkBytes": PIECE},
        {"overridePatchMethod": True, "chunkBytes": PIECE},
    ],
    ids=str,
)
def test_tus_js_client_brings_a_take(
    packages: Path, client: RelayClient, take: Path, asked: dict[str, Any]
) -> None:
    met = tus_js(packages, client, take, **asked)
    assert "error" not in met, met
    assert met["offsets"][-1] == len(AUDIO)
    assert len(met["offsets"]) == (-(-len(AUDIO) // PIECE) if "chunkBytes" in asked else 1)
    assert becomes_a_post(client, met["url"])


def test_tus_js_client_stops_and_goes_on(packages: Path, client: RelayClient, take: Path) -> None:
    stopped = tus_js(packages, client, take, chunkBytes=PIECE, endAfter=2 * PIECE)
    assert stopped["ended"] and stopped["offsets"][-1] == 2 * PIECE
    went_on = tus_js(packages, client, take, chunkBytes=PIECE, uploadUrl=stopped["url"])
    assert went_on["offsets"][0] == 3 * PIECE and went_on["offsets"][-1] == len(AUDIO)
    assert becomes_a_post(client, went_on["url"])


def test_tus_js_client_gives_up_and_nothing_is_left(
    packages: Path, relay: RelayProcess, client: RelayClient, take: Path
) -> None:
    met = tus_js(packages, client, take, chunkBytes=PIECE, endAfter=PIECE, terminate=True)
    assert met["ended"] and client.tus("HEAD", met["url"].removeprefix(client.url)).status_code == 410
    assert not (relay.data / "objects" / "incoming" / met["url"].rpartition("/")[2]).exists()


async def test_tus_js_client_gets_through_a_line_that_breaks(
    packages: Path, relay: RelayProcess, client: RelayClient, take: Path
) -> None:
    chance = random.Random(7)
    async with FaultProxy(relay.url) as proxy:
        proxy.cut_after = lambda: chance.randrange(1, 3 * PIECE) if proxy.cuts < 10 else None
        command = js_command(
            client, take, endpoint=f"{proxy.url}/api/v1/uploads", chunkBytes=PIECE, retries=30
        )
        process = await asyncio.create_subprocess_exec(*command, cwd=packages, stdout=subprocess.PIPE)
        async with asyncio.timeout(LIMIT_S):
            out, _ = await process.communicate()
        met = json.loads(out)
        assert "error" not in met, met
        assert proxy.cuts == 10 and met["retries"] > 0
    assert becomes_a_post(client, met["url"])


def tuspy(client: RelayClient, **asked: Any) -> StrangersUploader:
    assert client.pair is not None
    headers = {"Authorization": f"Bearer {client.pair.access_token}"}
    made = StrangersClient(f"{client.url}/api/v1/uploads", headers=headers)
    return made.uploader(file_stream=io.BytesIO(AUDIO), **asked)


@pytest.mark.parametrize("checksums", [False, True])
def test_tuspy_brings_a_take(client: RelayClient, checksums: bool) -> None:
    uploader = tuspy(client, chunk_size=PIECE, upload_checksum=checksums)
    uploader.upload(stop_at=2 * PIECE)
    again = tuspy(client, chunk_size=PIECE, upload_checksum=checksums, url=uploader.url)
    assert again.offset == 2 * PIECE
    again.upload()
    assert becomes_a_post(client, str(uploader.url))


# our client -----------------------------------------------------------------------------------------------------


async def ours(folder: Path, url: str) -> OurClient:
    """Our client with a token that nobody looks at."""
    made = OurClient(url, lambda: None)
    identity = await open_identity(FileSecret(folder / "key"), folder / "session", create=True)
    assert identity is not None
    user = Producer(id="0" * 32, username="owner", display_name="x")
    pair = TokenPair(
        access_token="a" * 40, refresh_token="r" * 40, expires_in=900, device_id="0" * 32, user=user
    )
    await made.tokens.adopt(identity, pair)
    return made


@pytest.mark.parametrize("cuts", [0, 12])
async def test_our_client_brings_a_take_to_a_server_of_others(
    packages: Path, tmp_path: Path, cuts: int
) -> None:
    stored, path = tmp_path / "stored", tmp_path / "take.flac"
    stored.mkdir()
    whole = random.Random(5).randbytes(1_500_000)
    path.write_bytes(whole)
    moves: list[Moved] = []

    async def moved(where: Moved) -> None:
        moves.append(where)

    chance = random.Random(3)
    with running_script(packages, "server.js", str(stored)) as ready:
        async with FaultProxy(str(ready["url"])) as proxy:
            proxy.cut_after = lambda: chance.randrange(200_000) if proxy.cuts < cuts else None
            relay = await ours(tmp_path, proxy.url)
            tus = TusClient(relay)
            with path.open("rb") as file:
                url = None
                for _ in range(cuts + 1):  # as the outbox would: again, where it was
                    parcel = Parcel(
                        entry_id=secrets.token_hex(16),
                        file=file,
                        size_bytes=len(whole),
                        sha256=hashlib.sha256(whole).hexdigest(),
                        meta=no_words,
                        url=url,
                        first=url is None,
                        allowed=lambda: True,
                        moved=moved,
                    )
                    try:
                        url = await tus.send(parcel)
                        break
                    except Offline:
                        assert cuts
                        url = moves[-1].upload_url if moves else None
            await relay.close()
            assert proxy.cuts == cuts
    assert url and moves[-1].sent_bytes == len(whole)
    assert (stored / url.rpartition("/")[2]).read_bytes() == whole
    assert tus.sent_bytes <= 1.3 * len(whole) + 300_000 * (cuts > 0), "an early cut costs the first part"
