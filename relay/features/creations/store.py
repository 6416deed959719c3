"""The tables creation, creation_version, asset. The bytes of assets are in the objects."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from relay.core.counts import Miscount
from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.core.visibility import READABLE, Shown, State, Visibility, audience
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.creations.figures import Card, Figures, read_card, read_figures
from relay.features.creations.kinds import KINDS, Ability, Kind, with_ability
from relay.features.live import api as live
from relay.features.reactions.api import LIKED, REACTED
from relay.wire.events import FeedNewPost
from relay.wire.rest import API_PREFIX, AudioPost

PAGE_PATH = "/p/"
NEW_POST = "post"


class Asset(Struct, frozen=True, kw_only=True):
    """One object of a version, in the role that its kind gives it (kinds.py)."""

    role: str
    sha256: str
    size_bytes: int
    mime: str


class NewCreation(Struct, frozen=True, kw_only=True):
    """All that is stored of a creation when it is published."""

    id: str
    version_id: str
    owner_id: str
    kind: Kind
    visibility: Visibility
    title: str
    bpm: float | None
    key: str | None
    tags: list[str]
    daw: str | None
    figures: Figures
    assets: list[Asset]
    at_us: int


class Detail(Struct, frozen=True, kw_only=True):
    """A post and its card, for pages and players."""

    post: AudioPost
    card: Card


class Position(Struct, frozen=True, kw_only=True):
    """A page of a list: whose eyes, and where it begins."""

    viewer: str
    before: Cursor
    limit: int


SELECT = f"""SELECT c.id, c.owner_id, a.username, c.title, c.bpm, c.key, c.daw, c.play_count, c.like_count, c.published_us,
  {LIKED}, c.tags, c.reactions, {REACTED}, c.card
FROM creation AS c JOIN account AS a ON a.id = c.owner_id"""
"""Columns of `detail`, for :viewer."""
OLDER = "(c.published_us, c.id) < (:at_us, :id)"
NEWEST = "ORDER BY c.published_us DESC, c.id DESC LIMIT :limit"

_tags = msgspec.json.Decoder(list[str])
_counts = msgspec.json.Decoder(dict[str, int])
_encode = msgspec.json.Encoder()


# writing ------------------------------------------------------------------------------------------------------


def publish(tx: Tx, new: NewCreation) -> None:
    """Insert a creation with its first version and assets, and tell who hears of its owner. [writer]"""
    card, body = _json(new.figures.card), _json(new.figures)
    tx.db.execute(
        "INSERT INTO creation (id, owner_id, kind, visibility, state, title, head_version_id, bpm, key, daw, created_us,"
        " changed_us, published_us, tags, card) VALUES (?, ?, ?, ?, 'ready', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (new.id, new.owner_id, new.kind, new.visibility, new.title, new.version_id, new.bpm, new.key, new.daw, new.at_us,
         new.at_us, new.at_us, _json(new.tags), card),
    )  # fmt: skip
    tx.db.execute(
        "INSERT INTO creation_version (id, creation_id, n, created_us, body) VALUES (?, ?, 1, ?, ?)",
        (new.version_id, new.id, new.at_us, body),
    )
    for asset in new.assets:
        tx.db.execute(
            "INSERT INTO asset (version_id, role, sha256, size_bytes, mime) VALUES (?, ?, ?, ?, ?)",
            (new.version_id, asset.role, asset.sha256, asset.size_bytes, asset.mime),
        )
    accounts.store_bytes(tx, new.owner_id, sum(asset.size_bytes for asset in new.assets))
    if Ability.FEED in KINDS[new.kind].abilities:
        accounts.count_posts(tx, new.owner_id, 1)
        live.append(
            tx,
            topic=live.author_topic(new.owner_id),
            kind=NEW_POST,
            actor_id=new.owner_id,
            object_id=new.id,
            at_us=new.at_us,
        )


def set_shown(tx: Tx, creation_id: str, visibility: Visibility, state: State, at_us: int) -> None:
    """Who sees it from now on; also what happened before is told, and replayed, by this. [writer]"""
    tx.db.execute(
        "UPDATE creation SET visibility = ?, state = ?, changed_us = ? WHERE id = ?",
        (visibility, state, at_us, creation_id),
    )


def count_likes(tx: Tx, creation_id: str, step: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE creation SET like_count = like_count + ? WHERE id = ?", (step, creation_id))


def set_reactions(tx: Tx, creation_id: str, counts: dict[str, int]) -> None:
    """How many of each emoji: a feed reads it with the row. [writer]"""
    tx.db.execute("UPDATE creation SET reactions = ? WHERE id = ?", (_json(counts), creation_id))


def _json(value: object) -> str:
    return _encode.encode(value).decode()


# reading ------------------------------------------------------------------------------------------------------


def one(db: Connection, post_id: str, viewer: str | None, base_url: str) -> Detail:
    """Raises Refusal: not_found; what one may not see does not exist. [any thread with a snapshot]"""
    return _one(db, post_id, viewer, base_url, "c.kind = 'post'")


def reactable(db: Connection, post_id: str, viewer: str, base_url: str) -> AudioPost:
    """A creation of a kind that is liked and reacted to. Raises Refusal: not_found. [any thread with a snapshot]"""
    kinds = ", ".join(f"'{kind}'" for kind in with_ability(Ability.REACT))
    return _one(db, post_id, viewer, base_url, f"c.kind IN ({kinds})").post


def _one(db: Connection, post_id: str, viewer: str | None, base_url: str, of_kind: str) -> Detail:
    row = db.execute(
        f"{SELECT} WHERE c.id = :id AND {of_kind} AND {READABLE}", {"viewer": viewer or "", "id": post_id}
    ).fetchone()
    if row is None:
        raise no_post()
    return detail(row, base_url)


def no_post() -> Refusal:
    return Refusal("not_found", "There is no such post.")


def position(viewer: str | None, cursor: str | None, limit: int) -> Position:
    """Raises Refusal: cursor_invalid. [any]"""
    return Position(viewer=viewer or "", before=read_cursor(cursor) if cursor else BEGINNING, limit=limit)


def page(
    db: Connection, sql: str, at: Position, base_url: str, **more: str | int
) -> tuple[list[Detail], str | None]:
    """A page of a list and the cursor of the next. sql: of SELECT's columns, with OLDER and NEWEST in it.

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
    details = [detail(row, base_url) for row in rows[: at.limit]]
    last = rows[at.limit - 1] if len(rows) > at.limit else None
    return details, None if last is None else write_cursor(Cursor(last[9], last[0]))


