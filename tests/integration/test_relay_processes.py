"""Several relay processes on one PostgreSQL, one S3 and one Valkey: what is done at one holds at all, and none harms another."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from relay.wire import events
from tests.support.claims import Claim, FormBrowser, type_code
from tests.support.editors import Editor, bearer, document_address
from tests.support.engines import ClusterServers, Engines
from tests.support.loops import short_flac
from tests.support.relay import (
    CALL_LIMIT_S,
    RelayClient,
    RelayProcess,
    RelaySocket,
    running_relay,
    start_relay,
)

AUDIO = short_flac(4800)
Kind = TypeVar("Kind")
pytestmark = pytest.mark.slow


_STATE = b'{"at": "4 drum-clap -"}'
HERE = b"\x01" + bytes((len(_STATE) + 4, 1, 5, 1, len(_STATE))) + _STATE
"""Of y-websocket: client 5 is at a step."""


@dataclass
class Cluster:
    """Processes of one relay, each with a data folder of its own."""

    folder: Path
    engines: Engines
    processes: list[RelayProcess] = field(default_factory=list)

    def start(self) -> RelayProcess:
        process = start_relay(self.folder / f"data-{len(self.processes)}", engines=self.engines)
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in self.processes:
            if process.process.poll() is None:
                process.stop()
            assert process.process.stdout is not None
            process.process.stdout.close()


@pytest.fixture(scope="module")
def cluster(servers: ClusterServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with servers.engines(folder) as engines:
        found = Cluster(folder, engines)
        try:
            found.start()
            found.start()
            yield found
        finally:
            found.stop()


@pytest.fixture
def people(cluster: Cluster) -> Iterator[Callable[[int, str], RelayClient]]:
    """Somebody signed in at the process of that number."""
    with ExitStack() as stack:

        def sign_in(number: int, name: str) -> RelayClient:
            client = RelayClient(cluster.processes[number].url)
            stack.callback(client.close)
            client.sign_in(f"{name}.{secrets.token_hex(4)}")
            return client

        yield sign_in


People = Callable[[int, str], RelayClient]


def at(client: RelayClient, process: RelayProcess) -> RelayClient:
    """The same device, calling another process."""
    other = RelayClient(process.url, client.key)
    assert client.pair is not None
    other.use(client.pair)
    return other


def next_payload(socket: RelaySocket, kind: type[Kind]) -> Kind:
    """Of the next event of this kind."""
    while True:
        message = socket.next()
        payload = events.read_payload(message) if isinstance(message, events.Event) else None
        if isinstance(payload, kind):
            return payload


# what is done at one process holds at the other -----------------------------------------------------------------------


def test_a_post_made_at_one_is_heard_at_the_other(cluster: Cluster, people: People) -> None:
    anna, ben = people(0, "anna"), people(1, "ben")
    anna.follow(ben.username)
    with closing(anna.socket()) as socket:
        posted = ben.post(AUDIO, title="over there")
        heard = next_payload(socket, events.FeedNewPost)
        assert heard.post.id == posted.id
        assert httpx.get(heard.post.audio_url, trust_env=False).status_code == 200
        assert anna.http.get(f"/audio/{posted.id}/mp3").content[:3] == b"ID3"


def test_presence_at_one_is_seen_at_the_other_live_and_by_who_comes_later(
    cluster: Cluster, people: People
) -> None:
    anna, ben = people(0, "anna"), people(1, "ben")
    with closing(anna.socket()) as early, closing(ben.socket()) as device:
        anna.follow(ben.username)  # of whom process 0 has never heard
        device.send(events.Presence(status="producing", daw="Ardour", bpm=120.0))
        seen = next_payload(early, events.PresenceUpdate)
        assert (seen.username, seen.status, seen.daw) == (ben.username, "producing", "Ardour")
        with closing(anna.socket()) as late:
            assert [(each.username, each.status) for each in events.read_presence(late.connected)] == [
                (ben.username, "producing")
            ]


async def test_who_edit_one_document_at_different_processes_have_the_same(
    cluster: Cluster, people: People
) -> None:
    """Also who is here is told from one to the other, and to who comes later."""
    anna = people(0, "anna")
    score = {"kind": "loop", "name": "Dusk", "bars": 1}
    made = anna.http.post("/creations", json={"score": score}).raise_for_status().json()["id"]
    there = at(anna, cluster.processes[1])
    first, second = Editor(anna, made), Editor(there, made)
    async with first.connected(), second.connected():
        first.score["bpm"] = 90
        await second.until(lambda tree: tree["bpm"] == 90)
        second.score["steps"]["0 drum-kick -"] = 0.5
        await first.until(lambda tree: tree["steps"] == {"0 drum-kick -": 0.5})
        assert first.connection is not None and second.connection is not None
        await second.connection.send(HERE)
        address = document_address(anna, made)
        async with (
            asyncio.timeout(CALL_LIMIT_S),
            connect_async(address, additional_headers=bearer(anna), proxy=None) as looking,
        ):
            while b"4 drum-clap" not in await looking.recv():
                pass
    deadline = time.monotonic() + CALL_LIMIT_S
    while (saved := anna.http.get(f"/creations/{made}").json())["version"] < 2:
        assert time.monotonic() < deadline
    assert (saved["score"]["bpm"], saved["score"]["steps"][0]["sound"]) == (90, "drum-kick")
    assert saved["version"] == 2, "both processes saw the last one go, and one of them saved"


def test_a_sign_in_ended_at_one_is_over_at_the_other(cluster: Cluster, people: People) -> None:
    anna = people(0, "anna")
    there = at(anna, cluster.processes[1])
    with closing(there.socket()) as socket, closing(there):
        assert anna.pair is not None
        anna.http.post(f"/auth/devices/{anna.pair.device_id}/revoke").raise_for_status()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == events.CLOSE_REVOKED
        assert there.http.get("/users/me").status_code == 401


def test_a_ticket_of_one_opens_a_socket_at_the_other_once(cluster: Cluster, people: People) -> None:
    anna = people(0, "anna")
    ticket = anna.http.post("/auth/ws-ticket").json()["ticket"]
    address = cluster.processes[1].url.replace("http", "ws", 1) + f"/api/v1/ws?ticket={ticket}"
    options = {"subprotocols": [events.SUBPROTOCOL_JSON], "proxy": None, "open_timeout": CALL_LIMIT_S}
    with connect(address, **options) as socket:
        assert json.loads(socket.recv(CALL_LIMIT_S))[1]["t"] == "hello"
    with pytest.raises(InvalidStatus):
        connect(address, **options)


def test_an_upload_begun_at_one_goes_on_at_the_other_and_becomes_one_post(
    cluster: Cluster, people: People
) -> None:
    anna = people(0, "anna")
    with closing(at(anna, cluster.processes[1])) as there:
        half = len(AUDIO) // 2
        begun = anna.tus("POST", "/uploads/", upload_length=str(len(AUDIO)))
        place = begun.headers["location"].partition("/api/")[2]
        anna.tus("PATCH", f"/api/{place}", AUDIO[:half], upload_offset="0").raise_for_status()
        there.tus("PATCH", f"/api/{place}", AUDIO[half:], upload_offset=str(half)).raise_for_status()
        body = {
            "upload_id": place.rpartition("/")[2],
            "meta": {"title": "halves", "sha256": sha256(AUDIO).hexdigest()},
        }
        key = {"idempotency-key": secrets.token_hex(16)}
        made = [each.http.post("/audio/process", json=body, headers=key) for each in (anna, there)]
        assert [each.status_code for each in made] == [201, 200]
        assert made[0].json()["id"] == made[1].json()["id"]


def test_what_is_spent_at_one_is_spent_at_the_other(cluster: Cluster, people: People) -> None:
    """Of reports, which come back more slowly than anybody makes them, even at a hundred times the limit as in development."""
    anna = people(0, "anna")
    nothing = {"kind": "post", "id": "0" * 32, "reason": "spam", "text": ""}
    with closing(at(anna, cluster.processes[1])) as there:
        for here in count(1):  # until the wire between them is there, or nothing is left
            assert anna.http.post("/reports", json=nothing).status_code == 404
            answer = there.http.post("/reports", json=nothing)
            assert answer.status_code == 404
            spent = int(answer.headers["ratelimit-limit"]) - int(answer.headers["ratelimit-remaining"])
            if spent > here + 5:
                return


def test_a_device_begins_at_one_is_let_in_at_the_other_and_gets_its_tokens(cluster: Cluster) -> None:
    """The browser, too: signed in at one process, it is known at the other."""
    here, there = (each.url for each in cluster.processes[:2])
    name = f"carla.{secrets.token_hex(4)}"
    with closing(RelayClient(here)) as device, FormBrowser(here) as browser, FormBrowser(there) as elsewhere:
        claim = Claim(device)
        grant = claim.begin()
        browser.sign_in(name)
        elsewhere.http.cookies.update(browser.http.cookies)
        elsewhere.press(type_code(elsewhere, grant.user_code))
        time.sleep(grant.interval + 0.1)  # a device may not ask sooner, and is told to slow down if it does
        answer = claim.poll(grant.device_code)
        assert answer.status_code == 200, answer.text
        assert answer.json()["user"]["username"] == name


def test_wrong_codes_at_one_count_at_the_other(cluster: Cluster) -> None:
    here, there = (each.url for each in cluster.processes[:2])
    with closing(RelayClient(here)) as device, FormBrowser(here) as browser, FormBrowser(there) as elsewhere:
        grant = Claim(device).begin()
        browser.sign_in(f"guesser.{secrets.token_hex(4)}")
        elsewhere.http.cookies.update(browser.http.cookies)
        both = (browser, elsewhere)
        for number in range(5):
            assert "data-trouble" in type_code(both[number % 2], "BBBB-BBBB").text
        for each in both:
            assert type_code(each, grant.user_code).status_code == 429


# none harms another ---------------------------------------------------------------------------------------------------


def test_a_process_with_another_signing_key_does_not_start_and_says_why(cluster: Cluster) -> None:
    other = {
        **cluster.engines.environment,
        "SIDECHAIN_RELAY_SIGNING_KEY_FILE": str(cluster.folder / "other.pem"),
    }
    with pytest.raises(RuntimeError, match=r"its database says that .* signs"):
        start_relay(cluster.folder / "stranger", engines=Engines(other))


def test_processes_may_share_a_folder_and_tidy_up_only_after_the_dead(
    servers: ClusterServers, tmp_path: Path
) -> None:
    with servers.engines(tmp_path) as engines, ExitStack() as stack:
        first, second = (
            stack.enter_context(running_relay(tmp_path / "data", engines=engines)) for _ in range(2)
        )
        scratch = tmp_path / "data" / "scratch"
        assert len(list(scratch.iterdir())) == 2
        first.kill()
        (next(iter(scratch.iterdir())) / "left").write_bytes(b"half")
        third = stack.enter_context(running_relay(tmp_path / "data", engines=engines))
        assert len(list(scratch.iterdir())) == 2
        for each in (second, third):
            with closing(RelayClient(each.url)) as client:
                client.sign_in(f"anna.{secrets.token_hex(4)}")
                client.post(AUDIO)


def test_a_post_whose_process_is_killed_is_made_by_another_once(cluster: Cluster, people: People) -> None:
    """While it is being made: its lease ends, the job is taken again, and who asks again joins."""
    victim = cluster.start()
    anna, key = people(len(cluster.processes) - 1, "anna"), secrets.token_hex(16)
    with closing(at(anna, cluster.processes[0])) as there, ThreadPoolExecutor() as pool:
        asked = pool.submit(lambda: anna.upload(AUDIO, entry_id=key))
        until = time.monotonic() + CALL_LIMIT_S
        while not list(cluster.folder.glob("data-*/scratch/work-*/*")):
            assert time.monotonic() < until and not asked.done()
        victim.kill()
        with suppress(httpx.HTTPError):
            asked.result()
        there.http.timeout = httpx.Timeout(100)
        made = [there.upload(AUDIO, entry_id=key) for _ in range(2)]
        assert {each.status_code for each in made} <= {200, 201}, made[0].text
        assert made[0].json()["id"] == made[1].json()["id"]
