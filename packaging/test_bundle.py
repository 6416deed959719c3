"""The built folder, tried as its user would: it starts, encodes, keeps, shows the demo and its tray. Run by build.py.

Not among the tests of `make test`: it needs a build. SIDECHAIN_BUNDLE names the folder that holds `app/`. The bundle
runs with an empty PATH and no PYTHON* variables, so that nothing of this checkout can help it.
"""

import asyncio
import json
import math
import os
import platform
import struct
import subprocess
import tempfile
import time
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.stage import play_program
from tests.support.clap import made_for_tests
from tests.support.dbus import session_bus, tray_host
from tests.support.secret_service import session_bus as session_bus_with_services
from tests.support.secret_service import unlocked_keyring

BUNDLE = Path(os.environ["SIDECHAIN_BUNDLE"])
PROGRAM = BUNDLE / "app" / "sidechain"
RATE_HZ = 48_000
BAR_FRAMES = 90_000  # 4/4 at 128 BPM
LIMIT_S = 60.0


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sdc") as name:
        yield Path(name)


def environment(home: Path) -> dict[str, str]:
    """A user's environment, and nothing of ours."""
    return {
        "HOME": str(home),
        "PATH": "",
        "LANG": "C.UTF-8",
        "SIDECHAIN_RUN_DIR": str(home / "run"),
        "SIDECHAIN_DATA_DIR": str(home / "data"),
        "SIDECHAIN_CREDENTIAL_STORE": "file",
    }


def sidechain(home: Path, *arguments: str) -> str:
    """What the command says on standard output; fails with what it said on the other."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=home,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_loop(path: Path, bars: int) -> None:
    """A quiet two-tone loop of whole bars, 16 bits, stereo."""
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        for frame in range(0, bars * BAR_FRAMES, BAR_FRAMES):
            times = ((frame + n) / RATE_HZ for n in range(BAR_FRAMES))
            left = [
                int(3000 * math.sin(2 * math.pi * 220 * t) + 1500 * math.sin(2 * math.pi * 997 * t))
                for t in times
            ]
            file.writeframes(b"".join(struct.pack("<hh", value, -value) for value in left))


@asynccontextmanager
async def daemon(home: Path) -> AsyncIterator[None]:
    """The bundle's own daemon, started and stopped by its own commands."""
    await asyncio.to_thread(sidechain, home, "up", "--detach")
    try:
        yield
    finally:
        await asyncio.to_thread(sidechain, home, "down")


def test_it_says_its_version(home: Path) -> None:
    assert sidechain(home, "--version").startswith("sidechain ")


def test_it_encodes_a_file(home: Path) -> None:
    write_loop(home / "in.wav", 2)
    made = json.loads(sidechain(home, "process", "in.wav", "--out", "made", "--json"))
    assert made["frames"] == 2 * BAR_FRAMES and made["loudness_reason"]
    assert (home / "made" / made["mp3"]).stat().st_size > 40_000  # 3.75 s at 128 kb/s are 60,000 bytes
    assert (home / "made" / made["flac"]).read_bytes()[:4] == b"fLaC"
    assert "<svg" in (home / "made" / made["waveform_svg"]).read_text("utf-8")


def test_its_demo_goes_the_whole_path(home: Path) -> None:
    shown = json.loads(sidechain(home, "demo", "--json"))
    assert shown["frames"] == 8 * BAR_FRAMES and shown["post_url"]


def test_the_pipelines_inner_loops_are_in_it() -> None:
    assert list((BUNDLE / "app").rglob("audio/_kernels.so"))


@pytest.mark.parametrize("plugin_format", ["vst3", "clap", "lv2"])
def test_its_plugins_load_and_pass_sound_to_the_bit(home: Path, plugin_format: str) -> None:
    lv2 = BUNDLE / "lib" / "lv2" / "sidechain.lv2"
    plugin = {
        "clap": BUNDLE / "lib" / "clap" / "sidechain.clap",
        "lv2": lv2 / "sidechain.so",
        "vst3": BUNDLE / "lib" / "vst3" / f"sidechain.vst3/Contents/{platform.machine()}-linux/sidechain.so",
    }[plugin_format]
    host = made_for_tests("check_formats")
    ran = subprocess.run(
        [host, plugin_format, plugin, lv2, "6", "1"],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "calls 0\n"), ran.stderr


