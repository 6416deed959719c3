"""What a person does with posts and people: like, react, follow. The same whoever asks, and told to all who show it.

What a person typed is judged here, by the relay's own rules: the relay would answer with the names of fields. Done they are by
deeds.py, now or when the relay can be reached.
"""

from daemon.core.deeds import Deed, DeedKind
from daemon.errors import UsageError
from daemon.features.feed.deeds import Deeds, Done
from daemon.features.feed.finding import find_post, is_one
from daemon.library.store import Store
from relay.wire.rest import Emoji, Username


class Social:
    """All methods are [loop]. Raises RelayRefused, NotClaimed, UsageError, NoSpace.

    post: an id, its start when the post is in the feed here, or its address.
    """

    def __init__(self, deeds: Deeds, store: Store) -> None:
        self._deeds = deeds
        self._store = store

    async def like(self, post: str, like: bool) -> Done:
        """Like a post, or take that back."""
        return await self._deeds.do(
            Deed(kind=DeedKind.LIKE, object=await find_post(self._store, post), on=like)
        )

    async def react(self, post: str, emoji: str, react: bool) -> Done:
        """React with one of the relay's emoji, or take that back."""
        post_id = await find_post(self._store, post)
        if not is_one(emoji, Emoji):
            raise UsageError(f"“{emoji}” is no emoji.", "`sidechain react --help` lists those there are.")
        return await self._deeds.do(Deed(kind=DeedKind.REACT, object=post_id, on=react, emoji=emoji))

    async def follow(self, username: str, follow: bool) -> Done:
        """Follow somebody, or stop."""
        username = username.removeprefix("@").lower()
        if not is_one(username, Username):
            raise UsageError(
                f"“{username}” is no account's name: 3 to 30 letters without accents, digits, dots, dashes, underscores.",
                "It stands on their page, and beside their posts in `sidechain feed`.",
            )
        return await self._deeds.do(Deed(kind=DeedKind.FOLLOW, object=username, on=follow))
