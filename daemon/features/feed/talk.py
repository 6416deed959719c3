"""Comments: reading what people say to a post, and saying something. The same whoever asks.

Nothing is queued: what the relay did not confirm is not tried again, and that is said.
"""

from collections.abc import Awaitable, Callable

import msgspec

from daemon.core.meant import meant
from daemon.errors import NotClaimed, UsageError
from daemon.features.feed.finding import find_post, is_one, last_part
from daemon.features.feed.not_queued import not_queued
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.comments import MAX_COMMENT, Comment, CommentPage, CommentText, NewComment
from relay.wire.ids import Id

RECENT = 100
"""Comments among which one is looked for by its author or the start of its id."""
LISTED = "`sidechain comments POST` lists them."


class Talk:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed; UsageError for what cannot be meant.

    own_post: finds one of this account's by its title or the start of its id. post: as in finding.py, or one of these. comment:
    its id, its address, or a post: the last that this account said there.
    """

    def __init__(self, account: Account, store: Store, own_post: Callable[[str], Awaitable[str]]) -> None:
        self._account = account
        self._store = store
        self._own_post = own_post

    async def of_post(self, post: str, limit: int, cursor: str | None) -> CommentPage:
        """Newest first, each with the first answers to it. cursor: `next` of the page before."""
        post_id = await self._find(post)
        return await self._account.relay().comments(post_id, limit, cursor)

    async def say(self, post: str, text: str, position_ms: int | None, answered: str | None) -> Comment:
        """answered: the comment that this answers: its id or the start of it, or @ and whose last one there it is."""
        _require_words(text)
        post_id = await self._find(post)
        parent_id = None if answered is None else await self._answered(post_id, answered)
        new = NewComment(text=text, parent_id=parent_id, position_ms=position_ms)
        return await not_queued(self._account.relay().comment(post_id, new))

    async def edit(self, comment: str, text: str) -> Comment:
        """One of this account's, as it is then."""
        _require_words(text)
        return await not_queued(self._account.relay().edit_comment(await self._own(comment), text))

    async def delete(self, comment: str) -> None:
        """One of this account's, or on a post of this account's."""
        await not_queued(self._account.relay().delete_comment(await self._own(comment)))

    async def _find(self, post: str) -> str:
        """Of the feed here, or of this account's own, which are in nobody's own feed."""
        try:
            return await find_post(self._store, post)
        except UsageError as unknown:
            try:
                return await self._own_post(post)
            except (UsageError, NotClaimed):
                raise unknown from None

    async def _answered(self, post_id: str, said: str) -> str:
        if (known := _named(said)) is not None:
            return known
        there = await self._there(post_id)
        found = meant(
            last_part(said).removeprefix("@"),
            there,
            ids=lambda one: (one.id,),
            name=lambda one: one.username or "",
        )
        if not found or (len(found) > 1 and found[0].id.startswith(last_part(said))):
            many = "Several comments there have" if found else "No comment there has"
            raise UsageError(f"{many} an id or an author such as “{said}”.", LISTED)
        return found[0].id

    async def _own(self, said: str) -> str:
        if (known := _named(said)) is not None:
            return known
        there = await self._there(await self._find(said))
        mine = [one for one in there if one.username == self._account.name]
        if not mine:
            raise UsageError("You have said nothing there lately.", LISTED)
        return mine[0].id

    async def _there(self, post_id: str) -> list[Comment]:
        """The newest RECENT with the first answers to each, the newest first."""
        page = await self._account.relay().comments(post_id, RECENT, None)
        every = [each for one in page.comments for each in (one, *one.replies) if not each.deleted]
        return sorted(every, key=lambda one: (one.created_at, one.id), reverse=True)


def _require_words(text: str) -> None:
    try:
        msgspec.convert(text, CommentText)
    except msgspec.ValidationError:
        raise UsageError(
            f"A comment has 1 to {MAX_COMMENT} characters, and none that cannot be seen.", "Say it otherwise."
        ) from None


def _named(comment: str) -> str | None:
    """The id in it, of a comment or of its address, `…#c-ID` or `…/c/ID`; None: there is none."""
    given = last_part(comment).rpartition("#c-")[2]
    return given if is_one(given, Id) else None
