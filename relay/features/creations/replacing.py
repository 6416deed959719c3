"""What the owner of a post does with its sounds: look at them, have the newest made anew, forget what was replaced."""

from functools import partial

import msgspec

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.database import Connection, Database, Tx
from relay.features.creations import changes, versions
from relay.features.creations.kinds import LOSSLESS, Ability
from relay.features.creations.making import PostJob
from relay.features.creations.posts import one
from relay.features.creations.reading import no_post
from relay.features.creations.removals import Removals
from relay.features.creations.written import require_ability
from relay.wire.owning import SoundVersions
from relay.wire.rest import AudioPost, UploadMeta

BY_RELAY = "relay"


class Replacing:
    """[loop]"""

    def __init__(self, db: Database, removed: Removals, base_url: str) -> None:
        self._db = db
        self._removed = removed
        self._base_url = base_url

    async def require_own(self, actor: Actor, post_id: str) -> None:
        """Raises Refusal: not_found, gone."""
        await self._db.read(lambda db: self._own(db, actor, post_id))

    async def versions(self, actor: Actor, post_id: str) -> SoundVersions:
        """The newest first. Raises Refusal: not_found, gone."""

        def work(db: Connection) -> SoundVersions:
            self._own(db, actor, post_id)
            return SoundVersions(versions=versions.versions_of(db, post_id, self._base_url))

        return await self._db.read(work)

    async def again(self, actor: Actor, post_id: str) -> PostJob:
        """What is to be made of the sound that a post has: what the relay found itself is looked for anew.

        Raises Refusal: not_found, gone.
        """
        return await self._db.read(partial(self._again, actor=actor, post_id=post_id))

    def _again(self, db: Connection, actor: Actor, post_id: str) -> PostJob:
        post = self._own(db, actor, post_id)
        lossless, _, _ = versions.asset(db, post_id, LOSSLESS, actor.user_id)
        figures = versions.figures(db, post_id, actor.user_id)
        card = figures.card
        was = {
            "bpm": (post.bpm, card.bpm_source, card.bpm_confidence),
            "key": (post.key, card.key_source, card.key_confidence),
        }
        given: dict[str, object] = {
            "duration_bars": post.duration_bars,
            "bar_frames": [round(each * post.frames) for each in figures.bar_fractions],
            "analysed": BY_RELAY not in (card.bpm_source, card.key_source),
            "sha256": lossless.sha256,
        }
        for name, (value, source, confidence) in was.items():
            if source != BY_RELAY:
                given |= {name: value, f"{name}_source": source, f"{name}_confidence": confidence}
        meta = msgspec.convert(given, UploadMeta)
        return PostJob(key=new_id(), upload_id=None, meta=meta, once=False, replaces=post_id)

    async def forget(self, actor: Actor, post_id: str, n: int) -> SoundVersions:
        """Its sound, and what it took up; the others. Raises Refusal: not_found, gone, validation."""

        def work(tx: Tx) -> tuple[SoundVersions, list[str]]:
            post = self._own(tx.db, actor, post_id)
            orphans = versions.forget(tx, post_id, post.user_id, n)
            return SoundVersions(versions=versions.versions_of(tx.db, post_id, self._base_url)), orphans

        left, orphans = await self._db.write(work)
        await self._removed.finish(orphans)
        return left

    def _own(self, db: Connection, actor: Actor, post_id: str) -> AudioPost:
        """Raises Refusal: not_found, gone; validation, where the sound is not what somebody sent."""
        post = one(db, post_id, actor.user_id, self._base_url).post
        authorize(actor, Action.POST_EDIT, post.user_id)
        if changes.standing(db, post_id) is None:
            raise no_post()
        require_ability(db, post_id, Ability.REPLACE)
        return post


def version_number(text: str) -> int:
    """As an address or a form names it. Raises Refusal: not_found. [any]"""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Refusal("not_found", "There is no such version.")
    return int(text)
