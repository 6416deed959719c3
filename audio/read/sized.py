"""AU, CAF and Wave64: the size that the file says of its sound, made true before libsndfile believes it.

Sources: Sun's AU (".snd"), Apple's "Core Audio Format Specification", Sonic Foundry's "Wave64".
"""

import struct
from dataclasses import dataclass

_CAF_FIRST_CHUNK_AT, _CAF_HEAD_BYTES = 8, 12
_W64_FIRST_CHUNK_AT, _W64_HEAD_BYTES = 40, 24
_MISCOUNTED_BYTES = 9  # a head, a pad byte: counted by writers that should not
_UNKNOWN_BYTES = 2**31 - 2**16  # sizes from here on are written by who does not know them


@dataclass(frozen=True)
class _Size:
    """Where the size of the sound stands, how it is written (struct), what it counts besides the sound."""

    at: int
    form: str
    body: int
    counted_bytes: int = 0


def with_true_size(data: bytes) -> tuple[bytes, bool]:
    """The file up to the end of its sound, with a size that is there where it said none or more; and whether any is missing. [any]

    Other kinds of files are returned as they are.
    """
    size = _size_of(data)
    if size is None:
        return data, False
    told: int = struct.unpack_from(size.form, data, size.at)[0]
    there = len(data) - size.body + size.counted_bytes
    if there <= size.counted_bytes:
        return data, False
    if size.counted_bytes < told <= there:
        return data[: len(data) - there + told], False
    mended = bytearray(data)
    struct.pack_into(size.form, mended, size.at, there)
    miscounted = told - there <= _MISCOUNTED_BYTES or told == len(data)
    return bytes(mended), size.counted_bytes < told < _UNKNOWN_BYTES and not miscounted


def _size_of(data: bytes) -> _Size | None:
    if data[:4] in (b".snd", b"dns.") and len(data) >= 24:
        order = ">" if data[:4] == b".snd" else "<"
        return _Size(8, f"{order}I", struct.unpack_from(f"{order}I", data, 4)[0])
    if data[:4] == b"caff":
        at = _CAF_FIRST_CHUNK_AT
        while at + _CAF_HEAD_BYTES <= len(data):
            if data[at : at + 4] == b"data":
                return _Size(at + 4, ">q", at + _CAF_HEAD_BYTES)
            at += _CAF_HEAD_BYTES + max(0, struct.unpack_from(">q", data, at + 4)[0])
    if data[:4] == b"riff":
        at = _W64_FIRST_CHUNK_AT
        while at + _W64_HEAD_BYTES <= len(data):
            if data[at : at + 4] == b"data":
                return _Size(at + 16, "<Q", at + _W64_HEAD_BYTES, _W64_HEAD_BYTES)
            size: int = struct.unpack_from("<Q", data, at + 16)[0]
            at += max(_W64_HEAD_BYTES, -(-size // 8) * 8)
    return None
