"""What the tray starts, and with which environment."""

import asyncio
import contextlib
import sys
from pathlib import Path

import pytest

import tray.desktop
from tests.support.deadlines import HANG_S
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


async def test_a_take_that_is_silenced_leaves_no_program_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it plays with has a line to us, and the line ends with it."""
    lines: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    server = await asyncio.start_server(lambda *line: lines.put_nowait(line), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    plays = f"import socket; line = socket.create_connection(('127.0.0.1', {port})); line.send(b'plays'); line.recv(1)"
    monkeypatch.setattr(tray.desktop, "command", lambda *_: [sys.executable, "-c", plays])
    async with server, asyncio.timeout(HANG_S):
        task = asyncio.create_task(play_take("t1"))
        line, our_end = await lines.get()
        assert await line.readexactly(5) == b"plays"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with contextlib.suppress(
            ConnectionResetError
        ):  # as Windows ends the lines of a program that is killed
            assert await line.read() == b""
        our_end.close()


async def test_what_cannot_be_played_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tray.desktop, "command", lambda *_: [sys.executable, "-c", "import sys; sys.exit('No PortAudio.')"]
    )
    with pytest.raises(StartFailed, match="No PortAudio"):
        await play_take("t1")
