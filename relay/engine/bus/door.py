"""What any wire between relay processes can do: everybody hears what is published, mostly, and nobody waits for it.

Messages may be lost: when the wire is down, when it is slow, when a process is. Whoever must not miss any numbers them,
and asks again (leases.py), or can bear the loss (limits.py).
"""

from collections.abc import Callable
from typing import Protocol

MAX_MESSAGE_BYTES = 256 * 1024
"""What is longer is told in several messages."""
OnMessage = Callable[[bytes], None]
OnJoin = Callable[[], None]


class Bus(Protocol):
    """Made by `open_bus`; listeners first, then `start`. [loop]"""

    @property
    def up(self) -> bool:
        """Whether the wire was there when it was last used."""

    def listen(self, topic: str, on_message: OnMessage, on_join: OnJoin) -> None:
        """One listener a topic. on_message: what other processes published on it, each one's in its order; never our own.

        on_join: the wire is there, at the start and again after it was gone; what went over it meanwhile is lost.
        """

    async def start(self) -> None:
        """Returns at once; a wire that is not there is waited for in the background."""

    def publish(self, topic: str, data: bytes) -> None:
        """Tell the other processes. Never waits and never fails; without a wire it goes nowhere. At most
        MAX_MESSAGE_BYTES."""

    async def close(self) -> None: ...
