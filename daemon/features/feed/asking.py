"""Asking the relay for what a person does there, once."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from daemon.errors import Offline

T = TypeVar("T")


async def said_once(deed: Coroutine[Any, Any, T]) -> T:
    """`deed`; a relay that is away is told as what it means for a deed that nobody repeats. Raises as `deed` does."""
    try:
        return await deed
    except Offline as error:
        raise Offline(
            f"{error.message} This is not tried again by itself.",
            "Do it again when the relay is back; `sidechain doctor` says what is in the way.",
        ) from error
