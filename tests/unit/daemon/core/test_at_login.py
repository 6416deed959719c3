"""What each desktop reads to start the daemon: programs and arguments come back as they were, whatever their names hold."""

import configparser
import plistlib
import re
from pathlib import Path

import pytest

from daemon.core.at_login import FINAL_EXITS, Start, desktop_entry, launch_agent, run_value, state_of, unit
from daemon.errors import AlreadyRunning, BadConfig

PACKAGING = Path(__file__).parents[4] / "packaging"
ODD = [
    ["/usr/bin/sidechain", "up"],
    ["/home/a b/.venv/bin/python", "-m", "daemon", "up"],
    ['/opt/50% off/$HOME/`x`/"quoted"/back\\slash', "up"],
]


def test_packages_carry_the_same_texts() -> None:
    assert (PACKAGING / "systemd/sidechain.service").read_text("utf-8") == unit(["sidechain", "up"])
    agent = launch_agent(["/usr/local/bin/sidechain", "up"])
    assert (PACKAGING / "launchd/app.sidechain.daemon.plist").read_text("utf-8") == agent
    assert (AlreadyRunning.exit_code, BadConfig.exit_code) == FINAL_EXITS


def words(line: str) -> list[str]:
    """An oracle: what stands in quotes is one word, and a backslash in them takes the next sign as it is."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted else plain for quoted, plain in found]


@pytest.mark.parametrize("command", ODD)
def test_what_is_written_is_read_as_the_same_words(command: list[str]) -> None:
    (line,) = re.findall(r"(?m)^ExecStart=(.*)$", unit(command))
    assert [each.replace("%%", "%").replace("$$", "$") for each in words(line)] == command
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(desktop_entry(command))
    value = parser["Desktop Entry"]["Exec"].replace("\\\\", "\\")  # the escape of every value, first
    assert [each.replace("%%", "%") for each in words(value)] == command
    assert plistlib.loads(launch_agent(command).encode())["ProgramArguments"] == command
    assert run_value(["C:\\A B\\sidechain.exe", "up"]) == '"C:\\A B\\sidechain.exe" up'


def test_another_program_under_our_name_is_told_from_ours() -> None:
    wanted = desktop_entry(["/new/sidechain", "up"])
    found = [None, wanted, desktop_entry(["/old/sidechain", "up"])]
    assert [state_of(each, wanted) for each in found] == [Start.OFF, Start.ON, Start.OTHER]
