"""The daemon's own files in the run folder: removed by somebody, replaced, or without room."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.async_client import AsyncControlClient
from bridge.control import InstanceList, ListInstances, Reply, Request
from bridge.control_endpoint import ControlEndpoint
from bridge.errors import AlreadyRunning
from bridge.lock import RunLock
from bridge.paths import CONTROL_SOCKET, LOCK_FILE, PLUGIN_SOCKET, prepare_run_dir
from bridge.plugin_endpoint import FromPeer, Peer, PluginEndpoint
from daemon.core.ring_room import RING_ROOM_BYTES
from daemon.events import Bus, RunFolderTroubled
from daemon.features.history.judging import LIFE_FILE, keep_life, life_of
from daemon.features.status.run_folder_watch import RunFolderWatch

MUCH = 1 << 40


async def answer(request: Request) -> Reply:
    return InstanceList(instances=[])


async def ignore(peer: Peer, message: FromPeer) -> None:
    return None


class House:
    """Lock, sockets and the watch over them, as the daemon has them."""

    def __init__(self, run: Path) -> None:
        self.run = prepare_run_dir(run)
        self.lock = RunLock.acquire(run)
        self.control = ControlEndpoint(run / CONTROL_SOCKET, answer)
        self.plugins = PluginEndpoint(
            run / PLUGIN_SOCKET, daemon_version="1", daemon_path="/d", handle=ignore
        )
        self.free_bytes = MUCH
        self.told: list[str] = []
        bus = Bus()
        bus.on(RunFolderTroubled, lambda event: self.told.append(event.sentence))
        self.life = life_of(run)
        keepers = [self.control.keep_bound, self.plugins.keep_bound, lambda: keep_life(run, self.life)]
        self.watch = RunFolderWatch(run, self.lock, keepers, bus, lambda _: self.free_bytes)

    async def __aenter__(self) -> "House":
        await self.control.start()
        await self.plugins.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.control.stop()
        await self.plugins.stop()
        self.lock.release()


def remove(name: str) -> Callable[[Path], None]:
    return lambda run: (run / name).unlink()


def replace_socket(run: Path) -> None:
    (run / CONTROL_SOCKET).unlink()
    (run / CONTROL_SOCKET).touch()


def empty(run: Path) -> None:
    for path in run.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        *(remove(name) for name in (CONTROL_SOCKET, PLUGIN_SOCKET, LOCK_FILE, LIFE_FILE)),
        *(replace_socket, empty, shutil.rmtree),
    ],
    ids=["control", "plugin", "lock", "life", "replaced", "emptied", "folder"],
)
async def test_what_is_removed_is_made_again_and_who_is_connected_stays_so(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    async with House(tmp_path / "run") as house, AsyncControlClient(house.run) as before:
        assert await before.request(ListInstances()) == InstanceList(instances=[], id=1)
        damage(house.run)
        house.watch.look()
        async with AsyncControlClient(house.run) as after:
            assert isinstance(await after.request(ListInstances()), InstanceList)
        assert isinstance(await before.request(ListInstances()), InstanceList)
        with socket.socket(socket.AF_UNIX) as plugin:
            plugin.connect(str(house.run / PLUGIN_SOCKET))
        with pytest.raises(AlreadyRunning):
            RunLock.acquire(house.run)
        assert life_of(house.run) == house.life, "else a plugin that was closed seems to have gone down"
        assert house.run.stat().st_mode & 0o077 == 0 and house.told == []


async def test_what_stands_is_left_alone(tmp_path: Path) -> None:
    async with House(tmp_path / "run") as house:
        stood = {path.name: path.lstat().st_ino for path in house.run.iterdir()}
        house.watch.look()
        assert {path.name: path.lstat().st_ino for path in house.run.iterdir()} == stood


async def test_a_folder_that_cannot_be_made_is_told_and_made_when_it_can(tmp_path: Path) -> None:
    async with House(tmp_path / "run") as house:
        shutil.rmtree(house.run)
        house.run.write_text("somebody's file")
        house.watch.look()
        house.watch.look()
        assert len(house.told) == 1 and str(house.run) in house.told[0]
        house.run.unlink()
        house.watch.look()
        assert house.told[1:] == [""] and (house.run / CONTROL_SOCKET).is_socket()


async def test_a_daemon_that_came_meanwhile_is_left_its_place(tmp_path: Path) -> None:
    async with House(tmp_path / "run") as house:
        shutil.rmtree(house.run)
        with RunLock.acquire(prepare_run_dir(house.run)):
            (house.run / CONTROL_SOCKET).write_text("the other's")
            house.watch.look()
            assert "another" in house.told[0]
            await house.control.stop()
            assert (house.run / CONTROL_SOCKET).read_text() == "the other's"


async def test_a_full_run_folder_is_told_until_there_is_room(tmp_path: Path) -> None:
    async with House(tmp_path / "run") as house:
        house.free_bytes = RING_ROOM_BYTES - 1
        house.watch.look()
        assert "no more plugins can record" in house.told[-1]
        house.free_bytes = RING_ROOM_BYTES
        house.watch.look()
        assert house.told[-1] == ""
