"""A file that is opened for somebody who has gone is closed."""

import asyncio
import contextlib
import threading
from io import BytesIO

import pytest

from daemon.system.opening import open_in_thread


async def test_what_was_opened_arrives_open() -> None:
    with await open_in_thread(lambda: BytesIO(b"bars")) as file:
        assert file.read() == b"bars"


async def test_an_error_of_opening_arrives() -> None:
    def refuse() -> BytesIO:
        raise PermissionError("not yours")

    with pytest.raises(PermissionError, match="not yours"):
        await open_in_thread(refuse)


async def test_what_opens_after_its_task_was_cancelled_is_closed() -> None:
    began, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    class Late(BytesIO):
        def close(self) -> None:
            super().close()
            closed.set()

    def slowly() -> Late:
        began.set()
        go_on.wait(60)
        return Late()

    task = asyncio.create_task(open_in_thread(slowly))
    await asyncio.to_thread(began.wait, 60)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert not closed.is_set()
    go_on.set()
    assert await asyncio.to_thread(closed.wait, 60)
