"""The waveform picture, drawn from stored numbers: bars mirrored about the middle, a line per musical bar.

Only numbers go in, so nothing a stranger wrote can come out. Heights are those of the audio; nothing is normalised.
"""

import base64
from collections.abc import Iterable, Sequence
from itertools import pairwise

from relay.wire.rest import OUTLINE_COLUMNS

BARS = 160
PEAK_SCALE = 127
HEIGHT = 100
_STEP = 4  # units per bar: 3 drawn, 1 of air
_MIDDLE = HEIGHT / 2


def bars_path(peak_min: Sequence[int], peak_max: Sequence[int], bars: int = BARS) -> str:
    """Path data of the bars in a box of bars * 4 by 100 units. [any]

    peak_min, peak_max: equally long, -127..127, at least one.
    """
    return path_of_levels(levels(peak_min, peak_max, bars))


def path_of_levels(levels: Iterable[int]) -> str:
    """Path data of bars, one for each level, 0..127. [any]"""
    shapes: list[str] = []
    for index, level in enumerate(levels):
        half = max(1.0, level / PEAK_SCALE * (_MIDDLE - 1))
        shapes.append(f"M{index * _STEP} {_MIDDLE - half:.1f}h3v{2 * half:.1f}h-3z")
    return "".join(shapes)


def levels(peak_min: Sequence[int], peak_max: Sequence[int], columns: int) -> list[int]:
    """The loudest sample of each of `columns` equal stretches, 0..127. Arguments as for bars_path. [any]"""
    edges = [index * len(peak_max) // columns for index in range(columns + 1)]
    stretches = (slice(start, max(end, start + 1)) for start, end in pairwise(edges))
    return [min(max(*peak_max[each], -min(peak_min[each]), 0), PEAK_SCALE) for each in stretches]


def outline(peak_min: Sequence[int], peak_max: Sequence[int]) -> str:
    """AudioPost.outline of a waveform. Arguments as for bars_path. [any]"""
    return base64.b64encode(bytes(levels(peak_min, peak_max, OUTLINE_COLUMNS))).decode()


def path_of_outline(text: str) -> str:
    """Path data of the bars of AudioPost.outline: the same as of the peaks that it is of. [any]"""
    return path_of_levels(base64.b64decode(text))


def lines_path(bar_fractions: Sequence[float], bars: int = BARS) -> str:
    """Path data of the bar lines in the same box; those at the edges are left out. [any]"""
    width = bars * _STEP
    return "".join(
        f"M{fraction * width:.1f} 0v{HEIGHT}" for fraction in bar_fractions if 0.002 < fraction < 0.998
    )


def waveform_svg(peak_min: Sequence[int], peak_max: Sequence[int], bar_fractions: Sequence[float]) -> str:
    """A whole SVG document, stretched to its box, in the colour of the text around it. [any]"""
    lines = lines_path(bar_fractions)
    grid = (
        f'<path d="{lines}" fill="none" stroke="currentColor" stroke-opacity=".25" '
        f'vector-effect="non-scaling-stroke"/>'
        if lines
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {BARS * _STEP} {HEIGHT}" '
        f'preserveAspectRatio="none" fill="currentColor" role="img"><title>Waveform</title>{grid}'
        f'<path d="{bars_path(peak_min, peak_max)}"/></svg>'
    )
