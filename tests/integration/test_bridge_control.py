"""The control socket and its two clients with real ZeroMQ."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import zmq
import zmq.asyncio

from bridge import control_endpoint, endpoint
from bridge.async_client import AsyncControlClient
from bridge.client import ControlClient
from bridge.control import (
    DeleteTake,
    Done,
    Failed,
    GetFeed,
    GetStatus,
    InstanceList,
    ListInstances,
    ListTakes,
    Progress,
    Reply,
    Request,
    ShowTake,
    StateChanged,
    Subscribe,
    TakeInfo,
    TakeList,
    ToClient,
)
from bridge.control_endpoint import ControlEndpoint
from bridge.endpoint import BURST
from bridge.errors import DaemonNotRunning, DaemonSilent, RequestFailed
from bridge.paths import CONTROL_SOCKET, prepare_run_dir
from plugin_protocol.codec import CONTROL_LIMITS, decode, encode
from tests.support.deadlines import HANG_S

TAKE = TakeInfo(
    take_id="t",
    title="é" * 120,
    created_us=1,
    frames=2,
    sample_rate_hz=48_000.0,
    channels=2,
    bars=8,
    bpm=128.0,
    meter="4/4",
    note="x" * 512,
    state="ready",
)
LAST_WORDS_ROUNDS = 40


class Daemon:
    """Answers; `gate` holds ListTakes up."""

    def __init__(self, run_dir: Path) -> None:
        self.gate = asyncio.Event()
        self.under_way = 0
        self.news = asyncio.Condition()
        self.endpoint = ControlEndpoint(run_dir / CONTROL_SOCKET, self.handle)

    async def handle(self, request: Request) -> Reply:
        match request:
            case ListInstances():
                return InstanceList(instances=[])
            case ListTakes():
                async with self.news:
                    self.under_way += 1
                    self.news.notify_all()
                await self.gate.wait()
                return TakeList(takes=[TAKE] * request.limit)
            case ShowTake():
                return Failed(code="not_found", message="There is no such take.", next_step="List them.")
            case DeleteTake():
                return InstanceList(instances=[])  # a bug: not its reply
            case GetFeed():
                raise RuntimeError("planned")
        raise AssertionError(request)

    async def has(self, under_way: int) -> None:
        async with asyncio.timeout(HANG_S), self.news:
            await self.news.wait_for(lambda: self.under_way >= under_way)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return prepare_run_dir(tmp_path / "run")


@pytest.fixture
async def daemon(run_dir: Path) -> AsyncIterator[Daemon]:
    serving = Daemon(run_dir)
    await serving.endpoint.start()
    yield serving
    serving.gate.set()
    await serving.endpoint.stop()


@pytest.fixture
async def client(run_dir: Path, daemon: Daemon) -> AsyncIterator[AsyncControlClient]:
    async with AsyncControlClient(run_dir) as connected:
        yield connected


async def test_each_request_gets_its_own_reply_also_out_of_order(
    daemon: Daemon, client: AsyncControlClient
) -> None:
    slow = asyncio.create_task(client.request(ListTakes(limit=3)))
    await daemon.has(1)
    assert isinstance(await client.request(ListInstances()), InstanceList)
    daemon.gate.set()
    reply = await slow
    assert isinstance(reply, TakeList) and len(reply.takes) == 3


async def test_a_reply_far_beyond_64_kib_arrives(daemon: Daemon, client: AsyncControlClient) -> None:
    daemon.gate.set()
    reply = await client.request(ListTakes(limit=500))
    assert isinstance(reply, TakeList) and reply.takes == [TAKE] * 500


async def test_failures_carry_code_sentence_and_next_step(daemon: Daemon, client: AsyncControlClient) -> None:
    with pytest.raises(RequestFailed) as failed:
        await client.request(ShowTake(take_id="x"))
    assert (failed.value.code, str(failed.value)) == ("not_found", "There is no such take. List them.")
    for broken in (GetFeed(), DeleteTake(take_id="x")):
        with pytest.raises(RequestFailed) as failed:
            await client.request(broken)
        assert failed.value.code == "internal"
    assert isinstance(await client.request(ListInstances()), InstanceList)


async def test_events_arrive_in_order_after_subscribe_and_only_then(
    daemon: Daemon, client: AsyncControlClient
) -> None:
    daemon.endpoint.publish(StateChanged())
    assert isinstance(await client.request(Subscribe()), Done)
    sent = [Progress(take_id="t", stage="encode", fraction=n / 100) for n in range(100)]
    for event in sent:
        daemon.endpoint.publish(event)
    events = client.events()
    async with asyncio.timeout(HANG_S):
        assert [await anext(events) for _ in sent] == sent


async def test_events_and_requests_end_when_the_daemon_goes(
    daemon: Daemon, client: AsyncControlClient
) -> None:
    await client.request(Subscribe())
    events = client.events()
    waiting = [asyncio.create_task(client.request(ListTakes())), asyncio.create_task(anext(events))]
    await daemon.has(1)
    await daemon.endpoint.stop(grace_s=0.0)
    for task in waiting:
        with pytest.raises(DaemonNotRunning):
            await task
    with pytest.raises(DaemonNotRunning):
        await client.request(ListInstances())


async def test_what_a_daemon_says_last_is_heard(tmp_path: Path) -> None:
    """It answers and ends at once, as after `sidechain down`; seen from another loop, so that they race."""

    async def answer_once(run_dir: Path, ready: threading.Event) -> None:
        asked = asyncio.Event()

        async def handle(request: Request) -> Reply:
            asked.set()
            return InstanceList(instances=[])

        endpoint = ControlEndpoint(run_dir / CONTROL_SOCKET, handle)
        await endpoint.start()
        ready.set()
        await asked.wait()
        await endpoint.stop()

    for number in range(LAST_WORDS_ROUNDS):
        run_dir, ready = prepare_run_dir(tmp_path / str(number)), threading.Event()
        serving = asyncio.create_task(
            asyncio.to_thread(lambda path, event: asyncio.run(answer_once(path, event)), run_dir, ready)
        )
        await asyncio.to_thread(ready.wait)
        async with AsyncControlClient(run_dir) as client:
            assert isinstance(await client.request(ListInstances()), InstanceList)
        await serving


async def test_nobody_there_and_nobody_answering_are_told_apart(run_dir: Path, daemon: Daemon) -> None:
    async with AsyncControlClient(run_dir) as client:
        with pytest.raises(DaemonSilent, match=r"ListTakes within 0\.2 s"):
            await client.request(ListTakes(), timeout_s=0.2)
    await daemon.endpoint.stop(grace_s=0.0)
    async with AsyncControlClient(run_dir) as client:
        with pytest.raises(DaemonNotRunning, match="sidechain up"):
            await client.request(ListTakes())


async def test_the_waiting_client_gets_replies_failures_and_silence(run_dir: Path, daemon: Daemon) -> None:
    def ask() -> list[object]:
        with ControlClient(run_dir) as client:
            first = client.request(ListInstances())
            with pytest.raises(RequestFailed, match="no such take"):
                client.request(ShowTake(take_id="x"))
            with pytest.raises(DaemonSilent):
                client.request(ListTakes(), timeout_s=0.2)
            return [first, client.request(ListInstances())]

    replies = await asyncio.to_thread(ask)
    assert all(isinstance(reply, InstanceList) for reply in replies)


def test_the_waiting_client_notices_at_once_that_nobody_listens(run_dir: Path) -> None:
    started = time.monotonic()
    with ControlClient(run_dir) as client, pytest.raises(DaemonNotRunning):
        client.request(GetStatus(), timeout_s=HANG_S)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(os.fspath(run_dir / CONTROL_SOCKET))
    stale.close()  # what a killed daemon leaves: a path that nobody listens on
    with ControlClient(run_dir) as client, pytest.raises(DaemonNotRunning):
        client.request(GetStatus(), timeout_s=HANG_S)
    assert time.monotonic() - started < HANG_S / 2


def test_the_waiting_client_does_not_wait_for_a_daemon_that_was_killed(run_dir: Path) -> None:
    code = (
        "import sys, zmq\n"
        "socket = zmq.Context().socket(zmq.ROUTER); socket.bind('ipc://' + sys.argv[1]); print(flush=True)\n"
        "socket.recv_multipart(); print(flush=True)\n"
        "socket.recv_multipart()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(run_dir / CONTROL_SOCKET)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    import threading

    def kill_when_asked() -> None:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_when_asked)
    killer.start()
    started = time.monotonic()
    with ControlClient(run_dir) as client, pytest.raises(DaemonNotRunning):
        client.request(GetStatus(), timeout_s=HANG_S)
    assert time.monotonic() - started < HANG_S / 2
    killer.join()
    process.wait()
    process.stdout.close()


async def raw(run_dir: Path) -> "zmq.asyncio.Socket":
    connection = zmq.asyncio.Context.instance().socket(zmq.DEALER)
    connection.set(zmq.LINGER, 0)
    connection.connect(f"ipc://{run_dir / CONTROL_SOCKET}")
    return connection


async def hear(connection: "zmq.asyncio.Socket") -> msgspec.Struct:
    async with asyncio.timeout(HANG_S):
        return decode(await connection.recv(), ToClient, CONTROL_LIMITS)


async def test_rubbish_is_answered_counted_and_ends_the_subscription(
    run_dir: Path, daemon: Daemon, client: AsyncControlClient
) -> None:
    bad = await raw(run_dir)
    await bad.send(encode(Subscribe(id=1)))
    assert await hear(bad) == Done(id=1)
    await bad.send(b"rubbish")
    failed = await hear(bad)
    assert isinstance(failed, Failed) and (failed.id, failed.code) == (0, "bad_message")
    daemon.endpoint.publish(StateChanged())
    await bad.send(encode(ListInstances(id=2)))
    assert await hear(bad) == InstanceList(id=2, instances=[])  # and no event before it
    bad.close()
    assert daemon.endpoint.counts["bad_message"] == 1
    assert isinstance(await client.request(ListInstances()), InstanceList)


async def test_requests_under_way_and_per_second_are_capped_with_a_code(
    run_dir: Path, daemon: Daemon, client: AsyncControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MESSAGES_PER_S", 0)  # a slow machine must not earn as fast as it asks
    asked = [asyncio.create_task(client.request(ListTakes())) for _ in range(control_endpoint.MAX_UNDER_WAY)]
    await daemon.has(control_endpoint.MAX_UNDER_WAY)
    with pytest.raises(RequestFailed) as failed:
        await client.request(ListTakes())
    assert failed.value.code == "busy"
    daemon.gate.set()
    await asyncio.gather(*asked)
    answers = await asyncio.gather(
        *(client.request(ListInstances()) for _ in range(BURST)), return_exceptions=True
    )
    assert any(isinstance(answer, RequestFailed) and answer.code == "rate" for answer in answers)


async def test_a_subscriber_that_does_not_read_is_dropped_and_the_others_get_everything(
    run_dir: Path, daemon: Daemon
) -> None:
    stuck = await raw(run_dir)
    stuck.set(zmq.RCVHWM, 1)
    await stuck.send(encode(Subscribe(id=1)))
    assert await hear(stuck) == Done(id=1)
    event = Progress(take_id="t" * 64, stage="é" * 64, fraction=0.5)
    async with AsyncControlClient(run_dir) as reading:
        await reading.request(Subscribe())
        events = reading.events()
        async with asyncio.timeout(HANG_S):
            while daemon.endpoint.counts["slow"] == 0:
                for _ in range(50):
                    daemon.endpoint.publish(event)
                for _ in range(50):
                    assert await anext(events) == event
    stuck.close()


async def test_more_clients_than_the_cap_are_served_in_turn(
    run_dir: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_endpoint, "MAX_CLIENTS", 4)
    for _ in range(12):
        async with AsyncControlClient(run_dir) as one:
            assert isinstance(await one.request(ListInstances()), InstanceList)
