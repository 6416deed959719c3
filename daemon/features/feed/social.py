"""What a person does with posts and people: like, react, follow. The same whoever asks, and told to all who show it.

Nothing is queued: what the relay did not confirm is not tried again, and that is said. What a person typed is judged here,
by the relay's own rules: the relay would answer with the names of fields.
"""

import msgspec

from daemon.errors import UsageError
from daemon.events import Bus, FollowsChanged, PostChanged
from daemon.features.feed.asking import said_once
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.ids import Id
from relay.wire.rest import AudioPost, Emoji, Username


class Social:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed, UsageError.

    post: an id, its start when the post is in the feed here, or its address.
    """

    def __init__(self, account: Account, store: Store, bus: Bus) -> None:
        self._account = account
        self._store = store
        self._bus = bus

    async def like(self, post: str, like: bool) -> AudioPost:
        """Like a post, or take that back; the post as it is then."""
        post_id = await self._find(post)
        return await self._changed(await said_once(self._account.relay().like(post_id, like)))

    async def react(self, post: str, emoji: str, react: bool) -> AudioPost:
        """React with one of the relay's emoji, or take that back; the post as it is then."""
        post_id = await self._find(post)
        if not _is(emoji, Emoji):
            raise UsageError(f"“{emoji}” is no emoji.", "`sidechain react --help` lists those there are.")
        return await self._changed(await said_once(self._account.relay().react(post_id, emoji, react)))

    async def follow(self, username: str, follow: bool) -> None:
        """Follow somebody, or stop."""
        username = username.removeprefix("@").lower()
        if not _is(username, Username):
            raise UsageError(
                f"“{username}” is no account's name: 3 to 30 letters without accents, digits, dots, dashes, underscores.",
                "It stands on their page, and beside their posts in `sidechain feed`.",
            )
        await said_once(self._account.relay().follow(username, follow))
        self._bus.tell(FollowsChanged(username=username, follow=follow))

    async def _find(self, post: str) -> str:
        given = post.rstrip("/").rpartition("/")[2].lower()
        if _is(given, Id):
            return given
        found = await self._store.run(Store.item, given) if given else []
        if len(found) != 1:
            many = "Several posts of your feed have" if found else "No post of your feed has"
            raise UsageError(f"{many} an id that starts with “{given}”.", "`sidechain feed` lists them.")
        return found[0].id

    async def _changed(self, post: AudioPost) -> AudioPost:
        await self._store.run(Store.change_item, post)
        self._bus.tell(PostChanged(post=post))
        return post


def _is(text: str, kind: object) -> bool:
    """Whether the relay takes it for one of these."""
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True
