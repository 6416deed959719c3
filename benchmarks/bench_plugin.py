"""What the built plugin costs the audio thread, wrapper and all: VST3, CLAP and LV2, one and 16 instances of it.

All in one run of one process for each, taking turns, paced as a sound card would (bench_plugin.cpp says how). Beside it
the same bytes moved by memcpy, and the same sound sent as ZeroMQ messages. Not measured here: the Ring alone (bench_ring).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.bench_ring import PULL, Row
from tests.support.clap import binary, made_for_tests
from tests.support.hosts import plugin_bundles
from tests.support.native import libzmq_path

FORMATS = ("vst3", "clap", "lv2")
INSTANCES = (1, 16)
FRAMES = 128
SECONDS = 8.0
LIMIT_S = 60.0


def rows() -> list[Row]:
    """Three lines for each format and number of instances. About 50 s."""
    program = made_for_tests("bench_plugin")
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="sdc-bench-"))
    address = f"ipc://{folder}/pull"
    pull = subprocess.Popen([sys.executable, "-c", PULL, address], stdout=subprocess.PIPE)
    try:
        assert pull.stdout is not None
        pull.stdout.readline()
        return [r for f in FORMATS for n in INSTANCES for r in _measure(program, folder, address, f, n)]
    finally:
        pull.kill()
        pull.communicate()
        shutil.rmtree(folder)


def _measure(program: Path, folder: Path, address: str, plugin_format: str, instances: int) -> list[Row]:
    bundles = plugin_bundles()
    arguments = (
        plugin_format,
        binary(bundles, plugin_format),
        bundles / ".lv2" / "sidechain.lv2",
        instances,
        FRAMES,
        SECONDS,
        address,
        libzmq_path(),
    )
    ran = subprocess.run(
        [program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
        env=os.environ | {"SIDECHAIN_RUN_DIR": str(folder / "run")},
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    copy, plugin, message = (found[way] for way in ("copy", "plugin", "message"))
    what = f"{plugin_format.upper()} × {instances}, {FRAMES} frames"
    share = plugin[2] * instances / (FRAMES / 48_000 * 1e9) * 100
    return [
        (
            f"{what}: process() / memcpy, p50",
            plugin[0] / copy[0],
            "",
            f"p50/p99/p99.9 of one {_ns(plugin)} ns, memcpy {_ns(copy)} ns",
        ),
        (f"{what}: all, p99.9, share of the block in %", share, "", f"of {found['cycles']} cycles"),
        (
            f"{what}: ZeroMQ messages / process(), p50",
            message[0] / plugin[0],
            "",
            f"{_ns(message)} ns; {found['dropped']} of {found['cycles'] * instances} dropped, which is cheap",
        ),
    ]


def _ns(values: list[int]) -> str:
    return "/".join(str(value) for value in values)


def main() -> None:
    """Print the table."""
    for what, figure, limit, beside in rows():
        print(f"{what:<60} {figure:>8.3g}  {limit:>8}  {beside}", flush=True)


if __name__ == "__main__":
    main()
