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
    """link: a token of a link to it; None: without one. A guest comes only to edit.

    Raises Refusal: not_found, gone, validation, account_required. [any thread with a snapshot]
    """
    may_edit = is_shown = is_for_accounts = False
    if link is not None:
        found = studio.link_found(db, link, actor.user_id, at_us)
        is_shown = found.creation_id == creation_id
        may_edit = is_shown and (found.guests_may_edit if actor.is_guest else found.may_edit)
        is_for_accounts = is_shown and found.may_edit and not may_edit
    row = db.execute(
        f"SELECT c.kind, c.owner_id, c.id = :shown OR ({READABLE}) FROM creation AS c WHERE c.id = :id",
        {"id": creation_id, "viewer": actor.user_id or "", "shown": creation_id if is_shown else ""},
    ).fetchone()
    if row is None or not row[2]:
        raise creations.why_not_there(db, creation_id, actor.user_id)
    kind, owner_id = Kind(row[0]), row[1]
    creations.require_ability(db, creation_id, Ability.COEDIT)
    may_edit = may_edit or _is_own(actor, owner_id)
    if actor.is_guest and not may_edit:
        raise _needs_account(is_for_accounts)
    return Right(may_edit=may_edit, kind=kind, owner_id=owner_id)


def require_sign_in(db: Connection, actor: Actor) -> None:
    """Of a browser, or as a guest. Raises Refusal: token_invalid. [any thread with a snapshot]"""
    if actor.is_guest and (
        accounts.is_suspended(db, actor.account_id) or accounts.is_deleted(db, actor.account_id)
    ):
        raise Refusal("token_invalid", "This guest is suspended, or no more.", "Sign in.")
    if actor.session_id is not None and not accounts.session_lives(db, actor.session_id):
        raise Refusal("token_invalid", "This browser was signed out.", "Sign in again.")


def _needs_account(is_for_accounts: bool) -> Refusal:
    detail = (
        "This link is for who is signed in."
        if is_for_accounts
        else "A guest only edits, by a link that lets guests."
    )
    return Refusal("account_required", detail, "Sign in, and open it again.")


def _is_own(actor: Actor, owner_id: str) -> bool:
    try:
        authorize(actor, Action.POST_EDIT, owner_id)
    except Refusal:
        return False
    return True
