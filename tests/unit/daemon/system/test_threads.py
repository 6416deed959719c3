"""Whatever a worker's work ends with, whoever waits for it hears of it."""

import asyncio

import pytest

from daemon.system.threads import Threads
from tests.support.deadlines import HANG_S


async def test_an_iterator_that_ends_in_a_worker_is_an_error_and_no_wait_for_ever() -> None:
    asyncio.get_running_loop().set_default_executor(Threads())
    async with asyncio.timeout(HANG_S):
        with pytest.raises(RuntimeError, match="ended before its time"):
            await asyncio.to_thread(next, iter(()))


async def test_any_other_error_comes_as_it_is() -> None:
    with Threads(1) as threads, pytest.raises(KeyError):
        await asyncio.get_running_loop().run_in_executor(threads, {}.__getitem__, 1)
