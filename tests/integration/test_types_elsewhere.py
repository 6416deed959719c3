"""The desktop's types on other systems than this one: what a system lacks is found here, not by its first user."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DESKTOP = ("plugin_protocol", "bridge", "sandbox", "audio", "daemon", "tray")


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_the_desktop_is_typed_on(platform: str) -> None:
    packages = [word for name in DESKTOP for word in ("-p", name)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--platform",
            platform,
            "--cache-dir",
            f".build/mypy-{platform}",
            *packages,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


PROTOCOL = {"AsyncLine.data_received", "AsyncLine.connection_lost"}  # of asyncio


def faces(module: str) -> dict[str, str]:
    """Each public function of a module and what it takes; read, for it cannot be imported here."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    found = {d.name: ast.unparse(d.args) for d in tree.body if isinstance(d, ast.FunctionDef)}
    for each in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        defs = (d for d in each.body if isinstance(d, ast.FunctionDef | ast.AsyncFunctionDef))
        found |= {f"{each.name}.{d.name}": ast.unparse(d.args) for d in defs}
    return {name: taken for name, taken in found.items() if "_" not in (name[0], name.partition(".")[2][:1])}


@pytest.mark.parametrize(
    "pair", ["bridge/system", "bridge/listener", "bridge/line", "bridge/async_line", "sandbox/limits"]
)
def test_both_systems_have_the_same_face(pair: str) -> None:
    posix, windows = faces(f"{pair}_posix.py"), faces(f"{pair}_windows.py")
    only_here = {
        "peer_of",
        "peer_of_process",
        "client_of",
        "open_pipe",
        "open_own_pipe",
    } | PROTOCOL  # of a socket, of a pipe
    assert {n: t for n, t in posix.items() if n not in only_here} == {
        n: t for n, t in windows.items() if n not in only_here
    }
