"""Build hook of the wheel: compiles audio/kernels.c into it where there is a C compiler.

Without one the wheel is the same, only slower: audio/kernels/portable.py computes the same figures in numpy.
"""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ["-O3", "-ffp-contract=off", "-shared", "-fPIC"]


class KernelsHook(BuildHookInterface[Any]):
    """Named in pyproject.toml; hatchling calls `initialize` before it packs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compiler = os.environ.get("CC") or shutil.which("cc")
        if version == "editable" or compiler is None:  # a checkout builds it by `make native`
            return
        audio = Path(self.root) / "audio"
        command = [compiler, *FLAGS, "-o", str(audio / "_kernels.so"), str(audio / "kernels.c"), "-lm"]
        if subprocess.run(command, check=False).returncode != 0:
            print("audio/kernels.c was not compiled; the wheel computes in numpy")
            return
        build_data["artifacts"].append("/audio/_kernels.so")
        build_data["pure_python"] = False
        # Loaded by ctypes: bound to the machine, not to a version of Python.
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
