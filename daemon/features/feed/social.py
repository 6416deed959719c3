"""What a person does with posts and people: like, react, follow. The same whoever asks, and told to all who show it.

Nothing is queued: what the relay did not confirm is not tried again, and that is said.
"""

from daemon.events import Bus, FollowsChanged, PostChanged
from daemon.features.feed.asking import said_once
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.rest import AudioPost


class Social:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, account: Account, store: Store, bus: Bus) -> None:
        self._account = account
        self._store = store
        self._bus = bus

    async def like(self, post_id: str, like: bool) -> AudioPost:
        """Like a post, or take that back; the post as it is then."""
        return await self._changed(await said_once(self._account.relay().like(post_id, like)))

    async def react(self, post_id: str, emoji: str, react: bool) -> AudioPost:
        """React with one of the relay's emoji, or take that back; the post as it is then."""
        return await self._changed(await said_once(self._account.relay().react(post_id, emoji, react)))

    async def follow(self, username: str, follow: bool) -> None:
        """Follow somebody, or stop."""
        await said_once(self._account.relay().follow(username, follow))
        self._bus.tell(FollowsChanged(username=username, follow=follow))

    async def _changed(self, post: AudioPost) -> AudioPost:
        await self._store.run(Store.change_item, post)
        self._bus.tell(PostChanged(post=post))
        return post
