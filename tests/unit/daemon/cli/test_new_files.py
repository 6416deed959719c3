"""What commands write where people say: nothing is overwritten by accident, and nothing is left half-written."""

import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from daemon.cli import new_files
from daemon.cli.new_files import longest_stem, write_files
from daemon.errors import NoSpace, SidechainError, UsageError

# On Windows they need a right that few have.
LINKS_BY_NAME = () if sys.platform == "win32" else ("symbolic link", "dangling link")
FILES = {"a.mp3": b"sound", "a.svg": b"picture", "a.json": b"peaks"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("force", [True, False])
def test_all_are_written_and_nothing_else(tmp_path: Path, force: bool) -> None:
    write_files(tmp_path / "new" / "folder", FILES, force=force)
    assert contents(tmp_path / "new" / "folder") == FILES


@pytest.mark.parametrize("how", ["file", "hard link", *LINKS_BY_NAME])
def test_a_name_that_is_taken_is_refused_and_force_replaces_the_name_only(tmp_path: Path, how: str) -> None:
    out, master = tmp_path / "out", tmp_path / "master.svg"
    out.mkdir()
    master.write_bytes(b"a year of work")
    taken = out / "a.svg"
    match how:
        case "file":
            taken.write_bytes(b"other")
        case "symbolic link":
            taken.symlink_to(master)
        case "hard link":
            taken.hardlink_to(master)
        case "dangling link":
            taken.symlink_to(tmp_path / "not there")
    with pytest.raises(UsageError, match=r"a\.svg (exists|is a link).*--force"):
        write_files(out, FILES, force=False)
    assert [path.name for path in out.iterdir()] == ["a.svg"] and not (tmp_path / "not there").exists()
    write_files(out, FILES, force=True)
    assert contents(out) == FILES and not taken.is_symlink()
    assert master.read_bytes() == b"a year of work" and not (tmp_path / "not there").exists()


def test_the_same_bytes_are_no_collision(tmp_path: Path) -> None:
    write_files(tmp_path, FILES, force=False)
    before = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    write_files(tmp_path, FILES, force=False)
    assert {path: path.stat().st_ino for path in tmp_path.iterdir()} == before


def test_a_folder_in_the_way_is_no_file_to_replace(tmp_path: Path) -> None:
    (tmp_path / "a.svg").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        write_files(tmp_path, FILES, force=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="not a folder"):
        write_files(tmp_path / "file", FILES, force=True)


@pytest.mark.parametrize("call", ["fsync", "link", "create_private"])
@pytest.mark.parametrize("after", range(3))
@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, NoSpace), (errno.EDQUOT, NoSpace), (errno.EIO, SidechainError)]
)
def test_a_failure_at_any_step_leaves_nothing_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    after: int,
    number: int,
    kind: type[SidechainError],
) -> None:
    place = new_files if call == "create_private" else os
    real, calls = getattr(place, call), 0

    def failing(*arguments: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **more)

    monkeypatch.setattr(place, call, failing)
    with pytest.raises(kind):
        write_files(tmp_path / "out", FILES, force=False)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_hard_links_is_written_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refused)
    write_files(tmp_path, FILES, force=False)
    assert contents(tmp_path) == FILES


@pytest.mark.parametrize("stem", ["short", "x" * 400, "ü" * 200, "🎛" * 100])
def test_a_long_name_is_cut_to_what_the_folder_can_hold(tmp_path: Path, stem: str) -> None:
    cut = longest_stem(stem, ".peaks.4096.dat", tmp_path / "not there yet")
    assert (stem.startswith(cut) and len(cut) >= 50) or cut == stem
    write_files(tmp_path, {cut + ".peaks.4096.dat": b"x"}, force=False)


def test_what_cannot_be_written_to_its_end_leaves_nothing(tmp_path: Path) -> None:
    def breaks_off(file: BinaryIO) -> None:
        file.write(b"half of it")
        raise SidechainError("The sound of this take is missing.", "Restore it.")

    def whole(file: BinaryIO) -> None:
        file.write(b"all of it")

    with pytest.raises(SidechainError, match="is missing"):
        write_files(tmp_path / "set", {"a.wav": whole, "b.wav": breaks_off, "set.json": b"{}"}, force=False)
    assert not (tmp_path / "set").exists()
    write_files(tmp_path / "set", {"a.wav": whole, "set.json": b"{}"}, force=False)
    assert contents(tmp_path / "set") == {"a.wav": b"all of it", "set.json": b"{}"}
