"""What each desktop reads to start something at login, as texts: nothing is written here.

systemd.unit(5), the Desktop Entry and Autostart specifications of freedesktop.org, launchd.plist(5).
"""

from collections.abc import Sequence
from enum import StrEnum

FINAL_EXITS = (77, 78)  # a daemon is already running; the configuration is wrong: trying again cannot help
UNIT, DESKTOP_ENTRY, LAUNCH_AGENT = "sidechain.service", "sidechain.desktop", "app.sidechain.daemon.plist"
WATCHDOG_S = 60


class Start(StrEnum):
    """Whether login starts it. other: something of that name is there, and starts another program."""

    ON = "on"
    OFF = "off"
    OTHER = "other"


_UNIT = """\
# User unit: systemctl --user enable --now sidechain.service
# A bare program name is looked up in systemd's own fixed path (/usr/local/bin, /usr/bin, …), not in yours.
[Unit]
Description=Sidechain: keeps the last bars you played
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
ExecStart={command}
Restart=on-failure
RestartSec=2
# 77: a daemon is already running. 78: the configuration is wrong. Trying again cannot help.
RestartPreventExitStatus={final}
# Of its one loop: a daemon that hangs is ended and started again; what is kept stays kept.
WatchdogSec={watchdog_s}
TimeoutStartSec=30
TimeoutStopSec=20
# The daemon ends its worker itself; what is left after it is killed.
KillMode=mixed
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""

_DESKTOP_ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.1
Name=Sidechain
Comment=Keeps the last bars you played
Exec={command}
Icon=sidechain
Terminal=false
NoDisplay=true
StartupNotify=false
X-GNOME-Autostart-enabled=true
"""

_LAUNCH_AGENT = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- UNTESTED. ~/Library/LaunchAgents/app.sidechain.daemon.plist; launchctl bootstrap gui/$UID <this file>
     launchd cannot be told that exit 77 and 78 are final: it tries again every ThrottleInterval seconds. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>app.sidechain.daemon</string>
  <key>ProgramArguments</key>
  <array>
{arguments}
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ProcessType</key>
  <string>Background</string>
  <key>Umask</key>
  <integer>63</integer>
</dict>
</plist>
"""


def unit(command: Sequence[str]) -> str:
    """The systemd user unit that runs `command`. [any]"""
    line = " ".join(_for_systemd(each) for each in command)
    return _UNIT.format(command=line, final=" ".join(map(str, FINAL_EXITS)), watchdog_s=WATCHDOG_S)


def desktop_entry(command: Sequence[str]) -> str:
    """An entry for ~/.config/autostart. [any]"""
    return _DESKTOP_ENTRY.format(command=" ".join(_for_desktop(each) for each in command))


def launch_agent(command: Sequence[str]) -> str:
    """A property list for ~/Library/LaunchAgents. [any]"""
    from xml.sax.saxutils import (
        escape,
    )  # brings an HTTP client along, which costs a start more than all else here

    return _LAUNCH_AGENT.format(
        arguments="\n".join(f"    <string>{escape(each)}</string>" for each in command)
    )


def run_value(command: Sequence[str]) -> str:
    """The value under Windows' Run key. [any]"""
    return " ".join(f'"{each}"' if " " in each else each for each in command)


def state_of(found: str | None, wanted: str) -> Start:
    """found: what stands where `wanted` would; None: nothing does. [any]"""
    return Start.OFF if found is None else Start.ON if found == wanted else Start.OTHER


def _for_systemd(argument: str) -> str:
    """systemd.service(5), "Command lines": % and $ stand for themselves when they are doubled."""
    text = argument.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if any(char in text for char in " \t'\"\\;") else text


def _for_desktop(argument: str) -> str:
    """Desktop Entry specification, "The Exec key"; a value's own backslashes are doubled once more."""
    if not any(char in argument for char in " \t\n\"'\\><~|&;$*?#()`%"):
        return argument
    quoted = "".join("\\" + char if char in '"`$\\' else char for char in argument)
    return f'"{quoted}"'.replace("\\", "\\\\").replace("%", "%%")
