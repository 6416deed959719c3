"""What moderators do with creations: hide one, show it again; and which sound it is."""

from msgspec.structs import replace

from relay.core.visibility import State
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.creations import changes, remixes
from relay.features.creations.changes import WITHDRAWN_POST
from relay.features.creations.kinds import LOSSLESS, PREVIEW
from relay.features.creations.reading import assets_of, no_post
from relay.features.creations.store import Asset
from relay.features.live import api as live
from relay.features.reactions import api as reactions


def set_hidden(tx: Tx, creation_id: str, hidden: bool) -> bool:
    """Whether it is there, and so can be. Who follows its owner, or who shows it, forgets what is hidden, or hears that it is back. [writer]"""
    was, at_us = changes.standing(tx.db, creation_id), now_us()
    if was is None:
        return False
    state = State.HIDDEN if hidden else State.READY
    if hidden is (was.shown.state is State.HIDDEN):
        return True
    changes.set_shown(tx, was, was.shown.visibility, state, at_us)
    if hidden:
        live.append(
            tx,
            topic=live.author_topic(was.shown.owner_id),
            kind=WITHDRAWN_POST,
            actor_id=was.shown.owner_id,
            object_id=creation_id,
            at_us=at_us,
        )
        reactions.note_creation(tx, creation_id)
    else:
        remixes.note(tx, creation_id, at_us)
        changes.tell(tx, was, replace(was.shown, state=state), at_us)
    return True


def heard_by_moderators(db: Connection, creation_id: str) -> Asset:
    """The sound of the newest version, whoever may see it. Raises Refusal: not_found. [any thread with a snapshot]"""
    head = "SELECT head_version_id FROM creation WHERE id = ? AND state <> 'deleted'"
    row = db.execute(head, (creation_id,)).fetchone()
    for each in assets_of(db, row[0]) if row else ():
        if each.role == PREVIEW:
            return each
    raise no_post()


def sounds_of(db: Connection, creation_id: str) -> list[str]:
    """Hashes of what was uploaded for it, and of its samples as they are stored. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT sha256 FROM publication WHERE creation_id = ? UNION SELECT s.sha256 FROM asset AS s"
        " JOIN creation_version AS v ON v.id = s.version_id WHERE v.creation_id = ? AND s.role = ?",
        (creation_id, creation_id, LOSSLESS),
    )
    return [sha256 for (sha256,) in rows.fetchall()]
