"""One who waits: what was put in while nobody looked is there, and who gives up waiting takes nothing along."""

import asyncio

import pytest

from relay.engine.waiting import Flag, Mailbox
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S


async def until_waiting(task: "asyncio.Task[object]") -> None:
    """The task has gone as far as it can."""
    await asyncio.sleep(0)
    assert not task.done()


async def test_a_flag_holds_until_it_is_set_and_again_after_it_was_cleared() -> None:
    flag = Flag()
    for _ in range(2):
        waiting = asyncio.create_task(flag.wait())
        await until_waiting(waiting)
        flag.set()
        flag.set()
        async with asyncio.timeout(LIMIT_S):
            await waiting
        await flag.wait()  # at once
        flag.clear()
        assert not flag.is_set()


async def test_mail_comes_in_order_whoever_was_there_first() -> None:
    mail: Mailbox[int] = Mailbox()
    mail.put_nowait(1)
    mail.put_nowait(2)
    assert [await mail.get(), await mail.get()] == [1, 2] and mail.empty()
    waiting = asyncio.create_task(mail.get())
    await until_waiting(waiting)
    mail.put_nowait(3)
    mail.put_nowait(4)
    async with asyncio.timeout(LIMIT_S):
        assert (await waiting, await mail.get()) == (3, 4)


async def test_who_gives_up_loses_nothing() -> None:
    mail: Mailbox[int] = Mailbox()
    waiting = asyncio.create_task(mail.get())
    await until_waiting(waiting)
    mail.put_nowait(1)
    waiting.cancel()  # in the same moment
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(LIMIT_S):
        assert await mail.get() == 1
