"""Where the models of a relay lie: a folder that only we may enter. Which they are is audio.models' matter."""

import os
from pathlib import Path

from relay.engine.folders import FILE_MODE, private_folder, sync_folder

ASIDE = ".part"


class ModelFolder:
    """It is made when something is put into it. All methods raise OSError; writing raises FolderOpen. [worker]"""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size_bytes(self, name: str) -> int | None:
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Whole or not at all."""
        private_folder(self.path)
        aside = self.path / (name + ASIDE)
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(self.path / name)
        sync_folder(self.path)

    def remove(self, name: str) -> None:
        (self.path / name).unlink()
        sync_folder(self.path)
