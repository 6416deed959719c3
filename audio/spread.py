"""How work that falls into parts is handed out. Not threads: this package has none, its callers may bring some."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


class Spread(Protocol):
    """Calls work with each part, on whatever threads, and yields the results in the order of the parts.

    ThreadPoolExecutor.map is one: LAME, libsndfile and kernels.c let go of the interpreter lock. work must not itself
    wait for the same threads.
    """

    def __call__(self, work: Callable[[Part], Result], parts: Sequence[Part], /) -> Iterable[Result]: ...


def one_by_one(work: Callable[[Part], Result], parts: Sequence[Part], /) -> Iterable[Result]:
    """On the thread that asks. [any]"""
    return map(work, parts)
