"""Where the frames of a FLAC stream are, found by their headers alone. Not a decoder.

RFC 9639: section 8.2 (stream information), 9.1 (frame header). A header has a check of its own (CRC-8), so that hardly one in
ten million places of other data looks like one.
"""

import re
from dataclasses import dataclass

from audio.read.vorbis_comment import FLAC_BLOCK, comments

STREAM_INFO_BYTES = 34
_BLOCK_HEAD_BYTES = 4
_BLOCK_IS_LAST = 0x80
_HEADER = re.compile(rb"\xff[\xf8\xf9][\x10-\xff]", re.DOTALL)
_LONGEST_HEADER_BYTES = 16
_BLOCK_FRAMES = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608} | {code: 2**code for code in range(8, 16)}
_RATES_HZ = {
    1: 88_200,
    2: 176_400,
    3: 192_000,
    4: 8_000,
    5: 16_000,
    6: 22_050,
    7: 24_000,
    8: 32_000,
    9: 44_100,
    10: 48_000,
    11: 96_000,
}
_SAMPLE_BITS = {0: 0, 1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}  # 0: as the stream information says


@dataclass(frozen=True)
class StreamInfo:
    """Of one FLAC stream. frames: 0 when the writer did not know. first_frame_at: the byte where metadata ends.

    comments: see audio.read.vorbis_comment.
    """

    data: bytes
    first_frame_at: int
    comments: dict[str, str]

    @property
    def rate_hz(self) -> int:
        return int.from_bytes(self.data[10:13], "big") >> 4

    @property
    def channels(self) -> int:
        return (self.data[12] >> 1 & 7) + 1

    @property
    def frames(self) -> int:
        return int.from_bytes(self.data[13:18], "big") & (1 << 36) - 1

    @property
    def block_frames(self) -> int:
        return int.from_bytes(self.data[2:4], "big")

    def alone(self, frames: int) -> bytes:
        """The head of a stream of so many frames of audio, whose frames' sizes and checksum are not said."""
        told = int.from_bytes(self.data[10:18], "big") >> 36 << 36 | frames
        info = self.data[:4] + bytes(6) + told.to_bytes(8, "big") + bytes(16)
        return b"fLaC" + bytes([_BLOCK_IS_LAST, 0, 0, STREAM_INFO_BYTES]) + info


@dataclass(frozen=True)
class FlacFrame:
    """at: the byte where it begins. first: the frame of audio it begins with, counted in the whole stream; frames: of audio."""

    at: int
    first: int
    frames: int


def stream_info(data: bytes, at: int) -> StreamInfo:
    """Of the stream whose "fLaC" stands at this byte. Metadata that reach beyond the data are taken to end at once. [any]"""
    here = at + 4
    said: dict[str, str] = {}
    info = data[here + _BLOCK_HEAD_BYTES : here + _BLOCK_HEAD_BYTES + STREAM_INFO_BYTES].ljust(
        STREAM_INFO_BYTES, b"\0"
    )
    while here + _BLOCK_HEAD_BYTES <= len(data):
        kind, size = data[here], int.from_bytes(data[here + 1 : here + 4], "big")
        if kind & ~_BLOCK_IS_LAST > 6 or here + _BLOCK_HEAD_BYTES + size > len(data):
            break
        here += _BLOCK_HEAD_BYTES + size
        if kind & ~_BLOCK_IS_LAST == FLAC_BLOCK:
            said = comments(data[here - size : here])
        if kind & _BLOCK_IS_LAST:
            break
    return StreamInfo(info, here, said)


def flac_frames(data: bytes, info: StreamInfo, start: int, end: int) -> list[FlacFrame]:
    """The frames from byte start to byte end, in order of both place and time; what breaks that order is none. [any]"""
    found: list[FlacFrame] = []
    for match in _HEADER.finditer(data, start, end):
        frame = _frame(data, match.start(), info)
        if frame is not None and (not found or frame.first >= found[-1].first + found[-1].frames):
            found.append(frame)
    return found


def _frame(data: bytes, at: int, info: StreamInfo) -> FlacFrame | None:
    head = data[at : at + _LONGEST_HEADER_BYTES]
    if len(head) < 6:
        return None
    block_code, rate_code = head[2] >> 4, head[2] & 15
    channels, bits_code = head[3] >> 4, head[3] >> 1 & 7
    if head[3] & 1 or channels > 10 or bits_code not in _SAMPLE_BITS or rate_code == 15:
        return None
    if (channels + 1 if channels < 8 else 2) != info.channels:
        return None
    if rate_code in _RATES_HZ and _RATES_HZ[rate_code] != info.rate_hz:
        return None
    number, here = _coded_number(head, 4)
    if number is None:
        return None
    extra = {6: 1, 7: 2}.get(block_code, 0)
    frames = _BLOCK_FRAMES.get(block_code) or int.from_bytes(head[here : here + extra], "big") + 1
    here += extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if here >= len(head) or _crc8(head[:here]) != head[here]:
        return None
    varies = head[1] & 1
    return FlacFrame(at, number if varies else number * info.block_frames, frames)


def _coded_number(head: bytes, at: int) -> tuple[int | None, int]:
    """A number coded as UTF-8 would be, up to 36 bits, and where it ends; None when it is none."""
    first = head[at]
    if first < 0x80:
        return first, at + 1
    more = next((count for count in range(1, 7) if first >> (6 - count) & 1 == 0), 0)
    rest = head[at + 1 : at + 1 + more]
    if first < 0xC0 or not more or len(rest) < more or any(byte >> 6 != 2 for byte in rest):
        return None, at
    number = first & (1 << (6 - more)) - 1
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, at + 1 + more


def _crc8(data: bytes) -> int:
    """Polynomial 0x07, initial value 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc
