"""What the tray starts, and with which environment."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

import tray.desktop
from tray.desktop import StartFailed, clean_environment, diagnose, play_take, said_by_doctor, start_daemon


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


def test_what_the_doctor_found_is_one_sentence() -> None:
    well = "ok        settings: None.\nnote      tray: none.\n"
    assert said_by_doctor(well) == "Sidechain was checked: all is well."
    ill = "ok        a: Well.\nPROBLEM   disk: It is full. Free some.\nPROBLEM   relay: Away.\n"
    assert said_by_doctor(ill) == "disk: It is full. Free some. And 1 more."


async def test_what_the_doctor_says_is_kept_and_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown: list[str] = []

    async def show(what: str) -> None:
        shown.append(what)

    said = "import sys; print('PROBLEM   disk: It is full.'); sys.exit(2)"
    monkeypatch.setattr(tray.desktop, "command", lambda *_: [sys.executable, "-c", said])
    monkeypatch.setattr(tray.desktop, "_show", show)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert await diagnose() == "disk: It is full."
    assert Path(shown[0]).read_text() == "PROBLEM   disk: It is full.\n"


async def test_a_take_that_is_silenced_leaves_no_program_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    plays = f"import os, signal; open({str(fifo)!r}, 'w').write(str(os.getpid())); signal.pause()"
    monkeypatch.setattr(tray.desktop, "command", lambda *_: [sys.executable, "-c", plays])
    task = asyncio.create_task(play_take("t1"))
    pid = int(await asyncio.to_thread(fifo.read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_cannot_be_played_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tray.desktop, "command", lambda *_: [sys.executable, "-c", "import sys; sys.exit('No PortAudio.')"]
    )
    with pytest.raises(StartFailed, match="No PortAudio"):
        await play_take("t1")
