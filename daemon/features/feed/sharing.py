"""What a person does with posts of others besides liking them: keep them for later, show them to followers, see who did what.

Nothing is queued: what the relay did not confirm is not tried again, and that is said.
"""

from typing import Literal

from daemon.features.feed.finding import find_post
from daemon.features.feed.not_queued import not_queued
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.rest import AudioPost, ReactionBy, Repost

Which = Literal["likes", "reactions"]


class Sharing:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed; UsageError for a post that is not known here."""

    def __init__(self, account: Account, store: Store) -> None:
        self._account = account
        self._store = store

    async def save(self, post: str, on: bool) -> AudioPost:
        """Keep it where it is found again, or no longer; nobody else knows."""
        return await not_queued(self._account.relay().save(await self._find(post), on))

    async def saved(self, limit: int, cursor: str | None) -> tuple[list[AudioPost], str | None]:
        """What was saved last comes first; and the cursor of the next page."""
        page = await self._account.relay().saved(limit, cursor)
        return page.posts, page.next

    async def remixes(self, post: str, limit: int, cursor: str | None) -> tuple[list[AudioPost], str | None]:
        """What was made from it, newest first; and the cursor of the next page."""
        page = await self._account.relay().remixes_of(await self._find(post), limit, cursor)
        return page.posts, page.next

    async def repost(self, post: str, text: str) -> Repost:
        """Show it to those who follow this account, with a word; again: the word is another one."""
        return await not_queued(self._account.relay().repost(await self._find(post), text))

    async def unrepost(self, post: str) -> AudioPost:
        """Show it no longer."""
        return await not_queued(self._account.relay().unrepost(await self._find(post)))

    async def who(self, post: str, which: Which, limit: int) -> list[ReactionBy]:
        """Who likes it, or reacted to it, newest first."""
        return await self._account.relay().reactions_to(await self._find(post), which, limit)

    async def reposts(self, post: str, limit: int) -> list[Repost]:
        """Who shows it to others, newest first."""
        return await self._account.relay().reposts_of(await self._find(post), limit)

    async def _find(self, post: str) -> str:
        return await find_post(self._store, post)
