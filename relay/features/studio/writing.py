"""What somebody does with what they write in the studio: make it, save it, go back to an earlier version, fork another's."""

import asyncio

import msgspec
from msgspec.structs import replace

from relay.core.access import Action, Actor, authorize, require_may_show
from relay.core.refusal import Refusal
from relay.core.visibility import Visibility
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.creations.api import Written
from relay.features.studio import creation_keys, local_ids, share_links, store
from relay.features.studio.comparing import changes
from relay.wire.creations import (
    Creation,
    CreationEdit,
    CreationPage,
    NewCreation,
    ScoresCompared,
    ScoreVersions,
    Versions,
    VersionScore,
)
from relay.wire.owning import PostEdit
from relay.wire.scores import MAX_NAME, Score, SongScore


class Writing:
    """[loop]"""

    def __init__(
        self, db: Database, owning: creations.Owning, removed: creations.Removals, base_url: str
    ) -> None:
        self._db = db
        self._owning = owning
        self._removed = removed
        self._base_url = base_url

    async def make(self, actor: Actor, given: NewCreation, key: str | None = None) -> Creation:
        """With a key: once, however often it is sent. Raises Refusal: validation, quota_exceeded, account_required, idempotency_mismatch, gone."""
        require_may_show(actor, given.visibility)
        new = await asyncio.to_thread(creations.written, given.score)

        def work(tx: Tx) -> Creation:
            me = actor.account_id
            made = None if key is None else creation_keys.made_under(tx.db, me, key, given)
            if made is None and key is not None:  # it may have been brought with others
                made = local_ids.find(tx.db, me, new.kind, key)
            if made is None:
                made = self.insert(tx, me, new, Visibility(given.visibility), given.genre)
                if key is not None:
                    creation_keys.note(tx, me, key, given, made)
            return store.one(tx.db, made, actor.user_id, self._base_url)

        return await self._db.write(work)

    async def one(self, viewer: str | None, creation_id: str) -> Creation:
        """Raises Refusal: not_found, gone."""
        return await self._db.read(lambda db: store.one(db, creation_id, viewer, self._base_url))

    async def save(self, actor: Actor, creation_id: str, edit: CreationEdit) -> Creation:
        """Raises Refusal: not_found, gone, validation, version_conflict, account_required."""
        require_may_show(actor, edit.visibility)
        if edit.score is None:
            await self._owning.edit(actor, creation_id, _words(edit, None))
            return await self.one(actor.user_id, creation_id)
        new = await asyncio.to_thread(creations.written, edit.score)

        def work(tx: Tx) -> list[str]:
            self._own(tx.db, actor, creation_id)
            was = creations.head(tx.db, creation_id)
            if edit.version not in (None, was.n):
                raise Refusal(
                    "version_conflict",
                    f"Version {was.n} was saved meanwhile; this was made from version {edit.version}.",
                    "Load it again, and save what you changed.",
                )
            if was.kind is new.kind and creations.is_same_score(was.text, new.text):
                return []
            return creations.add_score(tx, creation_id, actor.account_id, new, now_us(), edit.note)

        await self._removed.finish(await self._db.write(work))
        await self._owning.edit(actor, creation_id, _words(edit, new.name))
        return await self.one(actor.user_id, creation_id)

    async def fork(self, actor: Actor, creation_id: str, called: str = "") -> Creation:
        """A copy of what one may see, private, with the lineage. called: behind its title. Raises Refusal: not_found, gone, quota_exceeded."""
        return await self._db.write(lambda tx: self._fork(tx, actor, creation_id, actor.user_id, called))

    async def fork_shared(self, actor: Actor, token: str) -> Creation:
        """Likewise, of what a link shows. Raises Refusal: not_found, gone, quota_exceeded."""

        def work(tx: Tx) -> Creation:
            shown = share_links.shown_by(tx.db, token, actor.user_id, now_us())
            return self._fork(tx, actor, shown, creations.shown_of(tx.db, [shown])[shown].owner_id)

        return await self._db.write(work)

    async def of_owner(self, name: str, kind: str, at: creations.Position) -> CreationPage:
        """name: an id or a username. Raises Refusal: not_found, gone."""

        def work(db: Connection) -> CreationPage:
            return store.of_owner(db, accounts.find(db, name).id, kind, at, self._base_url)

        return await self._db.read(work)

    async def forks(self, creation_id: str, at: creations.Position) -> CreationPage:
        """Raises Refusal: not_found, gone."""

        def work(db: Connection) -> CreationPage:
            store.one(db, creation_id, at.viewer, self._base_url)
            return store.forks(db, creation_id, at, self._base_url)

        return await self._db.read(work)

    async def versions(self, actor: Actor, creation_id: str) -> ScoreVersions:
        """Raises Refusal: not_found, gone."""

        def work(db: Connection) -> ScoreVersions:
            self._own(db, actor, creation_id)
            return store.versions(db, creation_id)

        return await self._db.read(work)

    async def version(self, actor: Actor, creation_id: str, n: int) -> VersionScore:
        """Raises Refusal: not_found, gone."""

        def work(db: Connection) -> VersionScore:
            return store.version(db, creation_id, n, self._own(db, actor, creation_id).title)

        return await self._db.read(work)

    async def compare(self, actor: Actor, creation_id: str, asked: Versions) -> ScoresCompared:
        """Raises Refusal: not_found, gone."""

        def work(db: Connection) -> tuple[int, int, str, str]:
            newest = self._own(db, actor, creation_id).version
            b = newest if asked.b is None else asked.b
            a = max(b - 1, 1) if asked.a is None else asked.a
            was, now = (creations.score_at(db, creation_id, n)[0] for n in (a, b))
            return a, b, was, now

        a, b, *texts = await self._db.read(work)
        was, now = (msgspec.to_builtins(store.named(text, "")) for text in texts)
        found, more = await asyncio.to_thread(changes, was, now)
        return ScoresCompared(a=a, b=b, changes=found, more=more)

    async def restore(self, actor: Actor, creation_id: str, n: int) -> Creation:
        """An earlier version becomes the newest, as a new one. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> list[str]:
            title = self._own(tx.db, actor, creation_id).title
            new = creations.written(store.version(tx.db, creation_id, n, title).score)
            if creations.is_same_score(creations.head(tx.db, creation_id).text, new.text):
                return []
            note = f"Version {n} again"
            return creations.add_score(tx, creation_id, actor.account_id, new, now_us(), note)

        await self._removed.finish(await self._db.write(work))
        return await self.one(actor.user_id, creation_id)

    def _fork(
        self, tx: Tx, actor: Actor, creation_id: str, seen_by: str | None, called: str = ""
    ) -> Creation:
        seen = store.one(tx.db, creation_id, seen_by, self._base_url)
        creations.require_ability(tx.db, creation_id, creations.Ability.FORK)
        score = self._with_loops(tx, actor, seen)
        parent = creations.Parent(id=creation_id, version_id=creations.head(tx.db, creation_id).version_id)
        new = creations.written(replace(score, name=f"{score.name[: MAX_NAME - len(called)]}{called}"))
        made = self.insert(tx, actor.account_id, new, Visibility.PRIVATE, seen.genre, parent)
        creations.count_fork(tx, creation_id)
        return store.one(tx.db, made, actor.user_id, self._base_url)

    def _with_loops(self, tx: Tx, actor: Actor, seen: Creation) -> Score:
        """Of a song: the loops that only its owner may see are forked, too, or the copy would not sound."""
        if not isinstance(seen.score, SongScore):
            return seen.score
        named = {block.loop for block in seen.score.blocks}
        theirs = creations.loops_named(tx.db, named, seen.user_id)
        missing = theirs.keys() - creations.loops_named(tx.db, named, actor.account_id).keys()
        copies = {
            each: self._fork(tx, actor, each.replace("-", ""), seen.user_id).id for each in sorted(missing)
        }
        blocks = [replace(block, loop=copies.get(block.loop, block.loop)) for block in seen.score.blocks]
        return replace(seen.score, blocks=blocks)

    def _own(self, db: Connection, actor: Actor, creation_id: str) -> Creation:
        found = store.one(db, creation_id, actor.user_id, self._base_url)
        authorize(actor, Action.POST_EDIT, found.user_id)
        return found

    def insert(
        self,
        tx: Tx,
        owner_id: str,
        new: Written,
        visibility: Visibility,
        tags: list[str],
        parent: creations.Parent | None = None,
    ) -> str:
        """The id of a new creation. Raises Refusal: quota_exceeded, before anything is written. [writer]"""
        creations.require_room(tx.db, owner_id, new.kind)
        version = creations.version_of(new, now_us())
        made = creations.NewCreation(
            id=new_id(),
            version_id=version.id,
            owner_id=owner_id,
            kind=new.kind,
            visibility=visibility,
            title=new.name,
            bpm=version.bpm,
            key=version.key,
            tags=tags,
            daw=None,
            figures=version.figures,
            assets=[],
            at_us=version.at_us,
            score=version.score,
            parent_id=None if parent is None else parent.id,
            parent_version_id=None if parent is None else parent.version_id,
        )
        creations.publish(tx, made)
        return made.id


def _words(edit: CreationEdit, title: str | None) -> PostEdit:
    return PostEdit(title=title, genre=edit.genre, visibility=edit.visibility, licence=edit.licence)
