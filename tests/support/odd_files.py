"""Sound files as they are found in the world: sizes that lie, parts that lack, things in front and behind. Bytes in, bytes out."""

import io
import json
import os
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.read.flac_frames import flac_frames, stream_info

Samples = NDArray[np.float32]

ID3_PICTURE = b"APIC" + (3_000).to_bytes(4, "big") + b"\0\0" + bytes(range(256)) * 11 + bytes(184)
_OGG_HEAD_BYTES = 27
_SDS_HEAD_BYTES, _SDS_PACKET_BYTES = 21, 127
_OGG_PAGE_BYTES = 255 * 255  # the most that a page holds


def odd_folder() -> Path | None:
    """The folder of odd files, which lies beside the first that SIDECHAIN_AUDIO_FIXTURES names."""
    named = os.environ.get("SIDECHAIN_AUDIO_FIXTURES", "").split(os.pathsep)[0]
    folder = Path(named).parent / "odd"
    return folder if named and (folder / "manifest.json").exists() else None


def odd_files() -> dict[str, str]:
    """Name and what is expected of it, in words. Empty where there is no such folder."""
    folder = odd_folder()
    entries = json.loads((folder / "manifest.json").read_text()) if folder else []
    return {entry["file"]: entry["expected"] for entry in entries}


