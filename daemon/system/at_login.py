"""Starting the daemon at login: switched on, switched off, looked at, as this desktop has it.

Linux with a systemd of the user's: a user unit. Linux without: an autostart entry of the desktop. macOS: a LaunchAgent, untested.
Windows: a value under the Run key, tried under Wine. Only what belongs to this user is written; what a package has put into
the system's folders is used as it is.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from daemon.core import at_login
from daemon.core.at_login import Start
from daemon.errors import SidechainError, why_of
from daemon.settings.folders import NO_HOME, home_folder
from daemon.system.files import write_durably

SYSTEMCTL_LIMIT_S = 40.0  # a unit that says when it is ready is waited for
PACKAGED_UNITS = (
    Path("/usr/lib/systemd/user"),
    Path("/usr/local/lib/systemd/user"),
    Path("/etc/systemd/user"),
)


class AtLogin(Protocol):
    """One way of starting at login. kind: in words. where: the file or key that says so."""

    kind: str

    @property
    def where(self) -> str: ...

    def state(self) -> Start: ...

    def enable(self) -> None:
        """From now on. Raises SidechainError."""

    def disable(self) -> None:
        """Not any more; a daemon that runs is left running. Raises SidechainError."""

    def start(self) -> bool:
        """Start it now, as login would; False: only login can. Raises SidechainError."""


def at_login_here(command: Sequence[str], env: Mapping[str, str] = os.environ) -> AtLogin:
    """The way of this system. command: what runs a daemon in the foreground. Raises BadConfig without a home."""
    home = home_folder()
    if home is None:
        raise NO_HOME
    way: AtLogin
    if sys.platform == "darwin":
        way = LaunchAgent(home, command)
    elif sys.platform == "win32":
        way = RunKey(command)
    else:
        config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
        runtime = env.get("XDG_RUNTIME_DIR")
        has_systemd = runtime and Path(runtime, "systemd", "private").exists()
        way = UserUnit(config, command) if has_systemd else Autostart(config, command)
    return way


class UserUnit:
    """systemd, of the user's own."""

    kind = "a systemd user unit"

    def __init__(
        self, config: Path, command: Sequence[str], packaged: Sequence[Path] = PACKAGED_UNITS
    ) -> None:
        self._own = config / "systemd" / "user" / at_login.UNIT
        self._command = command
        self._packaged = [folder / at_login.UNIT for folder in packaged]

    @property
    def where(self) -> str:
        return str(self._own)

    def state(self) -> Start:
        asked = _systemctl("is-enabled", at_login.UNIT)
        if asked.returncode != 0:
            return Start.OFF
        return Start.OTHER if self._differs() else Start.ON

    def enable(self) -> None:
        if not any(each.exists() for each in self._packaged):
            _write(self._own, at_login.unit(self._command))
            _required(_systemctl("daemon-reload"))
        _required(_systemctl("enable", at_login.UNIT))

    def disable(self) -> None:
        _systemctl("disable", at_login.UNIT)
        if self._own.exists():
            _remove(self._own)
            _required(_systemctl("daemon-reload"))

    def start(self) -> bool:
        _required(_systemctl("start", at_login.UNIT))
        return True

    def _differs(self) -> bool:
        return self._own.exists() and _text(self._own) != at_login.unit(self._command)


class _File:
    """One file, which the desktop reads at login: what stands in it is all that there is."""

    kind: str

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._text = text

    @property
    def where(self) -> str:
        return str(self._file)

    def state(self) -> Start:
        return at_login.state_of(_text(self._file), self._text)

    def enable(self) -> None:
        _write(self._file, self._text)

    def disable(self) -> None:
        _remove(self._file)

    def start(self) -> bool:
        return False


class Autostart(_File):
    """An entry that the desktop reads at login, where no systemd of the user's runs."""

    kind = "an autostart entry"

    def __init__(self, config: Path, command: Sequence[str]) -> None:
        super().__init__(config / "autostart" / at_login.DESKTOP_ENTRY, at_login.desktop_entry(command))


class LaunchAgent(_File):
    """macOS. UNTESTED: the property list is checked for its keys only."""

    kind = "a LaunchAgent"

    def __init__(self, home: Path, command: Sequence[str]) -> None:
        file = home / "Library" / "LaunchAgents" / at_login.LAUNCH_AGENT
        super().__init__(file, at_login.launch_agent(command))


class RunKey:
    """Windows. Tried under Wine alone."""

    kind = "a value under the Run key"
    KEY, VALUE = r"Software\Microsoft\Windows\CurrentVersion\Run", "Sidechain"

    def __init__(self, command: Sequence[str]) -> None:
        self._text = at_login.run_value(command)

    @property
    def where(self) -> str:
        return rf"HKEY_CURRENT_USER\{self.KEY}\{self.VALUE}"

    def state(self) -> Start:
        return at_login.state_of(self._found(), self._text)

    def enable(self) -> None:
        if sys.platform == "win32":
            import winreg

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, self.KEY) as key:
                winreg.SetValueEx(key, self.VALUE, 0, winreg.REG_SZ, self._text)

    def disable(self) -> None:
        if sys.platform == "win32" and self._found() is not None:
            import winreg

            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, self.KEY, 0, winreg.KEY_SET_VALUE) as key:
                winreg.DeleteValue(key, self.VALUE)

    def start(self) -> bool:
        return False

    def _found(self) -> str | None:
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, self.KEY) as key:
                    return str(winreg.QueryValueEx(key, self.VALUE)[0])
            except OSError:
                return None
        else:
            return None


def _systemctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Raises SidechainError when there is none, or none that answers."""
    command = ["systemctl", "--user", *arguments]
    try:
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=SYSTEMCTL_LIMIT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SidechainError(f"`{' '.join(command)}` does not answer ({why_of(error)}).") from error


def _required(ended: subprocess.CompletedProcess[str]) -> None:
    if ended.returncode != 0:
        said = ended.stderr.strip().splitlines()[-1:] or ["it does not say why"]
        raise SidechainError(f"systemd refused: {said[0].rstrip('.')}.")


def _text(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_durably(file, text.encode())
    except OSError as error:
        raise SidechainError(f"{file} cannot be written: {why_of(error)}.", "Mend that first.") from error


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise SidechainError(f"{file} cannot be removed: {why_of(error)}.", "Mend that first.") from error
