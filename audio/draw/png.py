"""A PNG of a waveform, for places that take no SVG (link previews). Own writer: 256 colours, no text, no library.

Source: W3C Portable Network Graphics (Third Edition), sections 5 and 11.2.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audio.draw.waveform import PEAK_SCALE, Peaks

WIDTH, HEIGHT = 1200, 630  # what link previews ask for
_MARGIN = 60
_BACKGROUND, _BAR, _ENVELOPE, _RMS, _MIDDLE = range(5)
_COLOURS = [
    (0x14, 0x16, 0x1A),
    (0x2C, 0x31, 0x3A),
    (0x4A, 0x86, 0x8F),
    (0x7F, 0xE0, 0xD0),
    (0x3A, 0x40, 0x4A),
]


def waveform_png(peaks: Peaks, *, bar_fractions: Sequence[float] = ()) -> bytes:
    """WIDTH by HEIGHT pixels: envelope, RMS over it, a line per bar (0..1 of the clip). Same input, same bytes. [any]"""
    pixels = np.full((HEIGHT, WIDTH), _BACKGROUND, np.uint8)
    columns = np.arange(_MARGIN, WIDTH - _MARGIN)
    for fraction in bar_fractions:
        if 0 <= fraction <= 1:
            column = _MARGIN + round(fraction * (len(columns) - 1))
            pixels[_MARGIN : HEIGHT - _MARGIN, column : column + 2] = _BAR
    pixels[HEIGHT // 2, columns] = _MIDDLE
    point = np.arange(len(columns)) * len(peaks.minimum) // len(columns)
    low, high, rms = (np.array(each)[point] for each in (peaks.minimum, peaks.maximum, peaks.rms))
    _fill(pixels, columns, low, high, _ENVELOPE)
    _fill(pixels, columns, np.maximum(-rms, low), np.minimum(rms, high), _RMS)
    return encode_png(pixels, _COLOURS)


def _fill(
    pixels: NDArray[np.uint8],
    columns: NDArray[np.int64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    colour: int,
) -> None:
    """Colour each column from low to high, -127..127 around the middle row."""
    reach = HEIGHT // 2 - _MARGIN
    level = (HEIGHT // 2 - np.arange(HEIGHT))[:, None] * PEAK_SCALE
    pixels[:, columns] = np.where(
        (level <= high * reach) & (level >= low * reach) & (high > low), colour, pixels[:, columns]
    )


def encode_png(pixels: NDArray[np.uint8], colours: Sequence[tuple[int, int, int]]) -> bytes:
    """An indexed-colour PNG. pixels: uint8 (rows, columns), numbers of colours (1 to 256 of red, green, blue)."""
    rows, columns = pixels.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    # Each row begins with its filter: 2, the difference to the row above, for a picture of upright lines.
    filtered = np.diff(pixels, axis=0, prepend=np.zeros((1, columns), np.uint8))
    data = np.concatenate([np.full((rows, 1), 2, np.uint8), filtered], axis=1).tobytes()
    palette = bytes(value for colour in colours for value in colour)
    parts = [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )
