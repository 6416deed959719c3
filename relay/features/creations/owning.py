"""What the owner does with a post that is out: edit it, show it to others, delete it."""

from functools import partial

from msgspec.structs import replace

from relay.core.access import Action, Actor, authorize, require_may_show
from relay.core.visibility import Shown, State, Visibility
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.objects.door import Objects
from relay.features.creations import changes, lineage, remixes, removals, retitling
from relay.features.creations.kinds import Ability
from relay.features.creations.posts import one
from relay.features.creations.reading import no_post
from relay.features.creations.removals import Removals, Removed
from relay.features.creations.retitling import Tagged
from relay.features.creations.terms import details, set_terms
from relay.features.creations.written import has_ability
from relay.wire.owning import PostDetails, PostEdit
from relay.wire.rest import AudioPost, PostDeleted


class Owning:
    """[loop]"""

    def __init__(self, db: Database, objects: Objects, removed: Removals, base_url: str) -> None:
        self._db = db
        self._objects = objects
        self._removed = removed
        self._base_url = base_url

    async def edit(self, actor: Actor, post_id: str, edit: PostEdit) -> PostDetails:
        """The post as it is then. What changes nothing is told to nobody. Raises Refusal: not_found, gone, account_required."""
        require_may_show(actor, edit.visibility)
        while True:
            since, was, sound = await self._db.read(lambda db: self._looked_at(db, actor, post_id))
            now = sound
            if sound is not None and edit.title not in (None, was.title):
                now = await retitling.under_title(self._objects, sound, edit.title or "")
            try:
                post, orphans = await self._db.write(
                    partial(
                        self._edit, actor=actor, post_id=post_id, edit=edit, was=sound, now=now, since=since
                    )
                )
            except Removed as removed:  # equal bytes, meanwhile
                await self._removed.settled(removed.names)
                continue
            if post is not None:
                await self._removed.finish(orphans)
                return post

    def _looked_at(self, db: Connection, actor: Actor, post_id: str) -> tuple[int, AudioPost, Tagged | None]:
        post, _ = self._own(db, actor, post_id, Action.POST_EDIT)
        return removals.mark(db), post, retitling.tagged(db, post_id)

    def _edit(
        self,
        tx: Tx,
        *,
        actor: Actor,
        post_id: str,
        edit: PostEdit,
        was: Tagged | None,
        now: Tagged | None,
        since: int,
    ) -> tuple[PostDetails | None, list[str]]:
        """The post, and objects that nothing names any more; None: its sound is another one than was looked at. [writer]"""
        post, standing = self._own(tx.db, actor, post_id, Action.POST_EDIT)
        if retitling.tagged(tx.db, post_id) != was:
            return None, []
        at_us, shown = now_us(), standing.shown
        title = post.title if edit.title is None else edit.title
        tags = post.genre if edit.genre is None else edit.genre
        if edit.visibility is not None:
            shown = replace(shown, visibility=Visibility(edit.visibility))
        shown = replace(shown, state=_archived(shown.state, edit.archived))
        others = changes.set_words(tx, standing, title, tags, at_us)
        set_terms(tx, post_id, post.user_id, edit, at_us)
        lineage.set_parent(tx, post_id, post.user_id, edit.remix_of, at_us)
        others = changes.set_shown(tx, standing, shown.visibility, shown.state, at_us) or others
        remixes.note(tx, post_id, at_us)
        if others:
            changes.tell(tx, standing, shown, at_us)
        orphans = retitling.put(tx, post.user_id, was, now, since) if was and now else []
        now_is = one(tx.db, post_id, actor.user_id, self._base_url).post
        return details(tx.db, now_is, actor.user_id, self._base_url), orphans

    async def own(self, actor: Actor, post_id: str, action: Action) -> PostDetails:
        """The post, as its owner is to change it. Raises Refusal: not_found, gone."""

        def work(db: Connection) -> PostDetails:
            post, _ = self._own(db, actor, post_id, action)
            return details(db, post, actor.user_id, self._base_url)

        return await self._db.read(work)

    async def has(self, post_id: str, ability: Ability) -> bool:
        return await self._db.read(lambda db: has_ability(db, post_id, ability), snapshot=False)

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
    ) -> tuple[AudioPost, changes.Existing]:
        """A post of the actor's. Raises Refusal: not_found, gone."""
        post = one(db, post_id, actor.user_id, self._base_url).post
        authorize(actor, action, post.user_id)
        if (was := changes.standing(db, post_id)) is None:
            raise no_post()
        return post, was


def _archived(state: State, archived: bool | None) -> State:
    """What a moderator hid is not shown again by this."""
    if archived is None or state not in (State.READY, State.ARCHIVED):
        return state
    return State.ARCHIVED if archived else State.READY


def _gone(shown: Shown) -> Shown:
    return replace(shown, state=State.DELETED)
