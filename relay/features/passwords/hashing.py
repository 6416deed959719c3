"""Passwords as they are stored: Argon2id (RFC 9106) with the costs that OWASP's Password Storage Cheat Sheet gives."""

import asyncio
import secrets

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB, ITERATIONS, LANES = 19 * 1024, 2, 1
SALT_BYTES, HASH_BYTES = 16, 32
AT_ONCE = 2
"""So many are computed side by side, each in MEMORY_KIB."""


class Hashing:
    """Slow on purpose, hence in threads, and never many at once. [loop]"""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)
        self._nobodys = _hashed(secrets.token_bytes(16))

    async def hashed(self, password: bytes) -> str:
        """In the PHC string format, with a salt of its own."""
        async with self._room:
            return await asyncio.to_thread(_hashed, password)

    async def fits(self, password: bytes, phc: str | None) -> bool:
        """phc None: nobody has such a password, which takes as long to say as that it is wrong."""
        async with self._room:
            fitting = await asyncio.to_thread(_fits, password, phc or self._nobodys)
        return fitting and phc is not None


def _hashed(password: bytes) -> str:
    kdf = Argon2id(
        salt=secrets.token_bytes(SALT_BYTES),
        length=HASH_BYTES,
        iterations=ITERATIONS,
        lanes=LANES,
        memory_cost=MEMORY_KIB,
    )
    return kdf.derive_phc_encoded(password)


def _fits(password: bytes, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password, phc)
    except InvalidKey:
        return False
    return True
