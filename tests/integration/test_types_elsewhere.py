"""The desktop's types on other systems than this one: what a system lacks is found here, not by its first user."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DESKTOP = ("plugin_protocol", "bridge", "sandbox", "audio", "daemon", "tray")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_desktop_is_typed_on(platform: str, tmp_path: Path) -> None:
    packages = [word for name in DESKTOP for word in ("-p", name)]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--platform", platform, "--cache-dir", str(tmp_path), *packages],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
