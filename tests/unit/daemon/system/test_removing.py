"""Folders that are removed while a file of them is read, on a system that renames none then: NTFS is such a one."""

import errno
import os
from pathlib import Path

import pytest

from daemon.system import files
from daemon.system.reading import open_shared

SOUND = b"sound" * 1000


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files, where no folder can be renamed."""
    files.publish_folder(tmp_path / "take", {"take.json": (b"{}",), "take.flac": (SOUND,)})
    rename = os.rename

    def only_files(path: Path, to: Path) -> None:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "access is denied", str(path))
        rename(path, to)

    monkeypatch.setattr(os, "rename", only_files)
    return tmp_path / "take"


def test_it_goes_while_it_is_read_and_is_read_to_its_end(take: Path) -> None:
    with open_shared(take / "take.flac") as sound:
        assert sound.read(5) == b"sound"
        files.remove_folder(take)
        assert not take.exists()
        assert sound.read() == SOUND[5:]
    files.sweep(take.parent)
    assert list(take.parent.iterdir()) == []


def test_a_crash_leaves_no_half_of_it(take: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as crashed, pytest.raises(KeyboardInterrupt):
        crashed.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        files.remove_folder(take)
    assert files.is_gone(take), "nobody takes it for a Take"
    assert "take" in files.sweep(take.parent)
    assert list(take.parent.iterdir()) == []


def test_what_a_stranger_holds_goes_when_it_is_let_go(take: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def held(path: Path, to: Path) -> None:
        if Path(path).name == "take.flac":
            raise PermissionError(errno.EACCES, "it is used by another process", str(path))
        replace(path, to)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", held)
        files.remove_folder(take)
        files.sweep(take.parent)
        assert sorted(path.name for path in take.iterdir()) == [files.GONE, "take.flac"]
        assert files.is_gone(take)
    files.sweep(take.parent)
    assert list(take.parent.iterdir()) == []
