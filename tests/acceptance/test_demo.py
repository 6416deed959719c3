"""`sidechain demo --headless --json`, as a new user runs it: figures on the last line, nothing left behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S
from tests.support.native import build
from tests.support.whole import short_folder


def test_the_demo_shows_the_whole_path_and_leaves_nothing_running(monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    with short_folder() as folder:  # of its own: another demo may run beside this one
        monkeypatch.setenv("TMPDIR", str(folder))
        shown_and_gone(folder)


def shown_and_gone(folder: Path) -> None:
    before = leftovers(folder)
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "demo", "--headless", "--json"],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["bpm"], figures["bars"], figures["frames"]) == (128.0, 8, 720_000)
    assert figures["decoded_frames"] == figures["frames"]
    assert abs(figures["lufs_out"] + 14.0) <= 0.1 and figures["loudness_reason"] == "target"
    assert figures["dbtp_out"] <= -1.0
    assert figures["post_url"].startswith("http://127.0.0.1:")
    assert {"lufs_in", "kept_s", "keep_to_follower_s", "total_s"} <= set(figures)
    assert leftovers(folder) == before


def leftovers(folder: Path) -> set[str]:
    """Processes that a demo started, and folders it made."""
    found = {str(path) for path in folder.glob("sdc-demo-*")}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if str(folder / "sdc-demo-").encode() in environment + command:
            found.add(f"{process.name} {command!r}")
    return found
