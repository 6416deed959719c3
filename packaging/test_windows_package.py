"""The package for Windows, tried under Wine as its user would: install, keep, remove. Run by windows_package.py.

SIDECHAIN_BUNDLE names the unpacked folder. Nothing of this checkout's Python is in it.
"""

import os
import subprocess
from pathlib import Path

import bridge.control as c
from tests.support.deadlines import HANG_S
from tests.support.hosts import Stretch, place_in_noise
from tests.windows.conftest import display  # noqa: F401  # for all of this module
from tests.windows.test_whole_path import BAR_FRAMES, KEPT_BARS, host_of, samples_of
from tests.windows.wine import BUILD, desktop, environment

BUNDLE = Path(os.environ["SIDECHAIN_BUNDLE"])
RATE_HZ = 48_000
RUN_KEY = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """A program of Windows, from the unpacked folder."""
    return subprocess.run(
        ["wine", *map(str, words)],
        env=environment(),
        cwd=BUNDLE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=HANG_S,
        check=False,
    )


def of_this_user() -> Path:
    """%LOCALAPPDATA%, as a path of Linux."""
    said = command("cmd", "/c", "echo %LOCALAPPDATA%").stdout.strip()
    assert said.startswith("C:\\"), said
    return BUILD / "prefix" / "drive_c" / said.removeprefix("C:\\").replace("\\", "/")


async def test_it_is_installed_keeps_what_is_played_and_is_removed(tmp_path: Path) -> None:
    installed = command("cmd", "/c", "install.cmd")
    assert installed.returncode == 0, installed.stdout
    programs = of_this_user() / "Programs"
    program, plugins = programs / "Sidechain" / "sidechain.exe", programs / "Common"
    assert command(program, "--version").stdout.startswith("sidechain 0.1.0 (on Windows: tried under Wine")
    assert "sidechain" in command("reg", "query", RUN_KEY, "/v", "Sidechain").stdout.lower()
    for name in ("sidechain", "sidechain-mono"):
        assert (plugins / "VST3" / f"{name}.vst3" / "Contents" / "x86_64-win" / f"{name}.vst3").exists()
    plugin = plugins / "CLAP" / "sidechain.clap"
    async with desktop(tmp_path, program) as made, host_of(made, plugin=plugin) as host:
        await host.open(rate_hz=RATE_HZ)
        stretch = Stretch(frames=5 * BAR_FRAMES)
        await host.play(stretch)
        await made.until_heard(stretch.frames)
        kept = await made.ask(c.OneTake, "keep", "--bars", str(KEPT_BARS), "--wait")
        assert await host.do("close") == "ok"
    assert place_in_noise(samples_of(made, kept.take)) % BAR_FRAMES == 0
    removed = command("cmd", "/c", str(programs / "Sidechain" / "remove.cmd"))
    assert "Sidechain is removed" in removed.stdout, removed.stdout
    assert not program.exists() and not plugin.exists() and not list((plugins / "VST3").glob("sidechain*"))
    assert command("reg", "query", RUN_KEY, "/v", "Sidechain").returncode != 0
    assert list((made.data / "takes").iterdir()), "what was kept stays"
