"""The C client's worker against the bridge's plugin endpoint: sessions, keeps, losses, versions."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.paths import PLUGIN_SOCKET, prepare_run_dir
from bridge.plugin_endpoint import FromPeer, Peer, PluginEndpoint
from bridge.shm import RingFile
from plugin_protocol.layout import HEADER_BYTES, RingState
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
    RingClosed,
    RingOpened,
)
from tests.support.deadlines import HANG_S
from tests.support.native import play_path


class FakeDaemon:
    """An endpoint whose handler answers as a daemon would, and notes what was said."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.said: list[FromPeer] = []
        self.peers: list[Peer] = []
        self.rings: dict[int, RingFile] = {}
        self.silent_keeps = 0  # so many are not answered
        self.refused_rings = 0  # so many are not attached
        self._changed = asyncio.Condition()
        self._endpoint: PluginEndpoint | None = None

    async def start(self) -> None:
        self._endpoint = PluginEndpoint(
            self.run_dir / PLUGIN_SOCKET, daemon_version="9.9", daemon_path="/opt/daemon", handle=self._handle
        )
        await self._endpoint.start()

    async def stop(self) -> None:
        if self._endpoint is not None:
            await self._endpoint.stop()
            self._endpoint = None

    async def tell(self, message: FromDaemon) -> None:
        assert self._endpoint is not None
        assert await self._endpoint.send(self.peers[-1], message)

    async def wait_for(self, done: Callable[[], bool]) -> None:
        """Until `done()`; looked at after each message of a plugin."""
        async with asyncio.timeout(HANG_S), self._changed:
            await self._changed.wait_for(done)

    async def _handle(self, peer: Peer, said: FromPeer) -> FromDaemon | None:
        async with self._changed:
            self.said.append(said)
            self.peers.append(peer)
            self._changed.notify_all()
        match said:
            case RingOpened() if self.refused_rings:
                self.refused_rings -= 1
                return Refused(code="layout", message="No.", have="", need="", update_path="")
            case RingOpened(segment=segment, generation=generation):
                self.rings[generation] = RingFile.open(self.run_dir, segment)
                return RingAttached(generation=generation)
            case Heartbeat():
                return Alive(relay_state="online", account="ada", friends_producing=2)
            case Keep(id=number, at_frame=at_frame, bars=bars):
                if self.silent_keeps:
                    self.silent_keeps -= 1
                    return await asyncio.Event().wait() and None
                if bars is None:
                    return KeepFailed(id=number, code="silence", message='Only "silence" was heard.')
                return Kept(id=number, take_id="01J", frames=at_frame, bars=bars, anchored=True, note="ä")
            case _:
                return None

    def of(self, kind: type) -> list[Any]:
        return [said for said in self.said if isinstance(said, kind)]


class Player:
    """One sidechain-play with --json --stdin."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen: list[dict[str, Any]] = []

    async def event(self, name: str) -> dict[str, Any]:
        """The next event of that name; others are passed over."""
        assert self._process.stdout is not None
        async with asyncio.timeout(HANG_S):
            while line := await self._process.stdout.readline():
                event: dict[str, Any] = json.loads(line)
                self.seen.append(event)
                if event["event"] == name:
                    return event
        raise AssertionError(f"{name} never came: {self.seen}")

    async def command(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def end(self) -> int:
        """Close its input and wait for it; its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(HANG_S):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode


