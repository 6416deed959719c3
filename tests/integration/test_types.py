"""Types, of all packages here and of the desktop on other systems: what a system lacks is found here, not by its first user."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DESKTOP = ("plugin_protocol", "bridge", "sandbox", "audio", "daemon", "tray")
HERE = (
    *DESKTOP,
    "relay",
    "tests.support",
)  # not the benchmarks, which import what is installed for them alone


def complaints(packages: tuple[str, ...], *options: str) -> str:
    """What mypy says of them; nothing when all is well."""
    named = [word for name in packages for word in ("-p", name)]
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *options, *named]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_what_we_run_and_test_with_is_typed_here() -> None:
    assert complaints(HERE) == ""


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_the_desktop_is_typed_on(platform: str) -> None:
    assert complaints(DESKTOP, "--platform", platform, "--cache-dir", f".build/mypy-{platform}") == ""


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
