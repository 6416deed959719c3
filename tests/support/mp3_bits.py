"""The coded sound of each frame of a bare MP3 stream, taken out of the bit reservoir. Written apart from audio/encode/mp3_frames.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Coded:
    """side: side information without main_data_begin. bits: the frame's main data, as text of 0 and 1.

    room_bytes: between the end of the last frame's data and the beginning of this one's; never negative in a sound stream.
    """

    side: str
    bits: str
    room_bytes: int


def coded_frames(stream: bytes) -> list[Coded]:
    """All frames of a stream at 128 kb/s and 32, 44.1 or 48 kHz. Where the reservoir begins before the stream, bits is short."""
    slots, found, at, ended_bits = bytearray(), list[Coded](), 0, 0
    while at < len(stream):
        assert stream[at] == 0xFF and stream[at + 1] == 0xFB and stream[at + 2] >> 4 == 9, f"no frame at {at}"
        size = 144 * 128_000 // (44_100, 48_000, 32_000)[stream[at + 2] >> 2 & 3] + (stream[at + 2] >> 1 & 1)
        channels = 1 if stream[at + 3] >> 6 == 3 else 2
        side_bytes = 17 if channels == 1 else 32
        side = f"{int.from_bytes(stream[at + 4 : at + 4 + side_bytes], 'big'):0{8 * side_bytes}b}"
        granules = [side[len(side) - 59 * n :][:59] for n in range(2 * channels, 0, -1)]
        begin = 8 * (len(slots) - int(side[:9], 2))
        length = sum(int(granule[:12], 2) for granule in granules)
        slots += stream[at + 4 + side_bytes : at + size]
        bits = "".join(f"{byte:08b}" for byte in slots[max(0, begin) // 8 : -(-(begin + length) // 8)])
        found.append(Coded(side[9:], bits[:length], (begin - ended_bits) // 8))
        ended_bits, at = begin + length, at + size
        assert ended_bits <= 8 * len(slots), f"frame {len(found) - 1} is not whole when it is due"
    return found
