"""What one process() of the built plugin does, counted by callgrind: instructions, and lines that were not in the first
cache, by whose code it is. Counts do not depend on what else the machine does; times do (bench_plugin).

    copy      the bytes themselves: memcpy of input to output; the copy into the Ring is part of `client`
    client    plugin_protocol/c
    plugin    plugin/
    wrapper   DPF, for the format
    host      the smallest host there can be (tests/plugin/formats.cpp), which fills the format's structures
"""

import os
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.bench_ring import Row
from tests.support.clap import binary, made_for_tests
from tests.support.hosts import plugin_bundles, program

FORMATS = ("vst3", "clap", "lv2")
FRAMES = 128
BLOCKS = 1_000
OWNERS = (
    ("copy", re.compile(r"mem(cpy|move)")),
    ("host", re.compile(r"tests/plugin/|counted_process")),
    ("client", re.compile(r"\bsc_\w+|plugin_protocol/c/")),
    (
        "plugin",
        re.compile(
            r"Recorder|hear_|known_size|plugin/(format|recorder)|\(anonymous namespace\)::(process|run)\("
        ),
    ),
    ("wrapper", re.compile(r"DISTRHO|dpf/")),
)
LINE = re.compile(r"^\s*([\d,]+) \([^)]*\)\s+(.*)$")


def counts(plugin_format: str) -> dict[str, tuple[float, float]]:
    """Of one block: owner -> (instructions, misses of the first data cache)."""
    bundles = plugin_bundles()
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="sdc-count-") as folder:
        out = Path(folder) / "counts"
        subprocess.run(
            [
                program("valgrind", "valgrind"),
                "--tool=callgrind",
                "--cache-sim=yes",
                "--toggle-collect=counted_process",
                f"--callgrind-out-file={out}",
                made_for_tests("count_plugin"),
                plugin_format,
                binary(bundles, plugin_format),
                bundles / ".lv2" / "sidechain.lv2",
                str(FRAMES),
                str(BLOCKS),
            ],
            capture_output=True,
            check=True,
            env=os.environ | {"SIDECHAIN_RUN_DIR": f"{folder}/run"},
        )
        found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for at, events in enumerate(("Ir", "D1mr,D1mw")):
            said = subprocess.run(
                ["callgrind_annotate", "--threshold=100", "--auto=no", f"--show={events}", out],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for line in said[said.index("file:function") :].splitlines():
                numbers = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) \(\s*[\d.]+%\)", line)]
                name = re.sub(r"^[\s\d,.()%]*", "", line)
                if numbers and name:
                    owner = next((owner for owner, fits in OWNERS if fits.search(name)), "host")
                    found[owner][at] += sum(numbers) / BLOCKS
    return {owner: (ir, misses) for owner, (ir, misses) in found.items()}


def rows() -> list[Row]:
    """One line for each format. About 15 s."""
    made = []
    for plugin_format in FORMATS:
        found = counts(plugin_format)
        beside = ", ".join(f"{owner} {ir:.0f}/{misses:.0f}" for owner, (ir, misses) in sorted(found.items()))
        ours = sum(found[owner][0] for owner in ("client", "plugin") if owner in found)
        made.append(
            (
                f"{plugin_format.upper()}, {FRAMES} frames: instructions of ours, one block",
                ours,
                "",
                f"instructions/misses: {beside}",
            )
        )
    return made


def main() -> None:
    """Print the table."""
    for what, figure, limit, beside in rows():
        print(f"{what:<60} {figure:>8.0f}  {limit:>8}  {beside}", flush=True)


if __name__ == "__main__":
    main()
