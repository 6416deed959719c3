"""Where the models of this machine lie. Which they are is audio.models' matter."""

from pathlib import Path

from bridge.system import sync_folder
from daemon.system.files import make_folder, write_durably


class ModelFolder:
    """It is made when something is put into it. All methods raise OSError; writing raises NoSpace. [worker]"""

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
        make_folder(self.path.parent)
        make_folder(self.path)
        write_durably(self.path / name, data)

    def remove(self, name: str) -> None:
        (self.path / name).unlink()
        sync_folder(self.path)
