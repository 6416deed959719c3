"""What packages and installers rely on: unit, entries, agents, names. The built folder is tried by packaging/."""

import configparser
import contextlib
import importlib.util
import io
import plistlib
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.crdt import made_library
from tests.support.deadlines import HANG_S

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
STUDIO = "relay/app/site/static/crdt/library.js"
OURS = ("audio", "bridge", "daemon", "plugin_protocol", "relay", "sandbox", "tray")


def ini(path: Path) -> configparser.ConfigParser:
    """Strict reading: no key or section twice, names keep their case, no interpolation."""
    parser = configparser.ConfigParser(strict=True, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment]  # its documented use
    parser.read_string(path.read_text())
    return parser


# start at login -----------------------------------------------------------------------------------------------


def test_the_unit_waits_for_ready_and_does_not_restart_what_cannot_be_helped() -> None:
    unit = ini(PACKAGING / "systemd/sidechain.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["ExecStart"] == "sidechain up"
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"].split() == ["77", "78"]
    assert int(unit["Unit"]["StartLimitBurst"]) * int(service["RestartSec"]) < int(
        unit["Unit"]["StartLimitIntervalSec"]
    )
    assert unit["Install"]["WantedBy"] == "default.target"


def test_those_exit_codes_are_the_daemons_own() -> None:
    from daemon.errors import AlreadyRunning, BadConfig
    from tray.__main__ import EXIT_ALREADY_SHOWN

    assert (AlreadyRunning.exit_code, BadConfig.exit_code) == (77, 78)
    assert AlreadyRunning.exit_code == EXIT_ALREADY_SHOWN


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """With systemd-analyze where there is one; its only complaint would be that sidechain is not installed."""
    text = (PACKAGING / "systemd/sidechain.service").read_text()
    assert not re.search(r"(?m)^(?!\[|#|$|[A-Za-z]+=\S)", text), "every line is a section, a key or a comment"
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        unit = tmp_path / "sidechain.service"
        unit.write_text(text.replace("ExecStart=sidechain", "ExecStart=/bin/true"))
        done = subprocess.run(
            [analyze, "verify", "--user", str(unit)],
            env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        complaints = [line for line in done.stderr.splitlines() if "sidechain.service" in line]
        assert complaints == []


def test_the_relays_unit_is_accepted_and_closed_to_all_it_does_not_need(tmp_path: Path) -> None:
    text = (PACKAGING / "systemd/sidechain-relay.service").read_text()
    assert len(re.findall(r"(?m)^ExecStart=sidechain relay serve ", text)) == 1, (
        "the package writes its own program there"
    )
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        unit = tmp_path / "sidechain-relay.service"
        unit.write_text(text.replace("ExecStart=sidechain", "ExecStart=/bin/true"))
        done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
        assert "sidechain-relay.service" not in done.stderr
        security = [analyze, "security", "--offline=true", "--threshold=40", str(unit)]
        done = subprocess.run(security, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout  # more exposed than 4.0 of 10


@pytest.mark.parametrize(
    "script", sorted(PACKAGING.glob("debian*/*")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_what_dpkg_runs_is_a_script_that_a_plain_shell_reads(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def test_the_launch_agent_restarts_only_after_a_failure() -> None:
    agent = plistlib.loads((PACKAGING / "launchd/app.sidechain.daemon.plist").read_bytes())
    assert agent["Label"] == "app.sidechain.daemon"
    assert agent["ProgramArguments"][1:] == ["up"]
    assert agent["RunAtLoad"] is True and agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["ThrottleInterval"] == 10 and agent["Umask"] == 0o077


@pytest.mark.parametrize("name", ["sidechain.desktop", "sidechain-tray.desktop"])
def test_desktop_entries_have_what_the_specification_requires(name: str) -> None:
    """Desktop Entry Specification 1.1 (the first with actions); desktop-file-validate is not everywhere."""
    entry = ini(PACKAGING / "xdg" / name)
    main = entry["Desktop Entry"]
    assert entry.sections()[0] == "Desktop Entry"
    assert (main["Type"], main["Version"]) == ("Application", "1.1")
    assert main["Name"] and main["Icon"] == "sidechain"
    assert main["Exec"] == "sidechain tray" and main["TryExec"] == "sidechain"
    booleans = [main[key] for key in ("Terminal", "NoDisplay", "StartupNotify", "Hidden") if key in main]
    assert set(booleans) <= {"true", "false"}
    for key in ("Categories", "Keywords", "Actions"):
        assert main.get(key, ";").endswith(";")
    actions = [action for action in main.get("Actions", "").split(";") if action]
    assert entry.sections()[1:] == [f"Desktop Action {action}" for action in actions]
    assert all(set(entry[section]) <= {"Name", "Icon", "Exec"} for section in entry.sections()[1:])


def test_every_command_that_packages_start_exists() -> None:
    from typer.main import get_command

    from daemon.cli.main import build

    known = set(get_command(build()).commands)  # type: ignore[attr-defined]  # a group
    entry = ini(PACKAGING / "xdg/sidechain.desktop")
    started = {section["Exec"].split()[1] for section in entry.values() if "Exec" in section}
    container = (PACKAGING / "container/Containerfile").read_text()
    assert started == {"tray", "keep", "up", "down"}
    assert started <= known
    assert re.findall(r'"-m", "(\w+)"\]', container) == ["relay"] and (ROOT / "relay/__main__.py").exists()


def test_the_icons_that_packages_install_are_drawn_from_the_trays_own() -> None:
    from tray.icons import svg
    from tray.model import Icon

    assert all(ElementTree.fromstring(svg(icon)).tag.endswith("svg") for icon in Icon)


# names --------------------------------------------------------------------------------------------------------


def test_our_packaging_folder_never_hides_the_library_of_that_name() -> None:
    """As a package, it would win over PyPA's `packaging`, and building from the repository's root would die."""
    assert list(PACKAGING.rglob("__init__.py")) == []
    spec = importlib.util.find_spec("packaging")
    assert spec is not None and spec.origin is not None
    assert not Path(spec.origin).is_relative_to(PACKAGING)


@pytest.mark.parametrize("name", OURS)
def test_our_packages_belong_to_nobody_else(name: str) -> None:
    """python-daemon, among others, installs a package of one of these names: installed together, one breaks."""
    assert set(packages_distributions().get(name, ["sidechain"])) == {"sidechain"}
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin == str(ROOT / name / "__init__.py")


def test_the_wheel_holds_our_six_packages_and_one_command(tmp_path: Path) -> None:
    made_library()
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=HANG_S)
    (wheel,) = tmp_path.glob("sidechain-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entries,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
        assert archive.read(entries).decode().split() == [
            "[console_scripts]",
            "sidechain",
            "=",
            "daemon.cli.main:run",
        ]
        assert archive.getinfo("plugin_protocol/c/built/sidechain-play").external_attr >> 16 & 0o111, (
            "it is run"
        )
    (manual,) = (name for name in names if ".data/" in name)
    assert manual.endswith("share/man/man1/sidechain.1")
    ours = {name.split("/")[0] for name in names if ".dist-info/" not in name and name != manual}
    assert ours == set(OURS)
    assert {"audio/_kernels.so", "plugin_protocol/c/built/libsidechain.so", STUDIO} <= set(names)


@pytest.mark.parametrize("name", ["build.py", "relay_deb.py", "try_wheel.py"])
def test_what_makes_a_package_makes_what_the_studio_edits_together_with(name: str) -> None:
    """Git ignores that file, so a checkout may lack it, and a package without it looks whole."""
    assert "crdt/build.py" in (PACKAGING / name).read_text("utf-8")


def test_a_wheel_without_it_says_so(tmp_path: Path) -> None:
    """Of a checkout in which nothing was made; where there is no C compiler either, which spares the test one."""
    hook = runpy.run_path(str(PACKAGING / "build_kernels.py"))["KernelsHook"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.MonkeyPatch.context() as patched:
        patched.delenv("CC", raising=False)
        patched.setattr(shutil, "which", lambda _: None)
        hook(str(tmp_path), {}, None, None, str(tmp_path), "wheel").initialize("standard", {})
    assert STUDIO in said.getvalue() and "make crdt" in said.getvalue()


# the frozen build ---------------------------------------------------------------------------------------------


def test_every_library_that_asks_for_it_is_named_in_the_notices() -> None:
    notices = (PACKAGING / "licenses/NOTICES.md").read_text()
    for name in ("LAME", "lameenc", "libsoxr", "libsndfile", "mpg123", "libzmq"):
        assert name in notices
    for text in re.findall(r"[\w.-]+\.txt", notices):
        assert (PACKAGING / "licenses" / text).stat().st_size > 20_000


@pytest.mark.parametrize(
    ("name", "parts"), [("sidechain", OURS), ("sidechain-relay", ("audio", "relay", "sandbox"))]
)
def test_a_build_has_the_files_that_its_packages_read(name: str, parts: tuple[str, ...]) -> None:
    """A frozen relay that could not find the source by which its kit is known did not start."""
    spec = (PACKAGING / f"pyinstaller/{name}.spec").read_text()
    collected = set(re.findall(r'collect_data_files\("([\w.]+)"', spec))
    sources = [file for part in parts for file in (ROOT / part).rglob("*.py")]
    read = {
        each for file in sources for each in re.findall(r'resources\.files\("([\w.]+)"\)', file.read_text())
    }
    assert "audio.score" in read
    assert {each for each in read if each not in collected and each.split(".")[0] not in collected} == set()


def test_the_build_includes_all_that_is_ours_and_starts_each_part_by_name() -> None:
    spec = (PACKAGING / "pyinstaller/sidechain.spec").read_text()
    (ours,) = re.findall(r"^OURS = \((.*)\)$", spec, re.MULTILINE)
    assert set(re.findall(r'"([\w.]+)"', ours)) == set(OURS)
    entry = (PACKAGING / "pyinstaller/entry.py").read_text()
    for source in (file for part in OURS for file in (ROOT / part).rglob("*.py")):
        for started in re.findall(r'(?:"-m",|_spawn\()\s*"(\w+)', source.read_text()):
            assert f'"{started}"' in entry, f"{source} starts {started}, which the frozen program does not"


# builds of people -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["plugin_protocol/c", "plugin"])
def test_a_warning_is_an_error_to_us_and_none_to_who_only_wants_to_play(folder: str, tmp_path: Path) -> None:
    """Ubuntu's compiler warned of what Debian's did not, and `make setup` ended there."""

    def commands(*more: str) -> str:
        told = ["make", "-n", "-C", str(ROOT / folder), f"BUILD={tmp_path}", *more, "all"]
        return subprocess.run(
            told, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
        ).stdout

    assert "-Wall" in commands() and "-Werror" not in commands()
    assert "-Werror" in commands("STRICT=1")
