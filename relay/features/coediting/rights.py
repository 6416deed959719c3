"""Who may edit a document with others, who may only look, and who may do neither."""

from msgspec import Struct

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.core.visibility import READABLE
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.creations.api import Ability, Kind
from relay.features.studio import api as studio


class Right(Struct, frozen=True, kw_only=True):
    """What somebody may do with a creation, and what it is."""

    may_edit: bool
    kind: Kind
    owner_id: str


def right_of(db: Connection, creation_id: str, actor: Actor, link: str | None, at_us: int) -> Right:
    """link: a token of a link to it; None: without one. Raises Refusal: not_found, gone, validation. [any thread with a snapshot]"""
    may_edit = is_shown = False
    if link is not None:
        found = studio.link_found(db, link, actor.user_id, at_us)
        is_shown, may_edit = found.creation_id == creation_id, found.may_edit
    row = db.execute(
        f"SELECT c.kind, c.owner_id, c.id = :shown OR ({READABLE}) FROM creation AS c WHERE c.id = :id",
        {"id": creation_id, "viewer": actor.user_id or "", "shown": creation_id if is_shown else ""},
    ).fetchone()
    if row is None or not row[2]:
        raise creations.why_not_there(db, creation_id, actor.user_id)
    kind, owner_id = Kind(row[0]), row[1]
    creations.require_ability(db, creation_id, Ability.COEDIT)
    return Right(may_edit=(is_shown and may_edit) or _is_own(actor, owner_id), kind=kind, owner_id=owner_id)


def require_sign_in(db: Connection, actor: Actor) -> None:
    """Of a browser. Raises Refusal: token_invalid. [any thread with a snapshot]"""
    if actor.session_id is not None and not accounts.session_lives(db, actor.session_id):
        raise Refusal("token_invalid", "This browser was signed out.", "Sign in again.")


def _is_own(actor: Actor, owner_id: str) -> bool:
    try:
        authorize(actor, Action.POST_EDIT, owner_id)
    except Refusal:
        return False
    return True
