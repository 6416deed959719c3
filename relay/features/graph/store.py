"""The table follow: who follows whom; requests.py has who asks to, blocks.py who is kept away."""

from relay.core.counts import Miscount
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.live import api as live

NEW_FOLLOW, PARTED = "follow", "parted"
ERASED_AT_ONCE = 100
"""Of one transaction, where an account goes."""


def begin_follow(tx: Tx, follower_id: str, followee_id: str) -> None:
    """Following twice is following once, and is told once, for good. Who may is not asked here. [writer]"""
    now = now_us()
    new = tx.db.execute(
        "INSERT INTO follow (follower_id, followee_id, since_n, created_us) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING 1",
        (follower_id, followee_id, tx.commit, now),
    ).fetchone()
    if new is None:
        return
    accounts.count_follow(tx, follower_id, followee_id, 1)
    tx.effects.append(live.Followed(commit=tx.commit, follower_id=follower_id, followee_id=followee_id))
    live.append_once(
        tx,
        act=live.Act(kind=NEW_FOLLOW, actor_id=follower_id, about_id=followee_id),
        topic=live.inbox_topic(followee_id),
        object_id=followee_id,
        at_us=now,
    )


def unfollow(tx: Tx, follower_id: str, followee_id: str) -> None:
    """Who followed is told that the posts are not theirs any more, whoever ended it. [writer]"""
    if end_follow(tx, follower_id, followee_id):
        tell_parted(tx, follower_id, followee_id)


def end_follow(tx: Tx, follower_id: str, followee_id: str) -> bool:
    """Whether there was one. [writer]"""
    gone = tx.db.execute(
        "DELETE FROM follow WHERE follower_id = ? AND followee_id = ? RETURNING 1", (follower_id, followee_id)
    ).fetchone()
    if gone is None:
        return False
    accounts.count_follow(tx, follower_id, followee_id, -1)
    tx.effects.append(live.Unfollowed(commit=tx.commit, follower_id=follower_id, followee_id=followee_id))
    return True


def erase_some(tx: Tx, account_id: str) -> bool:
    """Whom an account follows, and who follows it, once it goes: devices of the latter forget its posts, also those that come
    back later. Whether there may be more. [writer]
    """
    rows = tx.db.execute(
        "SELECT follower_id, followee_id FROM follow WHERE follower_id = ? OR followee_id = ? LIMIT ?",
        (account_id, account_id, ERASED_AT_ONCE),
    ).fetchall()
    for follower_id, followee_id in rows:
        end_follow(tx, follower_id, followee_id)
        if followee_id == account_id:
            tell_parted(tx, follower_id, followee_id)
    return len(rows) == ERASED_AT_ONCE


def tell_parted(tx: Tx, account_id: str, other_id: str) -> None:
    """An account's own connections and devices forget the posts of another. [writer]"""
    live.append(
        tx,
        topic=live.author_topic(account_id),
        kind=PARTED,
        actor_id=account_id,
        object_id=other_id,
        at_us=now_us(),
    )


def follows(db: Connection, follower_id: str, followee_id: str) -> bool:
    """[any thread with a snapshot]"""
    found = db.execute(
        "SELECT 1 FROM follow WHERE follower_id = ? AND followee_id = ?", (follower_id, followee_id)
    )
    return found.fetchone() is not None


def require_may_list(db: Connection, viewer_id: str | None, account_id: str, is_private: bool) -> None:
    """Whom a private account follows, and who follows it, is for its followers. Raises Refusal: forbidden."""
    if not is_private or viewer_id == account_id:
        return
    if viewer_id is None or not follows(db, viewer_id, account_id):
        raise Refusal(
            "forbidden", "This account is private: only who follows it sees that.", "Ask to follow it."
        )


def miscounts(db: Connection) -> list[Miscount]:
    """Followers and followees, counted anew. [any thread with a snapshot]"""
    found: list[Miscount] = []
    for column, end in (("follower_count", "followee_id"), ("following_count", "follower_id")):
        rows = db.execute(
            f"SELECT a.id, a.{column}, count(f.created_us) FROM account AS a LEFT JOIN follow AS f ON f.{end} = a.id"
            f" GROUP BY a.id, a.{column} HAVING a.{column} <> count(f.created_us)"
        )
        found += [
            Miscount(table="account", column=column, id=id_, stored=old, counted=new)
            for id_, old, new in rows
        ]
    return found
