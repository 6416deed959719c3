"""What analysis found, as pictures: the spectrogram, the chromagram, and the beats under the parts.

Not the analysis: numbers come in. All are sheets (audio.draw.sheet), for charcoal or for paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audio.draw.sheet import BOTTOM, COLUMNS, LEFT, RIGHT, TOP, raster, scale_marks, sheet, time_x
from audio.draw.theme import Theme
from audio.draw.waveform import Peaks

RANGE_DB = 72.0
"""Of a spectrogram: what is so far below its loudest is the ground."""
_CONTRAST = 1.6  # what is faint stays near the ground
NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_MARKS_HZ = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
_BAND_PX = 34  # of the parts, above the waveform
_WAVE_BOTTOM = 430
_FEWEST_PX = 3.0  # between two lines of beats: nearer ones would be a grey


@dataclass(frozen=True)
class Caption:
    """title: any text. facts: what is known, in few words."""

    title: str
    facts: str
    seconds: float


def spectrogram_svg(
    levels_db: NDArray[np.floating], centres_hz: NDArray[np.floating], caption: Caption, theme: Theme
) -> str:
    """levels_db: (columns, bands), the bands rising, at centres_hz. Same input, same text. [any]"""
    most = float(levels_db.max(initial=-300.0))
    heat = np.clip(1 + (levels_db - most) / RANGE_DB, 0, 1) ** _CONTRAST if most > -200 else levels_db * 0
    places = np.arange(len(centres_hz)) / max(1, len(centres_hz) - 1)
    marks = [
        (float(np.interp(hz, centres_hz, places)), f"{hz // 1000}k" if hz >= 1000 else str(hz))
        for hz in _MARKS_HZ
        if centres_hz[0] <= hz <= centres_hz[-1]
    ]
    unit = f'<text class="e" x="{LEFT - 12}" y="{TOP - 18}">Hz</text>'
    plot = [raster(theme, heat, smooth=True), scale_marks(marks), unit]
    return sheet(theme, caption.title, caption.facts, caption.seconds, plot)


def chromagram_svg(
    chroma: NDArray[np.floating], caption: Caption, theme: Theme, *, tonic: int | None = None
) -> str:
    """chroma: (frames, 12), 0..1, C first. tonic: of the key, 0 (C) to 11; its row is marked. Same input, same text. [any]"""
    marks = [((n + 0.5) / len(NOTES), name) for n, name in enumerate(NOTES)]
    row_px = (BOTTOM - TOP) / len(NOTES)
    lines = "".join(f"M{LEFT} {TOP + n * row_px:.1f}H{RIGHT}" for n in range(1, len(NOTES)))
    plot = [raster(theme, at_columns(chroma), smooth=False), scale_marks(marks)]
    plot.append(f'<path d="{lines}" stroke="{theme.ground}" stroke-width="2"/>')
    if tonic is not None:
        y = BOTTOM - (tonic + 1) * row_px
        plot.append(
            f'<rect x="{LEFT - 3}" y="{y:.1f}" width="{RIGHT - LEFT + 6}" height="{row_px:.1f}" rx="3" fill="none"'
            f' stroke="{theme.green}" stroke-width="2"/>'
        )
    return sheet(theme, caption.title, caption.facts, caption.seconds, plot)


def beats_svg(
    peaks: Peaks,
    onsets: NDArray[np.floating],
    beats_s: Sequence[float],
    parts: Sequence[tuple[float, float, str]],
    caption: Caption,
    theme: Theme,
) -> str:
    """The waveform between its beats, as high as there is room, its parts above, the onset strength below. Same input, same text. [any]

    peaks: any number of points. onsets: (frames,) over the whole clip, >= 0. parts: (start_s, end_s, label), without gaps.
    """
    plot = [
        f'<rect x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}" fill="{theme.panel}"/>',
        _beats(beats_s, caption.seconds, theme),
        _wave(peaks, theme),
        _curve(onsets, theme),
        _parts(parts, caption.seconds, theme),
        f'<text class="e" x="{LEFT - 12}" y="{TOP + 22}">parts</text>',
        f'<text class="e" x="{LEFT - 12}" y="{(TOP + _BAND_PX + _WAVE_BOTTOM) // 2 + 6}">sound</text>',
        f'<text class="e" x="{LEFT - 12}" y="{(_WAVE_BOTTOM + BOTTOM) // 2 + 6}">onsets</text>',
    ]
    return sheet(theme, caption.title, caption.facts, caption.seconds, plot)


def at_columns(frames: NDArray[np.floating]) -> NDArray[np.float64]:
    """(COLUMNS, n): the mean of those that fall into a column; of fewer frames than columns each is repeated. [any]"""
    edges = np.arange(COLUMNS + 1) * len(frames) // COLUMNS
    starts, ends = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    sums = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, axis=0, dtype=np.float64)])
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)[:, None]
    return means


def _beats(beats_s: Sequence[float], seconds: float, theme: Theme) -> str:
    """Of beats too near to be told apart, none: a grey would say nothing."""
    if not beats_s or (RIGHT - LEFT) / len(beats_s) < _FEWEST_PX:
        return ""
    lines = "".join(f"M{time_x(beat, seconds):.1f} {TOP + _BAND_PX}V{BOTTOM}" for beat in beats_s)
    return f'<path d="{lines}" stroke="{theme.green}" stroke-opacity=".45" fill="none"/>'


def _wave(peaks: Peaks, theme: Theme) -> str:
    middle, reach = (TOP + _BAND_PX + _WAVE_BOTTOM) / 2, (_WAVE_BOTTOM - TOP - _BAND_PX) / 2 - 8
    step = (RIGHT - LEFT) / len(peaks.minimum)
    loudest = max(1, *peaks.maximum, *(-low for low in peaks.minimum))

    def shape(tops: list[int], bottoms: list[int]) -> str:
        there = [f"{LEFT + i * step:.1f} {middle - top / loudest * reach:.1f}" for i, top in enumerate(tops)]
        back = [
            f"{LEFT + i * step:.1f} {middle - low / loudest * reach + 1:.1f}" for i, low in enumerate(bottoms)
        ]
        return "M" + "L".join(there + back[::-1]) + "z"

    quiet = [-level for level in peaks.rms]
    return (
        f'<path d="{shape(peaks.maximum, peaks.minimum)}" fill="{theme.wave}"/>'
        f'<path d="{shape(peaks.rms, quiet)}" fill="{theme.warm}"/>'
    )


def _curve(onsets: NDArray[np.floating], theme: Theme) -> str:
    """The highest of each column, so that no onset is lost."""
    count = min(len(onsets), COLUMNS)
    edges = np.arange(count + 1) * len(onsets) // max(1, count)
    heights = np.array([onsets[first:end].max() for first, end in pairwise(edges)])
    most = float(heights.max(initial=0.0))
    floor, reach = BOTTOM - 4, BOTTOM - _WAVE_BOTTOM - 14
    if most <= 0:
        return f'<path class="l" d="M{LEFT} {floor}H{RIGHT}"/>'
    step = (RIGHT - LEFT) / count
    points = "L".join(
        f"{LEFT + i * step:.1f} {floor - height / most * reach:.1f}" for i, height in enumerate(heights)
    )
    return f'<path d="M{LEFT} {floor}L{points}L{RIGHT} {floor}z" fill="{theme.warm}" fill-opacity=".55"/>'


def _parts(parts: Sequence[tuple[float, float, str]], seconds: float, theme: Theme) -> str:
    found = ""
    letters = list(dict.fromkeys(label for _, _, label in parts))
    for start_s, end_s, label in parts:
        x, end_x = time_x(start_s, seconds), time_x(end_s, seconds)
        hue = theme.hues[letters.index(label) % len(theme.hues)]
        found += f'<rect x="{x + 1:.1f}" y="{TOP}" width="{max(1.0, end_x - x - 2):.1f}" height="{_BAND_PX - 6}" rx="5" fill="{hue}"/>'
        if end_x - x > 24:
            found += (
                f'<text x="{x + 10:.1f}" y="{TOP + 20}" style="fill:#1a1206;font-weight:600">{label}</text>'
            )
    return found
