"""What a tus request says, read strictly, and what an answer says. Values only: no bytes of uploads, no rows.

https://tus.io/protocols/resumable-upload, version 1.0.0: core, creation, creation-with-upload, checksum, expiration,
termination. Not concatenation and not deferred length: a take is one file whose size is known.
"""

import base64
import binascii
import hashlib
from email.utils import formatdate

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.core.sizes import in_words
from relay.wire.tus import CHUNK_TYPE, VERSION

EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
ALGORITHMS = ("sha256", "sha1", "md5")  # the specification asks for sha1
MAX_METADATA_BYTES = 4096
MAX_DIGITS = 15


class Checksum(Struct, frozen=True):
    """Of one request's body. algorithm: one of ALGORITHMS."""

    algorithm: str
    digest: bytes

    def fits(self, digest: bytes) -> bool:
        return digest == self.digest


def rules(max_bytes: int) -> dict[str, str]:
    """The headers of the answer to OPTIONS. [any]"""
    return {
        "tus-version": VERSION,
        "tus-extension": EXTENSIONS,
        "tus-max-size": str(max_bytes),
        "tus-checksum-algorithm": ",".join(ALGORITHMS),
    }


def require_version(header: str | None) -> None:
    """Raises Refusal: tus_version. [any]"""
    if header != VERSION:
        raise Refusal("tus_version", f"This is tus {VERSION}; the header Tus-Resumable must say so.")


def offset_of(header: str | None) -> int:
    """Raises Refusal: malformed. [any]"""
    return _number("Upload-Offset", header)


def length_of(header: str | None, deferred: str | None, max_bytes: int) -> int:
    """The size of the whole upload. Raises Refusal: malformed, too_large. [any]"""
    if deferred is not None:
        raise Refusal("malformed", "An upload's size must be known when it begins.", "Send Upload-Length.")
    size = _number("Upload-Length", header)
    if size > max_bytes:
        raise Refusal("too_large", f"An upload has at most {in_words(max_bytes)}.", "Send a shorter stretch.")
    return size


def is_chunk(content_type: str | None) -> bool:
    """Whether the body is a part of the file. [any]"""
    return (content_type or "").split(";")[0].strip().lower() == CHUNK_TYPE


def require_chunk(content_type: str | None) -> None:
    """Raises Refusal: unsupported_media_type. [any]"""
    if not is_chunk(content_type):
        raise Refusal("unsupported_media_type", f"A part of an upload is sent as {CHUNK_TYPE}.")


def checksum_of(header: str | None) -> Checksum | None:
    """Raises Refusal: malformed. [any]"""
    if header is None:
        return None
    algorithm, _, text = header.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Refusal("malformed", f"Upload-Checksum knows {', '.join(ALGORITHMS)}.")
    digest = _base64("Upload-Checksum", text)
    if len(digest) != hashlib.new(algorithm).digest_size:
        raise Refusal("malformed", f"Upload-Checksum is no {algorithm}.")
    return Checksum(algorithm, digest)


def metadata_of(header: str | None) -> str:
    """The header as it may be given back, checked pair by pair; empty without one. Raises Refusal: malformed. [any]"""
    text = header or ""
    if len(text) > MAX_METADATA_BYTES:
        raise Refusal("malformed", f"Upload-Metadata has at most {MAX_METADATA_BYTES} bytes.")
    names: set[str] = set()
    for pair in text.split(",") if text else ():
        name, _, value = pair.strip().partition(" ")
        if not name or name in names or not all("!" <= letter <= "~" for letter in name):
            raise Refusal("malformed", "Upload-Metadata has names of printable ASCII, each once.")
        names.add(name)
        _base64("Upload-Metadata", value)
    return text


def http_date(unix_us: int) -> str:
    """As RFC 9110, 5.6.7 wants it. [any]"""
    return formatdate(unix_us / 1e6, usegmt=True)


def _number(name: str, text: str | None) -> int:
    if text is None or len(text) > MAX_DIGITS or not (text.isascii() and text.isdigit()):
        raise Refusal("malformed", f"{name} must be a number of bytes.")
    return int(text)


def _base64(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("malformed", f"{name} has a value that is no Base64.") from None
