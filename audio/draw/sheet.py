"""What the pictures of an analysis share: a sheet with a title, what is known of the clip, a plot and the time below it.

SVG with the colours of one theme, so that it can be looked at, sent and put on a page; rasters lie in it as PNG.
"""

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audio.draw.lettering import escaped, shortened, width_px
from audio.draw.png import encode_png
from audio.draw.theme import SHADES, Theme

WIDTH, HEIGHT = 1200, 630
LEFT, RIGHT, TOP, BOTTOM = 84, 1164, 96, 560
COLUMNS = RIGHT - LEFT
"""Of a raster that fills the plot: one for each pixel."""
_TITLE_PX, _FACTS_PX, _SMALL_PX = 32, 22, 17
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300)
_MOST_TICKS = 12


def sheet(theme: Theme, title: str, facts: str, seconds: float, plot: Sequence[str]) -> str:
    """The SVG document. title, facts: any text. plot: what is drawn, between LEFT, RIGHT, TOP and BOTTOM. Same input, same text. [any]"""
    room_px = RIGHT - LEFT - width_px(facts, _FACTS_PX) - 40
    style = (
        f"text{{font:{_SMALL_PX}px Inter,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif;fill:{theme.dim}}}"
        f".t{{font-size:{_TITLE_PX}px;font-weight:600;fill:{theme.text}}}.f{{font-size:{_FACTS_PX}px;fill:{theme.text}}}"
        f".l{{stroke:{theme.line};fill:none}}.e{{text-anchor:end}}.m{{text-anchor:middle}}"
    )
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{theme.ground}"/>',
        f'<text class="t" x="{LEFT}" y="60">{escaped(shortened(title, _TITLE_PX, room_px))}</text>',
        f'<text class="f e" x="{RIGHT}" y="60">{escaped(facts)}</text>',
        *plot,
        _times(seconds),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">'
        f"<title>{escaped(title)}</title><style>{style}</style>{''.join(parts)}</svg>"
    )


def raster(theme: Theme, heat: NDArray[np.floating], *, smooth: bool) -> str:
    """A picture of numbers over the whole plot. heat: (columns, rows), 0..1, the first row is at the bottom. [any]"""
    shades = np.rint(np.clip(heat, 0, 1) * (SHADES - 1)).astype(np.uint8)
    data = base64.b64encode(encode_png(np.ascontiguousarray(shades.T[::-1]), theme.shades())).decode()
    how = "" if smooth else ' style="image-rendering:pixelated"'
    return (
        f'<image x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}" preserveAspectRatio="none"{how}'
        f' href="data:image/png;base64,{data}"/>'
    )


def scale_marks(marks: Sequence[tuple[float, str]]) -> str:
    """Names and short lines at the left. marks: (0 at the bottom .. 1 at the top, name). [any]"""
    found = ""
    for place, name in marks:
        y = BOTTOM - place * (BOTTOM - TOP)
        found += f'<path class="l" d="M{LEFT - 6} {y:.1f}H{LEFT}"/><text class="e" x="{LEFT - 12}" y="{y + 6:.1f}">{name}</text>'
    return found


def time_x(time_s: float, seconds: float) -> float:
    """Where a moment is, in pixels. [any]"""
    return LEFT + time_s / seconds * (RIGHT - LEFT)


def _times(seconds: float) -> str:
    step_s = next((each for each in _STEPS_S if seconds / each <= _MOST_TICKS), _STEPS_S[-1])
    found = ""
    for n in range(int(seconds / step_s + 1e-9) + 1):
        x = time_x(n * step_s, seconds)
        found += f'<path class="l" d="M{x:.1f} {BOTTOM}v6"/><text class="m" x="{x:.1f}" y="{BOTTOM + 28}">{_clock(n * step_s, step_s)}</text>'
    return found


def _clock(time_s: float, step_s: float) -> str:
    minutes, rest_s = divmod(time_s, 60)
    if step_s < 1:
        return f"{int(minutes)}:{rest_s:04.1f}"
    return f"{int(minutes)}:{round(rest_s):02d}"
