"""Creations that are written down, as they are read: one with its score, pages of a list without scores."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import asdict, replace

from relay.core.cursor import Cursor, write_cursor
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.core.visibility import FINDABLE, READABLE, State
from relay.engine.database import Connection
from relay.features.creations import api as creations
from relay.features.graph.api import not_muted
from relay.wire.creations import (
    Creation,
    CreationItem,
    CreationPage,
    ScoreVersion,
    ScoreVersions,
    VersionScore,
)
from relay.wire.owning import LICENCE_URLS
from relay.wire.rest import AudioPost
from relay.wire.scores import Score

Row = tuple[Any, ...]  # any: columns of many types
_OF_ITEM = "c.kind, c.changed_us, c.fork_count, c.view_count"
_OF_WHOLE = f"{_OF_ITEM}, c.licence, c.state, v.score"
_JOINED = "FROM creation AS c JOIN account AS a ON a.id = c.owner_id"
_HEAD = "JOIN creation_version AS v ON v.id = c.head_version_id"
ITEM_COLUMNS = f"{_OF_ITEM}, {creations.COLUMNS}"
"""Of `creation AS c` and `account AS a`, for :viewer; `item` reads them."""
_ONE = f"""SELECT {_OF_WHOLE}, {creations.COLUMNS} {_JOINED} {_HEAD}
  WHERE c.id = :id AND v.score IS NOT NULL AND {READABLE}"""
_PAGE = f"""SELECT {_OF_ITEM}, {creations.COLUMNS} {_JOINED} WHERE c.owner_id = :owner AND c.kind = :kind
  AND c.state <> 'deleted' AND {FINDABLE} AND (c.changed_us, c.id) < (:at_us, :id)
  ORDER BY c.changed_us DESC, c.id DESC LIMIT :limit"""
_NUMBERED = "c.owner_id = :viewer AND c.kind IN (:kind, :other) AND c.state NOT IN ('deleted', 'archived')"
_FORKS = f"""SELECT {_OF_ITEM}, {creations.COLUMNS} {_JOINED} WHERE c.parent_id = :parent
  AND {FINDABLE} AND {not_muted("c.owner_id")} AND {creations.OLDER} {creations.NEWEST}"""
_score: msgspec.json.Decoder[Score] = msgspec.json.Decoder(Score)
UNTITLED = "Untitled"


class _Item(NamedTuple):
    """The columns of _OF_ITEM, in their order."""

    kind: str
    changed_us: int
    forks: int
    views: int


class _Whole(NamedTuple):
    """Those of _OF_WHOLE behind them."""

    licence: str
    state: str
    score: str


def no_creation() -> Refusal:
    return Refusal("not_found", "There is no such creation.")


def one(db: Connection, creation_id: str, viewer: str | None, base_url: str) -> Creation:
    """Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    row = db.execute(_ONE, {"id": creation_id, "viewer": viewer or ""}).fetchone()
    if row is None:
        raise creations.why_not_there(db, creation_id, viewer)
    items, wholes = len(_Item._fields), len(_Whole._fields)
    whole = _Whole(*row[items : items + wholes])
    item = _item(row[:items], row[items + wholes :], base_url)
    return Creation(
        **asdict(item),
        score=named(whole.score, item.title),
        licence=whole.licence,
        licence_url=LICENCE_URLS.get(whole.licence),
        archived=whole.state == State.ARCHIVED,
        forked_from=creations.made_from(db, creation_id, viewer),
    )


def of_owner(db: Connection, owner_id: str, kind: str, at: creations.Position, base_url: str) -> CreationPage:
    """What somebody has made and the viewer may find, changed last first. [any thread with a snapshot]"""
    values = {"owner": owner_id, "kind": kind, **_values(at)}
    rows = db.execute(_PAGE, values).fetchall()
    following = Cursor(rows[at.limit - 1][1], _id_of(rows[at.limit - 1])) if len(rows) > at.limit else None
    return _page(rows, at, following, base_url)


def numbered(
    db: Connection,
    owner_id: str,
    kinds: Sequence[str],
    *,
    first: int,
    limit: int,
    public: bool | None,
    base_url: str,
) -> tuple[list[CreationItem], int]:
    """`limit` of the owner's own from the one with this number on, changed last first, and how many there are: a thousand of a kind at most.

    kinds: one or two. public: only those that are, or only those that are not. [any thread with a snapshot]
    """
    wanted, values = _numbered(owner_id, kinds, public)
    rows = db.execute(
        f"SELECT {ITEM_COLUMNS} {_JOINED} WHERE {wanted}"
        " ORDER BY c.changed_us DESC, c.id DESC LIMIT :limit OFFSET :first",
        {**values, "first": first, "limit": limit},
    ).fetchall()
    return [item(row, base_url) for row in rows], count(db, owner_id, kinds, public=public)


