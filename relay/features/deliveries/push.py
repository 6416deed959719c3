"""Web push: a message sealed for one browser (RFC 8291, in the coding of RFC 8188), and who sends it (VAPID, RFC 8292).

The key of VAPID is derived of the key that signs tokens: all processes of a relay have it, and it is kept and backed up with that one.
"""

import base64
import secrets
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import json

RECORD_BYTES = 4096
POINT_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16
MAX_PLAIN_BYTES = RECORD_BYTES - 16 - 1 - (SALT_BYTES + 4 + 1 + POINT_BYTES)
"""What all push services take (RFC 8030, 7.2), less the tag, the delimiter and the header."""
TOKEN_US = 12 * 3600 * 1_000_000
"""A signature holds for so long; RFC 8292, 2: for a day at most."""
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SEC 2, 2.4.2)."""


class Browser(ValueError):
    """A sentence: why these are no keys of a browser."""


def b64(data: bytes) -> str:
    """base64url without padding. [any]"""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Raises ValueError. [any]"""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """65 bytes, uncompressed. [any]"""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def require_keys(p256dh: bytes, auth: bytes) -> None:
    """Raises Browser. [any]"""
    if len(p256dh) != POINT_BYTES or len(auth) != AUTH_BYTES:
        raise Browser(f"p256dh is {POINT_BYTES} bytes and auth {AUTH_BYTES}, in base64url.")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    except ValueError:
        raise Browser("p256dh is no point of P-256.") from None


def seal(plain: bytes, p256dh: bytes, auth: bytes) -> bytes:
    """The body of a push, whose Content-Encoding is aes128gcm. plain: of at most MAX_PLAIN_BYTES. [any]"""
    return seal_with(
        plain, p256dh, auth, ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(SALT_BYTES)
    )


def seal_with(
    plain: bytes, p256dh: bytes, auth: bytes, own: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """The same with a key and a salt that are used for nothing else. [any]"""
    if len(plain) > MAX_PLAIN_BYTES:
        raise ValueError(f"a push has at most {MAX_PLAIN_BYTES} bytes, not {len(plain)}")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    ours = point_of(own.public_key())
    shared = own.exchange(ec.ECDH(), theirs)
    keying = _derived(shared, auth, b"WebPush: info\0" + p256dh + ours, 32)
    key = _derived(keying, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(keying, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([POINT_BYTES]) + ours
    return head + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


class Sender:
    """secret: 32 bytes that all processes of the relay have. contact: a mailto: or https: address of who runs it. [any]"""

    def __init__(self, secret: bytes, contact: str) -> None:
        number = int.from_bytes(_derived(secret, b"", b"sidechain relay: web push", 48), "big")
        self._key = ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())
        self._contact = contact
        self.public_key = b64(point_of(self._key.public_key()))

    def authorization(self, endpoint: str, now_us: int) -> str:
        """The header of that name: who sends, to that push service alone, for a while."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": (now_us + TOKEN_US) // 1_000_000,
            "sub": self._contact,
        }
        said = f"{b64(json.encode({'typ': 'JWT', 'alg': 'ES256'}))}.{b64(json.encode(claims))}"
        r, s = decode_dss_signature(self._key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return f"vapid t={said}.{signature}, k={self.public_key}"
