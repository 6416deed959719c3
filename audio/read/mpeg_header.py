"""The four bytes before each frame of MPEG audio, all layers and versions, and the "Xing" frame that may come first.

ISO/IEC 11172-3 2.4.1.3, 13818-3; version 2.5 is Fraunhofer's. Not a decoder, and not what we write (audio.encode.mp3_frames).
"""

import re
from dataclasses import dataclass

V1, V2, V25 = 3, 2, 0
# kb/s by version 1 or not, layer, and index 1 to 14.
_KBPS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {V1: (44_100, 48_000, 32_000), V2: (22_050, 24_000, 16_000), V25: (11_025, 12_000, 8_000)}
_MONO = 0b11
_DECODER_DELAY_FRAMES = 529

# A header that may be one: sync, a version and a layer that exist, a bit rate and a sample rate that exist.
_SECOND = bytes(b for b in range(0xE0, 0x100) if b >> 3 & 3 != 1 and b >> 1 & 3 != 0)
_THIRD = bytes(b for b in range(0x100) if 1 <= b >> 4 <= 14 and b >> 2 & 3 != 3)
HEADER = re.compile(rb"\xff[" + re.escape(_SECOND) + rb"][" + re.escape(_THIRD) + rb"]", re.DOTALL)


@dataclass(frozen=True)
class Header:
    """size_bytes: to the next header. frames: of audio in this MPEG frame. kind: what does not change in a stream."""

    size_bytes: int
    frames: int
    rate_hz: int
    kind: tuple[int, int, int, bool]  # version, layer, rate, mono

    @property
    def layer(self) -> int:
        return self.kind[1]

    @property
    def side_bytes(self) -> int:
        """Of layer III's side information."""
        version, _, _, mono = self.kind
        if version == V1:
            return 17 if mono else 32
        return 9 if mono else 17


@dataclass(frozen=True)
class Promise:
    """What a Xing or Info frame says of the stream behind it. All of it may be wrong.

    mpeg_frames: None when it says none. delay_frames, padding_frames: of audio, to leave out at either end as a decoder
    gives it; by_lame: LAME itself wrote them.
    """

    mpeg_frames: int | None
    delay_frames: int
    padding_frames: int
    by_lame: bool


def header_at(data: bytes, at: int) -> Header | None:
    """[any]"""
    if not HEADER.match(data, at) or at + 4 > len(data):
        return None
    _, second, third, fourth = data[at : at + 4]
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    rate_hz = _RATES_HZ[version][third >> 2 & 3]
    bits = 1000 * _KBPS[version == V1, layer][(third >> 4) - 1]
    padding = third >> 1 & 1
    if layer == 1:
        frames, size = 384, (12 * bits // rate_hz + padding) * 4
    else:
        frames = 576 if layer == 3 and version != V1 else 1152
        size = frames // 8 * bits // rate_hz + padding
    return Header(size, frames, rate_hz, (version, layer, rate_hz, fourth >> 6 == _MONO))


def promise_at(data: bytes, at: int, header: Header) -> Promise | None:
    """What the frame at this byte says when it is a Xing or Info frame, which has no sound in it; else None. [any]"""
    if header.layer != 3:
        return None
    frame = data[at : at + header.size_bytes]
    if frame[4 + 32 : 4 + 36] == b"VBRI":
        return Promise(int.from_bytes(frame[50:54], "big") or None, 0, 0, False)
    # A stream whose frames have a CRC writes it before the side information, or forgets to.
    place = next(
        (p for p in (4 + header.side_bytes, 6 + header.side_bytes) if frame[p : p + 4] in (b"Xing", b"Info")),
        None,
    )
    if place is None:
        return None
    flags = int.from_bytes(frame[place + 4 : place + 8], "big")
    count = int.from_bytes(frame[place + 8 : place + 12], "big") if flags & 1 else 0
    lame = place + 8 + sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
    encoder = frame[lame : lame + 4]
    both = int.from_bytes(frame[lame + 21 : lame + 24], "big")
    if len(frame) < lame + 24 or encoder not in (b"LAME", b"Lavc", b"Lavf", b"GOGO", b"L3.9"):
        return Promise(count or None, 0, 0, False)
    delay, padding = both >> 12, both & 0xFFF
    start, end = delay + _DECODER_DELAY_FRAMES, max(0, padding - _DECODER_DELAY_FRAMES)
    return Promise(count or None, start if both else 0, end if both else 0, encoder == b"LAME" and both != 0)
