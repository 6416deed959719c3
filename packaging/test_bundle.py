"""The built folder, tried as its user would: it starts, encodes, keeps, records, shows the demo and its tray. Run by build.py.

Not among the tests of `make test`: it needs a build. SIDECHAIN_BUNDLE names the folder that holds `app/`. The bundle
runs with an empty PATH and no PYTHON* variables, so that nothing of this checkout can help it.
"""

import asyncio
import json
import math
import os
import platform
import signal
import struct
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import soundfile

from daemon.cli.stage import play_program
from tests.support.clap import made_for_tests
from tests.support.dbus import session_bus, tray_host
from tests.support.deadlines import HANG_S
from tests.support.hosts import noise
from tests.support.pulse import place_of, play_raw, sound_server
from tests.support.secret_service import session_bus as session_bus_with_services
from tests.support.secret_service import unlocked_keyring

BUNDLE = Path(os.environ["SIDECHAIN_BUNDLE"])
PROGRAM = BUNDLE / "app" / "sidechain"
RATE_HZ = 48_000
BAR_FRAMES = 90_000  # 4/4 at 128 BPM


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
        timeout=HANG_S,
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


def ask(home: Path, *arguments: str) -> dict[str, Any]:
    """The one JSON object that it answers."""
    return dict(json.loads(sidechain(home, *arguments, "--json")))


@contextmanager
def daemon(home: Path) -> Iterator[None]:
    """The bundle's own daemon, started and stopped by its own commands."""
    sidechain(home, "up", "--detach")
    try:
        yield
    finally:
        sidechain(home, "down")


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


def test_what_the_studio_edits_together_with_is_in_it() -> None:
    assert list((BUNDLE / "app").rglob("relay/app/site/static/crdt/library.js"))


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
        timeout=HANG_S,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "calls 0\n"), ran.stderr


def test_it_keeps_what_a_plugin_plays_and_its_worker_renders_it(home: Path) -> None:
    write_loop(home / "in.wav", 10)
    command = [
        str(play_program()),
        "--tempo",
        "128",
        "--speed",
        "16",
        "--hold",
        "--wait-attached",
        f"{HANG_S:g}",
    ]
    command += ["--json", "--run-dir", str(home / "run"), str(home / "in.wav")]
    with (
        daemon(home),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host,
    ):
        assert host.stdout is not None
        assert any(json.loads(line).get("event") == "played" for line in host.stdout)
        kept = ask(home, "keep", "--bars", "8")["take"]
        assert (kept["frames"], kept["bpm"], kept["bars"]) == (8 * BAR_FRAMES, 128.0, 8)
        assert rendered(home, kept["take_id"])["lufs_out"] == pytest.approx(-14.0, abs=0.5)


def rendered(home: Path, take_id: str) -> dict[str, Any]:
    """The Take once its pipeline has ended; each look is a process of its own, so no other pause is needed."""
    deadline_s = time.monotonic() + HANG_S
    while (take := ask(home, "takes", "show", take_id)["take"])["state"] not in ("ready", "failed"):
        assert time.monotonic() < deadline_s, "the worker did not render the take"
    assert take["state"] == "ready", take["error"]
    return dict(take)


def test_it_records_what_a_sound_device_hears(home: Path) -> None:
    """By the system's PortAudio, ALSA and PulseAudio, into a Ring of the bundle's own C client; a null sink is the microphone."""
    played = noise(2 * RATE_HZ)
    (home / "played.raw").write_bytes(played.tobytes())
    with sound_server(home / "sound") as sound, daemon(home), recording(home, sound) as recorder:
        until_heard(home, recorder)
        with play_raw(home / "played.raw", sound) as player:
            assert player.wait(HANG_S) == 0
        recorder.send_signal(signal.SIGINT)
        said, trouble = recorder.communicate(timeout=HANG_S)
        assert recorder.returncode == 0, trouble
        assert json.loads(said)["peak_dbfs"] == pytest.approx(-6.0, abs=0.1)
        folder = Path(ask(home, "takes", "show", "memo")["path"])
    kept, rate_hz = soundfile.read(folder / "take.wav", dtype="float32")
    assert rate_hz == RATE_HZ and place_of(played[RATE_HZ // 2 : RATE_HZ], kept) >= 0, "to the bit"


@contextmanager
def recording(home: Path, sound: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`sidechain record`, which keeps all when it is ended."""
    words = [
        "record",
        "--device",
        "microphone",
        "--rate",
        str(RATE_HZ),
        "--keep",
        "--title",
        "memo",
        "--json",
    ]
    with subprocess.Popen(
        [PROGRAM, *words],
        env=environment(home) | sound,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_heard(home: Path, recorder: subprocess.Popen[str]) -> None:
    """Until the daemon reads its Ring; each look is a process of its own."""
    deadline_s = time.monotonic() + HANG_S
    while not any(
        each["pid"] == recorder.pid and each["heard_frames"] for each in ask(home, "instances")["instances"]
    ):
        assert recorder.poll() is None, recorder.communicate()
        assert time.monotonic() < deadline_s, "the daemon does not hear the recording"


def test_it_is_claimed_with_its_key_in_a_real_keyring_keeps_and_posts(home: Path) -> None:
    """Status, claim, keyring, keep, post: as somebody does it who has only this folder, a relay's included."""
    with session_bus_with_services(home / "home") as bus, unlocked_keyring(bus, "correct horse"):
        env = environment(home) | {"SIDECHAIN_CREDENTIAL_STORE": "keyring", "SIDECHAIN_UNDO_SECONDS": "0"}
        env |= {name: bus[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR") if name in bus}

        def run(*arguments: str) -> str:
            command = [str(PROGRAM), *arguments]
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, timeout=HANG_S, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        def answer(*arguments: str) -> dict[str, Any]:
            return dict(json.loads(run(*arguments, "--json").strip().splitlines()[-1]))

        with bundled_relay(home) as relay_url:
            env["SIDECHAIN_RELAY_URL"] = relay_url
            run("up", "--detach")
            try:
                assert answer("status")["state"] == "unclaimed"
                answer("claim", "--dev-user", "mira")
                assert answer("whoami")["account"] == "mira"
                assert not list((home / "data").rglob("*key*")), "the key lies in the keyring alone"
                run("host", "--once")
                posted = answer("keep", "--bars", "4", "--post", "--wait")["take"]
                assert posted["entry_state"] == "accepted" and posted["post_url"].startswith(relay_url)
                assert answer("status")["state"] == "connected"
            finally:
                run("down")


@contextmanager
def bundled_relay(home: Path) -> Iterator[str]:
    """The bundle's own relay, and its address."""
    command = [str(PROGRAM), "relay", "--data", str(home / "relay"), "--port", "0", "--dev", "--json-log"]
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
