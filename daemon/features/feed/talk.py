"""Comments: reading what people say to a post, and saying something. The same whoever asks.

Nothing is queued: what the relay did not confirm is not tried again, and that is said.
"""

import msgspec

from daemon.errors import UsageError
from daemon.features.feed.finding import find_post, is_one, last_part
from daemon.features.feed.not_queued import not_queued
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.comments import MAX_COMMENT, Comment, CommentPage, CommentText, NewComment
from relay.wire.ids import Id


class Talk:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed; UsageError for what cannot be meant.

    post: as in finding.py. comment: its id, or its address.
    """

    def __init__(self, account: Account, store: Store) -> None:
        self._account = account
        self._store = store

    async def of_post(self, post: str, limit: int, cursor: str | None) -> CommentPage:
        """Newest first, each with the first answers to it. cursor: `next` of the page before."""
        post_id = await find_post(self._store, post)
        return await self._account.relay().comments(post_id, limit, cursor)

    async def say(self, post: str, text: str, position_ms: int | None, answered: str | None) -> Comment:
        """answered: the comment that this answers."""
        _require_words(text)
        post_id = await find_post(self._store, post)
        parent_id = None if answered is None else _comment(answered)
        new = NewComment(text=text, parent_id=parent_id, position_ms=position_ms)
        return await not_queued(self._account.relay().comment(post_id, new))

    async def edit(self, comment: str, text: str) -> Comment:
        """One of this account's, as it is then."""
        _require_words(text)
        return await not_queued(self._account.relay().edit_comment(_comment(comment), text))

    async def delete(self, comment: str) -> None:
        """One of this account's, or on a post of this account's."""
        await not_queued(self._account.relay().delete_comment(_comment(comment)))


def _require_words(text: str) -> None:
    try:
        msgspec.convert(text, CommentText)
    except msgspec.ValidationError:
        raise UsageError(
            f"A comment has 1 to {MAX_COMMENT} characters, and none that cannot be seen.", "Say it otherwise."
        ) from None


def _comment(comment: str) -> str:
    """Of an address, what stands behind its last slash or `#c-`."""
    given = last_part(comment).rpartition("#c-")[2]
    if not is_one(given, Id):
        raise UsageError(f"“{given}” is no comment's id.", "`sidechain comments POST` lists them.")
    return given
