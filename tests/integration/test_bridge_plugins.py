"""The plugin socket with real ZeroMQ: order, isolation, caps, liveness, and peers that misbehave."""

import asyncio
import os
import select
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from bridge import plugin_endpoint
from bridge.endpoint import BURST, monotonic_us
from bridge.paths import PLUGIN_SOCKET, prepare_run_dir
from bridge.plugin_endpoint import FromPeer, Peer, PluginEndpoint
from plugin_protocol import session
from plugin_protocol.codec import encode
from plugin_protocol.message_base import SILENCE_LIMIT_US
from plugin_protocol.messages import (
    Alive,
    FromDaemon,
    Goodbye,
    Heartbeat,
    Keep,
    KeepFailed,
    Kept,
    Notice,
    Refused,
    RingAttached,
    RingOpened,
    Welcome,
)
from plugin_protocol.session import PeerLost
from tests.support.deadlines import HANG_S
from tests.support.pair import hello
from tests.support.plugin_peer import PluginPeer

BEAT = Heartbeat(process_count=1, playing=True)
OPENED = RingOpened(
    segment="sdc.0123456789ab.00000001",
    generation=1,
    sample_rate_hz=48_000.0,
    channels=2,
    capacity_frames=1 << 21,
)


def keep(number: int) -> Keep:
    return Keep(id=number, generation=1, at_frame=0, bars=8)


class Daemon:
    """A handler that writes down what it hears, and keeps what it is told to; `gate` holds Keeps up."""

    def __init__(self, path: Path) -> None:
        self.heard: list[tuple[Peer, FromPeer]] = []
        self.news = asyncio.Condition()
        self.gate = asyncio.Event()
        self.gate.set()
        self.kept = 0
        self.at_once: Alive | None = None  # what is said to a sign of life without the handler
        self.endpoint = PluginEndpoint(
            path,
            daemon_version="0.2.0",
            daemon_path="/opt/daemon",
            handle=self.handle,
            beat=lambda peer, message: self.at_once,
        )

    async def handle(self, peer: Peer, message: FromPeer) -> FromDaemon | None:
        async with self.news:
            self.heard.append((peer, message))
            self.news.notify_all()
        match message:
            case Heartbeat():
                return Alive(relay_state="online")
            case RingOpened():
                return RingAttached(generation=message.generation)
            case Keep(title="fail"):
                raise RuntimeError("planned")
            case Keep(title="confuse"):
                return Alive(relay_state="off")
            case Keep():
                await self.gate.wait()
                self.kept += 1
                return Kept(id=0, take_id=f"take {self.kept}", frames=1, bars=8, anchored=True)
        return None

    async def hears(self, kind: type, times: int = 1) -> list[tuple[Peer, FromPeer]]:
        """Wait until `times` messages of `kind` were handled."""

        def found() -> list[tuple[Peer, FromPeer]]:
            return [(peer, message) for peer, message in self.heard if isinstance(message, kind)]

        async with asyncio.timeout(HANG_S), self.news:
            await self.news.wait_for(lambda: len(found()) >= times)
        return found()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return prepare_run_dir(tmp_path / "run") / PLUGIN_SOCKET


@pytest.fixture
async def daemon(path: Path) -> AsyncIterator[Daemon]:
    serving = Daemon(path)
    await serving.endpoint.start()
    yield serving
    serving.gate.set()
    await serving.endpoint.stop()


@pytest.fixture
async def connect(path: Path, daemon: Daemon) -> AsyncIterator[Callable[[], Awaitable[PluginPeer]]]:
    peers: list[PluginPeer] = []

    async def one() -> PluginPeer:
        peers.append(PluginPeer(path))
        return peers[-1]

    yield one
    for peer in peers:
        await peer.close()


Connect = Callable[[], Awaitable[PluginPeer]]


