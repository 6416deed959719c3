"""What is said when no daemon answers: that there is none, or that there is one which lets nobody in."""

import os
from pathlib import Path

import pytest

import bridge.control as c
from bridge.lock import LOCK_FILE, FolderLock, holder_of
from daemon.cli.output import ask
from daemon.errors import NotRunning


def test_a_daemon_that_lets_nobody_in_is_not_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECHAIN_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("SIDECHAIN_CONFIG", str(tmp_path / "config.toml"))
    with pytest.raises(NotRunning, match=r"No daemon answers.*sidechain up"):
        ask(c.GetStatus(), c.Status)
    with FolderLock.acquire(tmp_path):
        assert holder_of(tmp_path) == os.getpid()
        with pytest.raises(NotRunning, match=rf"pid {os.getpid()}.*lets nobody in") as said:
            ask(c.GetStatus(), c.Status)
        assert "sidechain up" not in str(said.value)
    assert holder_of(tmp_path) is None  # the number stands there still
    (tmp_path / LOCK_FILE).write_text("no number")
    assert holder_of(tmp_path) is None
