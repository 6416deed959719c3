"""What the tray starts, and with which environment."""

import sys

import pytest

from tray.desktop import StartFailed, clean_environment, start_daemon


def test_children_of_a_frozen_build_get_the_library_path_of_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/opt/lib", "HOME": "/h"}
    assert clean_environment(ours) == {"LD_LIBRARY_PATH": "/opt/lib", "HOME": "/h"}
    assert clean_environment({"LD_LIBRARY_PATH": "/mine"}) == {"LD_LIBRARY_PATH": "/mine"}
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert clean_environment({"LD_LIBRARY_PATH": "/bundle"}) == {"PYINSTALLER_RESET_ENVIRONMENT": "1"}


async def test_a_failed_start_says_the_programs_last_line() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('noise\\nThe lock is held.')"]
    with pytest.raises(StartFailed) as failed:
        await start_daemon(command)
    assert failed.value.said == "The lock is held."
    with pytest.raises(StartFailed):
        await start_daemon(["/nonexistent/sidechain"])
