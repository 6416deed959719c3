"""What the README says one can do now, typed as it stands there by somebody who has nothing yet; and `sidechain host`."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from daemon.cli.groove import groove
from tests.support.deadlines import HANG_S
from tests.support.whole import short_folder

ROOT = Path(__file__).parents[2]


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIDECHAIN_", "XDG_"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return kept | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "PATH": path}


def readme_lines() -> list[str]:
    """The commands under "Play something now", but for those that install, and that need loudspeakers."""
    block = (ROOT / "README.md").read_text().partition("## Play something now")[2].partition("\n\n")[2]
    lines = [line.partition("#")[0].strip() for line in block.partition("\n\n")[0].splitlines()]
    return [line for line in lines if not line.startswith("make ") and "takes play" not in line]


def test_the_readmes_lines_work_as_they_stand() -> None:
    lines = readme_lines()
    assert [line.split()[1] for line in lines if line.startswith("sidechain")] == ["setup", "host", "keep"]
    at = lines.index("sidechain keep")
    # What a person does by listening to the clock: the host has been heard for eight bars.
    lines.insert(
        at, "until sidechain instances --json | grep -q '\"heard_frames\":[0-9]\\{6,\\}'; do :; done"
    )
    lines.insert(at + 2, "sidechain takes --json; sidechain down")
    with short_folder() as home:
        (home / "run").mkdir(mode=0o700)
        done = subprocess.run(
            ["bash", "-ec", "set -m\n" + "\n".join(lines)],
            env=environment(home),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=2 * HANG_S,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    kept = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    assert len(kept["takes"]) == 1 and kept["takes"][0]["bpm"] == 128.0


@pytest.mark.parametrize(("name", "told"), [("idea.flac", "at 92 BPM"), ("idea.wav", "without a tempo")])
def test_the_host_plays_any_file_and_says_what_it_tells(name: str, told: str) -> None:
    with short_folder() as home:
        (home / "run").mkdir(mode=0o700)
        soundfile.write(home / name, groove(92.0, 1, 44_100)[: 44_100 // 4], 44_100)
        tempo = ["--bpm", "92"] if told.startswith("at") else []
        command = [sys.executable, "-m", "daemon", "host", str(home / name), "--once", *tempo]
        done = subprocess.run(
            command, env=environment(home), capture_output=True, text=True, timeout=HANG_S, check=False
        )
        assert done.returncode == 0 and name in done.stderr and told in done.stderr, done.stderr
        (home / "not.wav").write_text("no sound")
        for wrong in ("not.wav", "missing.wav"):
            command = [sys.executable, "-m", "daemon", "host", str(home / wrong)]
            done = subprocess.run(
                command, env=environment(home), capture_output=True, text=True, timeout=HANG_S, check=False
            )
            assert done.returncode == 8 and wrong in done.stderr, done.stderr


def test_the_demo_stays_until_it_is_told_to_end_and_says_what_is_next() -> None:
    assert shutil.which("bash")
    with short_folder() as home:
        (home / "run").mkdir(mode=0o700)
        process = subprocess.Popen(
            [sys.executable, "-m", "daemon", "demo", "--stay"],
            env=environment(home),
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout
        try:
            shown = next(line for line in process.stdout if "Ctrl-C ends the demo." in line)
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
            assert shown and process.wait(HANG_S) == 0, rest
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    assert [line.split()[1] for line in rest.splitlines() if line.startswith("  sidechain ")] == [
        "setup",
        "host",
        "keep",
    ]
