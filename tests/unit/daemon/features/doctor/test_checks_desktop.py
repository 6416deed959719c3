"""What doctor sees around the daemon: proxies without their passwords, start at login, the bus, crashes in the log."""

import os
from pathlib import Path

import pytest

from daemon.config import Config
from daemon.core.checks import Outcome
from daemon.features.doctor import checks_desktop as desktop

CRASH = """2026-11-21 10:00:00 ERROR daemon: part stopped
Traceback (most recent call last):
  File "daemon/app.py", line 1, in run
    await part()
ValueError: number {}
2026-11-21 10:00:01 INFO daemon.app: ready
"""


def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://anna:hunter2@proxy.example:3128")
    (found,) = desktop.check_proxy("https://relay.example")
    assert found.outcome is Outcome.NOTE and "proxy.example:3128" in found.sentence
    assert "hunter2" not in found.sentence and "anna" not in found.sentence


def test_who_starts_at_login(tmp_path: Path) -> None:
    assert desktop.check_start(tmp_path, tmp_path).outcome is Outcome.NOTE
    wants = tmp_path / ".config/systemd/user/graphical-session.target.wants"
    wants.mkdir(parents=True)
    (wants / desktop.UNIT).touch()
    assert "does not" in desktop.check_start(tmp_path, tmp_path).sentence
    (tmp_path / "autostart").mkdir()
    (tmp_path / "autostart" / desktop.TRAY_ENTRY).touch()
    assert "too" in desktop.check_start(tmp_path, tmp_path).sentence


def test_a_bus_without_anybody_on_it_and_no_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [check.name for check in desktop.check_desktop({})] == ["desktop"]
    dead = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/gone"}
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", dead["DBUS_SESSION_BUS_ADDRESS"])
    (found,) = desktop.check_desktop(dead)
    assert found.outcome is Outcome.NOTE and "does not answer" in found.sentence


def test_crashes_are_found_in_the_log(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path), run_dir=str(tmp_path))
    assert desktop.check_log(config).outcome is Outcome.OK
    (tmp_path / "daemon.log").write_text("".join(CRASH.format(n) for n in range(5)))
    found = desktop.check_log(config)
    assert found.outcome is Outcome.NOTE and "5 crashes" in found.sentence
    assert [f"number {n}" in found.sentence for n in range(5)] == [False, False, True, True, True]


def test_the_session_tells_its_age(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path), run_dir=str(tmp_path))
    assert desktop.check_session(config) is None
    for age_s, told in (
        (0, "less than a minute"),
        (61, "1 minute "),
        (7_300, "2 hours"),
        (200_000, "2 days"),
    ):
        (tmp_path / "session.sealed").touch()
        then = (tmp_path / "session.sealed").stat().st_mtime - age_s
        os.utime(tmp_path / "session.sealed", (then, then))
        found = desktop.check_session(config)
        assert found and f"renewed {told}" in found.sentence
