"""Files opened in a thread, by tasks that may be cancelled meanwhile."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar


class Closable(Protocol):
    """What has to be closed by somebody."""

    def close(self) -> object: ...


C = TypeVar("C", bound=Closable)


async def open_in_thread(open_: Callable[[], C]) -> C:
    """What open_ opens, in a thread. Raises what it raises. [loop]

    With `asyncio.to_thread` a task that is cancelled while the thread opens would never get the file, and nobody would
    close it. Here what comes too late is closed by the thread that opened it.
    """
    opening: Future[C] = Future()

    def work() -> None:
        if not opening.set_running_or_notify_cancel():
            return
        try:
            opening.set_result(open_())
        except BaseException as error:
            opening.set_exception(error)

    asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.wrap_future(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise


def _close_unwanted(opening: Future[C]) -> None:
    with contextlib.suppress(BaseException):  # it may have been refused, or never begun
        opening.result().close()
