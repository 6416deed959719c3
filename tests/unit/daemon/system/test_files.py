"""Durable files: whole or absent, and nothing half-written is ever taken for a file."""

import errno
import os
from pathlib import Path

import pytest

from daemon.errors import NoSpace
from daemon.system import files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    files.write_durably(tmp_path / "a", b"one")
    files.write_durably(tmp_path / "a", b"tw", b"o")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_folder_appears_with_all_its_files(tmp_path: Path) -> None:
    files.publish_folder(tmp_path / "take", {"x": (b"1", b"2"), "y": (b"3",)})
    assert {p.name: p.read_bytes() for p in (tmp_path / "take").iterdir()} == {"x": b"12", "y": b"3"}


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="input/output"):
        files.publish_folder(tmp_path / "take", {"x": (b"1",)})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(NoSpace, match="disk is full"):
        files.write_durably(tmp_path / "a", b"one")


def test_the_sweep_takes_only_what_was_half_written(tmp_path: Path) -> None:
    files.publish_folder(tmp_path / "take", {"x": (b"1",)})
    (tmp_path / ".tmp-other").mkdir()
    (tmp_path / ".tmp-file").write_bytes(b"")
    (tmp_path / "take" / ".tmp-1-x").write_bytes(b"")
    assert sorted(files.sweep(tmp_path)) == [".tmp-1-x", ".tmp-file", ".tmp-other"]
    assert [p.name for p in (tmp_path / "take").iterdir()] == ["x"]
    assert [p.name for p in tmp_path.iterdir()] == ["take"]


def test_a_removed_folder_is_gone_whole(tmp_path: Path) -> None:
    files.publish_folder(tmp_path / "take", {"x": (b"1",)})
    files.remove_folder(tmp_path / "take")
    files.remove_folder(tmp_path / "take")
    assert list(tmp_path.iterdir()) == []
