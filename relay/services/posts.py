"""Posts in the database: publish one, read one, read feeds. The bytes of their audio are in services.objects."""

import sqlite3
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from relay.core.cursor import Cursor, read_cursor, write_cursor
from relay.core.drawing import outline
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.services.database import Database, Tx
from relay.services.events import append, author_channel
from relay.wire.events import FeedNewPost
from relay.wire.rest import API_PREFIX, AudioPost, FeedPage

PAGE_PATH = "/p/"


class Figures(Struct, frozen=True, kw_only=True):
    """The body of a post's version: what the pipeline found. Peaks are numbers, pictures are drawn from them.

    Sources and confidences are the device's word, as bpm and key are: nothing is found here that it did not say.
    """

    frames: int
    sample_rate_hz: int
    duration_ms: int
    duration_bars: int | None
    lufs: float | None
    dbtp: float | None
    loudness_reason: str
    mp3_frames: int
    mp3_rate_hz: int
    bar_fractions: list[float]
    peak_min: list[int]
    peak_max: list[int]
    outline: str = ""  # "" in what was made before there was one: it is drawn when it is asked for
    lra_lu: float | None = None
    seam_score: float | None = None
    bpm_source: str | None = None
    bpm_confidence: float | None = None
    key_source: str | None = None
    key_confidence: float | None = None


class Asset(Struct, frozen=True, kw_only=True):
    role: str
    sha256: str
    size_bytes: int
    mime: str


class NewPost(Struct, frozen=True, kw_only=True):
    id: str
    version_id: str
    owner_id: str
    title: str
    bpm: float | None
    key: str | None
    genre: list[str]
    daw: str | None
    figures: Figures
    assets: list[Asset]
    at_us: int


class Detail(Struct, frozen=True, kw_only=True):
    """A post and its figures, for pages and players."""

    post: AudioPost
    figures: Figures


_SELECT = """SELECT c.id, c.owner_id, a.username, c.title, c.bpm, c.key, c.tags, c.daw, c.body, c.play_count,
  c.like_count, c.published_us,
  EXISTS (SELECT 1 FROM reaction AS r WHERE r.account_id = :viewer AND r.creation_id = c.id), c.reactions,
  (SELECT json_group_array(e.emoji) FROM emoji_reaction AS e WHERE e.creation_id = c.id AND e.account_id = :viewer)
FROM creation AS c JOIN account AS a ON a.id = c.owner_id"""
_OLDER = "(c.published_us, c.id) < (:at_us, :id)"
_NEWEST = "ORDER BY c.published_us DESC, c.id DESC LIMIT :limit"
# Fan-out on read: the newest of each author followed, merged. Each branch walks one author's index.
_TIMELINE = f"""{_SELECT} WHERE c.id IN (
  SELECT newest.id FROM (SELECT followee_id AS author FROM follow WHERE follower_id = :viewer
    UNION ALL SELECT :viewer) AS listened
  JOIN creation AS newest ON newest.owner_id = listened.author
  WHERE (newest.published_us, newest.id) < (:at_us, :id)
  ORDER BY newest.published_us DESC, newest.id DESC LIMIT :limit) {_NEWEST}"""
_BEGINNING = Cursor(1 << 62, "g")  # later than any post
_figures = msgspec.json.Decoder(Figures)
_tags = msgspec.json.Decoder(list[str])
_counts = msgspec.json.Decoder(dict[str, int])
_encode = msgspec.json.Encoder()