def encoded(
    samples: Samples, rate_hz: int, container: str, coding: str | None = None, **options: object
) -> bytes:
    """As libsndfile writes it."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=container, subtype=coding, **options)
    return buffer.getvalue()


def chunk(
    name: bytes, body: bytes, order: str = "<", *, told_bytes: int | None = None, pad: bool = True
) -> bytes:
    size = len(body) if told_bytes is None else told_bytes
    return name + struct.pack(f"{order}I", size) + body + (b"\0" if pad and len(body) % 2 else b"")


def wav(
    pcm: bytes,
    *,
    channels: int = 2,
    rate_hz: int = 44_100,
    bits: int = 16,
    coding: int = 1,
    head: bytes = b"RIFF",
    told_bytes: int | None = None,
    riff_bytes: int | None = None,
    before: bytes = b"",
    behind: bytes = b"",
) -> bytes:
    """A WAV file whose sizes say what they are told to."""
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", coding, channels, rate_hz, rate_hz * block, block, bits)
    body = b"WAVE" + before + chunk(b"fmt ", fmt) + chunk(b"data", pcm, told_bytes=told_bytes) + behind
    return head + struct.pack("<I", len(body) if riff_bytes is None else riff_bytes) + body


def id3v2(body: bytes, *, version: int = 3, footer: bool = False, told_bytes: int | None = None) -> bytes:
    size = len(body) if told_bytes is None else told_bytes
    synchsafe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    flags = bytes([0x10 if footer else 0])
    tail = b"3DI" + bytes([version, 0]) + flags + synchsafe if footer else b""
    return b"ID3" + bytes([version, 0]) + flags + synchsafe + body + tail


def ape(items: bytes = b"x" * 500) -> bytes:
    """A whole APEv2 tag with header and footer."""

    def end(flags: int) -> bytes:
        return b"APETAGEX" + struct.pack("<IIII", 2_000, len(items) + 32, 1, flags) + bytes(8)

    return end(1 << 31 | 1 << 29) + items + end(1 << 31)


def ogg_pages(data: bytes) -> list[bytes]:
    pages, at = [], 0
    while at < len(data):
        count = data[at + 26]
        end = at + _OGG_HEAD_BYTES + count + sum(data[at + _OGG_HEAD_BYTES : at + _OGG_HEAD_BYTES + count])
        pages.append(data[at:end])
        at = end
    return pages


def _ogg_crc_of(byte: int) -> int:
    crc = byte << 24
    for _ in range(8):
        crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc


_OGG_CRC = [_ogg_crc_of(byte) for byte in range(256)]


def ogg_page(page: bytes, *, flags: int | None = None) -> bytes:
    """The page with other flags and a checksum that is right, reckoned bit by bit (RFC 3533)."""
    made = bytearray(page)
    made[5] = page[5] if flags is None else flags
    made[22:26] = bytes(4)
    crc = 0
    for byte in made:
        crc = (crc << 8 ^ _OGG_CRC[crc >> 24 ^ byte]) & 0xFFFFFFFF
    made[22:26] = struct.pack("<I", crc)
    return bytes(made)


def ogg_flac(flac: bytes) -> bytes:
    """A FLAC file in pages, a packet a page, with no total in its head, as a pipe leaves it (RFC 9639, section 10.1)."""
    info = stream_info(flac, 0)
    starts = [frame.at for frame in flac_frames(flac, info, info.first_frame_at, len(flac))]
    head = b"\x7fFLAC\1\0" + (1).to_bytes(2, "big") + flac_total(flac, 0)[: 4 + 4 + 34]
    packets = [head, *(flac[at:end] for at, end in pairwise([*starts, len(flac)]))]
    pages: list[bytes] = []
    ended_frames = 0
    for number, packet in enumerate(packets):
        ended_frames += 0 if number == 0 else info.block_frames
        parts = [packet[at : at + _OGG_PAGE_BYTES] for at in range(0, len(packet), _OGG_PAGE_BYTES)]
        for part_number, part in enumerate(parts):
            is_last = part_number == len(parts) - 1
            flags = 2 * (number == 0) | (part_number > 0) | 4 * (packet is packets[-1] and is_last)
            lacing = bytes([255] * (len(part) // 255) + ([len(part) % 255] if is_last else []))
            position = ended_frames if is_last else -1
            pages.append(
                ogg_page(
                    b"OggS\0\0"
                    + struct.pack("<q4sI4x", position, b"flac", len(pages))
                    + bytes([len(lacing)])
                    + lacing
                    + part,
                    flags=flags,
                )
            )
    return b"".join(pages)


def in_long_pages(ogg: bytes) -> bytes:
    """The same stream in as few pages as hold it, headers apart: as programs write that put a second into each."""
    made: list[bytes] = []
    for page in ogg_pages(ogg):
        (position,) = struct.unpack_from("<q", page, 6)
        last = made[-1] if made else b""
        if position > 0 and last and struct.unpack_from("<q", last, 6)[0] > 0 and last[26] + page[26] <= 255:
            lacing = last[27 : 27 + last[26]] + page[27 : 27 + page[26]]
            body = last[27 + last[26] :] + page[27 + page[26] :]
            made[-1] = page[:5] + last[5:6] + page[6:18] + last[18:26] + bytes([len(lacing)]) + lacing + body
        else:
            made.append(page)
    numbered = [page[:18] + struct.pack("<I", number) + page[22:] for number, page in enumerate(made)]
    return b"".join(ogg_page(page, flags=page[5] | 4 * (page is numbered[-1])) for page in numbered)


def without_end_mark(ogg: bytes) -> bytes:
    pages = ogg_pages(ogg)
    return b"".join([*pages[:-1], ogg_page(pages[-1], flags=pages[-1][5] & ~4)])


def flac_total(flac: bytes, frames: int) -> bytes:
    """The file with another count of frames in its stream information, and no checksum."""
    told = int.from_bytes(flac[18:26], "big") >> 36 << 36 | frames
    return flac[:18] + told.to_bytes(8, "big") + bytes(16) + flac[42:]


def noisy_sds(samples: Samples, rate_hz: int) -> bytes:
    """A sound of which libsndfile prints a line for each packet on descriptor 1: they begin as none should."""
    file = bytearray(encoded(samples, rate_hz, "SDS", "PCM_16"))
    for at in range(_SDS_HEAD_BYTES, len(file), _SDS_PACKET_BYTES):
        file[at] ^= 0xFF
    return bytes(file)
