"""What moderators look at to decide: a post that was reported, is hidden, or has an appeal, whoever may see it otherwise.

Nothing else that is not theirs: what is private stays so until somebody who saw it reports it. Of what is not for everybody, that
a moderator looked is noted in the log, once for each.
"""

from functools import partial

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.core.visibility import Audience, audience
from relay.engine.database import Connection, Database, Tx
from relay.features.creations import api as creations
from relay.features.moderation import store
from relay.features.moderation.subjects import is_before_moderators
from relay.wire.moderation import Inspected
from relay.wire.rest import AudioPost
from relay.wire.social_operations import INSPECT_SOUND

LOOKED = "look"


class Inspecting:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def post(self, actor: Actor, post_id: str) -> Inspected:
        """As it is now. Raises Refusal: not_found."""
        found, is_for_all = await self._db.read(partial(self._looked_at, post_id=post_id))
        if not is_for_all:
            await self._db.write(lambda tx: _note(tx, actor.account_id, found.post))
        return found

    async def sound(self, actor: Actor, post_id: str) -> creations.Asset:
        """Raises Refusal: not_found."""
        await self.post(actor, post_id)
        return await self._db.read(lambda db: creations.heard_by_moderators(db, post_id))

    def _looked_at(self, db: Connection, post_id: str) -> tuple[Inspected, bool]:
        shown = creations.shown_of(db, [post_id]).get(post_id)
        post = creations.told(db, [post_id], self._base_url).get(post_id)
        if shown is None or post is None or not is_before_moderators(db, post_id, shown):
            raise Refusal("not_found", "No report or decision speaks of such a post.")
        found = Inspected(
            post=post,
            state=shown.state,
            owner_state=shown.owner_state,
            audio_url=self._base_url + INSPECT_SOUND.at(post_id=post_id),
        )
        return found, audience(shown) is Audience.EVERYBODY


def _note(tx: Tx, actor_id: str, post: AudioPost) -> None:
    if not store.is_noted(tx.db, actor_id, LOOKED, post.id):
        store.note(
            tx,
            actor_id=actor_id,
            deed=LOOKED,
            kind="post",
            object_id=post.id,
            owner_id=post.user_id,
            words="",
        )
