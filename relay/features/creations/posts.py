"""Posts as they are read: one, a page of a list, many that are told. The statement is one, SELECT, and the row is one."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.times import rfc3339
from relay.core.visibility import PUBLIC, READABLE
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.creations.figures import Card, read_card
from relay.features.creations.kinds import Ability, is_one_with
from relay.features.creations.reading import why_not_there
from relay.features.reactions.api import LIKED, REACTED, REPOSTED, SAVED
from relay.wire.rest import API_PREFIX, AudioPost, FeedPost

PAGE_PATH = "/p/"
MAX_REMEMBERED = 512
"""Rows of which it is remembered what they are told as: a new post is read by everybody who hears of its author. 2 MB."""


class Detail(Struct, frozen=True, kw_only=True):
    """A post and its card, for pages and players. In a list it is a FeedPost."""

    post: AudioPost
    card: Card


class Position(Struct, frozen=True, kw_only=True):
    """A page of a list: whose eyes, and where it begins."""

    viewer: str
    before: Cursor
    limit: int


class _Row(NamedTuple):
    """The columns of SELECT, in its order."""

    id: str
    owner_id: str
    username: str
    avatar_id: str | None
    title: str
    bpm: float | None
    key: str | None
    daw: str | None
    plays: int
    likes: int
    published_us: int
    liked: int | bool
    tags: str
    reactions: str
    reacted: str
    liked_with: str
    visibility: str
    comments: int
    reposts: int
    reposted: int | bool
    saved: int | bool
    card: str


COLUMNS = f"""c.id, c.owner_id, a.username, a.avatar_id, c.title, c.bpm, c.key, c.daw, c.play_count, c.like_count,
  c.published_us, {LIKED}, c.tags, c.reactions, {REACTED}, c.liked_with, c.visibility, c.comment_count,
  c.repost_count, {REPOSTED}, {SAVED}, c.card"""
"""Of _Row, for :viewer, of `creation AS c` and `account AS a`."""
SELECT = f"SELECT {COLUMNS} FROM creation AS c JOIN account AS a ON a.id = c.owner_id"
OLDER = "(c.published_us, c.id) < (:at_us, :id)"
NEWEST = "ORDER BY c.published_us DESC, c.id DESC LIMIT :limit"


_tags = msgspec.json.Decoder(list[str])
_counts = msgspec.json.Decoder(dict[str, int])


def one(db: Connection, post_id: str, viewer: str | None, base_url: str) -> Detail:
    """A creation of any kind. Raises Refusal: not_found; what one may not see does not exist. [any thread with a snapshot]"""
    return _one(db, post_id, viewer, base_url, READABLE)


def reactable(db: Connection, post_id: str, viewer: str, base_url: str) -> AudioPost:
    """A creation of a kind that is liked and reacted to. Raises Refusal: not_found. [any thread with a snapshot]"""
    return _one(db, post_id, viewer, base_url, f"{is_one_with(Ability.REACT)} AND {READABLE}").post


def commentable(db: Connection, post_id: str, viewer: str | None, base_url: str) -> AudioPost:
    """A creation of a kind that people talk about. Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    return _one(db, post_id, viewer, base_url, f"{is_one_with(Ability.COMMENT)} AND {READABLE}").post


