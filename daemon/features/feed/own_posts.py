"""What a person does with the posts of this account that are out: look, edit, show to others, delete. The same whoever asks.

Nothing is queued, unlike likes (deeds.py): what the relay did not confirm is not tried again, and that is said. One's own
posts are the relay's to list: this device may not have made all of them.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from daemon.core.meant import called, meant
from daemon.core.titles import why_not
from daemon.errors import NotClaimed, RelayRefused, UsageError
from daemon.events import Bus, PostChanged, PostRemoved
from daemon.features.feed.finding import find_post
from daemon.features.feed.not_queued import not_queued
from daemon.identity.account import Account
from daemon.library.store import Store
from daemon.uplink.client import as_post
from relay.wire.owning import PostDetails, PostEdit, SoundVersion
from relay.wire.rest import MAX_PAGE, AudioPost

MAX_PAGES = 20
"""So far back a post is looked for by the start of its id; by all of it, it is found however old it is."""
WHOLE_ID = 32
GONE = (404, 410)
Replace = Callable[[str, str], Coroutine[Any, Any, AudioPost]]  # any: it is sent nothing
"""A post, by its id, with the sound of a Take, by the start of its id. Raises SidechainError."""


class OwnPosts:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed; UsageError for a post that is not found."""

    def __init__(self, account: Account, store: Store, bus: Bus, replace: Replace) -> None:
        self._replace = replace
        self._account = account
        self._store = store
        self._bus = bus

    async def listed(self, limit: int) -> list[AudioPost]:
        """The newest, newest first."""
        return (await self._account.relay().posts_of(self._name(), limit)).posts

    async def archived(self, limit: int) -> list[AudioPost]:
        """The newest of those that are archived."""
        return [*(await self._account.relay().archived(limit)).posts]

    async def edit(self, prefix: str, edit: PostEdit) -> PostDetails:
        """prefix: of the post's id, or of what it is called at its address."""
        if edit.title is not None and (why := why_not(edit.title)):
            raise UsageError(why, "Give another title.")
        post_id = await self.find(prefix)
        post = await not_queued(self._account.relay().edit_post(post_id, edit))
        await self._changed(post)
        return post

    async def other(self, post: str) -> str:
        """The id of a post of anybody's that is known here."""
        return await find_post(self._store, post)

    async def set_title(self, post_id: str, title: str) -> None:
        """Of a Take that has another title now."""
        await self.edit(post_id, PostEdit(title=title))

    async def replace(self, prefix: str, take: str) -> AudioPost:
        """The sound of a Take in the place of the post's own; also as `Replace` raises."""
        post_id = await self.find(prefix)
        return await self._changed(await not_queued(self._replace(post_id, take)))

    async def process_again(self, prefix: str) -> AudioPost:
        """The relay makes its files of the post's lossless sound anew."""
        post_id = await self.find(prefix)
        return await self._changed(await not_queued(self._account.relay().process_again(post_id)))

    async def versions(self, prefix: str) -> list[SoundVersion]:
        """The sounds that the post has had, the newest first."""
        return await self._account.relay().versions(await self.find(prefix))

    async def forget_version(self, prefix: str, n: int) -> list[SoundVersion]:
        """One that was replaced goes for good; the others."""
        return await not_queued(self._account.relay().forget_version(await self.find(prefix), n))

    async def _changed(self, post: AudioPost) -> AudioPost:
        shown = as_post(post)
        self._bus.tell(PostChanged(post=await self._store.run(Store.change_item, shown)))
        return shown

    async def delete(self, prefix: str) -> str:
        """The id of the post that is gone then; one that was gone already is gone."""
        post_id = await self.find(prefix)
        try:
            await not_queued(self._account.relay().delete_post(post_id))
        except RelayRefused as error:
            if error.status != GONE[1]:
                raise
        await self._store.run(Store.remove_item, post_id)
        self._bus.tell(PostRemoved(post_id=post_id))
        return post_id

    async def find(self, prefix: str) -> str:
        """The id of the one post of ours that begins so, or is called so."""
        given = prefix.rstrip("/").rpartition("/")[2].lower()
        if len(given) == WHOLE_ID:
            return given
        mine = await self._mine()
        found = meant(given, mine, ids=lambda post: (post.id,), name=lambda post: post.title)
        found = found or [post for post in mine if called(post.title, prefix)]  # a title may hold a slash
        if len(found) != 1:
            many = "None of your posts has" if not found else "Several of your posts have"
            raise UsageError(
                f"{many} an id that starts with {given!r}, or that title.", "`sidechain posts` lists them."
            )
        return found[0].id

    async def _mine(self) -> Sequence[AudioPost]:
        posts, cursor = list[AudioPost](), None
        for _ in range(MAX_PAGES):
            page = await self._account.relay().posts_of(self._name(), MAX_PAGE, cursor)
            posts += page.posts
            if (cursor := page.next) is None:
                break
        return posts + await self.archived(MAX_PAGE)

    def _name(self) -> str:
        if self._account.name is None:
            raise NotClaimed("This device belongs to no account.", "Run `sidechain claim`.")
        return self._account.name
