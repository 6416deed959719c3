"""What the plugin's window decides without drawing: places at every size, the edited line, rows, words. In C++, under
AddressSanitizer; how it looks is tests/acceptance/test_plugin_window.py, in hosts of every format test_plugin_window_hosts.py."""

import asyncio
import json
import re
import subprocess
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.analyse.stream import BAND_EDGES_HZ, FLOOR_DBFS, Moment, Stream
from daemon.cli.groove import groove
from tests.support.clap import made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.native import ROOT

READABLE = 4.5  # WCAG 2.2, 1.4.3: text of usual size against what is behind it


async def test_the_window_decides_right_without_being_drawn() -> None:
    program = await asyncio.to_thread(made_for_tests, "test_ui")
    ran = await asyncio.to_thread(
        subprocess.run, [program], capture_output=True, text=True, timeout=HANG_S, check=False
    )
    assert ran.returncode == 0, ran.stderr


SOUNDS = ("groove", "noise", "silence")
SAME_WINDOW_HZ = 44_100  # the rate at which both look at the same 4096 frames


def sounding(name: str, rate_hz: int, channels: int) -> NDArray[np.float32]:
    """Two seconds, (frames, channels)."""
    frames = 2 * rate_hz
    if name == "groove":
        return groove(120.0, 1, rate_hz)[:frames, :channels].astype(np.float32)
    level = 0.3 if name == "noise" else 0.0
    return np.random.default_rng(5).uniform(-level, level, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 2), (48_000, 1), (96_000, 2)])
async def test_the_heads_figures_are_those_of_the_analysis(rate_hz: int, channels: int) -> None:
    """As `sidechain watch --analyse` has them."""
    program = await asyncio.to_thread(made_for_tests, "measure_sound")
    for name in SOUNDS:
        sound = np.ascontiguousarray(sounding(name, rate_hz, channels))
        command = [str(program), str(rate_hz), str(channels)]
        ran = await asyncio.to_thread(
            subprocess.run, command, input=sound.tobytes(), capture_output=True, timeout=HANG_S, check=True
        )
        told = json.loads(ran.stdout)
        moment = [each for each in Stream(rate_hz, channels).push(sound) if isinstance(each, Moment)][-1]
        if name == "silence":
            assert told["lufs"] is moment.momentary_lufs is None and set(told["bands"]) == {FLOOR_DBFS}
            continue
        assert told["lufs"] == pytest.approx(moment.momentary_lufs, abs=0.001)
        ours, theirs = np.array(told["bands"][: len(BAND_EDGES_HZ) - 1]), np.array(moment.bands_dbfs)
        assert power_db(ours) == pytest.approx(power_db(theirs), abs=0.5)
        if rate_hz == SAME_WINDOW_HZ:
            heard = theirs[:-1] > -60.0  # the resampler takes some of the highest
            assert np.abs(ours[:-1] - theirs[:-1])[heard].max() < 0.1


def power_db(bands_dbfs: NDArray[np.float64]) -> float:
    """Of all together."""
    return float(10 * np.log10(np.sum(10 ** (bands_dbfs / 10))))


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance as WCAG 2.2 defines it, 0 to 1."""
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (value / 255 for value in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_of_text_can_be_read_on_what_it_stands_on() -> None:
    told = (ROOT / "plugin" / "ui" / "palette.hpp").read_text()
    found = re.findall(r"(k\w+)\(0x(..), 0x(..), 0x(..)\)", told)
    light = {name: luminance((int(r, 16), int(g, 16), int(b, 16))) for name, r, g, b in found}
    texts, grounds = ("kInk", "kDim", "kFaint", "kWarm", "kGreen", "kRed"), ("kGround", "kPanel")
    pairs = [*product(texts, grounds), ("kInk", "kRaised"), ("kDim", "kRaised"), ("kWarm", "kWarmInk")]
    for text, ground in pairs:
        high, low = sorted((light[text], light[ground]), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= READABLE, f"{text} on {ground}"