def count(db: Connection, owner_id: str, kinds: Sequence[str], *, public: bool | None) -> int:
    """Of what `numbered` lists. [any thread with a snapshot]"""
    wanted, values = _numbered(owner_id, kinds, public)
    (total,) = db.execute(f"SELECT count(*) FROM creation AS c WHERE {wanted}", values).fetchone()
    return int(total)


def _numbered(owner_id: str, kinds: Sequence[str], public: bool | None) -> tuple[str, dict[str, str]]:
    """A condition of SQL, and its values."""
    shown = "" if public is None else f" AND c.visibility {'=' if public else '<>'} 'public'"
    return f"{_NUMBERED}{shown}", {"viewer": owner_id, "kind": kinds[0], "other": kinds[-1]}


def item(row: Row, base_url: str) -> CreationItem:
    """row: of ITEM_COLUMNS. [any]"""
    items = len(_Item._fields)
    return _item(row[:items], row[items:], base_url)


def by_ids(db: Connection, ids: Sequence[str], viewer: str, base_url: str) -> list[CreationItem]:
    """In their order. [any thread with a snapshot]"""
    if not ids:
        return []
    marks = {f"c{n}": id_ for n, id_ in enumerate(ids)}
    rows = db.execute(
        f"SELECT {ITEM_COLUMNS} {_JOINED} WHERE c.id IN ({', '.join(f':{mark}' for mark in marks)})",
        {"viewer": viewer, **marks},
    ).fetchall()
    found = {_id_of(row): item(row, base_url) for row in rows}
    return [found[id_] for id_ in ids]


def forks(db: Connection, parent_id: str, at: creations.Position, base_url: str) -> CreationPage:
    """What others made of it, as far as the viewer may find it, newest first. [any thread with a snapshot]"""
    rows = db.execute(_FORKS, {"parent": parent_id, **_values(at)}).fetchall()
    following = None
    if len(rows) > at.limit:
        last = rows[at.limit - 1]
        following = Cursor(_published(db, _id_of(last)), _id_of(last))
    return _page(rows, at, following, base_url)


def versions(db: Connection, creation_id: str) -> ScoreVersions:
    """The newest first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT v.n, v.created_us, v.id = c.head_version_id, v.note,"
        " (SELECT 1 FROM asset AS s WHERE s.version_id = v.id LIMIT 1)"
        " FROM creation_version AS v JOIN creation AS c ON c.id = v.creation_id WHERE c.id = ? ORDER BY v.n DESC",
        (creation_id,),
    ).fetchall()
    return ScoreVersions(
        versions=[
            ScoreVersion(
                n=n,
                created_at=rfc3339(created_us),
                current=bool(is_head),
                note=note,
                rendered=bool(has_sound),
            )
            for n, created_us, is_head, note, has_sound in rows
        ]
    )


def version(db: Connection, creation_id: str, n: int, title: str) -> VersionScore:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    text, created_us, note = creations.score_at(db, creation_id, n)
    return VersionScore(n=n, created_at=rfc3339(created_us), note=note, score=named(text, title))


def named(text: str, title: str) -> Score:
    """A score as it is stored, under the name that its creation has now. [any]"""
    return replace(_score.decode(text), name=(title or UNTITLED)[:100])


def _values(at: creations.Position) -> dict[str, str | int]:
    return {
        "viewer": at.viewer,
        "at_us": at.before.at_us,
        "id": at.before.id,
        "limit": at.limit + 1,
    }


def _page(
    rows: Sequence[Row], at: creations.Position, following: Cursor | None, base_url: str
) -> CreationPage:
    items = len(_Item._fields)
    return CreationPage(
        creations=[_item(row[:items], row[items:], base_url) for row in rows[: at.limit]],
        next=None if following is None else write_cursor(following),
    )


def _item(of_item: Row, columns: Row, base_url: str) -> CreationItem:
    item, found = _Item(*of_item), creations.detail(columns, base_url)
    post = {name: getattr(found.post, name) for name in AudioPost.__struct_fields__}
    return CreationItem(
        **post,
        kind=item.kind,
        updated_at=rfc3339(item.changed_us),
        version=found.card.version,
        fork_count=item.forks,
        view_count=item.views,
        color=found.card.color,
        meter=found.card.meter,
        style=found.card.style,
        description=found.card.description,
        rendered=found.card.frames > 0,
    )


def _id_of(row: Row) -> str:
    return str(row[len(_Item._fields)])


def _published(db: Connection, creation_id: str) -> int:
    found: tuple[int] = db.execute(
        "SELECT published_us FROM creation WHERE id = ?", (creation_id,)
    ).fetchone()
    return found[0]
