"""The daemon's pipe, in Windows' own Python: who gets in, whose name it is, who does not read, and how many may come at once.

Another user is one whom the kernel names so: Wine has one user only.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge import listener_windows, security_windows, system, system_windows, zmtp
from bridge.async_line_windows import AsyncLine
from bridge.endpoint import MAX_UNSENT_BYTES, GuardedRouter, Unreachable
from bridge.errors import RunDirRefused
from bridge.line_windows import Line
from bridge.listener_windows import Listener
from bridge.paths import PLUGIN_SOCKET, prepare_run_dir
from bridge.plugin_endpoint import FromPeer, Peer, PluginEndpoint
from plugin_protocol.codec import decode, encode
from plugin_protocol.messages import FromDaemon, Welcome
from tests.support.deadlines import HANG_S
from tests.support.pair import hello

ANOTHER = "S-1-5-21-1-2-3-1001"
INSTANCES = 64
FIRST_INSTANCE, REJECT_REMOTE = 0x00080000, 8
PIECE_BYTES = 60_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return prepare_run_dir(tmp_path / "run") / PLUGIN_SOCKET


def admits_nobody(peer: system.Peer) -> None:
    return None


async def ignore(peer: Peer, message: FromPeer) -> None:
    return None


async def test_another_users_connection_is_let_go_of_before_a_byte_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = GuardedRouter(path)
    router.bind()
    monkeypatch.setattr(system, "client_of", lambda pipe: system.Peer(4242, ANOTHER))
    stranger = AsyncLine(path)
    async with asyncio.timeout(HANG_S):
        await stranger.ended()
    assert router.counts["foreign_uid"] == 1
    monkeypatch.undo()
    ours = AsyncLine(path)
    await ours.send(b"ours")
    async with asyncio.timeout(HANG_S):
        _, heard = await router.receive()
    assert heard == b"ours"
    ours.close()
    await router.close()


async def test_one_whom_the_kernel_cannot_name_is_let_go_of(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended before anybody could ask whose it was."""
    router = GuardedRouter(path)
    router.bind()
    monkeypatch.setattr(system, "client_of", lambda pipe: system.Peer(4242, None))
    stranger = AsyncLine(path)
    async with asyncio.timeout(HANG_S):
        await stranger.ended()
    assert router.counts["foreign_uid"] == 1
    await router.close()


async def test_no_pipe_is_made_where_somebody_else_has_its_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wine gives out a name twice; Windows does not, to who asks to be the first."""
    asked = []

    def create(name: str, open_mode: int, pipe_mode: int, *more: int) -> int:
        asked.append((open_mode & FIRST_INSTANCE, pipe_mode & REJECT_REMOTE))
        raise PermissionError(13, "Access is denied", None, 5)

    monkeypatch.setattr(listener_windows._winapi, "CreateNamedPipe", create)
    with pytest.raises(RunDirRefused, match="takes no pipe"):
        Listener(path, admits_nobody, lambda: None).bind()
    assert asked == [(FIRST_INSTANCE, REJECT_REMOTE)]
    assert not path.exists(), "no name is told that leads to somebody else's pipe"


async def test_a_pipe_whose_owner_is_another_is_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security_windows, "own_sid", lambda: ANOTHER)
    monkeypatch.setattr(security_windows, "_ADMINISTRATORS", ANOTHER)
    with pytest.raises(RunDirRefused, match="has a pipe that belongs to user"):
        Listener(path, admits_nobody, lambda: None).bind()
    assert not path.exists()


async def test_one_that_came_and_left_at_once_costs_the_loop_nothing(path: Path) -> None:
    """It was there before anybody waited for it."""
    router = GuardedRouter(path)
    router.bind()
    for _ in range(listener_windows._WAITING):  # each instance
        listener_windows.PipeHandle(system_windows._connected(path)).close()
    async with asyncio.timeout(HANG_S):
        line = await asyncio.to_thread(Line, path)
        await asyncio.to_thread(line.send, b"ours")
        assert (await router.receive())[1] == b"ours"
    line.close()
    await router.close()


async def test_a_pipe_that_another_user_has_under_the_told_name_is_not_spoken_to(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names can be listed, and taken when a daemon has died."""
    squatter = Listener(path, admits_nobody, lambda: None)
    squatter.bind()
    monkeypatch.setattr(system_windows, "user_id", lambda: ANOTHER)
    with pytest.raises(PermissionError, match="another user's"):
        system.open_own_pipe(path)
    squatter.close()


async def test_who_does_not_read_costs_itself_alone(path: Path) -> None:
    """What waits for it is bounded; others are answered meanwhile, and closing waits for it no longer than it says."""
    router = GuardedRouter(path)
    router.bind()
    pipe = await asyncio.to_thread(system.open_own_pipe, path)
    stuck = listener_windows.PipeHandle(pipe)
    written = listener_windows._winapi.WriteFile(pipe, zmtp.opening("DEALER") + zmtp.message(b"stuck"), True)
    written[0].GetOverlappedResult(True)
    other = AsyncLine(path)
    async with asyncio.timeout(HANG_S):
        origin, said = await router.receive()
        assert said == b"stuck"
        sent_bytes = 0
        with pytest.raises(Unreachable, match="does not read"):
            while True:
                router.send(origin.identity, b"x" * PIECE_BYTES)
                sent_bytes += PIECE_BYTES
                await asyncio.sleep(0)
        assert sent_bytes <= MAX_UNSENT_BYTES + listener_windows.BUFFER_BYTES + 2 * PIECE_BYTES
        await other.send(b"ask")
        asking, _ = await router.receive()
        router.send(asking.identity, b"answer")
        assert await other.receive() == b"answer"
        other.close()
        await router.close()
    stuck.close()
    assert not path.exists()


async def test_so_many_come_at_once_and_each_is_greeted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than instances wait at a time: whoever finds none free waits, and does not take the daemon for gone."""
    assert listener_windows._WAITING < INSTANCES
    monkeypatch.setattr(
        system_windows, "_BUSY_MS", round(HANG_S * 1000)
    )  # client and daemon share a process here
    plugins = PluginEndpoint(path, daemon_version="1", daemon_path="C:\\d", handle=ignore)
    await plugins.start()
    all_here = threading.Barrier(INSTANCES, timeout=HANG_S)

    def greet(number: int) -> Line:
        all_here.wait()
        line = Line(path)
        line.send(encode(hello(instance=number.to_bytes(16, "big"))))
        assert line.poll(round(HANG_S * 1000))
        assert isinstance(decode(line.receive(), FromDaemon), Welcome)
        return line

    loop, threads = asyncio.get_running_loop(), ThreadPoolExecutor(INSTANCES)
    try:
        lines = await asyncio.gather(
            *(loop.run_in_executor(threads, greet, number) for number in range(INSTANCES))
        )
        assert len(plugins.peers()) == INSTANCES
    finally:
        threads.shutdown(wait=False)  # whoever is not greeted waits for this loop
    for line in lines:
        line.close()
    await plugins.stop()
