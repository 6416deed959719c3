"""What is read of the tables creation, creation_version, asset beside lists and views: who may know of a creation, what it is made of, what is counted anew."""

from collections.abc import Sequence

import msgspec

from relay.core.counts import Miscount
from relay.core.folding import folded
from relay.core.refusal import Refusal
from relay.core.visibility import (
    FINDABLE_BY_FOLLOWERS,
    KNOWN_GONE,
    READABLE,
    OwnerState,
    Shown,
    State,
    Visibility,
)
from relay.engine.database import Connection
from relay.features.creations.kinds import IN_FEEDS, Kind
from relay.features.creations.store import Asset, search_words
from relay.features.search import api as search
from relay.wire.rest import MAX_TITLE


def newest_called(db: Connection, owner_id: str, title: str) -> str | None:
    """Somebody's newest recording of this title, whatever its case, that is there. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT id, title FROM creation WHERE owner_id = ? AND state = 'ready' AND kind = 'post'"
        " ORDER BY published_us DESC, id DESC LIMIT 5000",
        (owner_id,),
    )
    wanted = folded(title, MAX_TITLE)
    return next((id_ for id_, called in rows.fetchall() if folded(called, MAX_TITLE) == wanted), None)


def words_after(db: Connection, after_id: str, limit: int) -> list[search.Words]:
    """Of so many creations, in the order of their ids. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT id, kind, title, tags FROM creation WHERE id > ? AND state <> 'deleted' ORDER BY id LIMIT ?",
        (after_id, limit),
    )
    return [
        search_words(id_, kind, title, msgspec.json.decode(tags))
        for id_, kind, title, tags in rows.fetchall()
    ]


def no_post() -> Refusal:
    return Refusal("not_found", "There is no such post.")


def why_not_there(db: Connection, post_id: str, viewer: str | None) -> Refusal:
    """For who could read it: it was deleted. For all others there never was such a post. [any thread with a snapshot]"""
    asked = f"SELECT 1 FROM creation AS c WHERE c.id = :id AND {KNOWN_GONE}"
    found = db.execute(asked, {"viewer": viewer or "", "id": post_id}).fetchone()
    return no_post() if found is None else Refusal("gone", "This post was deleted.")


def assets_of(db: Connection, version_id: str) -> list[Asset]:
    """[any thread with a snapshot]"""
    rows = db.execute("SELECT role, sha256, size_bytes, mime FROM asset WHERE version_id = ?", (version_id,))
    return [Asset(role=role, sha256=sha256, size_bytes=size, mime=mime) for role, sha256, size, mime in rows]


def wanted_objects(db: Connection) -> set[str]:
    """Names of all objects a row speaks of. [any thread with a snapshot]"""
    return {sha256 for (sha256,) in db.execute("SELECT DISTINCT sha256 FROM named_object")}


def readable_titles(db: Connection, creation_ids: Sequence[str], viewer: str) -> dict[str, str]:
    """Of those that the viewer may read. [any thread with a snapshot]"""
    if not creation_ids:
        return {}
    marks = {f"c{index}": creation_id for index, creation_id in enumerate(creation_ids)}
    asked = f"SELECT c.id, c.title FROM creation AS c WHERE {READABLE} AND c.id IN ({', '.join(f':{m}' for m in marks)})"
    return dict(db.execute(asked, {"viewer": viewer, **marks}).fetchall())


def kind_of(db: Connection, creation_id: str) -> Kind | None:
    """None: there is none, and never was. [any thread with a snapshot]"""
    row = db.execute("SELECT kind FROM creation WHERE id = ?", (creation_id,)).fetchone()
    return None if row is None else Kind(row[0])


def shown_of(db: Connection, creation_ids: Sequence[str]) -> dict[str, Shown]:
    """What decides who sees them. [any thread with a snapshot]"""
    if not creation_ids:
        return {}
    marks = ", ".join("?" * len(creation_ids))
    rows = db.execute(
        f"SELECT id, owner_id, visibility, state, owner_state FROM creation WHERE id IN ({marks})",
        creation_ids,
    )
    return {id_: shown_as(*shown) for id_, *shown in rows}


def shown_as(owner_id: str, visibility: str, state: str, owner_state: str) -> Shown:
    return Shown(
        owner_id=owner_id,
        visibility=Visibility(visibility),
        state=State(state),
        owner_state=OwnerState(owner_state),
    )


def stored_assets(db: Connection) -> list[tuple[str, int]]:
    """Name and size of each object that rows speak of. [any thread with a snapshot]"""
    return db.execute(
        "SELECT sha256, max(size_bytes) FROM named_object GROUP BY sha256 ORDER BY sha256"
    ).fetchall()


def miscounts(db: Connection) -> list[Miscount]:
    """Posts, the room that accounts take and the time of their newest post, counted anew. [any thread with a snapshot]"""
    posts = db.execute(
        "SELECT a.id, a.post_count, count(c.id) FROM account AS a LEFT JOIN creation AS c ON c.owner_id = a.id"
        f" AND {IN_FEEDS} AND c.state = 'ready' AND c.visibility = 'public'"
        " GROUP BY a.id, a.post_count HAVING a.post_count <> count(c.id)"
    ).fetchall()
    sizes = db.execute(
        "SELECT a.id, a.stored_bytes, coalesce(sum(s.size_bytes), 0) FROM account AS a"
        " LEFT JOIN (SELECT c.owner_id, asset.size_bytes FROM asset JOIN creation_version AS v ON v.id = asset.version_id"
        "  JOIN creation AS c ON c.id = v.creation_id WHERE c.state <> 'deleted') AS s ON s.owner_id = a.id"
        " GROUP BY a.id, a.stored_bytes HAVING a.stored_bytes <> coalesce(sum(s.size_bytes), 0)"
    ).fetchall()
    newest = db.execute(
        "SELECT a.id, a.newest_post_us, coalesce(max(c.published_us), -1) FROM account AS a"
        f" LEFT JOIN creation AS c ON c.owner_id = a.id AND {IN_FEEDS} AND {FINDABLE_BY_FOLLOWERS}"
        " GROUP BY a.id, a.newest_post_us HAVING a.newest_post_us <> coalesce(max(c.published_us), -1)"
    ).fetchall()
    return [
        Miscount(table="account", column=column, id=id_, stored=old, counted=int(new))
        for column, rows in (("post_count", posts), ("stored_bytes", sizes), ("newest_post_us", newest))
        for id_, old, new in rows
    ]
