"""Pages of Ogg: what one says, whether it is as it was written, and what is whole in one that breaks off. Not a decoder.

RFC 3533, section 6; RFC 6716, section 3.1 (how long a packet of Opus lasts).
"""

import struct
import zlib
from dataclasses import dataclass, replace

HEAD_BYTES = 27
CONTINUED, FIRST, LAST = 1, 2, 4  # flags of a page: of a packet, of a logical stream
_FULL_SEGMENT_BYTES = 255  # a shorter one ends a packet
_FLAGS_AT, _POSITION_AT, _CRC_AT, _SEGMENTS_AT = 5, 6, 22, 26
_MAX_VORBIS_PACKET_FRAMES = 8_192
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Page:
    """end: the byte of the file where it ends."""

    data: bytes
    end: int

    @property
    def flags(self) -> int:
        return self.data[_FLAGS_AT]

    @property
    def position(self) -> int:
        """Frames up to the end of the page, in the codec's own count; -1: no packet ends here."""
        return int.from_bytes(self.data[_POSITION_AT : _POSITION_AT + 8], "little", signed=True)

    @property
    def serial(self) -> bytes:
        return self.data[14:18]

    @property
    def number(self) -> int:
        return int.from_bytes(self.data[18:22], "little")

    @property
    def body(self) -> bytes:
        return self.data[HEAD_BYTES + self.data[_SEGMENTS_AT] :]


def page_at(data: bytes, at: int) -> Page | None:
    """The page that begins here, or None when it is not all there."""
    head = data[at : at + HEAD_BYTES]
    if len(head) < HEAD_BYTES:
        return None
    lacing = data[at + HEAD_BYTES : at + HEAD_BYTES + head[_SEGMENTS_AT]]
    end = at + HEAD_BYTES + head[_SEGMENTS_AT] + sum(lacing)
    return Page(data[at:end], end) if len(lacing) == head[_SEGMENTS_AT] and end <= len(data) else None


def is_sound(page: Page) -> bool:
    """Whether it is as it was written."""
    return _crc(page.data) == int.from_bytes(page.data[_CRC_AT : _CRC_AT + 4], "little")


def _crc(page: bytes) -> int:
    """Ogg's CRC-32 goes through the bits of each byte the other way than zlib's, and inverts nothing."""
    blank = page[:_CRC_AT] + bytes(4) + page[_CRC_AT + 4 :]
    mirrored = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def marked_last(page: Page) -> Page:
    """With the mark of the end, and a checksum that is right. [any]"""
    return _with_flags(page, page.flags | LAST)


def taken_as_it_is(page: Page) -> Page:
    """With a checksum that is right for what stands there. [any]"""
    return _with_flags(page, page.flags)


def _with_flags(page: Page, flags: int) -> Page:
    data = bytearray(page.data)
    data[_FLAGS_AT] = flags
    struct.pack_into("<I", data, _CRC_AT, _crc(bytes(data)))
    return replace(page, data=bytes(data))


def whole_packets(data: bytes, at: int, before: Page, *, is_opus: bool) -> Page | None:
    """Of a page that breaks off, the packets that are all there, as the page after `before`; None when there are none. [any]

    Its position is what these packets come to: exactly for Opus; for Vorbis at most, which a decoder takes as well.
    """
    count = data[at + _SEGMENTS_AT] if at + HEAD_BYTES <= len(data) else 0
    lacing = data[at + HEAD_BYTES : at + HEAD_BYTES + count]
    body = data[at + HEAD_BYTES + count :]
    segments = used_bytes = reached_bytes = 0
    starts: list[int] = []
    for number, size in enumerate(lacing if len(lacing) == count else b""):
        reached_bytes += size
        if reached_bytes > len(body):
            break
        if size < _FULL_SEGMENT_BYTES:
            starts.append(used_bytes)
            segments, used_bytes = number + 1, reached_bytes
    if not segments:
        return None
    frames = sum(_opus_frames(body[start:]) if is_opus else _MAX_VORBIS_PACKET_FRAMES for start in starts)
    made = bytearray(data[at : at + _SEGMENTS_AT]) + bytes([segments]) + lacing[:segments] + body[:used_bytes]
    struct.pack_into("<q", made, _POSITION_AT, max(0, before.position) + frames)
    struct.pack_into("<I", made, _CRC_AT, _crc(bytes(made)))
    return Page(bytes(made), len(data))


def _opus_frames(packet: bytes) -> int:
    """How long it lasts at 48 kHz, as its first bytes say."""
    if not packet:
        return 0
    kind, code = packet[0] >> 3, packet[0] & 3
    if kind < 12:
        frames = (480, 960, 1_920, 2_880)[kind & 3]
    elif kind < 16:
        frames = (480, 960)[kind & 1]
    else:
        frames = (120, 240, 480, 960)[kind & 3]
    return frames * (packet[1] & 63 if code == 3 and len(packet) > 1 else min(code + 1, 2))
