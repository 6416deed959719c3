"""The parts of the sandbox that this machine has."""

import subprocess
import sys
from pathlib import Path

from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S


def in_force(*before: str) -> set[str]:
    """What the sandbox's own program says, run behind `before`."""
    ran = subprocess.run(
        [*before, sys.executable, "-m", "sandbox.process"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return set(ran.stdout.split())
