"""The tray's pictures, drawn from one list of strokes: ARGB pixels for D-Bus and pystray, SVG for packages.

A picture is a tuple of round-ended strokes on a 22 x 22 grid, so that one primitive gives both forms and nothing
but Python is needed at run time. Coverage of a pixel is taken from its distance to the stroke's middle line, which
for round-ended strokes is exact up to the pixel's own width. States differ in shape, not only in colour.
"""

from functools import lru_cache
from itertools import pairwise
from math import hypot

from msgspec import Struct

from tray.model import Icon

GRID = 22
SIZES_PX = (16, 22, 24, 32, 44, 48, 64)
"""Of panels as they are, at one and two pixels a point. Hosts take the nearest and scale it."""

_WARM = 0xFF9F5A  # the brand's, as on the relay's pages and in the plugin's window
_INK = 0x1A1206  # around each stroke: on a light panel it is what is seen, on a dark one the colour is
_QUIET = 0x979CA6
_GOOD = 0x6FDCB0
_BAD = 0xFF6B57
_EDGE = 0.6  # of ink on each side of a stroke, in grid units


class Stroke(Struct, frozen=True):
    """A straight line with round ends, in grid units; a dot when both ends are the same. rgb: 0xRRGGBB."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float
    rgb: int


# The mark: a level that ducks under the beat and comes back. (x, half height) of each bar.
_BARS = ((3.0, 7.0), (7.0, 2.0), (11.0, 3.5), (15.0, 5.5), (19.0, 7.0))


def _mark(rgb: int, *, badge: bool) -> tuple[Stroke, ...]:
    """The bars; with `badge`, the lower right quarter is left free."""
    bars = []
    for x, half in _BARS:
        bottom = min(11.0 + half, 9.0) if badge and x > 12 else 11.0 + half
        bars.append(Stroke(x, 11.0 - half, x, bottom, 2.4, rgb))
    return tuple(bars)


def _lines(rgb: int, width: float, *points: tuple[float, float]) -> tuple[Stroke, ...]:
    """Strokes from each point to the next."""
    return tuple(Stroke(*start, *end, width, rgb) for start, end in pairwise(points))


def _dot(x: float, y: float, width: float, rgb: int) -> Stroke:
    return Stroke(x, y, x, y, width, rgb)


def _edged(*strokes: Stroke) -> tuple[Stroke, ...]:
    """With ink around all of them, so that they stand out on light and on dark."""
    ink = (Stroke(s.x0, s.y0, s.x1, s.y1, s.width + 2 * _EDGE, _INK) for s in strokes)
    return (*ink, *strokes)


PICTURES: dict[Icon, tuple[Stroke, ...]] = {
    Icon.STARTING: _edged(
        *_mark(_QUIET, badge=True), *(_dot(x, 18.0, 2.2, _WARM) for x in (12.8, 16.4, 20.0))
    ),
    Icon.NOT_RUNNING: _edged(*(_dot(x, 11.0, 2.6, _QUIET) for x, _ in _BARS)),
    Icon.UNCLAIMED: _edged(
        *_mark(_QUIET, badge=True),
        *_lines(
            _WARM, 1.8, (14.6, 13.6), (16.2, 12.2), (18.2, 12.6), (18.6, 14.4), (16.8, 16.2), (16.8, 17.2)
        ),
        _dot(16.8, 20.2, 2.2, _WARM),
    ),
    Icon.CONNECTED: _edged(*_mark(_WARM, badge=False)),
    Icon.UPLOADING: _edged(
        *_mark(_WARM, badge=True),
        *_lines(_GOOD, 2.0, (17.0, 20.0), (17.0, 13.0)),
        *_lines(_GOOD, 2.0, (13.8, 16.0), (17.0, 12.8), (20.2, 16.0)),
    ),
    Icon.PAUSED: _edged(
        *_mark(_WARM, badge=True),
        *_lines(_QUIET, 2.6, (14.8, 13.0), (14.8, 19.6)),
        *_lines(_QUIET, 2.6, (19.2, 13.0), (19.2, 19.6)),
    ),
    Icon.OFFLINE: _edged(*_mark(_QUIET, badge=False), *_lines(_WARM, 2.2, (3.0, 19.0), (19.0, 3.0))),
    Icon.PROBLEM: _edged(
        *_mark(_WARM, badge=True),
        *_lines(_BAD, 2.8, (17.0, 12.5), (17.0, 16.2)),
        _dot(17.0, 20.0, 2.8, _BAD),
    ),
}


@lru_cache(maxsize=len(Icon) * len(SIZES_PX))
def argb(icon: Icon, size_px: int) -> bytes:
    """`size_px` x `size_px` pixels, 4 bytes each: alpha, red, green, blue, not premultiplied, top row first.

    That is the byte order of IconPixmap in the StatusNotifierItem specification (ARGB32, network byte order).
    """
    scale = size_px / GRID
    pixels = bytearray(size_px * size_px * 4)
    for stroke in PICTURES[icon]:
        _paint(pixels, size_px, scale, stroke)
    return bytes(pixels)


def _paint(pixels: bytearray, size_px: int, scale: float, stroke: Stroke) -> None:
    """Lay one stroke over what is there, looking only at the pixels near it."""
    half_px = stroke.width * scale / 2
    x0, y0, x1, y1 = (value * scale for value in (stroke.x0, stroke.y0, stroke.x1, stroke.y1))
    left, right = int(min(x0, x1) - half_px - 1), int(max(x0, x1) + half_px + 2)
    top, bottom = int(min(y0, y1) - half_px - 1), int(max(y0, y1) + half_px + 2)
    for row in range(max(top, 0), min(bottom, size_px)):
        for column in range(max(left, 0), min(right, size_px)):
            distance_px = _distance(column + 0.5, row + 0.5, x0, y0, x1, y1)
            coverage = min(max(half_px + 0.5 - distance_px, 0.0), 1.0)
            if coverage > 0.0:
                _blend(pixels, (row * size_px + column) * 4, coverage, stroke.rgb)


def _distance(x: float, y: float, x0: float, y0: float, x1: float, y1: float) -> float:
    """From a point to the nearest point of a segment."""
    dx, dy = x1 - x0, y1 - y0
    length_squared = dx * dx + dy * dy
    along = 0.0 if length_squared == 0.0 else ((x - x0) * dx + (y - y0) * dy) / length_squared
    along = min(max(along, 0.0), 1.0)
    return hypot(x - (x0 + along * dx), y - (y0 + along * dy))


def _blend(pixels: bytearray, at: int, coverage: float, rgb: int) -> None:
    """Porter and Duff's "over", on colours that are not premultiplied."""
    below = pixels[at] / 255
    alpha = coverage + below * (1 - coverage)
    for index, shift in ((1, 16), (2, 8), (3, 0)):
        above = rgb >> shift & 0xFF
        pixels[at + index] = round((above * coverage + pixels[at + index] * below * (1 - coverage)) / alpha)
    pixels[at] = round(alpha * 255)


def rgba(icon: Icon, size_px: int) -> bytes:
    """The same pixels as `argb`, in the order red, green, blue, alpha."""
    source = argb(icon, size_px)
    pixels = bytearray(len(source))
    for channel in range(4):
        pixels[channel::4] = source[(channel + 1) % 4 :: 4]
    return bytes(pixels)


def svg(icon: Icon) -> str:
    """The same picture as an SVG 1.1 document."""
    lines = "\n".join(
        f'  <line x1="{s.x0:g}" y1="{s.y0:g}" x2="{s.x1:g}" y2="{s.y1:g}" '
        f'stroke="#{s.rgb:06x}" stroke-width="{s.width:g}"/>'
        for s in PICTURES[icon]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{GRID}" height="{GRID}" viewBox="0 0 {GRID} {GRID}">\n'
        f' <g stroke-linecap="round">\n{lines}\n </g>\n</svg>\n'
    )
