"""A sound card for browsers on machines that have none: a PulseAudio of the test's own, whose one sink drops in real time what it gets."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

END_LIMIT_S = 30
READY = "Daemon startup complete"


@contextmanager
def running_sound_card(folder: Path) -> Iterator[dict[str, str]]:
    """What a browser's environment needs to find it. folder: of its own, with a short path."""
    socket = folder / "pulse"
    command = [
        "pulseaudio",
        *("-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"),
        *("--log-target=stderr", "--log-level=info"),
        "--load=module-null-sink rate=48000",
        f"--load=module-native-protocol-unix auth-anonymous=1 socket={socket}",
    ]
    environment = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = iter(process.stderr.readline, "")
        try:
            assert any(READY in line for line in said), "pulseaudio ended at once"
            reading = threading.Thread(
                target=lambda: [None for _ in said]
            )  # so that it never waits for a reader
            reading.start()
            yield {"PULSE_SERVER": f"unix:{socket}"}
            process.terminate()
            reading.join(END_LIMIT_S)
        finally:
            process.kill()
            process.wait(END_LIMIT_S)
