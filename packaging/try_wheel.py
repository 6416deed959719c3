"""Build the wheel, install it as people do (the runtime locks only, in fresh virtual environments), and use it.

    python packaging/try_wheel.py        -> one line of JSON: megabytes on disk, seconds

Raises CalledProcessError where something does not work, AssertionError where it is too large.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_MB = 250.0
LOCKS = {"desktop": ["desktop"], "relay": ["relay"], "both": ["desktop", "relay"]}


def main() -> None:
    """Everything anew, in a folder that goes away again."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="sdc-wheel-") as folder:
        wheel = build(Path(folder))
        figures["wheel_mb"] = round(wheel.stat().st_size / 1e6, 1)
        for name, locks in LOCKS.items():
            began = time.monotonic()
            venv = install(Path(folder) / name, wheel, locks)
            figures |= {f"{name}_s": round(time.monotonic() - began, 1), f"{name}_mb": size_mb(venv)}
            assert figures[f"{name}_mb"] <= MAX_MB, figures
        use(Path(folder))
    print(json.dumps(figures))


def build(folder: Path) -> Path:
    """The wheel, as `pip wheel` makes it."""
    subprocess.run([sys.executable, ROOT / "packaging/crdt/build.py"], check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("sidechain-*.whl")
    return wheel


def install(venv: Path, wheel: Path, locks: list[str]) -> Path:
    """A fresh virtual environment with the wheel and what the locks pin, by hash."""
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    pinned = [word for lock in locks for word in ("-r", str(ROOT / f"requirements/{lock}.lock"))]
    subprocess.run([*pip, "--require-hashes", *pinned], check=True, stderr=subprocess.DEVNULL)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, stderr=subprocess.DEVNULL)
    return venv


def size_mb(venv: Path) -> float:
    """What it takes up on the disk, in blocks as `du` counts them."""
    files = [path.lstat() for path in venv.rglob("*")]
    return round(sum(each.st_blocks * 512 for each in files) / 1e6, 1)


def use(folder: Path) -> None:
    """The command of each; play, keep and listen with the desktop's alone; the whole path with both."""
    for name in LOCKS:
        subprocess.run([folder / name / "bin/sidechain", "--version"], check=True)
    data = ["--data", str(folder / "relay-data"), "--json"]
    subprocess.run(
        [folder / "relay/bin/sidechain", "relay", "setup", "--admin", "mira", "--yes", *data], check=True
    )
    home = folder / "home"
    (home / "run").mkdir(parents=True, mode=0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIDECHAIN_", "XDG_"))}
    env = kept | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    sidechain = folder / "desktop/bin/sidechain"

    def run(*arguments: str) -> None:
        subprocess.run([sidechain, *arguments], check=True, env=env, stdout=subprocess.DEVNULL)

    run("setup", "--relay", "none", "--yes", "--json")
    try:
        run("host", "--once")
        run("keep", "--bars", "4", "--json")
        run("takes", "--json")
    finally:
        run("down")
    subprocess.run([folder / "both/bin/sidechain", "demo", "--headless"], check=True, env=env)


if __name__ == "__main__":
    main()
