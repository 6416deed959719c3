"""The tables saved and repost: posts that somebody keeps for themselves, or shows to those who follow them."""

from collections.abc import Sequence

import msgspec

from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.core.visibility import PUBLIC, Audience
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.creations import api as creations
from relay.features.feeds import api as feeds
from relay.features.live import api as live
from relay.features.reactions import showing
from relay.features.reactions.lists import reposts_of
from relay.wire.events import FeedReposted, FeedRepostRemoved, SocialNewRepost
from relay.wire.rest import AudioPost, FeedPost, Reposted, RepostRequest

NEW_REPOST = "repost"
REASON = "repost"
"""Of an item of a feed."""
_COLUMNS = "id, account_id, creation_id, text, created_us"


class Keeping:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def save(self, account_id: str, post_id: str, on: bool) -> AudioPost:
        """Saving twice is saving once; what one may no longer see is let go all the same. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> AudioPost | Refusal:
            if on:
                creations.reactable(tx.db, post_id, account_id, self._base_url)
                _save(tx, account_id, post_id)
            else:
                _unsave(tx, account_id, post_id)
            return self._as_left(tx, account_id, post_id)

        return _seen(await self._db.write(work))

    async def repost(self, account_id: str, request: RepostRequest) -> Reposted:
        """Raises Refusal: not_found, gone, validation."""

        def work(tx: Tx) -> Reposted:
            post = creations.repostable(tx.db, request.post_id, account_id, self._base_url)
            if post.user_id == account_id:
                raise Refusal("validation", "Who follows you has your own post already.")
            row = _repost(tx, account_id, post, request.text)
            seen = creations.reactable(tx.db, post.id, account_id, self._base_url)
            return Reposted(repost=reposts_of(tx.db, [row])[0], post=seen)

        return await self._db.write(work)

    async def unrepost(self, account_id: str, post_id: str) -> AudioPost:
        """Also of what one may no longer see. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> AudioPost | Refusal:
            gone = tx.db.execute(
                "DELETE FROM repost WHERE account_id = ? AND creation_id = ? RETURNING 1",
                (account_id, post_id),
            ).fetchone()
            if gone is not None:
                creations.count_reposts(tx, post_id, -1)
                feeds.take_back(tx, post_id, account_id, feeds.Sign.REPOST, now_us())
                showing.note(tx, account_id, post_id)
            return self._as_left(tx, account_id, post_id)

        return _seen(await self._db.write(work))

    def _as_left(self, tx: Tx, account_id: str, post_id: str) -> AudioPost | Refusal:
        """Returned and not raised, where the post is not to be seen: what was done commits."""
        try:
            return creations.reactable(tx.db, post_id, account_id, self._base_url)
        except Refusal as refusal:
            return refusal


def _seen(found: AudioPost | Refusal) -> AudioPost:
    """Raises Refusal."""
    if isinstance(found, Refusal):
        raise found
    return found


def _save(tx: Tx, account_id: str, post_id: str) -> None:
    now = now_us()
    tx.db.execute(
        "INSERT INTO saved (account_id, creation_id, created_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (account_id, post_id, now),
    )
    feeds.give(tx, post_id, account_id, feeds.Sign.SAVE, now)


def _unsave(tx: Tx, account_id: str, post_id: str) -> None:
    tx.db.execute("DELETE FROM saved WHERE account_id = ? AND creation_id = ?", (account_id, post_id))
    feeds.take_back(tx, post_id, account_id, feeds.Sign.SAVE, now_us())


def _repost(tx: Tx, account_id: str, post: AudioPost, text: str) -> tuple[str, str, str, str, int]:
    """Again: the word alone is another one. The row, of _COLUMNS."""
    now = now_us()
    new = tx.db.execute(
        "INSERT INTO repost (account_id, creation_id, id, text, created_us) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING 1",
        (account_id, post.id, new_id(), text, now),
    ).fetchone()
    which = "account_id = ? AND creation_id = ?"
    other = None
    if new is None:
        other = tx.db.execute(
            f"UPDATE repost SET text = ? WHERE {which} AND text <> ? RETURNING 1",
            (text, account_id, post.id, text),
        ).fetchone()
    if new is not None or other is not None:
        showing.note(tx, account_id, post.id)
    row: tuple[str, str, str, str, int] = tx.db.execute(
        f"SELECT {_COLUMNS} FROM repost WHERE {which}", (account_id, post.id)
    ).fetchone()
    if new is not None:
        creations.count_reposts(tx, post.id, 1)
        feeds.give(tx, post.id, account_id, feeds.Sign.REPOST, now)
        live.append_once(
            tx,
            act=live.Act(kind=NEW_REPOST, actor_id=account_id, about_id=post.id),
            topic=live.inbox_topic(post.user_id),
            object_id=row[0],
            at_us=now,
        )
    return row


def tell_reposts(db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Addressed]:
    """Those that still stand, of posts that are there. [any thread with a snapshot]"""
    marks = ", ".join("?" * len(events))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM repost WHERE id IN ({marks}) AND creation_id IN"
        " (SELECT c.id FROM creation AS c WHERE c.state = 'ready')",
        [each.object_id for each in events],
    ).fetchall()
    found = {each.id: each for each in reposts_of(db, rows)}
    return {
        each.id: live.Addressed(
            payload=SocialNewRepost(repost=found[each.object_id]), audience=Audience.EVERYBODY
        )
        for each in events
        if each.object_id in found
    }


_STANDING = f"""SELECT r.account_id, r.creation_id, r.text, r.created_us, w.username, c.owner_id FROM repost AS r
  JOIN creation AS c ON c.id = r.creation_id JOIN account AS w ON w.id = r.account_id
  WHERE w.suspended_us IS NULL AND {PUBLIC} AND r.account_id IN ({{people}}) AND r.creation_id IN ({{posts}})"""


def tell_shown(base_url: str, db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Addressed]:
    """To who follows somebody, what they show of others; or, of what they show no longer, that it is gone from there.

    Whoever hears of its author has the post itself, and is not told. [any thread with a snapshot]
    """
    people = {f"a{n}": who for n, who in enumerate(dict.fromkeys(each.actor_id for each in events))}
    about = {f"c{n}": which for n, which in enumerate(dict.fromkeys(each.object_id for each in events))}
    marks = {
        name: ", ".join(f":{mark}" for mark in of) for name, of in (("people", people), ("posts", about))
    }
    rows = db.execute(_STANDING.format(**marks), {"viewer": "", **people, **about}).fetchall()
    standing = {(who, which): row for who, which, *row in rows}
    posts = creations.told(db, list({which for _, which in standing}), base_url) if standing else {}
    told: dict[str, live.Addressed] = {}
    for each in events:
        row = standing.get((each.actor_id, each.object_id))
        if row is None:
            gone = FeedRepostRemoved(post_id=each.object_id, user_id=each.actor_id)
            told[each.id] = live.Addressed(payload=gone, audience=Audience.FOLLOWERS)
            continue
        text, at_us, username, owner_id = row
        shown = msgspec.structs.asdict(posts[each.object_id]) | {
            "reason": REASON,
            "reposted_by": username,
            "reposted_by_id": each.actor_id,
            "repost_text": text,
            "reposted_at": rfc3339(at_us),
        }
        told[each.id] = live.Addressed(
            payload=FeedReposted(post=FeedPost(**shown)), audience=Audience.FOLLOWERS, about_id=owner_id
        )
    return told
