"""Files read while others may rename and remove them, on Windows as elsewhere."""

import os
from io import BufferedReader
from pathlib import Path

from bridge.system import open_to_read


def open_shared(path: Path) -> BufferedReader:
    """A file to read; Python's own `open` would hold it against who renames or removes it on Windows.

    Links are followed. Raises OSError. [worker]
    """
    return os.fdopen(open_to_read(path.resolve()), "rb")
