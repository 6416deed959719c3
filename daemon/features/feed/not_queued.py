"""What a person does at the relay and is not kept for later: asked for once, and a failure told as what it means."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from daemon.errors import Offline

T = TypeVar("T")


async def not_queued(deed: Coroutine[Any, Any, T]) -> T:
    """`deed`; a relay that is away is told as what it means for a deed that nobody repeats. Raises as `deed` does."""
    try:
        return await deed
    except Offline as error:
        known = (
            "It is not known whether this reached the relay; it is not tried again by itself."
            if error.may_have_arrived
            else "This is not tried again by itself."
        )
        look = "Look whether it is done, and do it again if not" if error.may_have_arrived else "Do it again"
        raise Offline(
            f"{error.message} {known}",
            f"{look} when the relay is back; `sidechain doctor` says what is in the way.",
            may_have_arrived=error.may_have_arrived,
        ) from error