async def test_a_session_from_hello_to_goodbye(daemon: Daemon, connect: Connect) -> None:
    plugin = await connect()
    welcome = await plugin.ask(hello())
    assert welcome == Welcome(proto=1, daemon_version="0.2.0", daemon_path="/opt/daemon")
    assert await plugin.ask(OPENED) == RingAttached(generation=1)
    assert await plugin.ask(BEAT) == Alive(relay_state="online")
    assert await plugin.ask(keep(7)) == Kept(id=7, take_id="take 1", frames=1, bars=8, anchored=True)
    [peer] = daemon.endpoint.peers()
    assert (peer.hello, peer.pid, peer.uid) == (hello(), os.getpid(), os.getuid())
    assert await daemon.endpoint.send(peer, Notice(kind="posted", message="out"))
    assert await plugin.hear() == Notice(kind="posted", message="out")
    await plugin.say(Goodbye())
    await plugin.close()  # at once: the message must count although its connection is gone
    await daemon.hears(Goodbye)
    assert daemon.endpoint.peers() == []
    assert not await daemon.endpoint.send(peer, Notice(kind="posted", message="too late"))


async def test_a_sign_of_life_is_answered_at_once_but_never_before_what_was_said_earlier(
    daemon: Daemon, connect: Connect
) -> None:
    daemon.at_once = Alive(relay_state="at once")
    plugin = await connect()
    await plugin.greet()
    assert await plugin.ask(BEAT) == daemon.at_once
    assert not [message for _, message in daemon.heard if isinstance(message, Heartbeat)]
    daemon.gate.clear()
    await plugin.say(keep(1))
    await daemon.hears(Keep)
    await plugin.say(BEAT)
    daemon.gate.set()
    assert [type(await plugin.hear()) for _ in range(2)] == [Kept, Alive]


async def test_whoever_did_not_greet_is_asked_to(daemon: Daemon, connect: Connect) -> None:
    plugin = await connect()
    for message in (BEAT, OPENED, keep(1)):
        refused = await plugin.ask(message)
        assert isinstance(refused, Refused) and refused.code == "state"
    await plugin.greet()
    assert daemon.heard == []


async def test_a_version_that_does_not_fit_is_refused_and_the_next_hello_is_judged_anew(
    daemon: Daemon, connect: Connect
) -> None:
    plugin = await connect()
    refused = await plugin.ask(hello(proto_min=2, proto_max=9))
    assert isinstance(refused, Refused) and (refused.code, refused.update_path) == ("version", "/opt/daemon")
    await plugin.greet()


async def test_a_slow_keep_holds_up_its_own_instance_only_and_order_is_kept(
    daemon: Daemon, connect: Connect
) -> None:
    slow, other = await connect(), await connect()
    await slow.greet(b"s" * 16)
    await other.greet(b"o" * 16)
    daemon.gate.clear()
    for message in (keep(1), BEAT, keep(2)):
        await slow.say(message)
    await daemon.hears(Keep)
    assert await other.ask(BEAT) == Alive(relay_state="online")
    daemon.gate.set()
    replies = [await slow.hear() for _ in range(3)]
    assert [type(reply) for reply in replies] == [Kept, Alive, Kept]
    assert [reply.id for reply in replies if isinstance(reply, Kept)] == [1, 2]


async def test_a_repeated_keep_gets_the_same_outcome_also_over_a_new_connection(
    daemon: Daemon, connect: Connect
) -> None:
    first, second = await connect(), await connect()
    await first.greet()
    outcome = await first.ask(keep(5))
    assert await first.ask(keep(5)) == outcome
    await second.greet()
    assert await second.ask(keep(5)) == outcome
    assert daemon.kept == 1
    assert not any(isinstance(message, PeerLost) for _, message in daemon.heard)
    assert isinstance(await second.ask(keep(6)), Kept)
    assert daemon.kept == 2


async def test_a_handler_that_fails_or_answers_wrongly_costs_one_answer(
    daemon: Daemon, connect: Connect
) -> None:
    plugin = await connect()
    await plugin.greet()
    for number, title in ((1, "fail"), (2, "confuse")):
        failed = await plugin.ask(Keep(id=number, generation=1, at_frame=0, bars=1, title=title))
        assert isinstance(failed, KeepFailed) and (failed.id, failed.code) == (number, "internal")
    assert isinstance(await plugin.ask(BEAT), Alive)


