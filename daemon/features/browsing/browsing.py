"""What is shown in the person's browser: the page of a post, and the page that asks whose this device is."""

from daemon.core.posting import state_of
from daemon.errors import SidechainError, UsageError
from daemon.identity.claiming import Claiming, Progress
from daemon.library.store import Store
from daemon.system.browser import open_in_browser


class Browsing:
    """All methods are [loop]."""

    def __init__(self, store: Store, claiming: Claiming) -> None:
        self._store = store
        self._claiming = claiming

    async def open_take(self, take_id: str) -> None:
        """The page of a Take that was posted. Raises UsageError, SidechainError."""
        entry = await self._store.run(Store.entry_of, take_id)
        if entry is None or not entry.post_url:
            raise UsageError(f"This take has no page: it is {state_of(entry)}.", "Post it first.")
        await open_in_browser(entry.post_url)

    async def open_item(self, post_id: str) -> None:
        """The page of a Post of the feed. Raises UsageError, SidechainError."""
        found = [post for post in await self._store.run(Store.item, post_id) if post.id == post_id]
        if not found:
            raise UsageError("This post is not in the feed any more.", "Look on the relay's own page.")
        await open_in_browser(found[0].page_url)

    async def claim(self) -> Progress:
        """Ask in the browser whose this device is, and leave it at that: Claiming tells how it goes on. Raises SidechainError."""
        progress = await self._claiming.begin(by_code=False)
        if progress.error:
            raise progress.error
        try:
            await open_in_browser(progress.authorize_url or progress.verification_uri or "")
        except SidechainError as error:
            await self._claiming.cancel()
            raise SidechainError(error.message, "Run `sidechain claim` in a terminal.") from error
        return progress
