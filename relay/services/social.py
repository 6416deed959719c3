"""Following and liking: both idempotent, both announced once."""

import sqlite3

from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.services.accounts import find, profile
from relay.services.clock import new_id, now_us
from relay.services.database import Database, Tx
from relay.services.events import Followed, Unfollowed, append, author_channel, inbox_channel, stream
from relay.services.posts import one
from relay.wire.events import SocialNewFollow, SocialNewReaction
from relay.wire.rest import (
    AudioPost,
    FollowRequest,
    LikeRequest,
    Producer,
    Reaction,
)
from relay.wire.rest import (
    Followed as FollowedAnswer,
)


class Social:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def follow(self, follower_id: str, request: FollowRequest) -> FollowedAnswer:
        """Raises Refusal: not_found, validation."""

        def work(tx: Tx) -> FollowedAnswer:
            followee = _named(tx.db, request)
            if followee.id == follower_id:
                raise Refusal("validation", "Nobody follows themselves.")
            now = now_us()
            new = tx.db.execute(
                "INSERT INTO follow VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
                (follower_id, followee.id, now),
            ).fetchone()
            if new is not None:
                _count(tx, follower_id, followee.id, 1)
                at = stream(tx.db, author_channel(followee.id))
                tx.effects.append(
                    Followed(
                        commit=tx.commit,
                        follower_id=follower_id,
                        followee_id=followee.id,
                        epoch=at.epoch,
                        head=at.head,
                    )
                )
                append(
                    tx, inbox_channel(followee.id), SocialNewFollow(follower=profile(tx.db, follower_id)), now
                )
            return FollowedAnswer(user=profile(tx.db, followee.id), following=True)

        return await self._db.write(work)

    async def unfollow(self, follower_id: str, request: FollowRequest) -> FollowedAnswer:
        """Raises Refusal: not_found, validation."""

        def work(tx: Tx) -> FollowedAnswer:
            followee = _named(tx.db, request)
            gone = tx.db.execute(
                "DELETE FROM follow WHERE follower_id = ? AND followee_id = ? RETURNING 1",
                (follower_id, followee.id),
            ).fetchone()
            if gone is not None:
                _count(tx, follower_id, followee.id, -1)
                tx.effects.append(
                    Unfollowed(commit=tx.commit, follower_id=follower_id, followee_id=followee.id)
                )
            return FollowedAnswer(user=profile(tx.db, followee.id), following=False)

        return await self._db.write(work)

    async def like(self, account_id: str, request: LikeRequest) -> AudioPost:
        """The post as the liker now sees it. Liking again changes the emoji only. Raises Refusal: not_found."""

        def work(tx: Tx) -> AudioPost:
            post = one(tx.db, request.post_id, account_id, self._base_url).post
            now, reaction_id = now_us(), new_id()
            values = (account_id, post.id, reaction_id, request.emoji, now)
            if post.liked:
                tx.db.execute(
                    "UPDATE reaction SET emoji = ? WHERE account_id = ? AND creation_id = ?",
                    (request.emoji, account_id, post.id),
                )
                return post
            tx.db.execute("INSERT INTO reaction VALUES (?, ?, ?, ?, ?)", values)
            tx.db.execute("UPDATE creation SET like_count = like_count + 1 WHERE id = ?", (post.id,))
            if post.user_id != account_id:
                reaction = Reaction(
                    id=reaction_id,
                    user_id=account_id,
                    post_id=post.id,
                    type="like",
                    emoji=request.emoji,
                    created_at=rfc3339(now),
                )
                payload = SocialNewReaction(reaction=reaction, username=profile(tx.db, account_id).username)
                append(tx, inbox_channel(post.user_id), payload, now)
            return one(tx.db, post.id, account_id, self._base_url).post

        return await self._db.write(work)

    async def unlike(self, account_id: str, request: LikeRequest) -> AudioPost:
        """Raises Refusal: not_found."""

        def work(tx: Tx) -> AudioPost:
            gone = tx.db.execute(
                "DELETE FROM reaction WHERE account_id = ? AND creation_id = ? RETURNING 1",
                (account_id, request.post_id),
            ).fetchone()
            if gone is not None:
                tx.db.execute(
                    "UPDATE creation SET like_count = like_count - 1 WHERE id = ?", (request.post_id,)
                )
            return one(tx.db, request.post_id, account_id, self._base_url).post

        return await self._db.write(work)

    async def follows(self, follower_id: str, followee_id: str) -> bool:
        def work(db: sqlite3.Connection) -> bool:
            found = db.execute(
                "SELECT 1 FROM follow WHERE follower_id = ? AND followee_id = ?", (follower_id, followee_id)
            )
            return found.fetchone() is not None

        return await self._db.read(work)

    async def followers(self, name: str, limit: int) -> list[Producer]:
        """Newest first. Raises Refusal: not_found."""
        return await self._people(name, "follower_id", "followee_id", limit)

    async def following(self, name: str, limit: int) -> list[Producer]:
        """Newest first. Raises Refusal: not_found."""
        return await self._people(name, "followee_id", "follower_id", limit)

    async def _people(self, name: str, wanted: str, given: str, limit: int) -> list[Producer]:
        def work(db: sqlite3.Connection) -> list[Producer]:
            account_id = find(db, name).id
            ids = db.execute(
                f"SELECT {wanted} FROM follow WHERE {given} = ? ORDER BY created_us DESC, {wanted} LIMIT ?",
                (account_id, limit),
            ).fetchall()
            return [profile(db, row[0]) for row in ids]

        return await self._db.read(work)


def listened(db: sqlite3.Connection, account_id: str) -> list[str]:
    """Ids of those the account follows. [any thread with a snapshot]"""
    return [
        row[0] for row in db.execute("SELECT followee_id FROM follow WHERE follower_id = ?", (account_id,))
    ]


def _named(db: sqlite3.Connection, request: FollowRequest) -> Producer:
    name = request.user_id or request.username
    if name is None:
        raise Refusal("validation", "Name somebody by user_id or username.")
    return find(db, name)


def _count(tx: Tx, follower_id: str, followee_id: str, step: int) -> None:
    tx.db.execute(
        "UPDATE account SET following_count = following_count + ? WHERE id = ?", (step, follower_id)
    )
    tx.db.execute("UPDATE account SET follower_count = follower_count + ? WHERE id = ?", (step, followee_id))
