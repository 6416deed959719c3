"""What our thread does for one frame of the plugin's whole window while its History scrolls, counted by callgrind: from the begin of
the frame to its end, in our program (its views, NanoVG's paths, text and hand-over) and in the library of mathematics.
Not what the graphics driver does with it, nor the library of C, which is mostly asked by the driver (13 M of a frame here).

Counts do not depend on what else the machine does; what a frame takes here by the clock is mostly software OpenGL, which no
computer that makes music has (tests/plugin/time_history.cpp tells both).
"""

import asyncio
import os
import tempfile
from pathlib import Path

from benchmarks.bench_ring import Row
from tests.support.clap import made_for_tests
from tests.support.hosts import plugin_bundles, program
from tests.support.screen import x_server

WIDTH, HEIGHT, FRAMES = 1200, 700, 3
# A quarter more than was counted (3.17 M, the same in every run), for what another compiler or version of DPF makes of it. It is 2.7 ms,
# a sixth of a frame at 60 a second, of a slow core, which does 1.5 instructions in a nanosecond.
MOST = 4_000_000
# The window calls it through a thunk, which the compiler makes of its whole body: either name is the frame.
FRAME = "*DGL::NanoBaseWidget<DGL::StandaloneWindow>::onDisplay()"
COMMON = ("libm.so", "libstdc++.so")


async def count(display: str, folder: Path) -> int:
    """Instructions of the last of FRAMES. Raises AssertionError when nothing was counted."""
    program_path = made_for_tests("time_history")
    process = await asyncio.create_subprocess_exec(
        program("valgrind", "valgrind"),
        "--tool=callgrind",
        f"--toggle-collect={FRAME}",
        f"--zero-before={FRAME}",  # so that the last frame is told: the first also draws the letters and starts the driver
        f"--callgrind-out-file={folder / 'counts'}",
        program_path,
        str(WIDTH),
        str(HEIGHT),
        str(FRAMES),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ
        | {"DISPLAY": display, "GALLIUM_NOOP": "1"},  # Mesa's driver draws nothing: that is not counted
    )
    _, said = await process.communicate()
    ours = own_instructions((folder / "counts").read_text(), program_path.name)
    assert ours, said.decode()
    return ours


def own_instructions(counts: str, own: str) -> int:
    """Of callgrind's file (its manual, "Callgrind Format Specification"): those executed in our own object and in COMMON."""
    total, counted, objects, is_call = 0, False, dict[str, bool](), False
    for line in counts.splitlines():
        if line.startswith(("ob=", "cob=")):
            number, _, path = line.partition("=")[2].partition(" ")
            if path:
                objects[number] = Path(path).name.startswith((own, *COMMON))
            counted = objects[number] if line.startswith("ob=") else counted
        elif line.startswith("calls="):
            is_call = True  # the next line is what the callee cost, which is counted where it stands
        elif line[:1] in tuple("0123456789+-*"):
            total += int(line.split()[1]) if counted and not is_call else 0
            is_call = False
    return total


async def counted() -> int:
    """The same on an X server of its own."""
    await asyncio.to_thread(plugin_bundles)
    with tempfile.TemporaryDirectory(prefix="sdc-count-") as folder:
        async with x_server(Path(folder), WIDTH + 100, HEIGHT + 100) as screen:
            return await count(screen.display, Path(folder))


def rows() -> list[Row]:
    """One line. Ten seconds of processor time, once it is compiled."""
    frame = asyncio.run(counted())
    what = f"window, {WIDTH} x {HEIGHT}: instructions of ours, one frame that scrolls"
    return [(what, frame, f"{MOST / 1e6:g} M", "2.7 ms of a slow core")]


def main() -> None:
    """Print the line. Raises AssertionError when it is more than MOST."""
    for what, figure, limit, beside in rows():
        print(f"{what:<70} {figure:>12,.0f}  {limit:>8}  {beside}", flush=True)
        assert figure <= MOST, "a frame costs more than it did"


if __name__ == "__main__":
    main()
