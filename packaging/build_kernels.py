"""Build hook of the wheel: compiles into it what is C, where there is a C compiler.

Of audio/: without them the wheel is the same, only slower (audio/kernels/portable.py computes the same figures in numpy).
The C client (plugin_protocol/c): its shared library for plugins of others, and `sidechain-play`, the host of `sidechain host`
and `sidechain demo`.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ["-O3", "-ffp-contract=off", "-shared", "-fPIC"]
STUDIO = "relay/app/site/static/crdt/library.js"
CLIENT = ("libsidechain.so", "sidechain-play")


class KernelsHook(BuildHookInterface[Any]):
    """Named in pyproject.toml; hatchling calls `initialize` before it packs and `finalize` after."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # a checkout builds what is made by `make native` and `make crdt`
            return
        if not Path(self.root, STUDIO).exists():
            print(
                f"{STUDIO} is missing (`make crdt` makes it); nobody edits together in the studio of this wheel"
            )
        compiler = os.environ.get("CC") or shutil.which("cc")
        if compiler is None:
            return
        self._made = tempfile.mkdtemp(prefix="sidechain-wheel-")
        if not self._kernels(compiler, build_data):
            print("the C files of audio/ were not compiled; the wheel computes in numpy")
            return
        if not self._client(build_data):
            print("the C client was not compiled; `sidechain host` and `sidechain demo` need it")
        self._manual(build_data)
        build_data["pure_python"] = False
        # Loaded by ctypes, or run: bound to the machine, not to a version of Python.
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def _manual(self, build_data: dict[str, Any]) -> None:
        """The manual page is made of the commands, so only where what they stand on is installed."""
        made = Path(self._made, "sidechain.1")
        command = [sys.executable, "-m", "daemon.cli.manual"]
        page = subprocess.run(command, cwd=self.root, capture_output=True, check=False)
        if page.returncode == 0:
            made.write_bytes(page.stdout)
            build_data.setdefault("shared_data", {})[str(made)] = "share/man/man1/sidechain.1"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if made := getattr(self, "_made", None):
            shutil.rmtree(made, ignore_errors=True)

    def _kernels(self, compiler: str, build_data: dict[str, Any]) -> bool:
        made = Path(self._made, "_kernels.so")
        sources = sorted(map(str, Path(self.root, "audio").glob("*.c")))
        command = [compiler, *FLAGS, "-o", str(made), *sources, "-lm"]
        if subprocess.run(command, check=False).returncode != 0:
            return False
        build_data["force_include"][str(made)] = "audio/_kernels.so"
        return True

    def _client(self, build_data: dict[str, Any]) -> bool:
        make = shutil.which("make")
        source = Path(self.root) / "plugin_protocol/c"
        build = ["-s", "-C", str(source), f"BUILD={self._made}/client", "CFLAGS=-O2", "all"]
        if make is None or subprocess.run([make, *build], check=False).returncode != 0:
            return False
        for name in CLIENT:
            build_data["force_include"][f"{self._made}/client/{name}"] = f"plugin_protocol/c/built/{name}"
        return True
