"""What of the plugin a host gets to see: the names it exports, the libraries it wants, the files of `make plugin`."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.clap import binary
from tests.support.deadlines import HANG_S
from tests.support.hosts import plugin_bundles, program
from tests.support.native import ROOT

EXPORTS = {
    "vst3": {"GetPluginFactory", "ModuleEntry", "ModuleExit"},
    "clap": {"clap_entry"},
    "lv2": {"lv2_descriptor", "lv2ui_descriptor", "lv2_generate_ttl"},
}
ON_EVERY_DESKTOP = (
    "libc.so",
    "libm.so",
    "ld-linux",
    "libGL.so",
    "libX11.so",
    "libxcb.so",
    "libXcursor.so",
    "libXrandr.so",
    "libXext.so",
)
NAMES = ("sidechain", "sidechain-mono")


def said(*command: object) -> str:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=True, timeout=HANG_S
    ).stdout


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("plugin_format", EXPORTS)
def test_all_but_the_formats_entry_points_is_hidden(plugin_format: str, name: str) -> None:
    """Two plugins that export the same name of one library would call each other's."""
    shown = said(
        program("nm", "binutils"), "-D", "--defined-only", binary(plugin_bundles(), plugin_format, name)
    )
    assert {line.split()[-1] for line in shown.splitlines()} == EXPORTS[plugin_format]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("plugin_format", EXPORTS)
def test_a_host_without_any_library_of_ours_can_load_it(plugin_format: str, name: str) -> None:
    """It speaks ZMTP itself; libstdc++ is in it, for hosts bring older ones."""
    wanted = said(program("readelf", "binutils"), "-d", binary(plugin_bundles(), plugin_format, name))
    needed = [line.split("[")[1].rstrip("]") for line in wanted.splitlines() if "(NEEDED)" in line]
    assert needed and all(library.startswith(ON_EVERY_DESKTOP) for library in needed), needed


@pytest.mark.parametrize("name", NAMES)
def test_lv2_tells_of_no_latency(name: str) -> None:
    """The other formats are asked in their hosts, whenever a test opens one."""
    turtle = binary(plugin_bundles(), "lv2", name).with_suffix(".ttl").read_text()
    assert "lv2:index" in turtle and "latency" not in turtle.lower()


def test_make_plugin_installs_every_format_for_this_user(tmp_path: Path) -> None:
    plugin_bundles()
    subprocess.run(
        ["make", "-s", "-C", str(ROOT), "plugin"],
        env=os.environ | {"HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        timeout=HANG_S,
    )
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.glob(".*/*")) == sorted(
        f".{plugin_format}/{name}.{plugin_format}" for plugin_format in EXPORTS for name in NAMES
    )
    for plugin_format in EXPORTS:
        for name in NAMES:
            made = binary(plugin_bundles(), plugin_format, name)
            assert binary(tmp_path, plugin_format, name).read_bytes() == made.read_bytes()
