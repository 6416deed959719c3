"""The tables creation_like and reaction."""

from collections.abc import Sequence

import msgspec

from relay.core.counts import Miscount
from relay.core.times import rfc3339
from relay.core.visibility import Audience
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.live import api as live
from relay.features.reactions import showing
from relay.wire.events import SocialNewReaction
from relay.wire.rest import PLAIN_LIKE, REACTIONS, CustomData, Reaction

NEW_LIKE, NEW_REACTION = "like", "reaction"
LIKE_COLUMNS = "id, account_id, creation_id, emoji, created_us, 'like', '{}'"
REACTION_COLUMNS = "id, account_id, creation_id, emoji, created_us, type, custom_data"
_data: msgspec.json.Decoder[CustomData] = msgspec.json.Decoder(CustomData)


def like_of(db: Connection, account_id: str, creation_id: str) -> str | None:
    """The emoji with which an account likes a creation; None: it does not. [any thread with a snapshot]"""
    found: tuple[str] | None = db.execute(
        "SELECT emoji FROM creation_like WHERE account_id = ? AND creation_id = ?", (account_id, creation_id)
    ).fetchone()
    return None if found is None else found[0]


def put_like(tx: Tx, like: Reaction, at_us: int) -> None:
    """Liking again changes the emoji only. [writer]"""
    tx.db.execute(
        "INSERT INTO creation_like (account_id, creation_id, id, emoji, created_us) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (account_id, creation_id) DO UPDATE SET emoji = excluded.emoji",
        (like.user_id, like.post_id, like.id, like.emoji, at_us),
    )


def remove_like(tx: Tx, account_id: str, creation_id: str) -> str | None:
    """The emoji that it had, if there was one. [writer]"""
    gone: tuple[str] | None = tx.db.execute(
        "DELETE FROM creation_like WHERE account_id = ? AND creation_id = ? RETURNING emoji",
        (account_id, creation_id),
    ).fetchone()
    return None if gone is None else gone[0]


def add_reaction(tx: Tx, reaction: Reaction, at_us: int) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO reaction (creation_id, account_id, emoji, id, created_us, type, custom_data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            reaction.post_id,
            reaction.user_id,
            reaction.emoji,
            reaction.id,
            at_us,
            reaction.type,
            _as_json(reaction.custom_data),
        ),
    )


def change_reaction(tx: Tx, reaction: Reaction) -> None:
    """What is said with it. [writer]"""
    tx.db.execute(
        "UPDATE reaction SET type = ?, custom_data = ? WHERE id = ?",
        (reaction.type, _as_json(reaction.custom_data), reaction.id),
    )


def remove_reaction(tx: Tx, account_id: str, creation_id: str, emoji: str) -> bool:
    """Whether there was one. [writer]"""
    gone = tx.db.execute(
        "DELETE FROM reaction WHERE creation_id = ? AND account_id = ? AND emoji = ? RETURNING 1",
        (creation_id, account_id, emoji),
    )
    return gone.fetchone() is not None


def forget(tx: Tx, creation_id: str) -> None:
    """All that anybody said to a creation that is deleted; where it was shown, it is told that it is no longer. [writer]"""
    showing.note_creation(tx, creation_id)
    for table in ("creation_like", "reaction", "saved", "repost"):
        tx.db.execute(f"DELETE FROM {table} WHERE creation_id = ?", (creation_id,))


def reaction_of(db: Connection, account_id: str, creation_id: str, emoji: str) -> Reaction | None:
    """[any thread with a snapshot]"""
    row = db.execute(
        f"SELECT {REACTION_COLUMNS} FROM reaction WHERE creation_id = ? AND account_id = ? AND emoji = ?",
        (creation_id, account_id, emoji),
    ).fetchone()
    return read_reaction(row) if row else None


def reaction_by_id(db: Connection, reaction_id: str) -> Reaction | None:
    """[any thread with a snapshot]"""
    row = db.execute(f"SELECT {REACTION_COLUMNS} FROM reaction WHERE id = ?", (reaction_id,)).fetchone()
    return read_reaction(row) if row else None


def stands(db: Connection, account_id: str, creation_id: str, emoji: str) -> bool:
    """Whether an account reacts with it, or, for "", likes it. [any thread with a snapshot]"""
    if emoji:
        return reaction_of(db, account_id, creation_id, emoji) is not None
    return like_of(db, account_id, creation_id) is not None


