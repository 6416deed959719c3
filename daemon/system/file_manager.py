"""The system's file manager: shows a file, selected where that is possible, to be dragged from there."""

import asyncio
import sys
from pathlib import Path

from daemon.errors import SidechainError
from daemon.system.children import run_and_leave

ANSWER_LIMIT_S = 5.0
_COMMANDS = {"darwin": ("open", "-R"), "win32": ("explorer", "/select,")}


async def show_file(path: Path) -> None:
    """Raises SidechainError when no file manager opens. [loop]

    By org.freedesktop.FileManager1 (File Manager DBus Interface), which selects the file; where nobody answers to that, the
    folder by xdg-open.
    """
    if sys.platform not in _COMMANDS and await _shown_over_dbus(path):
        return
    command = (
        [*_COMMANDS[sys.platform], str(path)] if sys.platform in _COMMANDS else ["xdg-open", str(path.parent)]
    )
    try:
        ended = await run_and_leave(command, ANSWER_LIMIT_S)
    except OSError as error:
        raise _not_shown(command, error.strerror or str(error), path) from error
    if ended and ended.code != 0:
        why = ended.err.decode(errors="replace").strip() or f"it ended with {ended.code}"
        raise _not_shown(command, why, path)


def _not_shown(command: list[str], why: str, path: Path) -> SidechainError:
    return SidechainError(f"No file manager opens: {command[0]}: {why}.", f"The file is {path}.")


async def _shown_over_dbus(path: Path) -> bool:
    from dbus_fast import Message, MessageType
    from dbus_fast.aio import MessageBus

    show = Message(
        destination="org.freedesktop.FileManager1",
        path="/org/freedesktop/FileManager1",
        interface="org.freedesktop.FileManager1",
        member="ShowItems",
        signature="ass",
        body=[[path.as_uri()], ""],
    )
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            bus = await MessageBus().connect()
            try:
                reply = await bus.call(show)
            finally:
                bus.disconnect()
    except Exception:  # no bus, an address that is none, a bus that breaks off: then by the command
        return False
    return reply is not None and reply.message_type is MessageType.METHOD_RETURN