@pytest.mark.parametrize("rubbish", [b"", b"\xc1", b"\x80" * 60_000, encode(Alive(relay_state="off"))])
async def test_a_peer_that_sends_rubbish_is_dropped_counted_and_nobody_else_notices(
    daemon: Daemon, connect: Connect, rubbish: bytes
) -> None:
    bad, good = await connect(), await connect()
    await bad.greet(b"b" * 16)
    await good.greet(b"g" * 16)
    await bad.say_bytes(rubbish)
    refused = await bad.hear()
    assert isinstance(refused, Refused) and refused.code == "bad_message"
    [(peer, _)] = await daemon.hears(PeerLost)
    assert peer.instance == b"b" * 16
    assert daemon.endpoint.counts["bad_message"] == 1
    assert isinstance(await good.ask(BEAT), Alive)
    await bad.greet(b"b" * 16)


async def test_messages_of_many_parts_or_too_many_bytes_never_reach_the_decoder(
    daemon: Daemon, connect: Connect
) -> None:
    plugin, huge = await connect(), await connect()
    await plugin.greet()
    await plugin.say_bytes(b"\x80", b"\x80")
    await huge.say_bytes(b"x" * 70_000)  # this connection is ended at the frame's header
    assert isinstance(await plugin.ask(BEAT), Alive)
    assert daemon.endpoint.counts["parts"] == 1
    assert daemon.endpoint.counts["bad_message"] == 0


async def test_a_flood_is_cut_to_the_rate_and_told_once(daemon: Daemon, connect: Connect) -> None:
    flood, good = await connect(), await connect()
    await flood.greet(b"f" * 16)
    await good.greet(b"g" * 16)
    for _ in range(5 * BURST):
        await flood.say(BEAT)
    assert isinstance(await good.ask(BEAT), Alive)
    notices = 0
    async with asyncio.timeout(HANG_S):
        while daemon.endpoint.counts["rate"] + len(await daemon.hears(Heartbeat)) < 5 * BURST + 1 - 64:
            await good.ask(BEAT)
    while notices == 0:
        notices += isinstance(await flood.hear(), Notice)
    assert daemon.endpoint.counts["rate"] > 0


async def test_caps_on_instances_have_a_code(
    daemon: Daemon, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_endpoint, "MAX_INSTANCES_PER_PROCESS", 3)
    for number in range(3):
        await (await connect()).greet(bytes([number]) * 16)
    fourth = await connect()
    refused = await fourth.ask(hello(instance=b"4" * 16))
    assert isinstance(refused, Refused) and refused.code == "too_many"
    monkeypatch.setattr(plugin_endpoint, "MAX_INSTANCES_PER_PROCESS", 256)
    monkeypatch.setattr(plugin_endpoint, "MAX_INSTANCES", 3)
    refused = await fourth.ask(hello(instance=b"4" * 16))
    assert isinstance(refused, Refused) and refused.code == "too_many"
    assert daemon.endpoint.counts["too_many"] == 2
    # Who is there already may greet again.
    await (await connect()).greet(bytes([0]) * 16)


def test_the_caps_are_the_promised_ones() -> None:
    assert (plugin_endpoint.MAX_INSTANCES, plugin_endpoint.MAX_INSTANCES_PER_PROCESS) == (1_024, 256)


