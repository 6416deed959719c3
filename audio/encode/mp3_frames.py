"""The head of each frame of a bare MPEG-1 layer III stream, as far as cutting and joining need it. Not a decoder.

ISO/IEC 11172-3, 2.4.1.3 (header), 2.4.1.7 (side information). Constant bit rate, no CRC, as LAME writes them here:

| bits                     | content                                                                              |
|--------------------------|--------------------------------------------------------------------------------------|
| 32                       | sync, layer, bit rate, sample rate, padding, mode                                    |
| 9                        | main_data_begin: how many bytes before this frame, heads not counted, its sound begins |
| 5 mono, 3 stereo         | private                                                                              |
| 4 for each channel       | scalefactors of granule 0 used again in granule 1: nothing reaches from frame to frame |
| 59 for each granule and channel | sizes, and the window (block type) its transform has                         |
| the rest                 | a slot: bytes of this frame's sound or of that of the next ones                      |
"""

from dataclasses import dataclass

FRAMES_PER_MP3_FRAME = 1152  # MPEG-1 layer III
BITRATE_INDEX = {128: 9}
RATE_INDEX = {44_100: 0, 48_000: 1, 32_000: 2}

_BITRATE_KBPS = {index: rate for rate, index in BITRATE_INDEX.items()}
_RATE_HZ = {index: rate for rate, index in RATE_INDEX.items()}
_HEADER_BYTES = 4
_MONO = 0b11
_GRANULE_BITS = 59
_SWITCHED_BIT = 33  # window_switching_flag within a granule; block_type is the two bits after it


@dataclass(frozen=True)
class Mp3Frame:
    """at: of its header in the stream, bytes. size_bytes: to the next header. slot_at: where its slot begins.

    windows: the block type of the second granule of each channel, with which the next frame overlaps.
    """

    at: int
    size_bytes: int
    slot_at: int
    main_data_begin: int
    windows: tuple[int, ...]

    @property
    def end(self) -> int:
        return self.at + self.size_bytes


def side_information_bytes(channels: int) -> int:
    return 17 if channels == 1 else 32


def frame_count(stream_bytes: int, bitrate_kbps: int, rate_hz: int) -> int:
    """How many frames these bytes are: each has 144 * bits / rate, give or take a fraction that is carried along."""
    return round(stream_bytes * rate_hz / (144_000 * bitrate_kbps))


def mp3_frames(stream: bytes | bytearray, at: int, count: int) -> list[Mp3Frame]:
    """The count frames from byte at on; fewer where the stream ends or something else stands in it. [any]"""
    found: list[Mp3Frame] = []
    while len(found) < count and (frame := _frame(stream, at)) is not None:
        found.append(frame)
        at = frame.end
    return found


def _frame(stream: bytes | bytearray, at: int) -> Mp3Frame | None:
    header = stream[at : at + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES or header[0] != 0xFF or header[1] != 0xFB:
        return None
    kbps, rate_hz = _BITRATE_KBPS.get(header[2] >> 4), _RATE_HZ.get(header[2] >> 2 & 3)
    if kbps is None or rate_hz is None:
        return None
    channels = 1 if header[3] >> 6 == _MONO else 2
    size_bytes = 144_000 * kbps // rate_hz + (header[2] >> 1 & 1)
    side_bytes = side_information_bytes(channels)
    side = int.from_bytes(stream[at + _HEADER_BYTES : at + _HEADER_BYTES + side_bytes], "big")

    def bits(first: int, count: int) -> int:
        return side >> (8 * side_bytes - first - count) & ((1 << count) - 1)

    windows = []
    for channel in range(channels):
        granule = 8 * side_bytes - _GRANULE_BITS * (channels - channel)
        windows.append(bits(granule + _SWITCHED_BIT + 1, 2) if bits(granule + _SWITCHED_BIT, 1) else 0)
    return Mp3Frame(at, size_bytes, at + _HEADER_BYTES + side_bytes, bits(0, 9), tuple(windows))
