"""The key that signs access tokens: one for all processes of a relay. The database says which, so that a process with another
one does not start: half of all tokens would be refused by half of the processes.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx


class BadKey(Exception):
    """A sentence: what is wrong with the signing key."""


def load_key(path: Path) -> OKPKey:
    """The signing key, made with mode 0600 if there is none yet; of several processes that make it, one does.

    Raises BadKey, OSError. [any, blocks]
    """
    if not path.exists():
        _make_key(path)
    try:
        key = OKPKey.import_key(path.read_bytes())
    except (JoseError, ValueError, TypeError) as error:
        raise BadKey(f"{path} holds no Ed25519 key that can be read: {error}.") from None
    if not key.is_private or key.curve_name != "Ed25519":
        raise BadKey(f"{path} holds no private Ed25519 key. Name another file, or let the relay make one.")
    return key


def seed_of(key: OKPKey) -> bytes:
    """32 bytes, of which other secrets of the relay are derived. [any]"""
    assert isinstance(key.private_key, Ed25519PrivateKey)
    return key.private_key.private_bytes_raw()


async def agree_on_key(db: Database, key: OKPKey) -> None:
    """The first process to start says which key signs; later ones have the same. Raises BadKey. [loop]"""
    kid = key.thumbprint()
    if kid == await db.read(agreed_key):
        return
    agreed = await db.write(lambda tx: _agree(tx, kid))
    if agreed != kid:
        raise BadKey(
            f"This relay's signing key is {kid}, and its database says that {agreed} signs. Give all processes the same"
            " file (SIDECHAIN_RELAY_SIGNING_KEY_FILE); where the old key is lost: relay migrate --new-signing-key."
        )


def agreed_key(db: Connection) -> str | None:
    """Its kid; None: the next process to start says. [any thread with a snapshot]"""
    row = db.execute("SELECT kid FROM signing_key ORDER BY created_us, kid LIMIT 1").fetchone()
    return None if row is None else str(row[0])


def forget_key(tx: Tx) -> None:
    """The next process to start says which key signs. Access tokens of the old one end, sign-ins do not. [writer]"""
    tx.db.execute("DELETE FROM signing_key")


def _agree(tx: Tx, kid: str) -> str:
    agreed = agreed_key(tx.db)
    if agreed is None:
        tx.db.execute("INSERT INTO signing_key (kid, created_us) VALUES (?, ?)", (kid, now_us()))
    return agreed or kid


def _make_key(path: Path) -> None:
    """A name is only ever given to a whole file, and never taken from another process's."""
    fresh = OKPKey.generate_key("Ed25519", private=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(fresh.as_pem(private=True))
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
