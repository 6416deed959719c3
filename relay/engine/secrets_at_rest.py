"""How secrets lie in the database: as hashes, from which nobody gets them back."""

import hashlib


def hash_of(secret: str) -> bytes:
    """32 bytes. A fast hash is right here: the secrets are random bits, or live for ten minutes. [any]"""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
