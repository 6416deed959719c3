"""Emoji reactions: add, take back. Idempotent; the author hears of each once. Likes are in services.social."""

import sqlite3

import msgspec

from relay.core.access import Action, Actor, authorize
from relay.core.reactions import allow, counted
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.services.accounts import profile
from relay.services.clock import new_id, now_us
from relay.services.database import Database, Tx
from relay.services.events import append, inbox_channel
from relay.services.posts import one
from relay.wire.events import SocialNewReaction
from relay.wire.rest import AudioPost, Reacted, Reaction, ReactRequest


class Reactions:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def react(self, account_id: str, request: ReactRequest) -> Reacted:
        """Raises Refusal: not_found, validation."""

        def work(tx: Tx) -> Reacted:
            post = one(tx.db, request.post_id, account_id, self._base_url).post
            allow(request.emoji, post.reacted)
            found = _row(tx.db, account_id, post.id, request.emoji)
            if found is not None:
                return Reacted(reaction=found, post=post)
            reaction = Reaction(
                id=new_id(), user_id=account_id, post_id=post.id, type="react", emoji=request.emoji,
                created_at=rfc3339(now := now_us()),
            )  # fmt: skip
            tx.db.execute(
                "INSERT INTO emoji_reaction VALUES (?, ?, ?, ?, ?)",
                (post.id, account_id, request.emoji, reaction.id, now),
            )
            _count(tx, post, request.emoji, 1)
            if post.user_id != account_id:
                told = SocialNewReaction(reaction=reaction, username=profile(tx.db, account_id).username)
                append(tx, inbox_channel(post.user_id), told, now)
            return Reacted(reaction=reaction, post=one(tx.db, post.id, account_id, self._base_url).post)

        return await self._db.write(work)

    async def unreact(self, account_id: str, request: ReactRequest) -> AudioPost:
        """Raises Refusal: not_found."""
        return await self._db.write(lambda tx: self._remove(tx, account_id, request.post_id, request.emoji))

    async def remove(self, actor: Actor, reaction_id: str) -> AudioPost:
        """One's own reaction, by its id. Raises Refusal: not_found; also for one that is another's."""

        def work(tx: Tx) -> AudioPost:
            row = tx.db.execute(
                "SELECT account_id, creation_id, emoji FROM emoji_reaction WHERE id = ?", (reaction_id,)
            ).fetchone()
            if row is None:
                raise Refusal("not_found", "There is nothing here.")
            authorize(actor, Action.REACTION_REMOVE, row[0])
            return self._remove(tx, *row)

        return await self._db.write(work)

    def _remove(self, tx: Tx, account_id: str, post_id: str, emoji: str) -> AudioPost:
        post = one(tx.db, post_id, account_id, self._base_url).post
        gone = tx.db.execute(
            "DELETE FROM emoji_reaction WHERE creation_id = ? AND account_id = ? AND emoji = ? RETURNING 1",
            (post_id, account_id, emoji),
        ).fetchone()
        if gone is None:
            return post
        _count(tx, post, emoji, -1)
        return one(tx.db, post_id, account_id, self._base_url).post


def _row(db: sqlite3.Connection, account_id: str, post_id: str, emoji: str) -> Reaction | None:
    row = db.execute(
        "SELECT id, created_us FROM emoji_reaction WHERE creation_id = ? AND account_id = ? AND emoji = ?",
        (post_id, account_id, emoji),
    ).fetchone()
    if row is None:
        return None
    return Reaction(
        id=row[0], user_id=account_id, post_id=post_id, type="react", emoji=emoji, created_at=rfc3339(row[1])
    )


def _count(tx: Tx, post: AudioPost, emoji: str, step: int) -> None:
    counts = msgspec.json.encode(counted(post.reactions, emoji, step)).decode()
    tx.db.execute("UPDATE creation SET reactions = ? WHERE id = ?", (counts, post.id))
