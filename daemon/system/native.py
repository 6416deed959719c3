"""Where the native parts lie: in the package, in this checkout's build, in the wheel, or on the PATH."""

import os
import shutil
import sys
from pathlib import Path

from daemon.errors import SidechainError

CLIENT_LIBRARY = "libsidechain.so"
PLAY = "sidechain-play"


def native_part(name: str, variable: str = "") -> Path:
    """variable: of the environment, that names another. Raises SidechainError."""
    top = Path(__file__).resolve().parents[2]
    candidates = (
        os.environ.get(variable) if variable else None,
        Path(sys.executable).with_name(name),
        top / ".build/native" / name,
        top / "plugin_protocol/c/built" / name,
        shutil.which(name),
    )
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise SidechainError(f"The native part {name} is not built.", "In a checkout, run `make native`.")
