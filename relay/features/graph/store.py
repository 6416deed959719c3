"""The tables follow and block."""

from collections.abc import Sequence

from relay.core.counts import Miscount
from relay.core.cursor import Cursor
from relay.core.refusal import Refusal
from relay.core.visibility import Audience
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.live import api as live
from relay.wire.events import SocialNewFollow
from relay.wire.rest import Producer

NEW_FOLLOW = "follow"


def follow(tx: Tx, follower_id: str, followee_id: str) -> None:
    """Following twice is following once, and is told once, for good. Raises Refusal: forbidden. [writer]"""
    if are_blocked(tx.db, follower_id, followee_id):
        raise Refusal("forbidden", "One of you has blocked the other.")
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
    """[writer]"""
    gone = tx.db.execute(
        "DELETE FROM follow WHERE follower_id = ? AND followee_id = ? RETURNING 1", (follower_id, followee_id)
    ).fetchone()
    if gone is not None:
        accounts.count_follow(tx, follower_id, followee_id, -1)
        tx.effects.append(live.Unfollowed(commit=tx.commit, follower_id=follower_id, followee_id=followee_id))


def block(tx: Tx, blocker_id: str, blocked_id: str) -> None:
    """Neither follows the other any more. [writer]"""
    new = tx.db.execute(
        "INSERT INTO block (blocker_id, blocked_id, created_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
        (blocker_id, blocked_id, now_us()),
    ).fetchone()
    if new is not None:
        unfollow(tx, blocker_id, blocked_id)
        unfollow(tx, blocked_id, blocker_id)
        tx.effects.append(
            live.Blocked(commit=tx.commit, blocker_id=blocker_id, blocked_id=blocked_id, blocked=True)
        )


def unblock(tx: Tx, blocker_id: str, blocked_id: str) -> None:
    """[writer]"""
    gone = tx.db.execute(
        "DELETE FROM block WHERE blocker_id = ? AND blocked_id = ? RETURNING 1", (blocker_id, blocked_id)
    ).fetchone()
    if gone is not None and not are_blocked(tx.db, blocker_id, blocked_id):
        tx.effects.append(
            live.Blocked(commit=tx.commit, blocker_id=blocker_id, blocked_id=blocked_id, blocked=False)
        )


def are_blocked(db: Connection, one: str, other: str) -> bool:
    """Whether one of both blocks the other. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT 1 FROM block WHERE (blocker_id = ? AND blocked_id = ?) OR (blocker_id = ? AND blocked_id = ?)",
        (one, other, other, one),
    )
    return found.fetchone() is not None


def follows(db: Connection, follower_id: str, followee_id: str) -> bool:
    """[any thread with a snapshot]"""
    found = db.execute(
        "SELECT 1 FROM follow WHERE follower_id = ? AND followee_id = ?", (follower_id, followee_id)
    )
    return found.fetchone() is not None


def people(
    db: Connection, account_id: str, *, followers: bool, before: Cursor, limit: int
) -> tuple[list[Producer], list[Cursor]]:
    """Followers, or else those followed, before a place, the newest first; and the place of each.

    [any thread with a snapshot]
    """
    wanted, given = ("follower_id", "followee_id") if followers else ("followee_id", "follower_id")
    rows = db.execute(
        f"SELECT {wanted}, created_us FROM follow WHERE {given} = ? AND (created_us, {wanted}) < (?, ?)"
        f" ORDER BY created_us DESC, {wanted} DESC LIMIT ?",
        (account_id, before.at_us, before.id, limit),
    ).fetchall()
    found = accounts.profiles(db, [row[0] for row in rows])
    places = [Cursor(created_us, id_) for id_, created_us in rows]
    return [found[place.id] for place in places], places


def tell_follows(db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Delivery]:
    """Who follows now, of those that did; a follow taken back is not told. [any thread with a snapshot]"""
    still = {each.id for each in events if follows(db, each.actor_id, each.object_id)}
    found = accounts.profiles(db, sorted({each.actor_id for each in events}))
    return {
        each.id: live.Delivery(
            payload=SocialNewFollow(follower=found[each.actor_id]), audience=Audience.EVERYBODY
        )
        for each in events
        if each.id in still and each.actor_id in found
    }


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
