"""The picture: right numbers, valid XML, small, and the same bytes for the same clip."""

import gzip
import xml.etree.ElementTree as ElementTree

import msgspec
import numpy as np
import pytest

from audio.draw.waveform import Peaks, peaks, waveform_svg
from tests.support.tones import music_like, sine

SVG = "{http://www.w3.org/2000/svg}"


def test_peaks_are_minimum_maximum_and_rms_of_each_stretch() -> None:
    samples = np.zeros((400, 2), np.float32)
    samples[100:200, 0] = 0.5
    samples[200:300, 1] = -1.0
    samples[300:] = 4.0
    drawn = peaks(samples, points=4)
    assert drawn.maximum == [0, 64, 0, 127]
    assert drawn.minimum == [0, 0, -127, 127]
    assert drawn.rms == [0, 45, 90, 127]


@pytest.mark.parametrize("frames", [1, 3, 399, 400, 401, 44_100])
def test_there_are_always_as_many_points_as_asked_for(frames: int) -> None:
    drawn = peaks(np.full((frames, 1), -0.5, np.float32))
    assert drawn.minimum == [-64] * 400
    assert len(drawn.maximum) == len(drawn.rms) == 400


def test_every_frame_is_looked_at() -> None:
    for position in (0, 17, 500, 1_000):
        samples = np.zeros((1_001, 1), np.float32)
        samples[position] = 1.0
        assert max(peaks(samples, points=7).maximum) == 127


def test_peaks_travel_as_json() -> None:
    drawn = peaks(sine(100, -6, 0.1, 8_000))
    assert msgspec.json.decode(msgspec.json.encode(drawn), type=Peaks) == drawn


def test_the_svg_is_small_stretchable_and_says_what_it_is() -> None:
    svg = waveform_svg(
        peaks(music_like(16, 22_050)), title="Loop", bar_fractions=[bar / 8 for bar in range(8)]
    )
    root = ElementTree.fromstring(svg)
    assert root.attrib["viewBox"] == "0 0 400 128"
    assert (root.attrib["preserveAspectRatio"], root.attrib["role"]) == ("none", "img")
    assert root.findtext(f"{SVG}title") == "Loop"
    assert "currentColor" in svg and "script" not in svg
    assert len(gzip.compress(svg.encode(), mtime=0)) <= 2_048


def test_the_same_clip_gives_the_same_text() -> None:
    clip = music_like(1, 22_050)
    assert waveform_svg(peaks(clip), title="a") == waveform_svg(peaks(clip.copy()), title="a")


def test_a_title_cannot_break_out_of_the_document() -> None:
    title = '</title><script>alert("1")</script>&amp;\0\x1b\ud800'
    root = ElementTree.fromstring(waveform_svg(peaks(sine(100, -6, 0.1, 8_000)), title=title))
    assert [child.tag for child in root] == [f"{SVG}title", f"{SVG}path", f"{SVG}path"]
    assert root.findtext(f"{SVG}title") == '</title><script>alert("1")</script>&amp;   '


def _extent(path: str) -> tuple[int, int]:
    """Lowest and highest y that a closed path of waveform_svg visits."""
    y = int(path[1 : path.index("l")].split()[1])
    heights = [y]
    there, back = path[path.index("l") : -1].split("h1V")
    for step in there.split("l")[1:]:
        y += int(step.split()[1])
        heights.append(y)
    y = int(back[: back.index("h")])
    heights.append(y)
    for step in back[back.index("l") :].split("l")[1:]:
        y += int(step.split()[1])
        heights.append(y)
    return min(heights), max(heights)


def test_silence_is_a_thin_line() -> None:
    root = ElementTree.fromstring(waveform_svg(peaks(np.zeros((1_000, 2), np.float32)), title=""))
    (line,) = root.findall(f"{SVG}path")
    assert _extent(line.attrib["d"]) == (64, 65)


def test_full_scale_fills_the_height_and_goes_no_further() -> None:
    root = ElementTree.fromstring(waveform_svg(peaks(sine(100, 12, 1, 8_000)), title=""))
    envelope, rms = root.findall(f"{SVG}path")
    assert _extent(envelope.attrib["d"]) == (0, 128)
    low, high = _extent(rms.attrib["d"])
    assert 0 <= low < 64 < high <= 128


def test_bars_are_lines_where_they_begin_and_nowhere_else() -> None:
    drawn = peaks(sine(100, -6, 0.1, 8_000))
    svg = waveform_svg(drawn, title="", bar_fractions=[0.5, 0.25, 0.5, -1, 1.5, float("nan")])
    *_, bars = ElementTree.fromstring(svg).findall(f"{SVG}path")
    assert bars.attrib["d"] == "M100 0v128M200 0v128"
