"""What a person does with posts and people: like, react, follow. The same whoever asks, and told to all who show it.

Nothing is queued: what the relay did not confirm is not tried again, and that is said.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from daemon.errors import Offline
from daemon.events import Bus, FollowsChanged, PostChanged
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.rest import AudioPost

T = TypeVar("T")


class Social:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, account: Account, store: Store, bus: Bus) -> None:
        self._account = account
        self._store = store
        self._bus = bus

    async def like(self, post_id: str, like: bool) -> AudioPost:
        """Like a post, or take that back; the post as it is then."""
        return await self._changed(await _said_once(self._account.relay().like(post_id, like)))

    async def react(self, post_id: str, emoji: str, react: bool) -> AudioPost:
        """React with one of the relay's emoji, or take that back; the post as it is then."""
        return await self._changed(await _said_once(self._account.relay().react(post_id, emoji, react)))

    async def follow(self, username: str, follow: bool) -> None:
        """Follow somebody, or stop."""
        await _said_once(self._account.relay().follow(username, follow))
        self._bus.tell(FollowsChanged(username=username, follow=follow))

    async def _changed(self, post: AudioPost) -> AudioPost:
        await self._store.run(Store.change_item, post)
        self._bus.tell(PostChanged(post=post))
        return post


async def _said_once(deed: Coroutine[Any, Any, T]) -> T:
    """`deed`; a relay that is away is told as what it means for a deed that nobody repeats. Raises as `deed` does."""
    try:
        return await deed
    except Offline as error:
        raise Offline(
            f"{error.message} This is not tried again by itself.",
            "Do it again when the relay is back; `sidechain doctor` says what is in the way.",
        ) from error
