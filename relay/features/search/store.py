"""What a search finds, the best first: of the newest CANDIDATES that have the words, by how well they answer, then by age."""

from collections.abc import Sequence

from msgspec import Struct

from relay.core.cursor import Cursor, read_cursor, write_cursor
from relay.core.folding import folded
from relay.core.visibility import FINDABLE, PUBLIC, present
from relay.core.words import Term, TextQuery
from relay.engine.database import Connection
from relay.engine.database.full_text import DOCUMENTS, MATCHES, NEWEST
from relay.features.accounts import api as accounts
from relay.features.comments import api as comment_api
from relay.features.creations.api import Detail, Kind, by_ids, detail
from relay.features.graph.api import not_muted
from relay.features.search.index import COMMENT, PERSON, POST, kind_word
from relay.features.search.rules import score
from relay.wire.comments import Comment
from relay.wire.rest import Producer
from relay.wire.search import TagCount

CANDIDATES = 500
MAX_TAGS = 10
TAG_REACH = 2_000
"""Posts that are looked at for the tags of one search."""
_POSTS = f"""SELECT d.n, d.object_id, full_text.head FROM {DOCUMENTS} JOIN creation AS c ON c.id = d.object_id
  WHERE {MATCHES} AND d.kind = '{POST}' AND c.kind = :kind AND {FINDABLE} AND {not_muted("c.owner_id")}
  ORDER BY {NEWEST} LIMIT {CANDIDATES}"""
_PEOPLE = f"""SELECT d.n, d.object_id, full_text.head FROM {DOCUMENTS} JOIN account AS a ON a.id = d.object_id
  WHERE {MATCHES} AND d.kind = '{PERSON}' AND {present("d.object_id")}
  ORDER BY {NEWEST} LIMIT {CANDIDATES}"""
_COMMENTS = f"""SELECT d.n, d.object_id, full_text.head FROM {DOCUMENTS} JOIN comment AS k ON k.id = d.object_id
  {comment_api.JOINED} WHERE {MATCHES} AND d.kind = '{COMMENT}' AND {comment_api.FOUND}
  AND {not_muted("k.author_id")} AND {not_muted("c.owner_id")}
  ORDER BY {NEWEST} LIMIT {CANDIDATES}"""
_TAGS = f"""SELECT t.tag, count(*) AS posts FROM (
    SELECT g.tag FROM creation_tag AS g JOIN creation AS c ON c.id = g.creation_id
    WHERE g.tag >= :low AND g.tag < :high AND {PUBLIC} AND {not_muted("c.owner_id")} LIMIT {TAG_REACH}) AS t
  GROUP BY t.tag ORDER BY posts DESC, t.tag LIMIT {MAX_TAGS}"""


class Ask(Struct, frozen=True, kw_only=True):
    """A page of what a search finds: whose eyes, where it begins, how long; of creations, of which kind."""

    viewer: str
    query: TextQuery
    cursor: str | None
    limit: int
    kind: str = Kind.POST


def posts(db: Connection, ask: Ask, base_url: str) -> tuple[list[Detail], str | None]:
    """[any thread with a snapshot]"""
    ids, following = _ranked(db, _POSTS, ask, Term((kind_word(ask.kind),)))
    rows = by_ids(db, ids, ask.viewer)
    return [detail(rows[id_], base_url, "search") for id_ in ids], following


def people(db: Connection, ask: Ask) -> tuple[list[Producer], str | None]:
    """[any thread with a snapshot]"""
    ids, following = _ranked(db, _PEOPLE, ask)
    found = accounts.profiles(db, ids)
    return [found[id_] for id_ in ids if id_ in found], following


def comments(db: Connection, ask: Ask) -> tuple[list[Comment], str | None]:
    """Without the answers to them. [any thread with a snapshot]"""
    ids, following = _ranked(db, _COMMENTS, ask)
    rows = comment_api.seen(db, ids, ask.viewer)
    return [comment_api.shown(rows[id_]) for id_ in ids if id_ in rows], following


def tags(db: Connection, viewer: str, text: str) -> list[TagCount]:
    """Those that begin so, of posts for everybody, those with most posts first. [any thread with a snapshot]"""
    low = folded(text.strip().removeprefix("#"))
    if not low:
        return []
    values = {"viewer": viewer, "low": low, "high": low + "\U0010ffff"}
    return [TagCount(tag=tag, posts=count) for tag, count in db.execute(_TAGS, values).fetchall()]


def _ranked(db: Connection, sql: str, ask: Ask, *more: Term) -> tuple[list[str], str | None]:
    """Ids of a page, and where the next begins: at a score, and a number of a document. more: what they have to have besides."""
    if not ask.query.terms:
        return [], None
    words = TextQuery((*ask.query.terms, *more))
    rows = db.execute(sql, {"viewer": ask.viewer, "words": words, "kind": ask.kind}).fetchall()
    found = sorted(((score(ask.query, head.split()), n, id_) for n, id_, head in rows), reverse=True)
    if ask.cursor:
        before = read_cursor(ask.cursor)
        found = [each for each in found if (each[0], f"{each[1]:032x}") < (before.at_us, before.id)]
    page = found[: ask.limit]
    last = page[-1] if len(found) > ask.limit else None
    return [id_ for _, _, id_ in page], None if last is None else _cursor(last)


def _cursor(last: Sequence[int | str]) -> str:
    return write_cursor(Cursor(int(last[0]), f"{last[1]:032x}"))
