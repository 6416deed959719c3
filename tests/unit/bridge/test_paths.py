import os
from pathlib import Path

import pytest

from bridge.errors import RunDirRefused
from bridge.paths import check_run_dir, prepare_run_dir, run_dir


@pytest.mark.parametrize(
    ("env", "user_dir", "expected"),
    [
        ({"SIDECHAIN_RUN_DIR": "/own", "XDG_RUNTIME_DIR": "/run/x"}, True, "/own"),
        ({"SIDECHAIN_RUN_DIR": "", "XDG_RUNTIME_DIR": "/run/x"}, True, "/run/x/sidechain"),
        ({"XDG_RUNTIME_DIR": ""}, True, "/run/user/7/sidechain"),
        ({}, False, "/dev/shm/sidechain-7"),
    ],
)
def test_the_first_place_that_applies_is_taken(env: dict[str, str], user_dir: bool, expected: str) -> None:
    assert run_dir(env, 7, lambda _: user_dir) == Path(expected)


def test_a_missing_directory_is_made_private_whatever_the_umask(tmp_path: Path) -> None:
    for umask in (0o000, 0o777):
        before = os.umask(umask)
        try:
            made = prepare_run_dir(tmp_path / f"run{umask}")
        finally:
            os.umask(before)
        assert made.stat().st_mode & 0o7777 == 0o700
        assert prepare_run_dir(made) == made


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o770, 0o777])
def test_a_directory_open_to_others_is_refused_and_not_repaired(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "run"
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(RunDirRefused, match="open to other users"):
        prepare_run_dir(path)
    assert path.stat().st_mode & 0o777 == mode


def test_links_files_and_impossible_places_are_refused(tmp_path: Path) -> None:
    real = prepare_run_dir(tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "file").touch()
    for name in ("link", "file", "file/below"):
        with pytest.raises(RunDirRefused):
            prepare_run_dir(tmp_path / name)


def test_a_missing_directory_is_an_error_to_who_only_looks(tmp_path: Path) -> None:
    with pytest.raises(RunDirRefused, match="cannot be used"):
        check_run_dir(tmp_path / "none")


def test_a_foreign_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = prepare_run_dir(tmp_path / "run")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(RunDirRefused, match="belongs to user"):
        check_run_dir(path)


def test_a_name_too_long_for_a_socket_is_refused_before_a_socket_fails(tmp_path: Path) -> None:
    room = 107 - len("/control.sock") - len(os.fsencode(tmp_path)) - 1
    assert prepare_run_dir(tmp_path / ("x" * room))
    with pytest.raises(RunDirRefused, match="108 of 107 bytes"):
        prepare_run_dir(tmp_path / ("x" * (room + 1)))
