"""The table second_factor: whose sign-in by password asks for a code as well."""

import secrets

from msgspec import Struct

from relay.engine.database import Connection, Tx
from relay.features.passwords.totp import KEY_BYTES


class Factor(Struct, frozen=True, kw_only=True):
    """is_asked: its owner has shown a code of it; before that it is being set up. last_step: of the last code that counted."""

    key: bytes
    is_asked: bool
    last_step: int


def factor_of(db: Connection, account_id: str) -> Factor | None:
    """[any thread with a snapshot]"""
    found = db.execute(
        "SELECT key, is_asked, last_step FROM second_factor WHERE account_id = ?", (account_id,)
    ).fetchone()
    return (
        None
        if found is None
        else Factor(key=bytes(found[0]), is_asked=bool(found[1]), last_step=int(found[2]))
    )


def begin(tx: Tx, account_id: str) -> None:
    """A new key, asked for by nobody yet; one that is asked for stays. [writer]"""
    tx.db.execute(
        "INSERT INTO second_factor (account_id, key, is_asked, last_step) VALUES (?, ?, 0, 0)"
        " ON CONFLICT (account_id) DO UPDATE SET key = excluded.key WHERE second_factor.is_asked = 0",
        (account_id, secrets.token_bytes(KEY_BYTES)),
    )


def count(tx: Tx, account_id: str, step: int) -> bool:
    """A code of that step has been shown: it is asked for from now on. False: it counted before. [writer]"""
    done = tx.db.execute(
        "UPDATE second_factor SET is_asked = 1, last_step = ? WHERE account_id = ? AND last_step < ? RETURNING 1",
        (step, account_id, step),
    )
    return done.fetchone() is not None


def remove(tx: Tx, account_id: str) -> None:
    """[writer]"""
    tx.db.execute("DELETE FROM second_factor WHERE account_id = ?", (account_id,))
