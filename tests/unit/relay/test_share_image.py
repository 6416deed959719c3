"""The picture of a post for links elsewhere: a PNG of the right size whatever the title, with the waveform in it."""

import base64
import struct
import zlib

import pytest

from relay.features.creations.share_face import FACE, FACE_HEIGHT, FACE_WIDTH
from relay.features.creations.share_image import (
    GROUND,
    HEIGHT,
    WARM,
    WAVE_BOTTOM,
    WAVE_TOP,
    WIDTH,
    share_image,
)

LOUD = base64.b64encode(bytes([127] * 160)).decode()


def pixels(data: bytes) -> list[bytes]:
    """Rows of palette numbers, of a PNG with one IDAT, two bits a pixel and no filters."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        if kind == b"IHDR":
            assert struct.unpack(">IIBB", body[:10]) == (WIDTH, HEIGHT, 2, 3)
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    raw, line = zlib.decompress(packed), WIDTH // 4 + 1
    return [
        bytes(each >> shift & 3 for each in raw[start + 1 : start + line] for shift in (6, 4, 2, 0))
        for start in range(0, len(raw), line)
    ]


@pytest.mark.parametrize("title", ["Dusk", "", "x" * 120, "夜の音", "Café \u0000 <b>&", "🔥"])
def test_any_title_makes_a_picture_of_its_size(title: str) -> None:
    rows = pixels(share_image(title, "mira.k", LOUD))
    assert len(rows) == HEIGHT and {len(row) for row in rows} == {WIDTH}
    middle = rows[(WAVE_TOP + WAVE_BOTTOM) // 2]
    assert middle.count(WARM) > WIDTH // 2 and rows[WAVE_BOTTOM + 5].count(GROUND) == WIDTH
    assert all(row[-60:] == bytes([GROUND]) * 60 for row in rows[20:]), "nothing reaches into the margin"


def test_silence_is_a_line_and_the_face_is_whole() -> None:
    rows = pixels(share_image("a", "b", base64.b64encode(bytes(160)).decode()))
    assert rows[WAVE_TOP].count(GROUND) == WIDTH and WARM in rows[(WAVE_TOP + WAVE_BOTTOM) // 2]
    assert set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-_!?'()&#") <= set(FACE)
    assert all(len(columns) == FACE_WIDTH and max(columns) < 1 << FACE_HEIGHT for columns in FACE.values())
    assert len({bytes(columns) for columns in FACE.values()}) == len(FACE)
