"""The "Info" frame that tells decoders how many samples of an MP3 stream are real. Not an encoder.

An MP3 encoder delays the signal and pads it to whole frames. Without this frame every decoder returns some 40 ms too
much and 1105 samples late, so loops stutter. The MPEG standard (ISO 11172-3) has no place for the two numbers; the
Xing header with LAME's extension, in a first frame that decodes to nothing, is what all decoders read:

| offset in frame          | bytes | content                                                         |
|--------------------------|-------|-----------------------------------------------------------------|
| 0                        | 4     | ordinary frame header                                           |
| 4                        | 32/17 | side information (stereo/mono), zero                            |
| then                     | 4 + 4 | "Info" (constant bit rate), flags: frames, bytes, TOC, quality  |
|                          | 4 + 4 | audio frames; bytes of the stream with this frame               |
|                          | 100   | seek table: byte position / 256 at each percent of the time     |
|                          | 4     | quality                                                         |
|                          | 9 + 1 | "LAME3.100", tag revision 0 and method 1 (constant bit rate)    |
|                          | 1     | low-pass / 100 Hz, 0: not stated                                |
|                          | 8     | peak, two replay gains: not stated                              |
|                          | 1 + 1 | flags, bit rate in kb/s                                         |
|                          | 3     | delay (12 bits), padding (12 bits), in frames of audio          |
|                          | 4     | miscellaneous, gain, preset (16 bits)                           |
|                          | 4     | bytes of the stream with this frame                             |
|                          | 2 + 2 | CRC-16 of the music, CRC-16 of everything before it in here     |
"""

import struct

from audio.encode.mp3_frames import (
    BITRATE_INDEX,
    FRAMES_PER_MP3_FRAME,
    RATE_INDEX,
    frame_count,
    side_information_bytes,
)
from audio.errors import EncodingFailed

ENCODER_DELAY_FRAMES = 576  # LAME's; a decoder adds its own
DECODER_DELAY_FRAMES = 529
MAX_PADDING_FRAMES = 0xFFF

_XING_FLAGS = 0x0F
_STREAM_METHOD_CBR = 0x01


def info_frame(
    *,
    sample_rate_hz: int,
    channels: int,
    bitrate_kbps: int,
    stream_bytes: int,
    frames: int,
    delay_frames: int = ENCODER_DELAY_FRAMES,
) -> bytes:
    """One whole MP3 frame to put before a constant-bit-rate stream. [any]

    stream_bytes: of the stream without this frame; frames: of audio that a decoder shall return, after leaving out
    delay_frames (0 to 4,095) and its own delay. MPEG-1 rates only (RATE_INDEX). Raises EncodingFailed when the stream
    is too short for them, or longer than the frame can say.
    """
    mp3_frames = frame_count(stream_bytes, bitrate_kbps, sample_rate_hz)
    padding_frames = mp3_frames * FRAMES_PER_MP3_FRAME - delay_frames - frames
    if not 0 <= padding_frames <= MAX_PADDING_FRAMES:
        raise EncodingFailed("mp3", f"{mp3_frames} MP3 frames cannot be {frames} frames of audio.")
    size = 144 * bitrate_kbps * 1000 // sample_rate_hz
    total_bytes = stream_bytes + size
    xing = (
        b"Info"
        + struct.pack(">III", _XING_FLAGS, mp3_frames, total_bytes)
        + bytes(percent * 256 // 100 for percent in range(100))  # where each of them is
        + struct.pack(">I", 0)
    )
    lame = _lame_tag(bitrate_kbps, delay_frames, padding_frames, total_bytes)
    head = _header(sample_rate_hz, channels, bitrate_kbps)
    tag = head + bytes(side_information_bytes(channels)) + xing + lame
    return (tag + crc16(tag).to_bytes(2, "big")).ljust(size, b"\0")


def _lame_tag(bitrate_kbps: int, delay_frames: int, padding_frames: int, total_bytes: int) -> bytes:
    return (
        b"LAME3.100"
        + bytes([_STREAM_METHOD_CBR, 0])
        + bytes(8)
        + bytes([0, bitrate_kbps])
        + (delay_frames << 12 | padding_frames).to_bytes(3, "big")
        + struct.pack(">BBHI", 0, 0, bitrate_kbps, total_bytes)
        # No decoder checks the CRC of the music, and computing it would cost as much as drawing the waveform.
        + bytes(2)
    )


def _header(sample_rate_hz: int, channels: int, bitrate_kbps: int) -> bytes:
    """Sync, MPEG-1 layer III without CRC; bit rate and sample rate; joint stereo or mono; "original"."""
    mode = 0b11 if channels == 1 else 0b01
    rates = BITRATE_INDEX[bitrate_kbps] << 4 | RATE_INDEX[sample_rate_hz] << 2
    return bytes([0xFF, 0xFB, rates, mode << 6 | 0x04])


def crc16(data: bytes) -> int:
    """CRC-16 with polynomial 0x8005, reflected, initial value 0 (the LAME tag's)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
