"""A Take's waveform in short, out of the peaks that the pipeline left beside its sound (audio/draw/zoom.py has the format)."""

import struct
from itertools import pairwise
from pathlib import Path

from daemon.library.files import PEAKS_DAT

COARSEST_FIRST = (4096, 1024, 256)  # frames per point
MIN_POINTS = 160  # fewer are drawn from the next finer
_HEAD = struct.Struct("<iIiiIi")  # version, flags, sample rate, frames per point, points, channels
_8_BIT = 1
FULL_SCALE = 127


def read_outline(folder: Path, columns: int) -> bytes:
    """The loudest sample of each column, 0..127; fewer columns for a very short Take, none before it is drawn. [worker]"""
    for frames_per_point in COARSEST_FIRST:
        try:
            data = (folder / PEAKS_DAT.format(frames_per_point)).read_bytes()
            _, flags, _, _, points, channels = _HEAD.unpack_from(data)
        except (OSError, struct.error):
            continue
        values = memoryview(data)[_HEAD.size :].cast("b")
        if flags != _8_BIT or points * channels * 2 != len(values) or not points:
            continue
        if points >= MIN_POINTS or frames_per_point == COARSEST_FIRST[-1]:
            return _columns(values, points, 2 * channels, min(columns, points))
    return b""


def _columns(values: memoryview, points: int, width: int, columns: int) -> bytes:
    edges = [column * points // columns * width for column in range(columns + 1)]
    return bytes(min(max(map(abs, values[first:end])), FULL_SCALE) for first, end in pairwise(edges))