def figures(db: Connection, post_id: str, viewer: str | None) -> Figures:
    """The body of the newest version. Raises Refusal: not_found. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT v.body FROM creation AS c JOIN creation_version AS v ON v.id = c.head_version_id"
        f" WHERE c.id = :id AND c.kind = 'post' AND {READABLE}",
        {"viewer": viewer or "", "id": post_id},
    ).fetchone()
    if row is None:
        raise no_post()
    return read_figures(row[0])


def asset(db: Connection, post_id: str, role: str, viewer: str | None) -> tuple[Asset, Shown]:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT role, sha256, size_bytes, mime, c.owner_id, c.visibility, c.state"
        " FROM creation AS c JOIN asset ON version_id = c.head_version_id"
        f" WHERE c.id = :id AND role = :role AND {READABLE}",
        {"viewer": viewer or "", "id": post_id, "role": role},
    ).fetchone()
    if row is None:
        raise no_post()
    found = Asset(role=row[0], sha256=row[1], size_bytes=row[2], mime=row[3])
    return found, Shown(owner_id=row[4], visibility=Visibility(row[5]), state=State(row[6]))


def wanted_objects(db: Connection) -> set[str]:
    """Names of all objects a row speaks of. [any thread with a snapshot]"""
    return {row[0] for row in db.execute("SELECT DISTINCT sha256 FROM asset")}


def tell_posts(base_url: str, db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Delivery]:
    """Posts as they are now, as nobody in particular sees them. [any thread with a snapshot]"""
    marks = ", ".join(f":c{index}" for index in range(len(events)))
    ids = {f"c{index}": each.object_id for index, each in enumerate(events)}
    rows = db.execute(f"{SELECT} WHERE c.id IN ({marks})", {"viewer": "", **ids}).fetchall()
    shown = shown_of(db, [row[0] for row in rows])
    posts = {row[0]: detail(row, base_url).post for row in rows}
    return {
        each.id: live.Delivery(
            payload=FeedNewPost(post=posts[each.object_id]), audience=audience(shown[each.object_id])
        )
        for each in events
        if each.object_id in posts
    }


def shown_of(db: Connection, creation_ids: Sequence[str]) -> dict[str, Shown]:
    """What decides who sees them. [any thread with a snapshot]"""
    if not creation_ids:
        return {}
    marks = ", ".join("?" * len(creation_ids))
    rows = db.execute(
        f"SELECT id, owner_id, visibility, state FROM creation WHERE id IN ({marks})", creation_ids
    )
    return {
        row[0]: Shown(owner_id=row[1], visibility=Visibility(row[2]), state=State(row[3])) for row in rows
    }


_Row = tuple[
    str, str, str, str, float | None, str | None, str | None, int, int, int, int | bool, str, str, str, str
]


def detail(row: _Row, base_url: str) -> Detail:
    """A row of SELECT. [any]"""
    (id_, owner_id, username, title, bpm, key, daw, plays, likes, published_us, liked, tags, reactions, reacted,
     card_text) = row  # fmt: skip
    card = read_card(card_text)
    path = f"{base_url}{API_PREFIX}/audio/{id_}"
    post = AudioPost(
        id=id_,
        user_id=owner_id,
        username=username,
        title=title,
        audio_url=f"{path}/mp3",
        waveform_svg=f"{path}/waveform",
        page_url=f"{base_url}{PAGE_PATH}{id_}",
        bpm=bpm,
        key=key,
        genre=_tags.decode(tags),
        daw=daw,
        duration_bars=card.duration_bars,
        duration_ms=card.duration_ms,
        frames=card.frames,
        sample_rate_hz=card.sample_rate_hz,
        lufs=card.lufs,
        dbtp=card.dbtp,
        loudness_reason=card.loudness_reason,
        play_count=plays,
        like_count=likes,
        liked=bool(liked),
        created_at=rfc3339(published_us),
        reactions=_counts.decode(reactions),
        reacted=_tags.decode(reacted),
        outline=card.outline,
        bpm_source=card.bpm_source,
        bpm_confidence=card.bpm_confidence,
        key_source=card.key_source,
        key_confidence=card.key_confidence,
        lra_lu=card.lra_lu,
        seam_score=card.seam_score,
    )
    return Detail(post=post, card=card)


# looking after --------------------------------------------------------------------------------------------------------


def stored_assets(db: Connection) -> list[tuple[str, int]]:
    """Name and size of each object that rows speak of. [any thread with a snapshot]"""
    return db.execute("SELECT sha256, max(size_bytes) FROM asset GROUP BY sha256 ORDER BY sha256").fetchall()


def miscounts(db: Connection) -> list[Miscount]:
    """Posts and the room that accounts take, counted anew. [any thread with a snapshot]"""
    in_feeds = ", ".join(f"'{kind.value}'" for kind, row in KINDS.items() if Ability.FEED in row.abilities)
    posts = db.execute(
        "SELECT a.id, a.post_count, count(c.id) FROM account AS a LEFT JOIN creation AS c ON c.owner_id = a.id"
        f" AND c.kind IN ({in_feeds}) AND c.state IN ('ready', 'hidden')"
        " GROUP BY a.id, a.post_count HAVING a.post_count <> count(c.id)"
    ).fetchall()
    sizes = db.execute(
        "SELECT a.id, a.stored_bytes, coalesce(sum(s.size_bytes), 0) FROM account AS a"
        " LEFT JOIN (SELECT c.owner_id, asset.size_bytes FROM asset JOIN creation_version AS v ON v.id = asset.version_id"
        "  JOIN creation AS c ON c.id = v.creation_id WHERE c.state <> 'deleted') AS s ON s.owner_id = a.id"
        " GROUP BY a.id, a.stored_bytes HAVING a.stored_bytes <> coalesce(sum(s.size_bytes), 0)"
    ).fetchall()
    return [
        Miscount(table="account", column=column, id=id_, stored=old, counted=int(new))
        for column, rows in (("post_count", posts), ("stored_bytes", sizes))
        for id_, old, new in rows
    ]
