"""What our thread does for one frame of the plugin's window while its History scrolls, counted by callgrind: all that is ours from
HistoryView::draw on, with the paths and the text that it has NanoVG make. Not what the graphics driver does with it.

Counts do not depend on what else the machine does; what a frame takes here by the clock is mostly software OpenGL, which no
computer that makes music has (tests/plugin/time_history.cpp tells both).
"""

import asyncio
import os
import re
import tempfile
from pathlib import Path

from benchmarks.bench_ring import Row
from tests.support.clap import made_for_tests
from tests.support.hosts import plugin_bundles, program
from tests.support.screen import x_server

WIDTH, HEIGHT, FRAMES = 1200, 700, 6
MOST = 6_000_000  # 4 ms, a quarter of a frame at 60 a second, at 1.5 instructions a nanosecond: a slow core
DRAW = "ui::HistoryView::draw(ui::Canvas&, ui::Layout const&, ui::HistoryShown const&)"


async def count(display: str, folder: Path) -> float:
    """Instructions of one frame. Raises AssertionError when nothing was counted."""
    process = await asyncio.create_subprocess_exec(
        program("valgrind", "valgrind"),
        "--tool=callgrind",
        f"--toggle-collect={DRAW}",
        f"--callgrind-out-file={folder / 'counts'}",
        made_for_tests("time_history"),
        str(WIDTH),
        str(HEIGHT),
        str(FRAMES),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"DISPLAY": display},
    )
    _, said = await process.communicate()
    collected = re.search(r"Collected : (\d+)", said.decode())
    assert collected and int(collected[1]), said.decode()
    return int(collected[1]) / FRAMES


async def counted() -> float:
    """The same on an X server of its own."""
    await asyncio.to_thread(plugin_bundles)
    with tempfile.TemporaryDirectory(prefix="sdc-count-") as folder:
        async with x_server(Path(folder), WIDTH + 100, HEIGHT + 100) as screen:
            return await count(screen.display, Path(folder))


def rows() -> list[Row]:
    """One line. About a minute."""
    frame = asyncio.run(counted())
    what = f"window, {WIDTH} x {HEIGHT}: instructions of ours, one frame that scrolls"
    return [(what, frame, f"{MOST / 1e6:g} M", "4 ms of a slow core")]


def main() -> None:
    """Print the line. Raises AssertionError when it is more than MOST."""
    for what, figure, limit, beside in rows():
        print(f"{what:<70} {figure:>12,.0f}  {limit:>8}  {beside}", flush=True)
        assert figure <= MOST, "a frame costs more than a quarter of its time"


if __name__ == "__main__":
    main()
