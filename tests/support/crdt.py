"""The library that the studio edits together with, as it is packed: made before a relay is asked for it."""

import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).parents[2] / "packaging/crdt/build.py"
LIMIT_S = 300


def made_library() -> None:
    """`make dev` has made it; where it is not fresh it is made now."""
    subprocess.run([sys.executable, str(BUILD)], check=True, timeout=LIMIT_S, stdout=subprocess.DEVNULL)
