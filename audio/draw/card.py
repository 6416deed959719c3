"""One picture that says how a take sounds: waveform with its bars, loudness over time, target, peaks, seam.

An SVG document with colours of its own, to be looked at or sent; the small themed drawing for pages is waveform.py's.
"""

from collections.abc import Sequence

import numpy as np

from audio.draw.lettering import escaped, shortened, width_px
from audio.draw.waveform import PEAK_SCALE, Peaks, peaks
from audio.intake import Samples
from audio.level.target import CEILING_DBTP, TARGET_LUFS
from audio.loop import Seam, seam
from audio.measure.loudness import HOP_MS, Loudness, LoudnessCurve, loudness, loudness_curve
from audio.measure.peak import true_peak_dbtp

WIDTH, HEIGHT = 1200, 630
_LEFT, _RIGHT = 60, 1140
_WAVE_TOP, _WAVE_BOTTOM = 100, 300
_LOUD_TOP, _LOUD_BOTTOM = 330, 540
_LOUDEST_LUFS, _QUIETEST_LUFS = -4.0, -36.0
_GRID_LUFS = (-10, -20, -30)
_TITLE_PX, _FACTS_PX = 34, 26
_MAX_CURVE_POINTS = 540  # one for two pixels
_STYLE = (
    "text{font:20px system-ui,sans-serif;fill:#aeb6c2}.t{font-size:34px;fill:#fff}.n{font-size:26px;fill:#fff}"
    ".e{fill:#4a868f}.r{fill:#7fe0d0}.g{stroke:#2c313a;fill:none}.m{stroke:#8b7fe0;fill:none;stroke-width:1.5}"
    ".s{stroke:#ffd166;fill:none;stroke-width:3}.c{stroke:#ff6b6b;fill:none;stroke-dasharray:6 6}"
    ".km{fill:#8b7fe0}.ks{fill:#ffd166}.kc{fill:#ff6b6b}"
)


def card_svg(
    samples: Samples,
    sample_rate_hz: int,
    *,
    title: str,
    bpm: float | None = None,
    key: str | None = None,
    bar_fractions: Sequence[float] = (),
) -> str:
    """The card of a clip as it stands. Same input, same text. [worker]

    samples: finite float32 (frames >= 1, 1 or 2 channels), best the decoded MP3, for that is what is heard. title: any
    text. bar_fractions: where bars begin, 0..1 of the clip.
    """
    measured = loudness(samples, sample_rate_hz, as_played=True)
    seconds = len(samples) / sample_rate_hz
    facts = _facts(seconds, bpm, key)
    room = _RIGHT - _LEFT - width_px(facts, _FACTS_PX) - 40
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#14161a"/>',
        f'<text class="t" x="{_LEFT}" y="66">{escaped(shortened(title, _TITLE_PX, room))}</text>',
        f'<text class="n" x="{_RIGHT}" y="66" text-anchor="end">{escaped(facts)}</text>',
        _wave(peaks(samples, points=_MAX_CURVE_POINTS), bar_fractions),
        _ceiling_lines(),
        _loudness_grid(),
        _curves(loudness_curve(samples, sample_rate_hz, as_played=True), seconds),
        _figures(measured, true_peak_dbtp(samples), seam(samples, sample_rate_hz)),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escaped(title)}</title><style>{_STYLE}</style>{''.join(parts)}</svg>"
    )


def _facts(seconds: float, bpm: float | None, key: str | None) -> str:
    """What is known besides what is measured: tempo, key, length."""
    known = [f"{round(bpm, 2):g} BPM"] if bpm is not None else []
    known += [key[:12]] if key else []
    return " · ".join([*known, f"{seconds:.1f} s"])


def _figure(value: float | None, unit: str, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}{unit}".replace("-", "−")


def _wave_y(level: float) -> int:
    """Row of a sample value, -1..1."""
    return round((_WAVE_TOP + _WAVE_BOTTOM) / 2 - level * (_WAVE_BOTTOM - _WAVE_TOP) / 2)


