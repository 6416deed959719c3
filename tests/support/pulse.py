"""A sound server without a sound card: PulseAudio with a null sink, whose monitor hears what is played into it, to the bit.

Programs that speak ALSA (PortAudio) find two devices: "speakers", the sink, and "microphone", its monitor.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.support.deadlines import HANG_S
from tests.support.hosts import program

RATE_HZ = 48_000
ALSA = """
pcm.speakers { type pulse device "loop" }
ctl.speakers { type pulse }
pcm.microphone { type pulse device "loop.monitor" }
pcm.!default { type pulse device "loop" }
"""


@contextlib.contextmanager
def sound_server(folder: Path) -> Iterator[dict[str, str]]:
    """While the block lasts; the environment in which its devices are found. folder: empty, with a short path."""
    folder.mkdir(mode=0o700, exist_ok=True)
    socket, config = folder / "pulse.sock", folder / "asound.conf"
    config.write_text(ALSA)
    env = {"PULSE_SERVER": f"unix:{socket}", "ALSA_CONFIG_PATH": str(config)}
    own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder)}
    modules = (
        f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
        f"module-null-sink sink_name=loop rate={RATE_HZ} format=float32le channels=2",
    )
    command = [program("pulseaudio", "pulseaudio"), "-n", "--daemonize=no", "--exit-idle-time=-1"]
    command += ["--use-pid-file=no", "--log-level=error"]
    for module in modules:
        command += ["-L", module]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
    try:
        until_s = time.monotonic() + HANG_S
        while subprocess.run(
            [program("pactl", "pulseaudio-utils"), "info"],
            check=False,
            env=os.environ | env,
            capture_output=True,
        ).returncode:
            assert server.poll() is None and time.monotonic() < until_s, (folder / "log").read_text()
        yield env
    finally:
        server.kill()
        server.wait()


def play_raw(file: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Interleaved stereo float32 at RATE_HZ into the sink, until its end."""
    return subprocess.Popen(
        [program("pacat", "pulseaudio-utils"), "--playback", "--device=loop", *_raw(), str(file)],
        env=os.environ | env,
    )


def record_raw(file: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """What the sink hears, the same way, until it is ended."""
    return subprocess.Popen(
        [program("pacat", "pulseaudio-utils"), "--record", "--device=loop.monitor", *_raw(), str(file)],
        env=os.environ | env,
    )


def place_of(part: NDArray[np.float32], whole: NDArray[np.float32]) -> int:
    """Where `part` stands in `whole`, to the bit; -1: nowhere."""
    (starts,) = np.nonzero((whole[: max(0, len(whole) - len(part) + 1)] == part[0]).all(axis=1))
    return next((int(at) for at in starts if np.array_equal(whole[at : at + len(part)], part)), -1)


def _raw() -> list[str]:
    return ["--raw", "--format=float32le", f"--rate={RATE_HZ}", "--channels=2", "--latency-msec=50"]
