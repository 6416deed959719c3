"""A store of objects and a wire that are away for a while: what needs them says so or waits, all else goes on, nothing is lost."""

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

import httpx
import pytest

from relay.wire import events
from tests.support.deadlines import HANG_S
from tests.support.engines import ClusterServers, cluster_servers
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

AUDIO = short_flac(4800)
LIMIT_S = HANG_S
pytestmark = pytest.mark.slow


@dataclass
class World:
    """Two processes of one relay, and the servers that they stand on."""

    servers: ClusterServers
    first: RelayProcess
    second: RelayProcess

    def log(self) -> str:
        return "".join(
            each.data.with_name(f"{each.data.name}.log").read_text() for each in (self.first, self.second)
        )

    def ready(self) -> tuple[int, dict[str, bool]]:
        answer = httpx.get(f"{self.first.url}/health/ready", trust_env=False, timeout=HANG_S)
        return answer.status_code, {each["name"]: each["ok"] for each in answer.json()["checks"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("away")
    with (
        cluster_servers(folder / "servers") as servers,
        servers.engines(folder) as engines,
        running_relay(folder / "first", engines=engines) as first,
        running_relay(folder / "second", engines=engines) as second,
    ):
        yield World(servers, first, second)


def person(process: RelayProcess, name: str) -> RelayClient:
    client = RelayClient(process.url)
    client.sign_in(f"{name}.{secrets.token_hex(4)}")
    return client


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def arrived(client: RelayClient, audio: bytes) -> dict[str, object]:
    """All bytes of an upload are there; what asks for a post of it."""
    begun = client.tus("POST", "/uploads/", audio, upload_length=str(len(audio)))
    assert begun.headers["upload-offset"] == str(len(audio))
    upload_id = begun.headers["location"].rpartition("/")[2]
    return {"upload_id": upload_id, "meta": {"title": "late", "sha256": sha256(audio).hexdigest()}}


def test_without_its_store_a_relay_goes_on_and_says_what_it_cannot(world: World) -> None:
    with closing(person(world.first, "anna")) as anna, closing(person(world.second, "ben")) as ben:
        post = anna.post(AUDIO, title="before")
        begun = anna.tus("POST", "/uploads/", upload_length="1000")
        world.servers.seaweed.kill()
        try:
            for answer in (
                anna.http.get(f"/audio/{post.id}/mp3"),
                anna.upload(AUDIO),
                anna.tus("PATCH", begun.headers["location"], b"x" * 100, upload_offset="0"),
                anna.tus("DELETE", begun.headers["location"]),
            ):
                assert (answer.status_code, answer.json()["code"]) == (503, "busy"), answer.text
                assert int(answer.headers["retry-after"]) > 0
                assert "127.0.0.1" not in answer.text and "sidechain/" not in answer.text
            assert ben.http.post("/social/like", json={"post_id": post.id}).is_success
            assert ben.http.get("/feed/global").status_code == 200
            assert anna.http.get(f"/audio/{post.id}").json()["id"] == post.id
            status, checks = world.ready()
            assert (status, checks["objects"], checks["database"]) == (503, False, True)
            assert httpx.get(f"{world.first.url}/health/live", trust_env=False).status_code == 200
        finally:
            world.servers.seaweed.start()
        until(lambda: world.ready()[0] == 200)
        assert anna.http.get(f"/audio/{post.id}/mp3").content[:3] == b"ID3"
        assert anna.post(AUDIO, title="after").title == "after"


def test_a_post_that_waits_for_the_store_is_made_when_it_is_back(world: World) -> None:
    """It waits longer than three attempts would have lasted: they are for faults of its own. Who asked waits, too."""
    with closing(person(world.first, "anna")) as anna, ThreadPoolExecutor() as pool:
        ask, key = arrived(anna, AUDIO), {"idempotency-key": secrets.token_hex(16)}
        anna.http.timeout = httpx.Timeout(2 * LIMIT_S)
        waited = world.log().count(" waits: ")
        world.servers.seaweed.kill()
        try:
            asked = pool.submit(lambda: anna.http.post("/audio/process", json=ask, headers=key))
            until(lambda: world.log().count(" waits: ") >= waited + 4)
        finally:
            world.servers.seaweed.start()
        answer = asked.result()
        assert (answer.status_code, answer.json()["title"]) == (201, "late")


def test_without_its_wire_a_relay_is_ready_and_presence_is_whole_again_with_it(world: World) -> None:
    with closing(person(world.first, "anna")) as anna, closing(person(world.second, "ben")) as ben:
        anna.follow(ben.username)
        with closing(anna.socket()) as listener, closing(ben.socket()) as device:
            world.servers.valkey.kill()
            try:
                device.send(events.Presence(status="producing", daw="Ardour", bpm=120.0))
                until(lambda: not world.ready()[1]["bus"])
                assert world.ready()[0] == 200
                assert anna.post(AUDIO, title="without a wire").title == "without a wire"
            finally:
                world.servers.valkey.start()
            while True:
                message = listener.next(LIMIT_S)
                seen = events.read_payload(message) if isinstance(message, events.Event) else None
                if isinstance(seen, events.PresenceUpdate):
                    break
            assert (seen.username, seen.status) == (ben.username, "producing")
            until(lambda: world.ready()[1]["bus"])
