"""PNGs of our own writing, read by ffmpeg (Debian package ffmpeg)."""

import subprocess

import numpy as np

from audio.draw.png import HEIGHT, WIDTH, encode_png, waveform_png
from audio.draw.waveform import peaks
from tests.support.deadlines import HANG_S
from tests.support.tones import sine


def _read(png: bytes, shape: tuple[int, int]) -> np.ndarray:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "png_pipe",
        "-i",
        "-",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    done = subprocess.run(command, input=png, capture_output=True, timeout=HANG_S, check=True)
    assert not done.stderr
    return np.frombuffer(done.stdout, np.uint8).reshape(*shape, 3)


def test_the_picture_shows_the_waveform_and_is_the_same_each_time() -> None:
    clip = np.concatenate([sine(200, -1, 1, 8_000), np.zeros((8_000, 2), np.float32)])
    data = waveform_png(peaks(clip), bar_fractions=[0.0, 0.5])
    assert data == waveform_png(peaks(clip), bar_fractions=[0.0, 0.5])
    picture = _read(data, (HEIGHT, WIDTH))
    assert np.std(picture[:, 100:500]) > 3 * np.std(picture[:, 700:1100])


def test_any_indexed_picture_survives() -> None:
    pixels = np.random.default_rng(1).integers(0, 3, (5, 7), dtype=np.uint8)
    colours = [(1, 2, 3), (250, 0, 9), (7, 7, 7)]
    np.testing.assert_array_equal(
        _read(encode_png(pixels, colours), (5, 7)), np.array(colours, np.uint8)[pixels]
    )