def repostable(db: Connection, post_id: str, viewer: str, base_url: str) -> AudioPost:
    """What everybody may see anyway. Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    return _one(db, post_id, viewer, base_url, f"{is_one_with(Ability.REACT)} AND {PUBLIC}").post


def embeddable(db: Connection, post_id: str, base_url: str) -> Detail:
    """What pages of others may show to anybody. Raises Refusal: not_found. [any thread with a snapshot]"""
    return _one(db, post_id, None, base_url, f"{is_one_with(Ability.EMBED)} AND {PUBLIC}")


def is_embeddable(db: Connection, post_id: str) -> bool:
    """[any thread with a snapshot]"""
    asked = f"SELECT 1 FROM creation AS c WHERE c.id = :id AND {is_one_with(Ability.EMBED)} AND {PUBLIC}"
    return db.execute(asked, {"viewer": "", "id": post_id}).fetchone() is not None


def _one(db: Connection, post_id: str, viewer: str | None, base_url: str, which: str) -> Detail:
    values = {"viewer": viewer or "", "id": post_id}
    row = db.execute(f"{SELECT} WHERE c.id = :id AND {which}", values).fetchone()
    if row is None:
        raise why_not_there(db, post_id, viewer)
    return detail(row, base_url)


def position(viewer: str | None, cursor: str | None, limit: int) -> Position:
    """Raises Refusal: cursor_invalid. [any]"""
    return Position(viewer=viewer or "", before=read_cursor(cursor) if cursor else BEGINNING, limit=limit)


def page(
    db: Connection, sql: str, at: Position, base_url: str, reason: str, **more: str | int
) -> tuple[list[Detail], str | None]:
    """A page of a list and the cursor of the next. sql: of SELECT's columns, with OLDER and NEWEST in it. reason: of its items.

    [any thread with a snapshot]
    """
    values = {
        "viewer": at.viewer,
        "at_us": at.before.at_us,
        "id": at.before.id,
        "limit": at.limit + 1,
        **more,
    }
    rows = db.execute(sql, values).fetchall()
    details = [detail(row, base_url, reason) for row in rows[: at.limit]]
    last = _Row(*rows[at.limit - 1]) if len(rows) > at.limit else None
    return details, None if last is None else write_cursor(Cursor(last.published_us, last.id))


def by_ids(db: Connection, ids: Sequence[str], viewer: str) -> dict[str, tuple[Any, ...]]:
    """Rows of COLUMNS by their ids; it was asked before who may see them. [any thread with a snapshot]"""
    if not ids:
        return {}
    marks = {f"c{index}": post_id for index, post_id in enumerate(ids)}
    sql = f"{SELECT} WHERE c.id IN ({', '.join(f':{mark}' for mark in marks)})"
    return {row[0]: row for row in db.execute(sql, {"viewer": viewer, **marks}).fetchall()}


def told(db: Connection, post_ids: Sequence[str], base_url: str) -> dict[str, AudioPost]:
    """Posts that are not deleted, as nobody in particular sees them. [any thread with a snapshot]"""
    marks = ", ".join(f":c{index}" for index in range(len(post_ids)))
    ids = {f"c{index}": post_id for index, post_id in enumerate(post_ids)}
    sql = f"{SELECT} WHERE c.id IN ({marks}) AND c.state <> 'deleted'"
    found = [detail(row, base_url).post for row in db.execute(sql, {"viewer": "", **ids}).fetchall()]
    return {post.id: post for post in found}


@lru_cache(MAX_REMEMBERED)
def detail(
    columns: tuple[Any, ...],  # any: of many types, as _Row names them
    base_url: str,
    reason: str | None = None,
) -> Detail:
    """A row of SELECT, and nothing else: so the same row is always told as the same. reason: it is an item of a feed. [any]"""
    row = _Row(*columns)
    card = read_card(row.card)
    return Detail(post=_post(row, card, base_url, reason), card=card)


_OF_CARD = (
    "duration_bars",
    "duration_ms",
    "frames",
    "sample_rate_hz",
    "lufs",
    "dbtp",
    "loudness_reason",
    "outline",
    "bpm_source",
    "bpm_confidence",
    "key_source",
    "key_confidence",
    "lra_lu",
    "seam_score",
)
"""What a post has of its card, by the same names."""


def _post(row: _Row, card: Card, base_url: str, reason: str | None) -> AudioPost:
    path = f"{base_url}{API_PREFIX}/audio/{row.id}"
    of_version = "" if card.version == 1 else f"?v={card.version}"
    made_as = AudioPost if reason is None else partial(FeedPost, reason=reason)
    return made_as(
        id=row.id,
        user_id=row.owner_id,
        username=row.username,
        avatar=accounts.avatar_of(row.avatar_id),
        title=row.title,
        audio_url=f"{path}/mp3{of_version}",
        waveform_svg=f"{path}/waveform{of_version}",
        page_url=f"{base_url}{PAGE_PATH}{row.id}",
        bpm=row.bpm,
        key=row.key,
        genre=_tags.decode(row.tags),
        daw=row.daw,
        play_count=row.plays,
        like_count=row.likes,
        liked=bool(row.liked),
        created_at=rfc3339(row.published_us),
        reactions=_counts.decode(row.reactions),
        reacted=_tags.decode(row.reacted),
        liked_with=_counts.decode(row.liked_with),
        visibility=row.visibility,
        repost_count=row.reposts,
        reposted=bool(row.reposted),
        saved=bool(row.saved),
        comment_count=row.comments,
        **{name: getattr(card, name) for name in _OF_CARD},
    )
