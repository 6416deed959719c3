"""The picture of a post that other places show with its link: title, name and waveform, as a PNG. Pure: values in, bytes out.

Open Graph, og:image: 1200 x 630. Text is drawn in a face of 5 x 7 dots; what it has not is left out.
"""

import base64
import struct
import unicodedata
import zlib

from relay.features.creations.share_face import FACE, FACE_HEIGHT, FACE_WIDTH

WIDTH, HEIGHT = 1200, 630
MARGIN = 72
TITLE_DOTS, NAME_DOTS, OWN_DOTS = (12, 9, 6), 6, 4
"""Pixels of one dot; of a title the first with which it fits, else the last."""
WAVE_TOP, WAVE_BOTTOM = 300, 560
GROUND, WARM, PAPER, DIM = range(4)
PALETTE = bytes.fromhex("101215 ff9f5a ece8e1 979ca6".replace(" ", ""))
OWN_NAME = "Sidechain"
_ELLIPSIS = "..."


def share_image(title: str, name: str, outline: str) -> bytes:
    """outline: as in AudioPost. [worker]: some 20 ms."""
    rows = [bytearray(WIDTH) for _ in range(HEIGHT)]
    _fill(rows, 0, 0, WIDTH, 12, WARM)
    fitting = [dots for dots in TITLE_DOTS if _width(title, dots) <= WIDTH - 2 * MARGIN]
    _write(rows, MARGIN, 84, title, (*fitting, TITLE_DOTS[-1])[0], PAPER)
    _write(rows, MARGIN, 190, f"by {name}", NAME_DOTS, DIM)
    _write(rows, WIDTH - MARGIN - _width(OWN_NAME, OWN_DOTS), HEIGHT - 52, OWN_NAME, OWN_DOTS, WARM)
    levels = base64.b64decode(outline)
    if levels:
        step = (WIDTH - 2 * MARGIN) / len(levels)
        middle, reach = (WAVE_TOP + WAVE_BOTTOM) // 2, (WAVE_BOTTOM - WAVE_TOP) // 2
        for column, level in enumerate(levels):
            half = max(2, level * reach // 127)
            left = MARGIN + round(column * step)
            _fill(rows, left, middle - half, max(2, round(step) - 2), 2 * half, WARM)
    return _png(rows)


def _write(rows: list[bytearray], left: int, top: int, text: str, dots: int, colour: int) -> None:
    """As much of it as fits."""
    shown = [each for each in _plain(text) if each in FACE]
    most = (WIDTH - MARGIN - left) // ((FACE_WIDTH + 1) * dots)
    if len(shown) > most:
        shown = [*"".join(shown[: most - len(_ELLIPSIS)]).rstrip(), *_ELLIPSIS]
    for place, character in enumerate(shown):
        at = left + place * (FACE_WIDTH + 1) * dots
        for column, bits in enumerate(FACE[character]):
            for row in range(FACE_HEIGHT):
                if bits >> row & 1:
                    _fill(rows, at + column * dots, top + row * dots, dots, dots, colour)


def _width(text: str, dots: int) -> int:
    return len(text) * (FACE_WIDTH + 1) * dots


def _plain(text: str) -> str:
    """Without accents: the face has none."""
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def _fill(rows: list[bytearray], left: int, top: int, width: int, height: int, colour: int) -> None:
    line = bytes([colour]) * width
    for row in rows[top : top + height]:
        row[left : left + width] = line


def _png(rows: list[bytearray]) -> bytes:
    """Four colours, two bits a pixel (ISO/IEC 15948)."""
    packed = b"".join(b"\0" + _packed(row) for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 2, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", PALETTE), (b"IDAT", zlib.compress(packed, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _packed(row: bytearray) -> bytes:
    first, second, third, fourth = row[0::4], row[1::4], row[2::4], row[3::4]
    whole = (
        int.from_bytes(first) << 6
        | int.from_bytes(second) << 4
        | int.from_bytes(third) << 2
        | int.from_bytes(fourth)
    )
    return whole.to_bytes(WIDTH // 4)
