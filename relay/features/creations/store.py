"""What is written to the tables creation, creation_version, asset; read of them is in reading.py. The bytes of assets are in the objects."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from relay.core.folding import folded
from relay.core.tonality import camelot
from relay.core.visibility import (
    FINDABLE_BY_FOLLOWERS,
    State,
    Visibility,
)
from relay.engine.database import Effect, Tx
from relay.features.accounts import api as accounts
from relay.features.creations import remixes
from relay.features.creations.figures import Figures
from relay.features.creations.kinds import IN_FEEDS, KINDS, Ability, Kind
from relay.features.live import api as live
from relay.features.reactions import api as reactions
from relay.features.recommending import api as recommending
from relay.features.search import api as search

NEW_POST = "post"


class ShownOtherwise(Effect, frozen=True, kw_only=True, tag="shown_otherwise"):
    """Who sees something, what it says, how it sounds or whose it is: what was remembered of it is not shown any more."""


class Asset(Struct, frozen=True, kw_only=True):
    """One object of a version, in the role that its kind gives it (kinds.py)."""

    role: str
    sha256: str
    size_bytes: int
    mime: str


class NewVersion(Struct, frozen=True, kw_only=True):
    """All that is stored of one state of a creation: its sound, or its score. score: as its column holds it. vector: how it sounds,
    None: it has no sound, or nobody listened yet.
    """

    id: str
    bpm: float | None
    key: str | None
    figures: Figures
    assets: list[Asset]
    at_us: int
    score: str | None = None
    note: str = ""
    vector: bytes | None = None


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
    score: str | None = None
    vector: bytes | None = None
    parent_id: str | None = None
    parent_version_id: str | None = None


_encode = msgspec.json.Encoder()


def is_counted(visibility: Visibility, state: State) -> bool:
    """Whether a creation that stands in feeds is one of its owner's `post_count`, which everybody reads. [any]"""
    return state is State.READY and visibility is Visibility.PUBLIC


# writing ------------------------------------------------------------------------------------------------------


def publish(tx: Tx, new: NewCreation) -> None:
    """Insert a creation with its first version and assets, and tell who hears of its owner, or owns what it was made from. [writer]"""
    _insert(tx, new)
    accounts.store_bytes(tx, new.owner_id, sum(asset.size_bytes for asset in new.assets))
    remixes.note(tx, new.id, new.at_us)
    if Ability.FEED in KINDS[new.kind].abilities:
        accounts.count_posts(tx, new.owner_id, int(is_counted(new.visibility, State.READY)))
        note_newest(tx, new.owner_id)
        live.append(
            tx,
            topic=live.author_topic(new.owner_id),
            kind=NEW_POST,
            actor_id=new.owner_id,
            object_id=new.id,
            at_us=new.at_us,
        )


def _insert(tx: Tx, new: NewCreation) -> None:
    tx.db.execute(
        "INSERT INTO creation (id, owner_id, kind, visibility, owner_state, state, title, head_version_id, bpm, key, camelot, daw,"
        " duration_ms, created_us, changed_us, published_us, hot_us, tags, card, parent_id, parent_version_id)"
        " VALUES (?, ?, ?, ?, ?, 'ready', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            new.owner_id,
            new.kind,
            new.visibility,
            accounts.state_of(tx.db, new.owner_id),
            new.title,
            new.version_id,
            new.bpm,
            new.key,
            None if new.key is None else camelot(new.key),
            new.daw,
            new.figures.card.duration_ms,
            *[new.at_us] * 4,
            as_json(new.tags),
            as_json(new.figures.card),
            new.parent_id,
            new.parent_version_id,
        ),
    )
    set_tags(tx, new.id, new.tags)
    search.put(tx, search.POST, search_words(new.id, new.kind, new.title, new.tags))
    version = NewVersion(
        id=new.version_id,
        bpm=new.bpm,
        key=new.key,
        figures=new.figures,
        assets=new.assets,
        at_us=new.at_us,
        score=new.score,
        vector=new.vector,
    )
    insert_version(tx, new.id, 1, version)