async def test_a_peer_that_falls_silent_is_lost_and_one_that_beats_is_not(
    connect: Connect, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (session, plugin_endpoint):
        monkeypatch.setattr(module, "SILENCE_LIMIT_US", 800_000)  # 5 s promised; the rule is the same
    monkeypatch.setattr(plugin_endpoint, "TICK_US", 50_000)
    silent, beating = await connect(), await connect()
    await silent.greet(b"s" * 16)
    await beating.greet(b"b" * 16)

    async def beat() -> None:
        while True:
            await beating.ask(BEAT)
            await asyncio.sleep(0.05)

    beats = asyncio.create_task(beat())
    lost = await daemon.hears(PeerLost)
    beats.cancel()
    assert [peer.instance for peer, _ in lost] == [b"s" * 16]
    assert [peer.instance for peer in daemon.endpoint.peers()] == [b"b" * 16]


async def test_a_peer_whose_connection_is_gone_is_lost_at_the_next_word_to_it(
    daemon: Daemon, connect: Connect
) -> None:
    plugin = await connect()
    await plugin.greet()
    [peer] = daemon.endpoint.peers()
    await plugin.close()
    for _ in range(10_000):  # until it was noticed
        if not await daemon.endpoint.send(peer, Notice(kind="item", message="hello?")):
            break
        await asyncio.sleep(0)
    await daemon.hears(PeerLost)


async def test_stop_lets_a_running_keep_answer(path: Path) -> None:
    serving = Daemon(path)
    await serving.endpoint.start()
    async with PluginPeer(path) as plugin:
        await plugin.greet()
        serving.gate.clear()
        await plugin.say(keep(1))
        await serving.hears(Keep)
        stopping = asyncio.create_task(serving.endpoint.stop())
        await asyncio.sleep(0)
        serving.gate.set()
        await stopping
        assert serving.kept == 1
    assert PLUGIN_SOCKET not in os.listdir(path.parent)


def test_silence_limit_is_the_promised_one() -> None:
    assert SILENCE_LIMIT_US == 5_000_000


async def test_another_process_may_not_speak_for_an_instance(daemon: Daemon, connect: Connect) -> None:
    plugin = await connect()
    await plugin.greet()
    [desk] = daemon.endpoint._desks.values()
    desk.peer = msgspec.structs.replace(desk.peer, pid=desk.peer.pid + 1)
    refused = await (await connect()).ask(hello())
    assert isinstance(refused, Refused) and refused.code == "taken"


async def test_a_process_that_never_stops_sending_does_not_starve_the_others(
    daemon: Daemon, connect: Connect, path: Path
) -> None:
    code = (
        "import sys, zmq\n"
        "socket = zmq.Context().socket(zmq.DEALER); socket.connect('ipc://' + sys.argv[1])\n"
        "while True: socket.send(b'rubbish')\n"
    )
    flood = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(path))
    try:
        good = await connect()
        await good.greet()
        async with asyncio.timeout(HANG_S):
            while daemon.endpoint.counts["rate"] < 10_000:
                assert isinstance(await good.ask(BEAT), Alive)
                await asyncio.sleep(0.01)
    finally:
        flood.kill()
        await flood.wait()
    assert len(daemon.endpoint.peers()) == 1


async def test_a_loop_that_was_held_up_reads_what_waits_before_it_calls_anybody_silent(
    daemon: Daemon, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, ahead_us = daemon.endpoint, 0
    monkeypatch.setattr(plugin_endpoint, "TICK_US", 50_000)
    await asyncio.sleep(0.6)  # the tick under way is still one of 0.5 s
    monkeypatch.setattr(endpoint, "_now_us", lambda: monotonic_us() + ahead_us)
    plugins = [await connect() for _ in range(60)]
    for number, plugin in enumerate(plugins):
        await plugin.greet(bytes([number]) * 16)
    ahead_us = SILENCE_LIMIT_US * 4 // 10  # all are quiet for a while, which is nobody's fault
    await asyncio.sleep(0.3)
    for plugin in plugins:
        await plugin.say(BEAT)
    connections = [each.transport for each in endpoint._router._connections.values()]
    sockets = [transport.get_extra_info("socket") for transport in connections if transport is not None]
    assert len(sockets) == len(plugins)
    while len(select.select(sockets, [], [], HANG_S)[0]) < len(sockets):
        pass  # nothing of ours runs, though the beats arrive
    time.sleep(0.1)  # noqa: ASYNC251 - a tick is due when it goes on
    ahead_us = (
        SILENCE_LIMIT_US * 11 // 10
    )  # and the loop stands for less than the limit, but they were quiet for more
    for plugin in plugins:
        assert isinstance(await plugin.hear(), Alive)
    assert [type(message) for _, message in daemon.heard] == [Heartbeat] * len(plugins)
