"""What the plugin's window decides without drawing: places at every size, the edited line, rows, words. In C++, under
AddressSanitizer; how it looks is tests/acceptance/test_plugin_window.py, in hosts of every format test_plugin_window_hosts.py."""

import asyncio
import subprocess

from tests.support.clap import made_for_tests
from tests.support.deadlines import HANG_S


async def test_the_window_decides_right_without_being_drawn() -> None:
    program = await asyncio.to_thread(made_for_tests, "test_ui")
    ran = await asyncio.to_thread(
        subprocess.run, [program], capture_output=True, text=True, timeout=HANG_S, check=False
    )
    assert ran.returncode == 0, ran.stderr
