"""Ardour 7, headless, as a real DAW: a session of one track with the plugin, steered by its Lua session program.

The track's sound is made by tests/plugin/ardour/counter.lua: left the session's own frame, right the frames made so
far, both exact in float32. So a take says by itself where in the session it is from, and whether a frame is missing.
"""

import asyncio
import contextlib
import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from daemon.cli.stage import RunningDaemon, Stage, end
from tests.support.clap import made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.hosts import BUILD, host_environment, make, program
from tests.support.native import ROOT

SCRIPTS = ROOT / "tests" / "plugin" / "ardour"
ARDOUR = Path("/usr/lib/ardour7")
FRAME_UNIT = 2.0**-24
STEREO_URI = "urn:sidechain:plugin"


def make_home(home: Path) -> dict[str, str]:
    """A home of its own for Ardour, with the plugin installed; the environment that points there."""
    scripts = home / ".config" / "ardour7" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "counter.lua").write_text((SCRIPTS / "counter.lua").read_text())
    presets = home / ".config" / "ardour7" / "export"
    presets.mkdir()
    (presets / "float.preset").write_text((SCRIPTS / "float.preset").read_text())
    make("plugin", f"BUILD={BUILD}", f"DESTINATION={home}", "install")
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "LV2_PATH": f"{home / '.lv2'}:/usr/lib/lv2",
    }


def scan_vst3(home: Path, env: dict[str, str]) -> str:
    """Scan our VST3 as Ardour wants it; the plugin's class id. Its list entry must be newer than the plugin, in seconds."""
    bundle = home / ".vst3" / "sidechain.vst3"
    for binary in bundle.rglob("*.so"):
        then = binary.stat().st_mtime - 5
        os.utime(binary, (then, then))
    subprocess.run(
        [ARDOUR / "ardour-vst3-scanner", "-f", bundle],
        check=True,
        capture_output=True,
        timeout=HANG_S,
        env=env | {"LD_LIBRARY_PATH": str(ARDOUR)},
    )
    (listed,) = (home / ".cache").rglob("*.v3i")
    found = re.search(r'uid="([0-9A-F]{32})" name="Sidechain"', listed.read_text())
    assert found, listed.read_text()
    return found[1]


class Session:
    """A session that rolls."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, command: str) -> None:
        """A command of session.lua, until it is carried out. Raises AssertionError when Ardour is gone."""
        self._tell(command)
        await _until_said(self._process, "done")

    async def end(self) -> None:
        self._tell("end")
        await _until_said(self._process, "ending")

    def _tell(self, command: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{command}\n".encode())


@contextlib.asynccontextmanager
async def rolling(
    stage: Stage,
    daemon: RunningDaemon,
    plugin_format: str,
    bpm: float,
    meter: tuple[int, int],
    start_frame: int,
    *,
    on_master: bool = False,
) -> AsyncIterator[Session]:
    """A session with the plugin ("vst3" or "lv2") that rolls from start_frame on; ended on leaving.

    on_master: the plugin stands on the master bus, too, and records what the session puts out; then Ardour can export, too."""
    lua = program("ardour7-lua", "ardour")
    env = host_environment(daemon.run) | await asyncio.to_thread(make_home, stage.folder / "home")
    is_vst3 = plugin_format == "vst3"
    plugin = await asyncio.to_thread(scan_vst3, stage.folder / "home", env) if is_vst3 else STEREO_URI
    env |= {
        "T_SESSION": str(stage.folder / "session"),
        "T_FORMAT": plugin_format,
        "T_PLUGIN": plugin,
        "T_BPM": repr(bpm),
        "T_NUMERATOR": str(meter[0]),
        "T_DENOMINATOR": str(meter[1]),
        "T_START": str(start_frame),
        "T_MASTER": str(int(on_master)),
    }
    if on_master:
        env["LD_PRELOAD"] = str(await asyncio.to_thread(made_for_tests, "free_nothing.so"))
    process = await asyncio.create_subprocess_exec(
        lua,
        str(SCRIPTS / "session.lua"),
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await _until_said(process, "rolling")
        session = Session(process)
        yield session
        await session.end()
    finally:
        await end(process)


async def _until_said(process: asyncio.subprocess.Process, word: str) -> None:
    assert process.stderr
    said: list[str] = []
    async with asyncio.timeout(HANG_S):
        async for line in process.stderr:
            said.append(line.decode(errors="replace").strip())
            if said[-1] == word:
                return
            if said[-1].startswith("failed:"):
                break
    raise AssertionError(f"Ardour ended before {word}: " + "\n".join(said[-20:]))
