"""Creations that are written down: the score that a version has, and another one in its place.

Versions are never changed; the oldest goes when there are more than MAX_VERSIONS. What was rendered of one stays with it.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.core.tonality import camelot
from relay.core.visibility import READABLE
from relay.engine.clock import new_id
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.creations import removals
from relay.features.creations.encoding import Made
from relay.features.creations.figures import Card, Figures, read_figures
from relay.features.creations.kinds import KINDS, Ability, Kind, is_one_with
from relay.features.creations.reading import assets_of
from relay.features.creations.scores import Facts, checked
from relay.features.creations.store import (
    Asset,
    NewVersion,
    as_json,
    insert_assets,
    insert_version,
    note_otherwise,
)
from relay.features.recommending import api as recommending
from relay.wire.rest import MAX_VERSIONS
from relay.wire.scores import Score

_SILENT = "not_rendered"
_RATE_HZ = 48_000
_OF_SCORE = ("color", "meter", "style", "description", "duration_bars")
"""Fields of a card that a rendered sound does not change."""
_scores: msgspec.json.Decoder[Score] = msgspec.json.Decoder(Score)


class Written(Struct, frozen=True, kw_only=True):
    """A score that may be stored. text: as its column holds it."""

    kind: Kind
    name: str
    text: str
    facts: Facts


class Head(Struct, frozen=True, kw_only=True):
    """The newest version of a creation that is written down."""

    version_id: str
    n: int
    kind: Kind
    text: str


def written(score: Score) -> Written:
    """Raises Refusal: validation. [any]"""
    given = msgspec.to_builtins(score)
    kind = Kind(given["kind"])
    row = KINDS[kind].score
    assert row is not None
    return Written(kind=kind, name=score.name.strip(), text=as_json(score), facts=checked(row, given))


def head(db: Connection, creation_id: str) -> Head:
    """Raises Refusal: not_found, for what is recorded, or not there. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT v.id, v.n, c.kind, v.score FROM creation AS c JOIN creation_version AS v ON v.id = c.head_version_id"
        " WHERE c.id = ? AND c.state <> 'deleted' AND v.score IS NOT NULL",
        (creation_id,),
    ).fetchone()
    if row is None:
        raise Refusal("not_found", "This was not made in the studio: it has no score.")
    return Head(version_id=row[0], n=row[1], kind=Kind(row[2]), text=row[3])


def loops_named(db: Connection, named: Iterable[str], viewer: str) -> dict[str, str]:
    """The scores of the loops that the blocks of a song name, of those that the viewer may read. [any thread with a snapshot]"""
    asked = (
        "SELECT v.score FROM creation AS c JOIN creation_version AS v ON v.id = c.head_version_id"
        f" WHERE c.id = :id AND c.kind = '{Kind.LOOP}' AND {READABLE}"
    )
    found = {}
    for each in named:
        row = db.execute(asked, {"id": each.replace("-", ""), "viewer": viewer}).fetchone()
        if row is not None:
            found[each] = str(row[0])
    return found


def score_at(db: Connection, creation_id: str, n: int) -> tuple[str, int, str]:
    """Score, time and note of a version. Raises Refusal: not_found. [any thread with a snapshot]"""
    row: tuple[str, int, str] | None = db.execute(
        "SELECT score, created_us, note FROM creation_version WHERE creation_id = ? AND n = ? AND score IS NOT NULL",
        (creation_id, n),
    ).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no version {n} of this score, or no longer.")
    return row


def version_of(new: Written, at_us: int, n: int = 1, note: str = "") -> NewVersion:
    """Without a sound. [any]"""
    facts = new.facts
    card = Card(
        frames=0,
        sample_rate_hz=_RATE_HZ,
        duration_ms=facts.duration_ms,
        duration_bars=facts.bars,
        loudness_reason=_SILENT,
        mp3_frames=0,
        mp3_rate_hz=_RATE_HZ,
        outline="",
        color=facts.color,
        meter=facts.meter,
        style=facts.style,
        description=facts.description,
        version=n,
    )
    return NewVersion(
        id=new_id(),
        bpm=facts.bpm,
        key=facts.key,
        figures=Figures(card=card, bar_fractions=[], peak_min=[], peak_max=[]),
        assets=[],
        at_us=at_us,
        score=new.text,
        note=note,
    )


def is_same(one: str, other: str) -> bool:
    """Whether two scores say the same, whatever they are called; one of them may be from before a field came. [any]"""
    first, second = (replace(_scores.decode(text), name="") for text in (one, other))
    return first == second


