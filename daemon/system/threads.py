"""Threads that the loop waits for. What comes out of their work reaches whoever waits, whatever it is."""

import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Threads(ThreadPoolExecutor):
    """asyncio has no way to hand on StopIteration: whoever waits would wait for ever, so it comes as a RuntimeError."""

    def submit(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return super().submit(_done, functools.partial(work, *args, **kwargs))


def _done(work: Callable[[], R]) -> R:
    try:
        return work()
    except StopIteration as error:
        raise RuntimeError("an iterator of a worker's ended before its time") from error
