"""The comments of FLAC and Ogg files, NAME=value in UTF-8: reading them, and adding one to a FLAC file.

What passes full scale is written to FLAC smaller, and a comment says by how much (audio.encode.flac).

Source: xiph.org, "Ogg Vorbis I format specification: comment field and header specification"; RFC 9639 section 8.6.
"""

from audio.errors import EncodingFailed

FLAC_BLOCK = 4  # the type of the metadata block that holds comments
SCALES = (
    1.0,
    0.5,
    0.25,
    0.125,
)  # powers of two, which change no bit of a sample; audio.intake lets nothing pass 8.0
SCALE_COMMENT = "SIDECHAIN_SCALE"
_MAX_COMMENTS = 1000
_FLAC_HEAD_BYTES, _BLOCK_HEAD_BYTES, _LAST = 4, 4, 0x80


def comments(block: bytes) -> dict[str, str]:
    """By name in upper case, the first of each; what breaks off or is not UTF-8 is left out. [any]"""
    found: dict[str, str] = {}
    at = 4 + int.from_bytes(block[:4], "little")
    count = int.from_bytes(block[at : at + 4], "little")
    at += 4
    for _ in range(min(count, _MAX_COMMENTS)):
        size = int.from_bytes(block[at : at + 4], "little")
        text = block[at + 4 : at + 4 + size]
        at += 4 + size
        name, equals, value = text.decode("utf-8", "replace").partition("=")
        if len(text) == size and equals:
            found.setdefault(name.upper(), value)
    return found


def with_comment(flac: bytes, comment: str) -> bytes:
    """A FLAC file of libFLAC, with one comment more. Raises EncodingFailed when it has no block for it. [any]"""
    at = _FLAC_HEAD_BYTES
    while True:
        head, size = flac[at], int.from_bytes(flac[at + 1 : at + 4], "big")
        start, end = at + _BLOCK_HEAD_BYTES, at + _BLOCK_HEAD_BYTES + size
        if head & ~_LAST == FLAC_BLOCK:
            break
        if head & _LAST:
            raise EncodingFailed("flac", "it wrote no block of comments.")
        at = end
    count_at = start + 4 + int.from_bytes(flac[start : start + 4], "little")
    count = int.from_bytes(flac[count_at : count_at + 4], "little") + 1
    text = comment.encode()
    added = len(text).to_bytes(4, "little") + text
    block = flac[start:count_at] + count.to_bytes(4, "little") + flac[count_at + 4 : end] + added
    return flac[:at] + bytes([head]) + len(block).to_bytes(3, "big") + block + flac[end:]


def scale_of(comments: dict[str, str]) -> float:
    """What a file's comments say of its scale: one of SCALES, 1.0 when they say nothing or something else. [any]"""
    return next((scale for scale in SCALES if comments.get(SCALE_COMMENT) == str(scale)), 1.0)