async def test_it_keeps_what_a_plugin_plays_and_its_worker_renders_it(home: Path) -> None:
    write_loop(home / "in.wav", 10)
    async with daemon(home):
        host = await asyncio.create_subprocess_exec(
            play_program(),
            "--tempo",
            "128",
            "--speed",
            "16",
            "--hold",
            "--wait-attached",
            "20",
            "--json",
            "--run-dir",
            home / "run",
            home / "in.wav",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert host.stdin is not None and host.stdout is not None
        try:
            async with asyncio.timeout(LIMIT_S):
                async for line in host.stdout:
                    if json.loads(line).get("event") == "played":
                        break
            kept = json.loads(await asyncio.to_thread(sidechain, home, "keep", "--bars", "8", "--json"))[
                "take"
            ]
            assert (kept["frames"], kept["bpm"], kept["bars"]) == (8 * BAR_FRAMES, 128.0, 8)
            ready = await rendered(home, kept["take_id"])
            assert ready["lufs_out"] == pytest.approx(-14.0, abs=0.5)
        finally:
            host.stdin.close()
            await host.wait()


async def rendered(home: Path, take_id: str) -> dict[str, object]:
    """The Take once its pipeline has ended; each look is a process of its own, so no other pause is needed."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        take = json.loads(await asyncio.to_thread(sidechain, home, "takes", "show", take_id, "--json"))[
            "take"
        ]
        if take["state"] in ("ready", "failed"):
            assert take["state"] == "ready", take["error"]
            return dict(take)
    raise AssertionError("the worker did not render the take")


def test_it_is_claimed_with_its_key_in_a_real_keyring_keeps_and_posts(home: Path) -> None:
    """Status, claim, keyring, keep, post: as somebody does it who has only this folder, a relay's included."""
    with session_bus_with_services(home / "home") as bus, unlocked_keyring(bus, "correct horse"):
        env = environment(home) | {"SIDECHAIN_CREDENTIAL_STORE": "keyring", "SIDECHAIN_UNDO_SECONDS": "0"}
        env |= {name: bus[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR") if name in bus}

        def run(*arguments: str) -> str:
            command = [PROGRAM, *arguments]
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        def ask(*arguments: str) -> dict[str, Any]:
            return dict(json.loads(run(*arguments, "--json").strip().splitlines()[-1]))

        with bundled_relay(home) as relay_url:
            env["SIDECHAIN_RELAY_URL"] = relay_url
            run("up", "--detach")
            try:
                assert ask("status")["state"] == "unclaimed"
                ask("claim", "--dev-user", "mira")
                assert ask("whoami")["account"] == "mira"
                assert not list((home / "data").rglob("*key*")), "the key lies in the keyring alone"
                run("host", "--once")
                posted = ask("keep", "--bars", "4", "--post", "--wait")["take"]
                assert posted["entry_state"] == "accepted" and posted["post_url"].startswith(relay_url)
                assert ask("status")["state"] == "connected"
            finally:
                run("down")


@contextmanager
def bundled_relay(home: Path) -> Iterator[str]:
    """The bundle's own relay, and its address."""
    command = [PROGRAM, "relay", "--data", home / "relay", "--port", "0", "--dev", "--json-log"]
    relay = subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True)
    try:
        assert relay.stdout is not None
        said = (json.loads(line) for line in relay.stdout if line.startswith("{"))
        yield next(str(each["url"]) for each in said if each.get("event") == "listening")
    finally:
        relay.terminate()
        relay.communicate()


async def test_its_tray_shows_the_daemons_state_without_a_display(home: Path) -> None:
    (home / "bus").mkdir()
    async with session_bus(home / "bus") as address, tray_host(address) as host:
        tray = await asyncio.create_subprocess_exec(
            PROGRAM, "tray", env=environment(home) | {"DBUS_SESSION_BUS_ADDRESS": address}
        )
        try:
            menu = await host.menu_when(lambda menu: "Sidechain is not running." in menu)
            await host.click(menu["Start Sidechain"])  # the bundle starts itself
            await host.menu_when(lambda menu: "Stop Sidechain" in menu)
            menu = await host.menu()
            await host.click(menu["Stop Sidechain"])
            await host.menu_when(lambda menu: "Sidechain is not running." in menu)
        finally:
            tray.terminate()
            assert await tray.wait() == 0
