"""A file shown in the file manager: by the bus where one answers, else by xdg-open."""

from pathlib import Path
from typing import Annotated

import pytest
from dbus_fast.annotations import DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method

from daemon.errors import SidechainError
from daemon.system.file_manager import show_file
from tests.support.dbus import connect, session_bus
from tests.support.whole import short_folder


class FileManager(ServiceInterface):
    """org.freedesktop.FileManager1 that notes what it is to show."""

    def __init__(self) -> None:
        super().__init__("org.freedesktop.FileManager1")
        self.shown: list[str] = []

    @dbus_method(name="ShowItems")
    def _show(self, uris: Annotated[list[str], DBusSignature("as")], startup: DBusStr) -> None:
        self.shown += uris


def opener(folder: Path, script: str) -> Path:
    """A folder with an xdg-open of that script."""
    folder.mkdir()
    path = folder / "xdg-open"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return folder


async def test_the_file_manager_on_the_bus_selects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with short_folder() as folder:
        async with session_bus(folder) as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            manager, bus = FileManager(), await connect(address)
            bus.export("/org/freedesktop/FileManager1", manager)
            await bus.request_name("org.freedesktop.FileManager1")
            await show_file(Path("/a folder/Läufe · 1.wav"))
            bus.disconnect()
    assert manager.shown == ["file:///a%20folder/L%C3%A4ufe%20%C2%B7%201.wav"]


async def test_without_one_the_folder_is_opened_or_a_sentence_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.setenv("PATH", f"{opener(tmp_path / 'a', f'echo $1 > {tmp_path}/opened')}")
    await show_file(tmp_path / "exports" / "a.wav")
    assert (tmp_path / "opened").read_text().strip() == str(tmp_path / "exports")
    monkeypatch.setenv("PATH", f"{opener(tmp_path / 'b', 'echo no browser >&2; exit 3')}")
    with pytest.raises(SidechainError, match="no browser"):
        await show_file(tmp_path / "a.wav")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SidechainError, match="No file manager opens"):
        await show_file(tmp_path / "a.wav")