def add(tx: Tx, creation_id: str, owner_id: str, new: Written, at_us: int, note: str = "") -> list[str]:
    """The newest version from now on; objects that nothing names any more. Raises Refusal: not_found, validation. [writer]"""
    was = head(tx.db, creation_id)
    if was.kind is not new.kind:
        raise Refusal("validation", f"This is a {was.kind}, and what was sent is a {new.kind}.")
    version = version_of(new, at_us, was.n + 1, note)
    insert_version(tx, creation_id, was.n + 1, version)
    tx.db.execute(
        "UPDATE creation SET head_version_id = ?, bpm = ?, key = ?, camelot = ?, duration_ms = ?, changed_us = ?, card = ?"
        " WHERE id = ?",
        (
            version.id,
            version.bpm,
            version.key,
            None if version.key is None else camelot(version.key),
            new.facts.duration_ms,
            at_us,
            as_json(version.figures.card),
            creation_id,
        ),
    )
    note_otherwise(tx)
    return _forget_oldest(tx, creation_id, owner_id, was.n + 1 - MAX_VERSIONS)


def _forget_oldest(tx: Tx, creation_id: str, owner_id: str, up_to: int) -> list[str]:
    old = "SELECT id FROM creation_version WHERE creation_id = ? AND n <= ?"
    gone = tx.db.execute(
        f"DELETE FROM asset WHERE version_id IN ({old}) RETURNING sha256, size_bytes", (creation_id, up_to)
    ).fetchall()
    tx.db.execute("DELETE FROM creation_version WHERE creation_id = ? AND n <= ?", (creation_id, up_to))
    accounts.store_bytes(tx, owner_id, -sum(size_bytes for _, size_bytes in gone))
    return removals.begin(tx, [sha256 for sha256, _ in gone])


def set_sound(tx: Tx, creation_id: str, version_id: str, made: Made, assets: list[Asset]) -> None:
    """What was rendered of a version, which may have been rendered before. Raises Refusal: gone. [writer]"""
    figures = made.figures
    row = tx.db.execute(
        "SELECT v.n, v.body, v.id = c.head_version_id, c.owner_id FROM creation_version AS v JOIN creation AS c ON c.id = v.creation_id"
        " WHERE v.id = ? AND c.id = ? AND c.state <> 'deleted'",
        (version_id, creation_id),
    ).fetchone()
    if row is None:
        raise Refusal("gone", "It was deleted meanwhile.")
    n, body, is_head, owner_id = row
    was = read_figures(body).card
    written_down = {name: getattr(was, name) for name in _OF_SCORE}
    card = replace(figures.card, version=n, **written_down)
    if not assets_of(tx.db, version_id):
        insert_assets(tx, version_id, assets)
        accounts.store_bytes(tx, owner_id, sum(asset.size_bytes for asset in assets))
    tx.db.execute(
        "UPDATE creation_version SET body = ? WHERE id = ?",
        (as_json(replace(figures, card=card)), version_id),
    )
    if is_head:
        tx.db.execute(
            "UPDATE creation SET card = ?, duration_ms = ? WHERE id = ?",
            (as_json(card), card.duration_ms, creation_id),
        )
        recommending.put_vector(tx, creation_id, made.vector)
        note_otherwise(tx)


def count(db: Connection, owner_id: str, kind: Kind) -> int:
    """How many of a kind an account has. [any thread with a snapshot]"""
    counted: tuple[int] = db.execute(
        "SELECT count(*) FROM creation WHERE owner_id = ? AND kind = ? AND state <> 'deleted'",
        (owner_id, kind),
    ).fetchone()
    return counted[0]


def require_room(db: Connection, owner_id: str, kind: Kind) -> None:
    """Raises Refusal: quota_exceeded. [any thread with a snapshot]"""
    row = KINDS[kind].score
    assert row is not None
    if count(db, owner_id, kind) >= row.most:
        raise Refusal(
            "quota_exceeded", f"You have {row.most:,} {kind}s, and can have no more.", "Delete one first."
        )


def has_ability(db: Connection, creation_id: str, ability: Ability) -> bool:
    """[any thread with a snapshot]"""
    asked = f"SELECT 1 FROM creation AS c WHERE c.id = ? AND {is_one_with(ability)}"
    return db.execute(asked, (creation_id,)).fetchone() is not None


def require_ability(db: Connection, creation_id: str, ability: Ability) -> None:
    """Raises Refusal: validation, for a kind that has it not. [any thread with a snapshot]"""
    if not has_ability(db, creation_id, ability):
        raise Refusal("validation", "This is of a kind with which that is not done.")


def count_fork(tx: Tx, creation_id: str) -> None:
    """[writer]"""
    tx.db.execute("UPDATE creation SET fork_count = fork_count + 1 WHERE id = ?", (creation_id,))


def count_view(tx: Tx, creation_id: str) -> None:
    """[writer]"""
    tx.db.execute("UPDATE creation SET view_count = view_count + 1 WHERE id = ?", (creation_id,))
