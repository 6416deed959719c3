"""Pictures of an analysis: documents that a browser reads, with what was found at its place; looked at when they were made."""

import base64
import re
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest

from audio.analyse.spectrogram import Scale, spectrogram
from audio.draw.analysis import Caption, at_columns, beats_svg, chromagram_svg, spectrogram_svg
from audio.draw.sheet import COLUMNS, LEFT, RIGHT, time_x
from audio.draw.theme import DARK, LIGHT, SHADES, THEMES, Theme
from audio.draw.waveform import peaks
from tests.support.tones import sine

CAPTION = Caption('a <b> & "title" ' + "long " * 60, "120 BPM · C major", 4.0)


def _pixels(svg: str) -> np.ndarray:
    """Of the raster, numbers of shades, (rows, columns)."""
    found = re.search(r"base64,([^\"]+)", svg)
    assert found
    data = base64.b64decode(found[1])
    width, height = struct.unpack(">II", data[16:24])
    at, packed = 8, b""
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        packed += data[at + 8 : at + 8 + length] if data[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width + 1)
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8)


@pytest.mark.parametrize("scale", list(Scale))
@pytest.mark.parametrize("hz", [110.0, 1_000.0, 9_000.0])
def test_a_tone_is_a_line_at_its_pitch(scale: Scale, hz: float) -> None:
    found = spectrogram(sine(hz, -6.0, 1.0, 44_100), 44_100, 50, scale)
    assert np.all(np.diff(found.centres_hz) > 0) and found.levels_db.shape == (50, len(found.centres_hz))
    middle = found.levels_db[10:40]
    nearest_hz = found.centres_hz[np.argmax(middle, axis=1)]
    np.testing.assert_allclose(nearest_hz, hz, rtol=0.1)
    assert middle.max() == pytest.approx(-6.0, abs=2.0)
    rows = _pixels(spectrogram_svg(found.levels_db, found.centres_hz, CAPTION, DARK))[::-1]
    assert abs(int(np.argmax(rows[:, 25])) - int(np.argmax(middle[15]))) <= 1  # of equal shades the first


def test_a_long_clip_is_looked_at_in_a_few_places_of_each_column_and_no_click_at_one_is_lost() -> None:
    clip = np.zeros((30 * 8_000, 1), np.float32)
    clip[15 * 8_000 : 17 * 8_000] = sine(500.0, -6.0, 2.0, 8_000, channels=1)
    loud = spectrogram(clip, 8_000, 30).levels_db.max(axis=1)
    assert {int(n) for n in np.flatnonzero(loud > -20)} == {15, 16}
    for frames in (1, 100):
        assert np.all(np.isfinite(spectrogram(np.ones((frames, 2), np.float32), 48_000, 20).levels_db))


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_each_is_a_document_with_words_escaped_and_in_its_room(theme: Theme) -> None:
    silence = np.zeros((4 * 8_000, 2), np.float32)
    seen = spectrogram(silence, 8_000, COLUMNS)
    drawn = [
        spectrogram_svg(seen.levels_db, seen.centres_hz, CAPTION, theme),
        chromagram_svg(np.eye(12), CAPTION, theme, tonic=11),
        beats_svg(peaks(silence, 300), np.zeros(40), (), [(0.0, 4.0, "A")], CAPTION, theme),
        beats_svg(
            peaks(silence, 3), np.ones(2), (1.0, 2.0), [(0.0, 1.0, "A"), (1.0, 4.0, "B")], CAPTION, theme
        ),
    ]
    for svg in drawn:
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg") and theme.ground in svg and "…" in svg and "<b>" not in svg
        numbers = [float(x) for x in re.findall(r" x=\"(-?[\d.]+)\"", svg)]
        assert min(numbers) >= 0 and max(numbers) <= RIGHT


def test_a_beat_is_a_line_at_its_time_and_beats_too_near_are_none() -> None:
    silence = np.zeros((4 * 8_000, 2), np.float32)
    few = beats_svg(peaks(silence, 300), np.zeros(4), (1.0, 2.0), [(0.0, 4.0, "A")], CAPTION, DARK)
    assert all(f"M{time_x(beat, 4.0):.1f} " in few for beat in (1.0, 2.0)) and time_x(0.0, 4.0) == LEFT
    many = beats_svg(
        peaks(silence, 300), np.zeros(4), tuple(np.arange(0, 4, 0.004)), [(0.0, 4.0, "A")], CAPTION, DARK
    )
    assert DARK.green not in many


@pytest.mark.parametrize("frames", [1, 7, COLUMNS, 3 * COLUMNS + 5])
def test_frames_come_into_columns_by_their_mean(frames: int) -> None:
    some = np.random.default_rng(frames).random((frames, 3))
    found = at_columns(some)
    for column in (0, COLUMNS // 3, COLUMNS - 1):
        first = column * frames // COLUMNS
        end = max(first + 1, (column + 1) * frames // COLUMNS)
        np.testing.assert_allclose(found[column], some[first:end].mean(axis=0))


def test_shades_go_from_the_panel_to_what_stands_out() -> None:
    for theme in (DARK, LIGHT):
        shades = theme.shades()
        assert len(shades) == SHADES
        brightness = [0.2 * red + 0.7 * green + 0.1 * blue for red, green, blue in shades]
        assert brightness == sorted(brightness, reverse=theme is LIGHT)