@asynccontextmanager
async def playing(run_dir: Path, *options: str) -> AsyncIterator[Player]:
    wav = run_dir.parent / "a.wav"
    soundfile.write(wav, np.linspace(-0.5, 0.5, 96_000).reshape(48_000, 2), 48_000, subtype="FLOAT")
    process = await asyncio.create_subprocess_exec(
        play_path(),
        "--json",
        "--stdin",
        "--hold",
        "--run-dir",
        str(run_dir),
        "--speed",
        "0",
        *options,
        str(wav),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Player(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[FakeDaemon]:
    daemon = FakeDaemon(prepare_run_dir(tmp_path / "run"))
    yield daemon
    await daemon.stop()
    for ring in daemon.rings.values():
        ring.close()


async def test_a_session_from_hello_to_goodbye(daemon: FakeDaemon) -> None:
    await daemon.start()
    async with playing(daemon.run_dir, "--host-name", "Höst", "--wait-attached", "10") as player:
        ready = await player.event("ready")
        assert (await player.event("connected"))["daemon_version"] == "9.9"
        assert (await player.event("attached"))["generation"] == ready["generation"]
        await player.event("played")
        await daemon.wait_for(lambda: len(daemon.of(Heartbeat)) >= 2)
        await daemon.tell(Notice(kind="posted", message="On the feed."))
        assert (await player.event("notice"))["message"] == "On the feed."
        assert await player.end() == 0
        await daemon.wait_for(lambda: bool(daemon.of(Goodbye)))
    hello = daemon.peers[0].hello
    assert (hello.host_name, hello.header_bytes, hello.instance.hex()) == (
        "Höst",
        HEADER_BYTES,
        ready["instance"],
    )
    assert {
        "event": "link",
        "index": 0,
        "relay_state": "online",
        "account": "ada",
        "friends_producing": 2,
    } in player.seen
    assert daemon.rings[ready["generation"]].state() is RingState.RETIRED
    assert not list(daemon.run_dir.glob("sdc.*"))


async def test_keeps_are_answered_by_their_number(daemon: FakeDaemon) -> None:
    await daemon.start()
    async with playing(daemon.run_dir, "--wait-attached", "10") as player:
        await player.event("played")
        await player.command("keep bars 8 post a title")
        kept = await player.event("kept")
        await player.command("keep seconds 2.5")
        failed = await player.event("keep_failed")
        assert await player.end() == 0
    first, second = daemon.of(Keep)
    assert (first.bars, first.seconds, first.post, first.title) == (8, None, True, "a title")
    assert (second.bars, second.seconds, second.post, second.title) == (None, 2.5, False, "")
    assert kept["frames"] == first.at_frame >= 48_000
    assert (kept["id"], kept["bars"], kept["anchored"], kept["note"]) == (first.id, 8, True, "ä")
    assert (failed["code"], failed["message"]) == ("silence", 'Only "silence" was heard.')


async def test_a_renamed_track_is_told_once_and_at_once(daemon: FakeDaemon) -> None:
    await daemon.start()
    async with playing(daemon.run_dir, "--wait-attached", "10") as player:
        await player.event("played")
        await player.command("track Bäss ♪")
        await daemon.wait_for(lambda: any(beat.track_name for beat in daemon.of(Heartbeat)))
        await daemon.wait_for(lambda: daemon.of(Heartbeat)[-1].track_name is None)
        await daemon.stop()
        await player.event("disconnected")
        await player.command("track Keys")
        await daemon.start()
        await player.event("attached")
        assert await player.end() == 0
    assert [beat.track_name for beat in daemon.of(Heartbeat) if beat.track_name] == ["Bäss ♪"]
    assert [peer.hello.track_name for peer in (daemon.peers[0], daemon.peers[-1])] == ["", "Keys"]


async def test_a_keep_without_an_answer_is_said_again_to_the_next_daemon(daemon: FakeDaemon) -> None:
    daemon.silent_keeps = 1
    await daemon.start()
    async with playing(daemon.run_dir, "--wait-attached", "10") as player:
        await player.event("played")
        await player.command("keep bars 4")
        await daemon.wait_for(lambda: len(daemon.of(Keep)) == 1)
        await daemon.stop()
        await player.event("disconnected")
        await daemon.start()
        kept = await player.event("kept")
        assert await player.end() == 0
    first, second = daemon.of(Keep)
    assert first == second
    assert kept["id"] == first.id


async def test_a_daemon_that_starts_late_finds_the_whole_history(daemon: FakeDaemon) -> None:
    async with playing(daemon.run_dir) as player:
        ready = await player.event("ready")
        await player.event("played")
        await daemon.start()
        await player.event("attached")
        ring = daemon.rings[ready["generation"]]
        span = ring.read(0, 48_000)
        assert (span.first_frame, span.frames) == (0, 48_000)
        assert await player.end() == 0
    played = np.linspace(-0.5, 0.5, 96_000).astype(np.float32)
    assert np.array_equal(np.frombuffer(span.data, np.float32), played)


async def test_a_new_rate_is_a_new_ring_and_the_old_one_is_closed(daemon: FakeDaemon, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("at 24000 rate 44100\n")
    await daemon.start()
    async with playing(daemon.run_dir, "--script", str(script), "--wait-attached", "10") as player:
        first = await player.event("ready")
        second = await player.event("ready")
        await player.event("played")
        await daemon.wait_for(lambda: bool(daemon.of(RingClosed)))
        async with asyncio.timeout(HANG_S):  # RingClosed says that the file *will* be unlinked
            while [path.name for path in daemon.run_dir.glob("sdc.*")] != [second["segment"]]:
                await asyncio.sleep(0.005)
        assert await player.end() == 0
    assert (first["sample_rate_hz"], second["sample_rate_hz"]) == (48_000, 44_100)
    assert daemon.of(RingClosed)[0].generation == first["generation"]
    assert daemon.rings[second["generation"]].header.sample_rate_hz == 44_100


async def test_a_ring_that_was_refused_is_offered_again_and_the_refusal_told_once(daemon: FakeDaemon) -> None:
    daemon.refused_rings = 2
    await daemon.start()
    async with playing(daemon.run_dir) as player:
        assert (await player.event("refused"))["code"] == "layout"
        ready = player.seen[0]
        assert (await player.event("attached"))["generation"] == ready["generation"]
        assert await player.end() == 0
    assert len(daemon.of(RingOpened)) == 3
    assert [event["event"] for event in player.seen].count("refused") == 1


async def test_a_ring_that_was_removed_is_announced_anew(daemon: FakeDaemon) -> None:
    await daemon.start()
    async with playing(daemon.run_dir, "--wait-attached", "10") as player:
        ready = await player.event("ready")
        await player.event("played")
        (daemon.run_dir / ready["segment"]).unlink()
        assert "nothing is lost" in (await player.event("notice"))["message"]
        again = (await player.event("attached"))["generation"]
        await daemon.wait_for(lambda: bool(daemon.of(RingClosed)))
        span = daemon.rings[again].read(0, 48_000)
        assert await player.end() == 0
    assert again != ready["generation"] == daemon.of(RingClosed)[0].generation
    assert np.array_equal(
        np.frombuffer(span.data, np.float32), np.linspace(-0.5, 0.5, 96_000).astype(np.float32)
    )


async def test_four_instances_share_one_process(daemon: FakeDaemon) -> None:
    await daemon.start()
    async with playing(daemon.run_dir, "--instances", "4", "--wait-attached", "10") as player:
        await player.event("played")
        assert await player.end() == 0
        await daemon.wait_for(lambda: len(daemon.of(Goodbye)) == 4)
    assert len({peer.instance for peer in daemon.peers}) == 4
    assert len({peer.pid for peer in daemon.peers}) == 1


async def test_without_a_daemon_a_keep_fails_within_its_limit_and_says_why(daemon: FakeDaemon) -> None:
    async with playing(daemon.run_dir) as player:
        await player.event("played")
        await player.command("keep bars 8")
        failed = await player.event("keep_failed")
        assert failed["code"] == "no_daemon"
        assert await player.end() == 0
