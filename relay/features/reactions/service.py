"""Liking and reacting: idempotent, and told once."""

from msgspec.structs import replace

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import new_id, now_us
from relay.engine.database import Database, Tx
from relay.features.creations import api as creations
from relay.features.feeds import api as feeds
from relay.features.reactions import store
from relay.features.reactions.rules import allow, allow_type, counted, liked_with
from relay.wire.rest import AudioPost, LikeRequest, Reacted, Reaction, ReactRequest


class Reactions:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def like(self, account_id: str, request: LikeRequest) -> AudioPost:
        """The post as the liker now sees it. Liking again changes the emoji only. Raises Refusal: not_found."""

        def work(tx: Tx) -> AudioPost:
            post = self._post(tx, account_id, request.post_id)
            before, now = store.like_of(tx.db, account_id, post.id), now_us()
            like = Reaction(
                id=new_id(),
                user_id=account_id,
                post_id=post.id,
                type="like",
                emoji=request.emoji,
                created_at=rfc3339(now),
            )
            store.put_like(tx, like, now)
            feeds.give(tx, post.id, account_id, feeds.Sign.LIKE, now)
            self._count_like(tx, post, before, request.emoji)
            if before is None:
                store.tell(tx, like, post.user_id, now)
            return self._post(tx, account_id, post.id)

        return await self._db.write(work)

    async def unlike(self, account_id: str, request: LikeRequest) -> AudioPost:
        """Raises Refusal: not_found."""

        def work(tx: Tx) -> AudioPost:
            post = self._post(tx, account_id, request.post_id)
            before = store.remove_like(tx, account_id, post.id)
            if before is None:
                return post
            self._count_like(tx, post, before, None)
            feeds.take_back(tx, post.id, account_id, feeds.Sign.LIKE, now_us())
            return self._post(tx, account_id, post.id)

        return await self._db.write(work)

    async def react(self, account_id: str, request: ReactRequest) -> Reacted:
        """Raises Refusal: not_found, validation."""

        def work(tx: Tx) -> Reacted:
            post = self._post(tx, account_id, request.post_id)
            allow(request.emoji, post.reacted, post.reactions)
            allow_type(request.type)
            found = store.reaction_of(tx.db, account_id, post.id, request.emoji)
            if found is not None:
                said = replace(found, type=request.type, custom_data=request.custom_data)
                store.change_reaction(tx, said)
                return Reacted(reaction=said, post=post)
            now = now_us()
            reaction = Reaction(
                id=new_id(),
                user_id=account_id,
                post_id=post.id,
                type=request.type,
                emoji=request.emoji,
                custom_data=request.custom_data,
                created_at=rfc3339(now),
            )
            store.add_reaction(tx, reaction, now)
            feeds.give(tx, post.id, account_id, feeds.Sign.REACT, now)
            creations.set_reactions(tx, post.id, counted(post.reactions, request.emoji, 1))
            store.tell(tx, reaction, post.user_id, now)
            return Reacted(reaction=reaction, post=self._post(tx, account_id, post.id))

        return await self._db.write(work)

    async def unreact(self, account_id: str, request: ReactRequest) -> AudioPost:
        """Raises Refusal: not_found."""
        return await self._db.write(lambda tx: self._remove(tx, account_id, request.post_id, request.emoji))

    async def remove(self, actor: Actor, reaction_id: str) -> AudioPost:
        """One's own reaction, by its id. Raises Refusal: not_found; also for one that is another's."""

        def work(tx: Tx) -> AudioPost:
            found = store.reaction_by_id(tx.db, reaction_id)
            if found is None:
                raise Refusal("not_found", "There is nothing here.")
            authorize(actor, Action.REACTION_REMOVE, found.user_id)
            return self._remove(tx, found.user_id, found.post_id, found.emoji)

        return await self._db.write(work)

    def _count_like(self, tx: Tx, post: AudioPost, before: str | None, after: str | None) -> None:
        """Somebody's like of a post has the emoji `after` in place of `before`; None: no like."""
        count = post.like_count + (after is not None) - (before is not None)
        creations.set_likes(tx, post.id, count, liked_with(post.liked_with, before, after))

    def _remove(self, tx: Tx, account_id: str, post_id: str, emoji: str) -> AudioPost:
        post = self._post(tx, account_id, post_id)
        if not store.remove_reaction(tx, account_id, post_id, emoji):
            return post
        creations.set_reactions(tx, post_id, counted(post.reactions, emoji, -1))
        if post.reacted == [emoji]:
            feeds.take_back(tx, post_id, account_id, feeds.Sign.REACT, now_us())
        return self._post(tx, account_id, post_id)

    def _post(self, tx: Tx, account_id: str, post_id: str) -> AudioPost:
        """What one may react to: of a kind that takes reactions, and visible. Raises Refusal: not_found."""
        return creations.reactable(tx.db, post_id, account_id, self._base_url)
