"""What stands between the run directory and everybody else: lock, modes, uids, socket options."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge import endpoint
from bridge.client import ControlClient
from bridge.control import InstanceList, ListInstances, Reply, Request
from bridge.control_endpoint import ControlEndpoint
from bridge.endpoint import MAX_IN_A_ROW, GuardedRouter
from bridge.errors import AlreadyRunning
from bridge.lock import RunLock
from bridge.paths import CONTROL_SOCKET, LOCK_FILE, PLUGIN_SOCKET, prepare_run_dir
from bridge.plugin_endpoint import FromPeer, Peer, PluginEndpoint
from bridge.tasks import cancelled
from plugin_protocol.message_base import MAX_MESSAGE_BYTES
from tests.support.deadlines import HANG_S
from tests.support.ringfile import RingWriter

NOBODY = 65_534
DAEMON = """
import sys
from pathlib import Path
from bridge.errors import AlreadyRunning
from bridge.lock import RunLock
try:
    lock = RunLock.acquire(Path(sys.argv[1]))
except AlreadyRunning as error:
    print("running", error.pid, flush=True)
    sys.exit(4)
print("mine", flush=True)
sys.stdin.read()
"""


async def answer(request: Request) -> Reply:
    return InstanceList(instances=[])


async def ignore(peer: Peer, message: FromPeer) -> None:
    return None


def endpoints(run_dir: Path) -> tuple[ControlEndpoint, PluginEndpoint]:
    control = ControlEndpoint(run_dir / CONTROL_SOCKET, answer)
    plugins = PluginEndpoint(run_dir / PLUGIN_SOCKET, daemon_version="1", daemon_path="/d", handle=ignore)
    return control, plugins


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[Path]:
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)  # so that it is our own modes which keep others out
    yield prepare_run_dir(tmp_path / "run")


def test_a_second_daemon_is_refused_at_once_and_changes_nothing(run_dir: Path) -> None:
    first = RunLock.acquire(run_dir)
    (run_dir / PLUGIN_SOCKET).touch()
    reference_s = -time.monotonic()
    subprocess.run([sys.executable, "-c", "import bridge.lock"], check=True)
    reference_s += time.monotonic()
    started = time.monotonic()
    second = subprocess.run(
        [sys.executable, "-c", DAEMON, str(run_dir)], capture_output=True, text=True, check=False
    )
    assert (second.returncode, second.stdout) == (4, f"running {os.getpid()}\n")
    assert time.monotonic() - started < 1.0 + 4 * reference_s  # it waits for nobody
    assert (run_dir / PLUGIN_SOCKET).exists()
    first.release()


def test_a_killed_daemon_leaves_no_lock_and_only_the_winner_clears_its_sockets(run_dir: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(run_dir)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "mine\n"
    (run_dir / CONTROL_SOCKET).touch()
    with pytest.raises(AlreadyRunning) as refused:
        RunLock.acquire(run_dir)
    assert refused.value.pid == process.pid
    assert (run_dir / CONTROL_SOCKET).exists()
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()
    with RunLock.acquire(run_dir):
        assert not (run_dir / CONTROL_SOCKET).exists()
        assert (run_dir / LOCK_FILE).read_text() == f"{os.getpid()}\n"


async def test_the_first_daemon_loses_no_message_to_one_that_is_refused(run_dir: Path) -> None:
    with RunLock.acquire(run_dir):
        control, plugins = endpoints(run_dir)
        await control.start()

        def ask(times: int) -> int:
            with ControlClient(run_dir) as client:
                return sum(isinstance(client.request(ListInstances()), InstanceList) for _ in range(times))

        asking = asyncio.create_task(asyncio.to_thread(ask, 150))
        for _ in range(3):
            second = await asyncio.create_subprocess_exec(
                sys.executable, "-c", DAEMON, str(run_dir), stdout=asyncio.subprocess.PIPE
            )
            await second.communicate()
            assert second.returncode == 4
        assert await asking == 150
        assert await asyncio.to_thread(ask, 10) == 10
        await control.stop()
        await plugins.stop()


async def test_everything_is_private_even_under_umask_000(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        run_dir = prepare_run_dir(tmp_path / "run")
        lock = RunLock.acquire(run_dir)
        servers = endpoints(run_dir)
        for server in servers:
            await server.start()
        modes = {name: (run_dir / name).stat().st_mode & 0o777 for name in sorted(os.listdir(run_dir))}
        assert modes == dict.fromkeys((CONTROL_SOCKET, LOCK_FILE, PLUGIN_SOCKET), 0o600)
        assert run_dir.stat().st_mode & 0o777 == 0o700
        assert os.umask(0) == 0  # and the umask is what it was
        for server in servers:
            await server.stop()
        lock.release()
    finally:
        os.umask(before)


def test_the_limits_are_the_promised_ones() -> None:
    assert MAX_MESSAGE_BYTES == 65_536
    assert endpoint.HANDSHAKE_S == 2.0
    assert 0 < endpoint.MAX_WAITING <= 1_000 and 0 < endpoint.MAX_UNSENT_BYTES <= 1 << 20


def as_nobody(attempt: Callable[[], object]) -> str:
    """What `attempt` ends in when user 65534 makes it: the name of its error, or "done"."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                attempt()
                said = "done"
            except OSError as error:
                said = type(error).__name__
            os.write(write, said.encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def connecting(path: Path) -> Callable[[], object]:
    def attempt() -> None:
        with socket.socket(socket.AF_UNIX) as plain:
            plain.connect(os.fspath(path))

    return attempt


async def test_another_user_can_open_and_connect_to_nothing(run_dir: Path) -> None:
    """Also when the directory was opened up later: then the modes of what is in it still hold."""
    if os.getuid() != 0:
        return  # only root can become another user; elsewhere the modes, tested above, must do
    servers = endpoints(run_dir)
    lock = RunLock.acquire(run_dir)
    for server in servers:
        await server.start()
    ring = RingWriter(run_dir, capacity_frames=1 << 12)
    for mode in (0o700, 0o755):
        os.chmod(run_dir, mode)
        for name in (CONTROL_SOCKET, PLUGIN_SOCKET):
            assert as_nobody(connecting(run_dir / name)) == "PermissionError"
        for name in (LOCK_FILE, ring.segment):
            assert as_nobody(lambda name=name: os.open(run_dir / name, os.O_RDONLY)) == "PermissionError"  # type: ignore[misc]
    os.chmod(run_dir, 0o700)
    ring.close()
    for server in servers:
        await server.stop()
    lock.release()


async def test_a_foreign_peer_that_got_in_is_dropped_before_its_bytes_are_looked_at(run_dir: Path) -> None:
    control, plugins = endpoints(run_dir)
    await control.start()
    os.chmod(run_dir, 0o755)
    os.chmod(run_dir / CONTROL_SOCKET, 0o666)
    become = f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    if os.getuid() != 0:
        become = ""  # then it is the daemon who is told that it is another
        control._router._uid = NOBODY
    code = (
        f"import os, sys, zmq\n{become}"
        "socket = zmq.Context().socket(zmq.DEALER); socket.connect('ipc://' + sys.argv[1])\n"
        "[socket.send(b'rubbish') for _ in range(5)]\n"
        "print(socket.poll(60_000))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(run_dir / CONTROL_SOCKET), stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(HANG_S):
        while control.counts["foreign_uid"] < 5:
            await asyncio.sleep(0.01)
    assert control.counts["bad_message"] == 0
    process.kill()
    await process.wait()
    await control.stop()
    await plugins.stop()


FLOOD = """
import sys, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.connect('ipc://' + sys.argv[1])
while True:
    socket.send(b'x')
"""


async def test_a_flood_never_keeps_the_loop_from_its_other_work(run_dir: Path) -> None:
    router = GuardedRouter(run_dir / CONTROL_SOCKET)
    router.bind()
    received = 0

    async def receive() -> None:
        nonlocal received
        while True:
            await router.receive()
            received += 1

    receiving = asyncio.create_task(receive())
    flood = await asyncio.create_subprocess_exec(sys.executable, "-c", FLOOD, str(run_dir / CONTROL_SOCKET))
    longest = 0
    async with asyncio.timeout(HANG_S):
        while received < 20_000:
            before = received
            await asyncio.sleep(0)
            longest = max(longest, received - before)
    assert longest <= MAX_IN_A_ROW
    flood.kill()
    await flood.wait()
    await cancelled(receiving)
    await router.close()


FEW_DESCRIPTORS = """
import asyncio, resource, sys
from pathlib import Path
from bridge.control import InstanceList
from bridge.control_endpoint import ControlEndpoint
from bridge.paths import CONTROL_SOCKET

async def serve():
    async def handle(request):
        return InstanceList(instances=[])
    endpoint = ControlEndpoint(Path(sys.argv[1]) / CONTROL_SOCKET, handle)
    await endpoint.start()
    print("ready", flush=True)
    while not endpoint.counts["exhausted"]:
        await asyncio.sleep(0.01)
    with open("/dev/null"):  # what is kept can still be written
        print("exhausted", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await endpoint.stop()

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
asyncio.run(serve())
"""


async def test_more_connections_than_descriptors_end_nothing_and_are_served_when_there_is_room(
    run_dir: Path,
) -> None:
    """libzmq's own accept() aborts the process there."""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        FEW_DESCRIPTORS,
        str(run_dir),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert daemon.stdout and daemon.stdin
    async with asyncio.timeout(HANG_S):
        assert await daemon.stdout.readline() == b"ready\n"
        connections = [socket.socket(socket.AF_UNIX) for _ in range(100)]
        for connection in connections:
            connection.connect(os.fspath(run_dir / CONTROL_SOCKET))
        assert await daemon.stdout.readline() == b"exhausted\n"
        for connection in connections:
            connection.close()

        def ask() -> Reply:
            with ControlClient(run_dir) as client:
                return client.request(ListInstances())

        assert isinstance(await asyncio.to_thread(ask), InstanceList)
        daemon.stdin.close()
        assert await daemon.wait() == 0


def test_a_lock_that_the_dead_left_to_a_child_in_its_start_is_waited_for(run_dir: Path) -> None:
    """Killed between fork and exec: the child holds the lock a moment longer, and nobody lives whose it is."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    orphan = RunLock.acquire(run_dir)
    (run_dir / LOCK_FILE).write_text(f"{dead.pid}\n")
    threading.Timer(0.2, orphan.release).start()
    with RunLock.acquire(run_dir):
        assert (run_dir / LOCK_FILE).read_text() == f"{os.getpid()}\n"
