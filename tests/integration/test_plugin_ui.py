"""What the plugin's window decides without drawing: places at every size, the edited line, rows, words. In C++, under
AddressSanitizer; how it looks is tests/acceptance/test_plugin_window.py, in hosts of every format test_plugin_window_hosts.py."""

import asyncio
import re
import subprocess
from itertools import product

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
