"""Under which terms a creation is there: its licence, whether others get the lossless sound, whether it is pinned."""

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.core.visibility import State
from relay.engine.database import Connection, Tx
from relay.features.creations.lineage import counted, made_from, made_of
from relay.wire.operations import GET_DOWNLOAD
from relay.wire.owning import LICENCE_URLS, MAX_PINNED, PostDetails, PostEdit
from relay.wire.rest import AudioPost, PostStatus


class Terms(Struct, frozen=True, kw_only=True):
    """pinned_us: since when; 0: it is not."""

    licence: str
    downloads: bool
    pinned_us: int
    state: State
    version: int


def terms_of(db: Connection, creation_id: str) -> Terms:
    """Of one that is there. [any thread with a snapshot]"""
    licence, downloads, pinned_us, state, version = db.execute(
        "SELECT c.licence, c.downloads, c.pinned_us, c.state, v.n FROM creation AS c"
        " JOIN creation_version AS v ON v.id = c.head_version_id WHERE c.id = ?",
        (creation_id,),
    ).fetchone()
    return Terms(
        licence=licence, downloads=bool(downloads), pinned_us=pinned_us, state=State(state), version=version
    )


def status_of(db: Connection, creation_id: str) -> PostStatus:
    """Of one that is there. [any thread with a snapshot]"""
    state, version, changed_us = db.execute(
        "SELECT c.state, v.n, c.changed_us FROM creation AS c"
        " JOIN creation_version AS v ON v.id = c.head_version_id WHERE c.id = ?",
        (creation_id,),
    ).fetchone()
    return PostStatus(post_id=creation_id, state=state, version=version, changed_at=rfc3339(changed_us))


def details(db: Connection, post: AudioPost, viewer: str | None, base_url: str) -> PostDetails:
    """Of one that is there. [any thread with a snapshot]"""
    terms = terms_of(db, post.id)
    return PostDetails(
        **{name: value for name, value in asdict(post).items() if name in AudioPost.__struct_fields__},
        licence=terms.licence,
        licence_url=LICENCE_URLS.get(terms.licence),
        download_url=base_url + GET_DOWNLOAD.at(post_id=post.id) if terms.downloads else None,
        pinned=terms.pinned_us > 0,
        archived=terms.state is State.ARCHIVED,
        version=terms.version,
        remix_of=made_from(db, post.id, viewer),
        remixes=made_of(db, post.id, viewer),
        remix_count=counted(db, post.id, viewer),
    )


def set_terms(tx: Tx, creation_id: str, owner_id: str, edit: PostEdit, at_us: int) -> bool:
    """Whether they are others than before. Raises Refusal: validation, for one more pinned than there may be. [writer]"""
    was = terms_of(tx.db, creation_id)
    now = msgspec.structs.replace(
        was,
        licence=was.licence if edit.licence is None else edit.licence,
        downloads=was.downloads if edit.downloads is None else edit.downloads,
        pinned_us=_pinned_us(was, edit.pinned, at_us),
    )
    if now == was:
        return False
    if now.pinned_us and not was.pinned_us and _pinned(tx.db, owner_id) >= MAX_PINNED:
        raise Refusal(
            "validation", f"{MAX_PINNED} posts are pinned already.", "Take the pin off another one first."
        )
    tx.db.execute(
        "UPDATE creation SET licence = ?, downloads = ?, pinned_us = ?, changed_us = ? WHERE id = ?",
        (now.licence, int(now.downloads), now.pinned_us, at_us, creation_id),
    )
    return True


def _pinned_us(was: Terms, pinned: bool | None, at_us: int) -> int:
    if pinned is None:
        return was.pinned_us
    return (was.pinned_us or at_us) if pinned else 0


def _pinned(db: Connection, owner_id: str) -> int:
    counted: tuple[int] = db.execute(
        "SELECT count(*) FROM creation WHERE owner_id = ? AND pinned_us > 0 AND state <> 'deleted'",
        (owner_id,),
    ).fetchone()
    return counted[0]
