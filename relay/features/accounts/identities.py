"""The table identity: who an account is elsewhere, by the pair of issuer and subject and by nothing else."""

from collections.abc import Callable

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.accounts.names import propose
from relay.features.accounts.providers import Known
from relay.features.accounts.store import is_like_another, new_account

MAX_IDENTITIES = 10
"""Of one account."""


class Identity(Struct, frozen=True, kw_only=True):
    """A link, as its owner sees it listed. created_us: since the epoch."""

    issuer: str
    subject: str
    created_us: int


def account_of(tx: Tx, known: Known, admit: Callable[[Tx], None]) -> str:
    """The account of whoever a provider vouches for; somebody new gets one of their own, unless admit refuses. [writer]

    Never an account that is there already: a name is not a proof.
    """
    if (found := _owner(tx.db, known)) is not None:
        return found
    admit(tx)
    username = next(name for name in propose(known.suggestion) if not is_like_another(tx.db, name))
    account_id = new_account(tx, username, now_us())
    _insert(tx, account_id, known)
    return account_id


def knows(db: Connection, known: Known) -> bool:
    """Whether whoever a provider vouches for has an account. [any thread with a snapshot]"""
    return _owner(db, known) is not None


def link(tx: Tx, account_id: str, known: Known) -> bool:
    """One more way in for the account; whether it is new, for again is no harm. Raises Refusal: validation, of whom another account has. [writer]"""
    owner = _owner(tx.db, known)
    if owner == account_id:
        return False
    if owner is not None:
        raise Refusal(
            "validation",
            "The account that you chose there is linked to another one here.",
            "Choose another there, or sign in here as who has it, and unlink it first.",
            way=("/settings/sign-in", "Ways to sign in"),
        )
    if len(identities_of(tx.db, account_id)) >= MAX_IDENTITIES:
        raise Refusal("validation", f"An account has at most {MAX_IDENTITIES} links.", "Unlink one first.")
    _insert(tx, account_id, known)
    return True


def unlink(tx: Tx, account_id: str, issuer: str, subject: str) -> bool:
    """Whether there was such a link. [writer]"""
    ended = tx.db.execute(
        "DELETE FROM identity WHERE account_id = ? AND issuer = ? AND subject = ? RETURNING 1",
        (account_id, issuer, subject),
    )
    return ended.fetchone() is not None


def identities_of(db: Connection, account_id: str) -> list[Identity]:
    """The oldest first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT issuer, subject, created_us FROM identity WHERE account_id = ? ORDER BY created_us, issuer, subject",
        (account_id,),
    )
    return [Identity(issuer=issuer, subject=subject, created_us=at_us) for issuer, subject, at_us in rows]


def _owner(db: Connection, known: Known) -> str | None:
    asked = "SELECT account_id FROM identity WHERE issuer = ? AND subject = ?"
    found = db.execute(asked, (known.issuer, known.subject)).fetchone()
    return None if found is None else str(found[0])


def _insert(tx: Tx, account_id: str, known: Known) -> None:
    tx.db.execute(
        "INSERT INTO identity (issuer, subject, account_id, created_us) VALUES (?, ?, ?, ?)",
        (known.issuer, known.subject, account_id, now_us()),
    )
