"""Tags around and between the frames of a file, so that they are not taken for sound: ID3, APE, Lyrics3. And zeros.

Sources: ID3v2.3.0 and 2.4.0 (id3.org), APEv2 (wiki.hydrogenaud.io), Lyrics3 2.00.
"""

import re

_NOT_ZERO = re.compile(rb"[^\0]")
_ID3_HEADER_BYTES = 10
_ID3_FOOTER = 0x10
_APE_HEADER_BYTES = 32
_APE_IS_HEADER = 1 << 29
_ID3V1_BYTES = 128


def after_tags(data: bytes, at: int, end: int) -> int:
    """Where what is no tag and no zero begins, from byte at on; at most end. [any]

    A size that reaches beyond the end is not believed: only the tag's header is skipped.
    """
    while at < end:
        here = after_zeros(data, at, end)
        here += tag_bytes(data, here, end)
        if here == at:
            break
        at = here
    return at


def after_zeros(data: bytes, at: int, end: int) -> int:
    found = _NOT_ZERO.search(data, at, end)
    return found.start() if found else end


def id3v2_bytes(data: bytes, at: int) -> int:
    """Length of the ID3v2 tag at this byte, as it says; 0 when there is none. Padding is counted, or not: see after_tags."""
    head = data[at : at + _ID3_HEADER_BYTES]
    if len(head) < _ID3_HEADER_BYTES or head[:3] != b"ID3" or head[3] == 0xFF or max(head[6:10]) >= 0x80:
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return _ID3_HEADER_BYTES + size + (_ID3_HEADER_BYTES if head[3] == 4 and head[5] & _ID3_FOOTER else 0)


def tag_bytes(data: bytes, at: int, end: int) -> int:
    """Length of the tag that begins at this byte, else 0. [any]"""
    if size := id3v2_bytes(data, at):
        return size if at + size <= end else _ID3_HEADER_BYTES
    if data.startswith(b"APETAGEX", at) and at + _APE_HEADER_BYTES <= end:
        size, flags = (int.from_bytes(data[at + place : at + place + 4], "little") for place in (12, 20))
        whole = size + _APE_HEADER_BYTES if flags & _APE_IS_HEADER else _APE_HEADER_BYTES
        return whole if at + whole <= end else _APE_HEADER_BYTES
    if data.startswith(b"TAG", at) and end - at >= _ID3V1_BYTES and _is_tail(data, at + _ID3V1_BYTES, end):
        return _ID3V1_BYTES
    if data.startswith(b"LYRICSBEGIN", at):
        stop = max(data.find(b"LYRICS200", at, end), data.find(b"LYRICSEND", at, end))
        return stop + 9 - at if stop >= 0 else 0
    return 0


def _is_tail(data: bytes, at: int, end: int) -> bool:
    """Whether what stands after an ID3v1 tag may stand there: nothing, zeros, the next file of a chain."""
    rest = after_zeros(data, at, end)
    return rest == end or data[rest] == 0xFF or data.startswith((b"ID3", b"APETAGEX"), rest)
