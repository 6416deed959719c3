"""What the owner does with a post that is out: edit it, show it to others, delete it."""

from msgspec.structs import replace

from relay.core.access import Action, Actor, authorize
from relay.core.visibility import Shown, State, Visibility
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.creations import changes, removals
from relay.features.creations.posts import one
from relay.features.creations.removals import Removals
from relay.features.creations.store import no_post
from relay.wire.rest import AudioPost, PostDeleted, PostEdit


class Owning:
    """[loop]"""

    def __init__(self, db: Database, removed: Removals, base_url: str) -> None:
        self._db = db
        self._removed = removed
        self._base_url = base_url

    async def edit(self, actor: Actor, post_id: str, edit: PostEdit) -> AudioPost:
        """The post as it is then. What changes nothing is told to nobody. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> AudioPost:
            post, was = self._own(tx.db, actor, post_id, Action.POST_EDIT)
            at_us = now_us()
            title = post.title if edit.title is None else edit.title
            tags = post.genre if edit.genre is None else edit.genre
            now = was.shown if edit.visibility is None else replace(was.shown, visibility=Visibility(edit.visibility))  # fmt: skip
            others = changes.set_words(tx, was, title, tags, at_us)
            if changes.set_shown(tx, was, now.visibility, now.state, at_us) or others:
                changes.tell(tx, was, now, at_us)
            return one(tx.db, post_id, actor.user_id, self._base_url).post

        return await self._db.write(work)

    async def own(self, actor: Actor, post_id: str, action: Action) -> AudioPost:
        """The post, as its owner is to change it. Raises Refusal: not_found, gone."""
        return (await self._db.read(lambda db: self._own(db, actor, post_id, action)))[0]

    async def delete(self, actor: Actor, post_id: str) -> PostDeleted:
        """Its rows at once, its objects before this returns, if the store can be reached. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> list[str]:
            _, was = self._own(tx.db, actor, post_id, Action.POST_DELETE)
            at_us = now_us()
            names = changes.delete(tx, was, at_us)
            changes.tell(tx, was, _gone(was.shown), at_us)
            return removals.begin(tx, names)

        await self._removed.finish(await self._db.write(work))
        return PostDeleted(post_id=post_id)

    def _own(
        self, db: Connection, actor: Actor, post_id: str, action: Action
    ) -> tuple[AudioPost, changes.Standing]:
        """A post of the actor's. Raises Refusal: not_found, gone."""
        post = one(db, post_id, actor.user_id, self._base_url).post
        authorize(actor, action, post.user_id)
        if (was := changes.standing(db, post_id)) is None:
            raise no_post()
        return post, was


def _gone(shown: Shown) -> Shown:
    return replace(shown, state=State.DELETED)