def insert_version(tx: Tx, creation_id: str, n: int, new: NewVersion) -> None:
    """Its row, and those of its assets. [writer]"""
    tx.db.execute(
        "INSERT INTO creation_version (id, creation_id, n, created_us, bpm, key, body, score, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            creation_id,
            n,
            new.at_us,
            new.bpm,
            new.key,
            as_json(new.figures),
            new.score,
            new.note,
        ),
    )
    insert_assets(tx, new.id, new.assets)
    if new.vector is not None:
        recommending.put_vector(tx, creation_id, new.vector)
    elif n > 1:
        recommending.remove_vector(tx, creation_id)


def insert_assets(tx: Tx, version_id: str, assets: Sequence[Asset]) -> None:
    """[writer]"""
    for asset in assets:
        tx.db.execute(
            "INSERT INTO asset (version_id, role, sha256, size_bytes, mime) VALUES (?, ?, ?, ?, ?)",
            (version_id, asset.role, asset.sha256, asset.size_bytes, asset.mime),
        )


def note_otherwise(tx: Tx) -> None:
    """[writer]"""
    if not any(isinstance(each, ShownOtherwise) for each in tx.effects):
        tx.effects.append(ShownOtherwise(commit=tx.commit))


def note_newest(tx: Tx, owner_id: str) -> None:
    """With the account stands how old its newest post is: a timeline asks hundreds of them. [writer]"""
    newest = tx.db.execute(
        f"SELECT c.published_us FROM creation AS c WHERE c.owner_id = ? AND {IN_FEEDS}"
        f" AND {FINDABLE_BY_FOLLOWERS} ORDER BY c.published_us DESC, c.id DESC LIMIT 1",
        (owner_id,),
    ).fetchone()
    accounts.set_newest_post(tx, owner_id, -1 if newest is None else newest[0])


def set_tags(tx: Tx, creation_id: str, tags: Sequence[str]) -> None:
    """By which tags it is found; its row has them as they were written. [writer]"""
    tx.db.execute("DELETE FROM creation_tag WHERE creation_id = ?", (creation_id,))
    for tag in {folded(tag) for tag in tags}:
        tx.db.execute(
            "INSERT INTO creation_tag (creation_id, tag, published_us)"
            " SELECT id, ?, published_us FROM creation WHERE id = ?",
            (tag, creation_id),
        )


def note_owner(tx: Tx, owner_id: str) -> None:
    """How an account stands is noted with all that it made: lists are made of the rows of creations alone. [writer]"""
    state = accounts.state_of(tx.db, owner_id)
    tx.db.execute(
        "UPDATE creation SET owner_state = ? WHERE owner_id = ? AND owner_state <> ?",
        (state, owner_id, state),
    )
    note_newest(tx, owner_id)
    note_otherwise(tx)
    reactions.note_owner(tx, owner_id)


def search_words(creation_id: str, kind: str, title: str, tags: Sequence[str]) -> search.Words:
    """By which it is found. [any]"""
    return search.Words(id=creation_id, head=title, rest=" ".join(tags), kind=kind)


def set_likes(tx: Tx, creation_id: str, count: int, liked_with: dict[str, int]) -> None:
    """[writer]"""
    tx.db.execute(
        "UPDATE creation SET like_count = ?, liked_with = ? WHERE id = ?",
        (count, as_json(liked_with), creation_id),
    )


def count_comments(tx: Tx, creation_id: str, step: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE creation SET comment_count = comment_count + ? WHERE id = ?", (step, creation_id))


def set_reactions(tx: Tx, creation_id: str, counts: dict[str, int]) -> None:
    """How many of each emoji: a feed reads it with the row. [writer]"""
    tx.db.execute("UPDATE creation SET reactions = ? WHERE id = ?", (as_json(counts), creation_id))


def count_reposts(tx: Tx, creation_id: str, step: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE creation SET repost_count = repost_count + ? WHERE id = ?", (step, creation_id))


def count_play(tx: Tx, creation_id: str) -> None:
    """[writer]"""
    tx.db.execute("UPDATE creation SET play_count = play_count + 1 WHERE id = ?", (creation_id,))


def as_json(value: object) -> str:
    """As a column holds it. [any]"""
    return _encode.encode(value).decode()
