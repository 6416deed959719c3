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
        raise _no_key() from None
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    if y >= _P or y in _SMALL_ORDER_Y:
        raise _no_key()
    return key


def _no_key() -> Refusal:
    return Refusal("validation", "public_key is not an Ed25519 key in base64url.")


# Keys of order 1, 2, 4 and 8: one signature under such a key is good for many messages. These are their y coordinates, the
# points that the group order of the base point maps to (RFC 8032, 5.1); y >= p is not canonical (5.1.3).
_P = (1 << 255) - 19
_SMALL_ORDER_Y = frozenset(
    (
        0,
        1,
        _P - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    )
)
