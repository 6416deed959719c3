"""Is this signed by that device? Ed25519 (RFC 8032) over bytes whose first line says what they are for."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from relay.core.refusal import Refusal


def is_signed_by(public_key: bytes, message: bytes, signature: str) -> bool:
    """signature: base64url without padding. [any]"""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            base64.urlsafe_b64decode(signature + "=="), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def key_bytes(text: str) -> bytes:
    """The 32 bytes of a public key in base64url. Raises Refusal: validation. [any]"""
    try:
        key = base64.urlsafe_b64decode(text + "=")
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        raise Refusal("validation", "public_key is not an Ed25519 key in base64url.") from None
    return key