def is_reposted(db: Connection, account_id: str, creation_id: str) -> bool:
    """Whether an account shows it to its followers. [any thread with a snapshot]"""
    asked = "SELECT 1 FROM repost WHERE account_id = ? AND creation_id = ?"
    return db.execute(asked, (account_id, creation_id)).fetchone() is not None


def tell(tx: Tx, reaction: Reaction, owner_id: str, at_us: int) -> None:
    """Tell the owner, once for each emoji of each person on each creation, whatever is taken back between. [writer]"""
    kind = NEW_LIKE if reaction.type == "like" else NEW_REACTION
    detail = "" if reaction.type == "like" else reaction.emoji
    if reaction.user_id == owner_id:
        return
    live.append_once(
        tx,
        act=live.Act(kind=kind, actor_id=reaction.user_id, about_id=reaction.post_id, detail=detail),
        topic=live.inbox_topic(owner_id),
        object_id=reaction.id,
        at_us=at_us,
    )


def tell_likes(db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Addressed]:
    """[any thread with a snapshot]"""
    return _tell(db, events, "creation_like")


def tell_reactions(db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Addressed]:
    """[any thread with a snapshot]"""
    return _tell(db, events, "reaction")


def _tell(db: Connection, events: Sequence[live.Happened], table: str) -> dict[str, live.Addressed]:
    """Those that still stand, on creations that are still there, of people who are not suspended."""
    marks = ", ".join("?" * len(events))
    columns = LIKE_COLUMNS if table == "creation_like" else REACTION_COLUMNS
    rows = db.execute(
        f"SELECT {columns} FROM {table} WHERE id IN ({marks}) AND creation_id IN"
        " (SELECT c.id FROM creation AS c WHERE c.state = 'ready')",
        [each.object_id for each in events],
    ).fetchall()
    standing = {each.id: each for each in map(read_reaction, rows)}
    people = accounts.present(db, sorted({each.user_id for each in standing.values()}))
    return {
        each.id: live.Addressed(
            payload=SocialNewReaction(
                reaction=standing[each.object_id], username=people[each.actor_id].username
            ),
            audience=Audience.EVERYBODY,
        )
        for each in events
        if each.object_id in standing and each.actor_id in people
    }


def read_reaction(row: tuple[str, str, str, str, int, str, str]) -> Reaction:
    """row: of LIKE_COLUMNS or REACTION_COLUMNS. [any]"""
    id_, account_id, creation_id, emoji, created_us, kind, custom_data = row
    return Reaction(
        id=id_,
        user_id=account_id,
        post_id=creation_id,
        type=kind,
        emoji=emoji,
        custom_data=_data.decode(custom_data),
        created_at=rfc3339(created_us),
    )


def _as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def miscounts(db: Connection) -> list[Miscount]:
    """Likes and reactions, counted anew. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT c.id, c.like_count, count(l.id) FROM creation AS c LEFT JOIN creation_like AS l ON l.creation_id = c.id"
        " GROUP BY c.id, c.like_count HAVING c.like_count <> count(l.id)"
    )
    found = [
        Miscount(table="creation", column="like_count", id=id_, stored=old, counted=new)
        for id_, old, new in rows
    ]
    reposts = db.execute(
        "SELECT c.id, c.repost_count, count(r.id) FROM creation AS c LEFT JOIN repost AS r ON r.creation_id = c.id"
        " GROUP BY c.id, c.repost_count HAVING c.repost_count <> count(r.id)"
    )
    found += [
        Miscount(table="creation", column="repost_count", id=id_, stored=old, counted=new)
        for id_, old, new in reposts
    ]
    shown = ", ".join(f"'{emoji}'" for emoji in REACTIONS if emoji != PLAIN_LIKE)
    return [
        *found,
        *_miscounts_by_emoji(db, "reactions", "reaction"),
        *_miscounts_by_emoji(db, "liked_with", f"creation_like WHERE emoji IN ({shown})"),
    ]


def _miscounts_by_emoji(db: Connection, column: str, counted_of: str) -> list[Miscount]:
    counts: dict[str, dict[str, int]] = {}
    sql = f"SELECT creation_id, emoji, count(*) FROM {counted_of} GROUP BY creation_id, emoji"
    for id_, emoji, count in db.execute(sql):
        counts.setdefault(id_, {})[emoji] = count
    found: list[Miscount] = []
    for id_, text in db.execute(f"SELECT id, {column} FROM creation"):
        new = counts.get(id_, {})
        if msgspec.json.decode(text) != new:
            said = msgspec.json.encode(new).decode()
            found.append(Miscount(table="creation", column=column, id=id_, stored=text, counted=said))
    return found