class Posts:
    """base_url: put before every path in a post, e.g. https://relay.example. [loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def get(self, post_id: str, viewer: str | None) -> Detail:
        """Raises Refusal: not_found."""
        return await self._db.read(lambda db: one(db, post_id, viewer, self._base_url))

    async def asset(self, post_id: str, role: str) -> Asset:
        """Raises Refusal: not_found."""
        return await self._db.read(lambda db: _asset(db, post_id, role))

    async def newest(
        self, viewer: str | None, cursor: str | None, limit: int
    ) -> tuple[list[Detail], str | None]:
        """The global feed."""
        return await self._page(f"{_SELECT} WHERE {_OLDER} {_NEWEST}", viewer, cursor, limit)

    async def timeline(self, viewer: str, cursor: str | None, limit: int) -> tuple[list[Detail], str | None]:
        """What those the viewer follows posted, and the viewer."""
        return await self._page(_TIMELINE, viewer, cursor, limit)

    async def of(
        self, owner_id: str, viewer: str | None, cursor: str | None, limit: int
    ) -> tuple[list[Detail], str | None]:
        sql = f"{_SELECT} WHERE c.owner_id = :owner AND {_OLDER} {_NEWEST}"
        return await self._page(sql, viewer, cursor, limit, owner_id)

    async def _page(
        self, sql: str, viewer: str | None, cursor: str | None, limit: int, owner_id: str = ""
    ) -> tuple[list[Detail], str | None]:
        start = _BEGINNING if cursor is None else read_cursor(cursor)
        values = {
            "viewer": viewer,
            "owner": owner_id,
            "at_us": start.at_us,
            "id": start.id,
            "limit": limit + 1,
        }

        def work(db: sqlite3.Connection) -> tuple[list[Detail], str | None]:
            rows = db.execute(sql, values).fetchall()
            details = [_detail(row, self._base_url) for row in rows[:limit]]
            more = len(rows) > limit
            return details, write_cursor(Cursor(rows[limit - 1][11], rows[limit - 1][0])) if more else None

        return await self._db.read(work)


def page(found: tuple[list[Detail], str | None]) -> FeedPage:
    return FeedPage(posts=[detail.post for detail in found[0]], next=found[1])


def publish(tx: Tx, new: NewPost) -> AudioPost:
    """Insert a post with its first version and assets, and tell its author's channel. [writer]"""
    body = _encode.encode(new.figures).decode()
    tags = _encode.encode(new.genre).decode()
    tx.db.execute(
        "INSERT INTO creation (id, owner_id, kind, visibility, title, head_version_id, bpm, key, tags, daw, body,"
        " created_us, published_us) VALUES (?, ?, 'post', 'public', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (new.id, new.owner_id, new.title, new.version_id, new.bpm, new.key, tags, new.daw, body, new.at_us, new.at_us),
    )  # fmt: skip
    tx.db.execute(
        "INSERT INTO creation_version VALUES (?, ?, 1, ?, ?)", (new.version_id, new.id, body, new.at_us)
    )
    for asset in new.assets:
        tx.db.execute(
            "INSERT INTO asset VALUES (?, ?, ?, ?, ?)",
            (new.version_id, asset.role, asset.sha256, asset.size_bytes, asset.mime),
        )
    tx.db.execute("UPDATE account SET post_count = post_count + 1 WHERE id = ?", (new.owner_id,))
    post = one(tx.db, new.id, None, "").post
    append(tx, author_channel(new.owner_id), FeedNewPost(post=post), new.at_us)
    return post


def one(db: sqlite3.Connection, post_id: str, viewer: str | None, base_url: str) -> Detail:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    row = db.execute(f"{_SELECT} WHERE c.id = :id", {"viewer": viewer, "id": post_id}).fetchone()
    if row is None:
        raise no_post()
    return _detail(row, base_url)


def no_post() -> Refusal:
    return Refusal("not_found", "There is no such post.")


def wanted_objects(db: sqlite3.Connection) -> set[str]:
    """Names of all objects a row speaks of. [any thread with a snapshot]"""
    rows: Iterable[tuple[str]] = db.execute("SELECT DISTINCT sha256 FROM asset")
    return {row[0] for row in rows}


def _asset(db: sqlite3.Connection, post_id: str, role: str) -> Asset:
    row = db.execute(
        "SELECT role, sha256, size_bytes, mime FROM asset JOIN creation ON head_version_id = version_id"
        " WHERE creation.id = ? AND role = ?",
        (post_id, role),
    ).fetchone()
    if row is None:
        raise no_post()
    return Asset(role=row[0], sha256=row[1], size_bytes=row[2], mime=row[3])


_Row = tuple[str, str, str, str, float | None, str | None, str, str | None, str, int, int, int, int, str, str]


def _detail(row: _Row, base_url: str) -> Detail:
    (id_, owner_id, username, title, bpm, key, tags, daw, body, plays, likes, published_us, liked, reactions,
     reacted) = row  # fmt: skip
    figures = _figures.decode(body)
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
        duration_bars=figures.duration_bars,
        duration_ms=figures.duration_ms,
        frames=figures.frames,
        sample_rate_hz=figures.sample_rate_hz,
        lufs=figures.lufs,
        dbtp=figures.dbtp,
        loudness_reason=figures.loudness_reason,
        play_count=plays,
        like_count=likes,
        liked=bool(liked),
        created_at=rfc3339(published_us),
        reactions=_counts.decode(reactions),
        reacted=_tags.decode(reacted),
        outline=figures.outline or outline(figures.peak_min, figures.peak_max),
        bpm_source=figures.bpm_source,
        bpm_confidence=figures.bpm_confidence,
        key_source=figures.key_source,
        key_confidence=figures.key_confidence,
        lra_lu=figures.lra_lu,
        seam_score=figures.seam_score,
    )
    return Detail(post=post, figures=figures)
