"""Whoever started the daemon is told what systemd's protocol says, and nothing of it reaches a child."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from daemon.system.process import Starter
from tests.support.deadlines import HANG_S


async def test_a_manager_hears_that_we_are_ready_and_then_that_the_loop_turns(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000", "HOME": "/"}
        starter = Starter(env)
        assert env == {"HOME": "/"}, "a child must not speak for us"
        starter.say_ready()
        alive = asyncio.create_task(starter.say_alive())
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(HANG_S):
            heard = [await loop.sock_recv(manager, 64) for _ in range(4)]
        alive.cancel()
        await asyncio.gather(alive, return_exceptions=True)
    assert heard == [b"READY=1", *[b"WATCHDOG=1"] * 3]


@pytest.mark.parametrize(
    "env", [{}, {"WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}]
)
async def test_nobody_waits_so_nothing_is_told(env: dict[str, str]) -> None:
    async with asyncio.timeout(HANG_S):
        await Starter(env).say_alive()


def test_ready_is_one_byte_and_the_pipe_is_closed() -> None:
    read, write = os.pipe()
    starter = Starter({"SIDECHAIN_READY_FD": str(write)})
    starter.say_ready()
    starter.say_ready()
    with os.fdopen(read, "rb") as ready:
        assert ready.read() == b"1"


def test_a_manager_that_is_gone_costs_nothing(tmp_path: Path) -> None:
    Starter({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).say_ready()
