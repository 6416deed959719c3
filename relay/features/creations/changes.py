"""What changes in the rows of a creation after it was published: its words, who sees it, and that it is there at all."""

from msgspec import Struct
from msgspec.structs import replace

from relay.core.visibility import Audience, Shown, State, Visibility, audience
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.analytics import api as analytics
from relay.features.coediting import api as coediting
from relay.features.comments import api as comments
from relay.features.creations.kinds import KINDS, Ability, Kind
from relay.features.creations.reading import shown_as
from relay.features.creations.store import (
    NEW_POST,
    as_json,
    is_counted,
    note_newest,
    note_otherwise,
    search_words,
    set_tags,
)
from relay.features.feeds import api as feeds
from relay.features.live import api as live
from relay.features.reactions import api as reactions
from relay.features.recommending import api as recommending
from relay.features.search import api as search

CHANGED_POST, WITHDRAWN_POST = "post.changed", "post.withdrawn"
_SHOWN = "post.shown"
"""Noted when somebody heard of it: coming back is no news."""
OTHERS_HEAR = (Audience.EVERYBODY, Audience.FOLLOWERS)


class Existing(Struct, frozen=True, kw_only=True):
    """A creation that is there, as its owner changes it."""

    id: str
    kind: Kind
    shown: Shown
    title: str
    tags: str
    """As its column holds them."""


def standing(db: Connection, creation_id: str) -> Existing | None:
    """None: there is none, or it was deleted. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT kind, title, tags, owner_id, visibility, state, owner_state FROM creation WHERE id = ? AND state <> 'deleted'",
        (creation_id,),
    ).fetchone()
    if row is None:
        return None
    kind, title, tags, *shown = row
    return Existing(id=creation_id, kind=Kind(kind), shown=shown_as(*shown), title=title, tags=tags)


def set_words(tx: Tx, was: Existing, title: str, tags: list[str], at_us: int) -> bool:
    """Whether they are others than before. [writer]"""
    column = as_json(tags)
    if (title, column) == (was.title, was.tags):
        return False
    tx.db.execute(
        "UPDATE creation SET title = ?, tags = ?, changed_us = ? WHERE id = ?", (title, column, at_us, was.id)
    )
    note_otherwise(tx)
    set_tags(tx, was.id, tags)
    search.put(tx, search.POST, search_words(was.id, was.kind, title, tags))
    return True


def set_shown(tx: Tx, was: Existing, visibility: Visibility, state: State, at_us: int) -> bool:
    """Who sees it from now on; also what happened before is told, and replayed, by this. Whether that is new. [writer]"""
    if (visibility, state) == (was.shown.visibility, was.shown.state):
        return False
    tx.db.execute(
        "UPDATE creation SET visibility = ?, state = ?, changed_us = ? WHERE id = ?",
        (visibility, state, at_us, was.id),
    )
    note_otherwise(tx)
    if Ability.FEED in KINDS[was.kind].abilities:
        step = is_counted(visibility, state) - is_counted(was.shown.visibility, was.shown.state)
        accounts.count_posts(tx, was.shown.owner_id, step)
        note_newest(tx, was.shown.owner_id)
    return True


def delete(tx: Tx, was: Existing, at_us: int) -> list[str]:
    """Leave a tombstone, which says whose it was and what it was made of; the names of the objects that it had. [writer]"""
    tx.db.execute(
        "UPDATE creation SET title = '', tags = '[]', card = '{}', bpm = NULL, key = NULL, camelot = NULL, daw = NULL,"
        " duration_ms = 0, play_count = 0, like_count = 0, repost_count = 0, comment_count = 0, reactions = '{}',"
        " liked_with = '{}', fork_count = 0, view_count = 0 WHERE id = ?",
        (was.id,),
    )
    set_tags(tx, was.id, [])
    search.remove(tx, search.POST, was.id)
    set_shown(tx, was, was.shown.visibility, State.DELETED, at_us)
    versions = "SELECT id FROM creation_version WHERE creation_id = ?"
    assets = tx.db.execute(
        f"DELETE FROM asset WHERE version_id IN ({versions}) RETURNING sha256, size_bytes", (was.id,)
    ).fetchall()
    tx.db.execute(
        "UPDATE creation_version SET body = '{}', bpm = NULL, key = NULL, score = NULL, note = ''"
        " WHERE creation_id = ?",
        (was.id,),
    )
    accounts.store_bytes(tx, was.shown.owner_id, -sum(size_bytes for _, size_bytes in assets))
    reactions.forget(tx, was.id)
    feeds.forget(tx, was.id)
    analytics.forget_creation(tx, was.id)
    recommending.forget(tx, was.id)
    comments.forget(tx, was.id)
    coediting.forget(tx, was.id)
    return [sha256 for sha256, _ in assets]


def tell(tx: Tx, was: Existing, now: Shown, at_us: int) -> None:
    """Who hears of the owner, or of who shows it, that it is otherwise now: those who see it for the first time as of a new one.

    Noted whatever its state is: what is not ready is told to nobody now, and may be later. [writer]
    """
    if Ability.FEED not in KINDS[was.kind].abilities:
        return
    heard, hear = (_is_heard(each) for each in (was.shown, now))
    kinds = [CHANGED_POST]
    if heard != hear and now.state is not State.DELETED:
        first = live.is_told_first(tx, kind=_SHOWN, actor_id=now.owner_id, object_id=was.id)
        if heard:
            kinds.append(WITHDRAWN_POST)
        elif first:
            kinds = [NEW_POST]
    topic = live.author_topic(now.owner_id)
    for kind in kinds:
        live.append(tx, topic=topic, kind=kind, actor_id=now.owner_id, object_id=was.id, at_us=at_us)
    reactions.note_creation(tx, was.id)


def _is_heard(shown: Shown) -> bool:
    """Whether others are told of it, once it is ready. What is archived is as if it was withdrawn."""
    is_away = shown.state is State.ARCHIVED
    return not is_away and audience(replace(shown, state=State.READY)) in OTHERS_HEAR
