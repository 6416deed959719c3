"""The command line as people and programs use it: real processes, exit codes, JSON."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from bridge.control import Failed
from daemon.cli.groove import groove
from daemon.cli.main import build
from daemon.cli.output import error_of
from daemon.errors import EXIT_CODES, RelayRefused, SidechainError
from tests.support.deadlines import HANG_S

ROOT = Path(__file__).parents[2]


def sidechain(tmp_path: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = (
        os.environ
        | {
            "SIDECHAIN_CONFIG": str(tmp_path / "config.toml"),
            "SIDECHAIN_RUN_DIR": str(tmp_path / "run"),
            "SIDECHAIN_DATA_DIR": str(tmp_path / "data"),
            "SIDECHAIN_CREDENTIAL_STORE": "file",
        }
        | more
    )
    return subprocess.run(
        [sys.executable, "-m", "daemon", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )


def test_process_prints_one_object_and_writes_what_it_names(tmp_path: Path) -> None:
    clip = groove(128.0, 2, 44_100)
    soundfile.write(tmp_path / "idea.wav", clip, 44_100, subtype="FLOAT")
    done = sidechain(
        tmp_path, "process", str(tmp_path / "idea.wav"), "--out", str(tmp_path / "made"), "--json"
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    wanted = "frames sample_rate_hz lufs_in lufs_out dbtp_out gain_db loudness_reason bpm key mp3 flac waveform_svg"
    assert set(wanted.split()) <= set(result)
    assert (result["frames"], result["sample_rate_hz"]) == (len(clip), 44_100)
    assert result["bpm"] == pytest.approx(128.0, rel=0.01) and result["bpm_source"] in ("length", "audio")
    assert result["dbtp_out"] <= -1.0
    for kind in ("mp3", "flac"):
        decoded, rate_hz = soundfile.read(tmp_path / "made" / result[kind])
        assert (len(decoded), rate_hz) == (len(clip), 44_100), kind
    assert (tmp_path / "made" / result["waveform_svg"]).read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("content", "word"), [(b"not audio at all", "idea.wav"), (b"", "idea.wav"), (None, "cannot be read")]
)
def test_what_is_no_audio_is_a_sentence_and_exit_code_8(
    tmp_path: Path, content: bytes | None, word: str
) -> None:
    if content is not None:
        (tmp_path / "idea.wav").write_bytes(content)
    done = sidechain(tmp_path, "process", str(tmp_path / "idea.wav"), "--out", str(tmp_path / "made"))
    assert done.returncode == 8
    assert word in done.stderr and "Traceback" not in done.stderr


def test_the_source_is_never_written_over(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "idea.flac", np.zeros((1000, 2)), 44_100)
    before = (tmp_path / "idea.flac").read_bytes()
    assert sidechain(tmp_path, "process", str(tmp_path / "idea.flac"), "--out", str(tmp_path)).returncode == 0
    assert (tmp_path / "idea.flac").read_bytes() == before


def test_without_a_daemon_commands_say_how_to_start_it(tmp_path: Path) -> None:
    done = sidechain(tmp_path, "status")
    assert done.returncode == 3
    assert "sidechain up" in done.stderr
    error = json.loads(sidechain(tmp_path, "status", "--json").stdout)["error"]
    assert error["code"] == "not_running"


def test_a_daemon_comes_up_answers_and_goes_down(tmp_path: Path) -> None:
    assert sidechain(tmp_path, "up", "--detach").returncode == 0
    try:
        second = sidechain(tmp_path, "up")
        assert (second.returncode, "already runs" in second.stderr) == (77, True)
        status = json.loads(sidechain(tmp_path, "status", "--json").stdout)
        assert (status["state"], status["takes"], status["instances"]) == ("no_relay", 0, [])
        nothing = sidechain(tmp_path, "keep", "--bars", "8")
        assert (nothing.returncode, "No plugin is connected" in nothing.stderr) == (7, True)
        assert sidechain(tmp_path, "post").returncode == 7
    finally:
        assert sidechain(tmp_path, "down").returncode == 0
    assert sidechain(tmp_path, "status").returncode == 3


def test_a_daemon_whose_run_folder_was_removed_is_found_again(tmp_path: Path) -> None:
    assert sidechain(tmp_path, "up", "--detach").returncode == 0
    try:
        shutil.rmtree(tmp_path / "run")
        until_s = time.monotonic() + HANG_S
        while sidechain(tmp_path, "status").returncode != 0:
            assert time.monotonic() < until_s
        assert sidechain(tmp_path, "up").returncode == 77
    finally:
        assert sidechain(tmp_path, "down").returncode == 0


def test_a_wrong_flag_stops_the_start_with_exit_code_78(tmp_path: Path) -> None:
    done = sidechain(tmp_path, "up", "--log-level", "loud")
    assert done.returncode == 78
    assert "log_level" in done.stderr


@pytest.mark.parametrize(
    ("text", "env", "told"),
    [
        ("default_bars = 1000", {}, "default_bars must be at most 64"),
        ("default_bars = = 4", {}, "cannot be read"),
        ("", {"NOTIFY_SOCKET": "/nowhere/notify"}, ""),
        ("", {"NOTIFY_SOCKET": "x" * 200}, ""),
        ("", {"SIDECHAIN_RELAY_URL": "https://relay.invalid", "ALL_PROXY": "socks5://127.0.0.1:1"}, ""),
        ("", {"SIDECHAIN_RELAY_URL": "https://relay.invalid", "SSL_CERT_FILE": "/nowhere.pem"}, ""),
    ],
)
def test_extras_never_stop_the_start(tmp_path: Path, text: str, env: dict[str, str], told: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    up = sidechain(tmp_path, "up", "--detach", **env)
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        status = json.loads(sidechain(tmp_path, "status", "--json", **env).stdout)
        assert any(told in notice for notice in [*status["notices"], ""] if told) or not told
    finally:
        assert sidechain(tmp_path, "down").returncode == 0


WITHOUT_HOME = """
import os, pwd, sys
def nobody(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
os.environ.pop("HOME", None)
pwd.getpwuid = nobody
from daemon.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "words", ["status", "config", "config path", "takes", "doctor --bundle made.zip", "keep"]
)
def test_a_user_without_a_home_gets_sentences(tmp_path: Path, words: str) -> None:
    """As in a container with a number for a user: neither HOME nor a line in the list of users."""
    folders = {"SIDECHAIN_" + name: str(tmp_path / name) for name in ("CONFIG", "DATA_DIR", "RUN_DIR")}
    bare = {name: text for name, text in os.environ.items() if not name.startswith(("SIDECHAIN_", "XDG_"))}
    for env in (bare, bare | folders):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_HOME, *words.split()],
            env=env | {"PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert ("Set HOME" in done.stderr) == (env is bare), done.stderr
        assert done.returncode == 78 if env is bare else done.returncode != 70


def test_a_folder_that_cannot_be_made_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for detach in ([], ["--detach"]):
        done = sidechain(tmp_path, "up", *detach, "--data-dir", str(tmp_path / "file" / "data"))
        assert done.returncode == 1
        assert "data_dir" in done.stderr and "Traceback" not in done.stderr


def test_a_terminal_that_knows_only_ascii_gets_its_answer(tmp_path: Path) -> None:
    done = sidechain(tmp_path, "config", PYTHONIOENCODING="ascii", SIDECHAIN_DEVICE_NAME="Zoë’s laptop")
    assert (done.returncode, "Zo?" in done.stdout) == (0, True), done.stderr


def test_config_and_doctor_speak_of_the_running_daemon_and_not_of_this_terminal(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    assert sidechain(tmp_path, "up", "--detach", "--relay-url", url).returncode == 0
    try:
        shown = json.loads(sidechain(tmp_path, "config", "--json", SIDECHAIN_DEFAULT_BARS="4").stdout)
        assert (shown["relay_url"], shown["default_bars"]) == (url, 8)
        assert "from flag" in sidechain(tmp_path, "config", "explain", "relay_url").stdout
        found = json.loads(sidechain(tmp_path, "doctor", "--json").stdout)
        assert not any("No relay is configured" in check["sentence"] for check in found["checks"])
        assert sidechain(tmp_path, "config", "set", "relay_url", url).returncode == 0
    finally:
        assert sidechain(tmp_path, "down").returncode == 0
    after = sidechain(tmp_path, "config", "get", "relay_url")
    assert (after.stdout.strip(), "No daemon runs" in after.stderr) == (url, True)
    assert sidechain(tmp_path, "config", "set", "default_bars", "1000").returncode == 78
    assert sidechain(tmp_path, "config", "unset", "relay_url").returncode == 0
    assert json.loads(sidechain(tmp_path, "config", "--json").stdout)["relay_url"] == ""


def test_the_exit_codes_are_told(tmp_path: Path) -> None:
    told = " ".join(sidechain(tmp_path, "--help").stdout.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in told


def test_every_command_has_help() -> None:
    def paths(group: TyperGroup, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            if isinstance(command, TyperGroup):
                yield from paths(command, (*before, name))
            elif command.context_settings.get("help_option_names") != []:  # else it is the part's own
                yield (*before, name)

    commands = list(paths(get_command(build())))
    assert len(commands) > 30
    for path in commands:
        shown = CliRunner().invoke(build(), [*path, "--help"])
        assert shown.exit_code == 0 and path[-1] in shown.output, path


def test_exit_codes_are_those_of_the_errors() -> None:
    def leaves(cls: type[SidechainError]) -> list[type[SidechainError]]:
        return [cls, *(leaf for sub in cls.__subclasses__() for leaf in leaves(sub))]

    assert {cls.exit_code for cls in leaves(SidechainError)} | {0} == set(EXIT_CODES)
    for cls in leaves(SidechainError):  # told by the daemon, it ends the command as if raised here
        assert error_of(Failed(code=cls.code, message="No.")).exit_code == cls.exit_code, cls


def test_a_no_of_the_daemon_is_not_taken_for_one_of_the_relay() -> None:
    """Every code that stands in the source of what answers on this machine; the relay's own end with 6."""
    written = {
        code
        for path in [*(ROOT / "daemon/doors").rglob("*.py"), ROOT / "bridge/control_endpoint.py"]
        for code in re.findall(r'Failed\(\s*code="(\w+)"', path.read_text())
    }
    assert written
    for code in written:
        assert error_of(Failed(code=code, message="No.")).exit_code != RelayRefused.exit_code, code
    assert error_of(Failed(code="quota_exceeded", message="No.")).exit_code == RelayRefused.exit_code
