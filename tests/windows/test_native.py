"""The C client and the plugin, built by mingw-w64: their tests, and each format's checks, under Wine."""

import subprocess
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S
from tests.support.native import ROOT
from tests.windows.wine import BUILD, BUNDLES, HOSTS, NATIVE, PYTHON, environment, run

BINARIES = {
    "clap": lambda name: BUNDLES / ".clap" / f"{name}.clap",
    "vst3": lambda name: BUNDLES / ".vst3" / f"{name}.vst3" / "Contents" / "x86_64-win" / f"{name}.vst3",
}
SECONDS, SEED = 6, 20260711


def test_windows_python_runs_whatever_its_words_go_to(tmp_path: Path) -> None:
    """A file, too: make's steps have one, and without a pipe between them it does not start."""
    log = tmp_path / "log"
    with log.open("wb") as file:
        command = [
            *(ROOT / "tests" / "windows" / "wine.sh", BUILD / "prefix", PYTHON, "-c"),
            "import sys; print('said'); print('told', file=sys.stderr); sys.exit(3)",
        ]
        done = subprocess.run(
            command, env=environment(), stdin=file, stdout=file, stderr=file, timeout=HANG_S, check=False
        )
    assert done.returncode == 3 and set(log.read_text(encoding="utf-8").split()) == {"said", "told"}


@pytest.mark.parametrize("name", ["test_ring", "test_msgpack", "test_zmtp"])
def test_pure_parts(name: str) -> None:
    run(NATIVE / "plain" / "tests" / f"{name}.exe")


@pytest.mark.parametrize(
    "name", ["test_client", "test_client_windows", "test_memory", "test_preview", "test_threads"]
)
def test_parts_that_make_rings(name: str, tmp_path: Path) -> None:
    run(NATIVE / "plain" / "tests" / f"{name}.exe", tmp_path / "run")


@pytest.mark.parametrize("plugin_format", BINARIES)
@pytest.mark.parametrize("name", ["sidechain", "sidechain-mono"])
def test_what_comes_out_of_the_plugin_is_what_went_in(plugin_format: str, name: str, tmp_path: Path) -> None:
    """Blocks of 0 to 16384 frames, while the transport does all that it can."""
    binary = BINARIES[plugin_format](name)
    run(
        HOSTS / "check_formats.exe",
        plugin_format,
        binary,
        binary,
        str(SECONDS),
        str(SEED),
        SIDECHAIN_RUN_DIR=str(tmp_path / "run"),
    )


def test_the_plugin_wants_no_library_but_the_systems() -> None:
    """What mingw-w64 brings is inside: no user has it."""
    own = {"libwinpthread", "libgcc", "libstdc++"}
    for plugin_format, of in BINARIES.items():
        data = of("sidechain").read_bytes()
        assert not {
            name for name in own if f"{name}-".encode() in data and f"{name}-1.dll".encode() in data
        }, plugin_format
