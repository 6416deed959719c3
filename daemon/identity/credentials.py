"""The device's identity on disk: one write-once secret in the OS keyring, tokens encrypted under it.

The secret is the seed of the device's Ed25519 key. The rotating refresh token lies in a 0600 file, encrypted with
ChaCha20-Poly1305 under a key derived from the seed (HKDF-SHA-256): so the keyring is written once, and never holds
what changes. The access token lives only in memory (link/tokens.py).

Keyring back ends are called in a helper process with a time limit, because a locked keyring may block for ever
behind its prompt, and only those on the list: others may be plain text.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daemon.core.health import SHOWN, HealthState
from daemon.errors import KeyringUnavailable
from daemon.identity.keyring_helper import LOCKED
from daemon.system.children import run_once
from daemon.system.files import write_durably

SEED_BYTES = 32
KEYRING_LIMIT_S = 5.0
UNLOCK_LIMIT_S = 600.0
"""A person looks for the password, or is at the coffee machine after login."""
KEYRING_RETRY_S = 10.0


class SecretStore(Protocol):
    """Where the seed lies."""

    async def read(self) -> bytes | None:
        """The seed, or None when there is none yet. Raises KeyringUnavailable."""

    async def peek(self) -> bytes | None:
        """The same, and no window asks for a password."""

    async def unlock(self) -> None:
        """A window asks for the password, and stays until it was answered or UNLOCK_LIMIT_S are over."""

    async def write(self, seed: bytes) -> None:
        """Store the seed and read it back. Raises KeyringUnavailable."""

    async def delete(self) -> None:
        """Forget the seed; that there is none is no error. Raises KeyringUnavailable."""


class FileSecret:
    """A 0600 file, not encrypted. Only by explicit choice (credential_store = "file"), and shown in status."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> bytes | None:
        try:
            seed = self._path.read_bytes()
        except FileNotFoundError:
            return None
        if len(seed) != SEED_BYTES:
            raise KeyringUnavailable(
                f"The device key in {self._path} is damaged ({len(seed)} bytes).",
                "Move it away and run `sidechain claim` again.",
            )
        return seed

    async def peek(self) -> bytes | None:
        return await self.read()

    async def unlock(self) -> None:
        """It never is locked."""

    async def write(self, seed: bytes) -> None:
        write_durably(self._path, seed)

    async def delete(self) -> None:
        self._path.unlink(missing_ok=True)


def keyring_command() -> list[str]:
    return [sys.executable, "-m", "daemon.identity.keyring_helper"]


UNLOCK = SHOWN[HealthState.WAITING_FOR_KEYRING].next_step
WITHOUT_KEYRING = "on a machine without one, `sidechain setup --credential-store file` keeps the key in a file (0600, not encrypted)."


class KeyringSecret:
    """The OS keyring, through keyring_helper.py in a process of its own. `profile` tells data folders apart."""

    def __init__(self, profile: str) -> None:
        self._profile = profile

    async def read(self) -> bytes | None:
        return _seed_of(await self._ask("get", b""))

    async def peek(self) -> bytes | None:
        return _seed_of(await self._ask("peek", b""))

    async def unlock(self) -> None:
        with contextlib.suppress(KeyringUnavailable):
            await self._ask("get", b"", UNLOCK_LIMIT_S)

    async def write(self, seed: bytes) -> None:
        await self._ask("set", seed.hex().encode())
        if await self.read() != seed:
            raise KeyringUnavailable(
                "The keyring did not give back what was stored in it.", "Run `sidechain claim` again."
            )

    async def delete(self) -> None:
        await self._ask("delete", b"")

    async def _ask(self, verb: str, stdin: bytes, limit_s: float | None = None) -> str:
        try:
            limit_s = limit_s or KEYRING_LIMIT_S
            ended = await run_once([*keyring_command(), verb, self._profile], stdin, limit_s)
        except TimeoutError:
            raise KeyringUnavailable(
                f"The keyring did not answer within {limit_s:.0f} s; it may wait for its password.",
                f"Unlock it, and Sidechain goes on by itself; {WITHOUT_KEYRING}",
            ) from None
        if ended.code == LOCKED:
            raise KeyringUnavailable("The keyring is locked.", UNLOCK)
        if ended.code != 0:
            said = ended.err.decode(errors="replace").strip().splitlines() or ["it does not say why"]
            raise KeyringUnavailable(
                f"The keyring cannot be used: {said[-1].rstrip('.!')}.",
                f"Unlock or install one; {WITHOUT_KEYRING}",
            )
        return ended.out.decode().strip()


def _seed_of(answer: str) -> bytes | None:
    return bytes.fromhex(answer) if answer else None


class Identity:
    """The device key, and the refresh token sealed under it."""

    def __init__(self, seed: bytes, session_file: Path) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._box = ChaCha20Poly1305(
            HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sidechain refresh token v1").derive(seed)
        )
        self._session_file = session_file

    @property
    def public_key(self) -> bytes:
        """32 bytes (RFC 8032)."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def save_refresh_token(self, token: str) -> None:
        """Durable before the old one may be forgotten. [worker]"""
        nonce = os.urandom(12)
        write_durably(self._session_file, nonce + self._box.encrypt(nonce, token.encode(), b"refresh"))

    def refresh_token(self) -> str | None:
        """None when there is none, or when it was sealed under another key (a copied folder). [worker]"""
        try:
            sealed = self._session_file.read_bytes()
            return self._box.decrypt(sealed[:12], sealed[12:], b"refresh").decode()
        except (FileNotFoundError, InvalidTag, ValueError):
            return None

    def forget(self) -> None:
        self._session_file.unlink(missing_ok=True)


async def open_identity(store: SecretStore, session_file: Path, *, create: bool) -> Identity | None:
    """The device's identity; made now if `create` and there is none. Raises KeyringUnavailable. [loop]"""
    seed = await store.read()
    if seed is None and create:
        seed = secrets.token_bytes(SEED_BYTES)
        await store.write(seed)
    return Identity(seed, session_file) if seed else None


async def awaited_identity(
    store: SecretStore, session_file: Path, told: Callable[[KeyringUnavailable], None]
) -> Identity | None:
    """The device's identity, however long its keyring is locked. told: of each time that it is. [loop]

    Its window comes once and stays: one that goes away while a person types, and comes again for ever, helps nobody. Whatever
    else unlocks the keyring does as well.
    """
    window: asyncio.Task[None] | None = None
    try:
        while True:
            try:
                seed = await store.peek()
                return Identity(seed, session_file) if seed else None
            except KeyringUnavailable as error:
                told(error)
            window = window or asyncio.create_task(store.unlock())
            waits_for = (
                asyncio.sleep(KEYRING_RETRY_S)
                if window.done()
                else asyncio.wait({window}, timeout=KEYRING_RETRY_S)
            )
            await waits_for
    finally:
        if window is not None:
            window.cancel()
