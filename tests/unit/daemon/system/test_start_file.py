"""What starts the daemon again from a plugin's window: as it ran, as far as the settings file does not say so anyway."""

from pathlib import Path

import pytest

from daemon.config import Config
from daemon.settings.reading import load
from daemon.system.start_file import program, start_command, write_start_file


def test_only_what_the_settings_file_does_not_say_is_told() -> None:
    plain = Config(data_dir="/d", run_dir="/run/user/1000/sidechain", relay_url="https://relay.example")
    assert start_command(plain, plain) == [*program(), "up", "--detach"]
    told = Config(
        data_dir="/d", run_dir="/elsewhere", relay_url="https://other.example", credential_store="file"
    )
    assert start_command(told, plain)[len(program()) :] == [
        "up",
        "--detach",
        "--relay-url",
        "https://other.example",
        "--run-dir",
        "/elsewhere",
        "--credential-store",
        "file",
    ]


def test_only_the_users_own_daemon_is_started_from_a_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own = tmp_path / "sidechain"
    own.mkdir()
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    elsewhere = load({"data_dir": str(tmp_path / "tried")}, env, default_run_dir=tmp_path / "run").config
    write_start_file(elsewhere, env)
    assert not list(own.iterdir())
    write_start_file(load(env=env, default_run_dir=tmp_path / "run").config, env)
    (made,) = own.iterdir()
    assert made.read_text().splitlines()[: len(program())] == program()
    assert made.stat().st_mode & 0o777 == 0o600
