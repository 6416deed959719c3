"""Lists of what was made in the studio, the newest first, each with its picture: everybody's, and one person's."""

from collections.abc import Sequence

from msgspec import Struct

from relay.core.cursor import Cursor, write_cursor
from relay.core.visibility import FINDABLE, PUBLIC
from relay.engine.database import Connection
from relay.features.creations.kinds import KINDS, Kind
from relay.features.creations.posts import NEWEST, OLDER, Detail, Position, by_ids, detail
from relay.features.creations.score_drawing import Drawing
from relay.features.creations.score_view import score_view
from relay.features.graph.api import not_muted

SCORE_KINDS: tuple[Kind, ...] = tuple(kind for kind, row in KINDS.items() if row.score is not None)


class ScoreItem(Struct, frozen=True, kw_only=True):
    """drawing None: it does not sound, for this trouble."""

    detail: Detail
    kind: Kind
    drawing: Drawing | None
    trouble: str


Page = tuple[list[ScoreItem], str | None]


def newest_scores(db: Connection, at: Position, base_url: str, kinds: Sequence[Kind] = SCORE_KINDS) -> Page:
    """What is public, of whom the viewer has not muted. [any thread with a snapshot]"""
    return _page(db, f"{PUBLIC} AND {not_muted('c.owner_id')}", kinds, at, base_url)


def scores_of(db: Connection, owner_id: str, at: Position, base_url: str) -> Page:
    """What the viewer may find of one person's. [any thread with a snapshot]"""
    return _page(db, f"c.owner_id = :owner AND {FINDABLE}", SCORE_KINDS, at, base_url, owner=owner_id)


def _page(
    db: Connection, which: str, kinds: Sequence[Kind], at: Position, base_url: str, **more: str
) -> Page:
    """A walk of an index for each kind, and their merge."""
    walks = (
        f"SELECT * FROM (SELECT c.published_us, c.id FROM creation AS c WHERE c.kind = '{kind}' AND {which}"
        f" AND {OLDER} {NEWEST}) AS of_{kind}"
        for kind in kinds
    )
    before = {"at_us": at.before.at_us, "id": at.before.id, "limit": at.limit + 1}
    values = {"viewer": at.viewer, **before, **more}
    found = sorted(map(tuple, db.execute(" UNION ALL ".join(walks), values).fetchall()), reverse=True)
    rows = by_ids(db, [creation_id for _, creation_id in found[: at.limit]], at.viewer)
    items = [score_item(db, detail(rows[each], base_url)) for _, each in found[: at.limit]]
    return [each for each in items if each is not None], write_cursor(Cursor(*found[at.limit - 1])) if len(
        found
    ) > at.limit else None


def score_item(db: Connection, made: Detail) -> ScoreItem | None:
    """None: it is not written down. [any thread with a snapshot]"""
    if (view := score_view(db, made.post.id, made.post.user_id)) is None:
        return None
    return ScoreItem(detail=made, kind=Kind(view.kind), drawing=view.drawing, trouble=view.trouble)