def _wave(drawn: Peaks, bar_fractions: Sequence[float]) -> str:
    points = len(drawn.minimum)
    step = (_RIGHT - _LEFT) / points

    def shape(tops: list[int], bottoms: list[int]) -> str:
        there = [f"{_LEFT + round(i * step)} {_wave_y(top / PEAK_SCALE)}" for i, top in enumerate(tops)]
        back = [f"{_LEFT + round(i * step)} {_wave_y(low / PEAK_SCALE) + 1}" for i, low in enumerate(bottoms)]
        return "M" + "L".join(there + back[::-1]) + "z"

    bars = "".join(
        f"M{_LEFT + round(fraction * (_RIGHT - _LEFT))} {_WAVE_TOP}V{_LOUD_BOTTOM}"
        for fraction in bar_fractions
        if 0 <= fraction <= 1
    )
    envelope = shape(drawn.maximum, drawn.minimum)
    rms = shape(drawn.rms, [-level for level in drawn.rms])
    return f'<path class="g" d="{bars}"/><path class="e" d="{envelope}"/><path class="r" d="{rms}"/>'


def _ceiling_lines() -> str:
    """The ceiling, above and below the waveform."""
    level = 10 ** (CEILING_DBTP / 20)
    lines = "".join(f"M{_LEFT} {_wave_y(sign * level)}H{_RIGHT}" for sign in (1, -1))
    name = f'<text class="kc" x="{_LEFT - 8}" y="{_wave_y(level) + 7}" text-anchor="end">{_figure(CEILING_DBTP, "", 0)}</text>'
    return f'<path class="c" opacity=".6" d="{lines}"/>{name}'


def _loudness_y(lufs: float | None) -> float:
    bounded = _QUIETEST_LUFS if lufs is None else min(_LOUDEST_LUFS, max(_QUIETEST_LUFS, lufs))
    share = (_LOUDEST_LUFS - bounded) / (_LOUDEST_LUFS - _QUIETEST_LUFS)
    return round(_LOUD_TOP + share * (_LOUD_BOTTOM - _LOUD_TOP), 1)


def _loudness_grid() -> str:
    lines = "".join(f"M{_LEFT} {_loudness_y(lufs)}H{_RIGHT}" for lufs in _GRID_LUFS)
    names = "".join(
        f'<text x="{_LEFT - 8}" y="{_loudness_y(lufs) + 7}" text-anchor="end">{_figure(lufs, "", 0)}</text>'
        for lufs in (*_GRID_LUFS, TARGET_LUFS)
    )
    target = f'<path class="c" d="M{_LEFT} {_loudness_y(TARGET_LUFS)}H{_RIGHT}"/>'
    return f'<path class="g" d="{lines}"/>{target}{names}'


def _curves(curve: LoudnessCurve, seconds: float) -> str:
    """Each value is drawn where its window ends, as a live meter would show it; a repeated clip is one level line."""
    return "".join(
        f'<path class="{name}" d="{_curve_path(values, seconds)}"/>'
        for name, values in (("m", curve.momentary_lufs), ("s", curve.short_term_lufs))
    )


def _curve_path(values: list[float | None], seconds: float) -> str:
    if len(values) == 1:
        return f"M{_LEFT} {_loudness_y(values[0])}H{_RIGHT}"
    kept = np.unique(np.linspace(0, len(values) - 1, min(len(values), _MAX_CURVE_POINTS)).astype(int))
    window_s = max(0.0, seconds - (len(values) - 1) * HOP_MS / 1000)
    points = []
    for index in kept:
        at_s = window_s + int(index) * HOP_MS / 1000
        x = _LEFT + min(1.0, at_s / seconds) * (_RIGHT - _LEFT)
        points.append(f"{x:.1f} {_loudness_y(values[index])}")
    return "M" + "L".join(points)


def _figures(measured: Loudness, dbtp: float | None, at_seam: Seam | None) -> str:
    """Six figures with their names, in one row; those of the two curves in the curves' colours."""
    cells = [
        ("integrated", "", _figure(measured.integrated_lufs, " LUFS")),
        ("true peak", "", _figure(dbtp, " dBTP")),
        ("momentary, max", "km", _figure(measured.momentary_max_lufs, " LUFS")),
        ("short-term, max", "ks", _figure(measured.short_term_max_lufs, " LUFS")),
        ("range", "", _figure(measured.range_lu, " LU")),
        ("seam", "", "–" if at_seam is None else f"{at_seam.score:.2f} {at_seam.reason}"),
    ]
    columns = [60, 250, 440, 640, 840, 985]
    return "".join(
        f'<text class="{key}" x="{x}" y="576">{name}</text><text class="n" x="{x}" y="610">{value}</text>'
        for x, (name, key, value) in zip(columns, cells, strict=True)
    )
