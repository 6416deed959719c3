"""The feed page by page, as a plugin's window reads it: what is stored here at once, then what the relay has.

A page begins behind the last row of the page before: by (created_at, post id) in the store, by the relay's own cursor
there. Both stand in one cursor that the window only hands back. Rows that the relay tells otherwise than the store are
sent again, and stored. Without the relay, the stored rows are the feed, and the page says so.
"""

from collections.abc import Callable

import msgspec

from daemon.core.items import place
from daemon.errors import SidechainError, UsageError
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.rest import AudioPost

MAX_CURSOR = 256
Tell = Callable[[AudioPost], None]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page begins: behind this row. relay: the relay's cursor there, "" when it did not answer that page."""

    created_at: str
    post_id: str
    relay: str


class FeedPages:
    """All methods are [loop]."""

    def __init__(self, account: Account, store: Store) -> None:
        self._account = account
        self._store = store

    async def page(self, cursor: str, limit: int, tell: Tell) -> tuple[str, str]:
        """Tell the rows of one page; the next cursor ("" at the end), and why it is the store's only ("" if not).

        Raises UsageError for a cursor that is not ours.
        """
        place = read_place(cursor) if cursor else None
        stored = await self._store.run(
            Store.items_before, limit, *((place.created_at, place.post_id) if place else (None, None))
        )
        for post in stored:
            tell(post)
        of_store = _place(stored[-1], "") if len(stored) == limit else ""
        if place and not place.relay:
            return (
                of_store,
                "",
            )  # a page of the store follows one; the window starts anew when the relay is back
        try:
            page = await self._account.relay().timeline(limit, place.relay if place else None)
        except SidechainError as error:
            return of_store, str(error)[:512]
        known = {post.id: post for post in stored}
        await self._store.run(Store.apply_page, page.posts, is_last=page.next is None)
        for post in page.posts:
            if known.get(post.id) != post:
                tell(post)
        return _place(page.posts[-1], page.next) if page.next and page.posts else "", ""


def read_place(cursor: str) -> Place:
    """Raises UsageError."""
    parts = cursor.split(" ")
    if len(parts) != 3:
        raise UsageError("This place in the feed is not known.", "Close the window and open it again.")
    return Place(created_at=parts[0], post_id=parts[1], relay=parts[2])


def _place(post: AudioPost, relay: str) -> str:
    cursor = f"{place(post)} {post.id} {relay}"
    return cursor if len(cursor) <= MAX_CURSOR else ""
