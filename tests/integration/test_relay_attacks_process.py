"""Attacks on a relay from its own machine, and through what stands before it."""

import ctypes
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bridge import system
from relay.app.config import BadConfig, Config
from relay.core.limits import LIMITS, Kind
from relay.engine import dumps
from relay.engine.folders import FolderOpen, private_folder
from tests.support.relay import RelayProcess, running_relay

NOBODY = 65_534
_PR_SET_DUMPABLE = 4


# who is believed ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """Nobody stands before it."""
    data = tmp_path_factory.mktemp("alone") / "data"
    with running_relay(data, "--trusted-proxies", "none", dev=False) as relay:
        yield relay


def spend(relay: RelayProcess, address: str) -> httpx.Response:
    body = {"refresh_token": "x" * 43}
    return httpx.post(
        f"{relay.url}/api/v1/auth/refresh", json=body, headers={"x-forwarded-for": address}, trust_env=False
    )


def test_a_local_process_cannot_say_where_it_comes_from(alone: RelayProcess) -> None:
    answers = [spend(alone, f"203.0.113.{n}") for n in range(LIMITS[Kind.TOKEN].count + 1)]
    assert answers[0].status_code == 401 and answers[-1].status_code == 429


def test_a_proxy_that_was_named_says_who_asks(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data", "--trusted-proxies", "10.0.0.0/8, 127.0.0.1", dev=False) as relay:
        answers = [spend(relay, f"203.0.113.{n}") for n in range(LIMITS[Kind.TOKEN].count + 1)]
        assert {answer.status_code for answer in answers} == {401}
        # what a client wrote before the proxy added the truth is not believed
        answers = [spend(relay, f"198.51.100.{n}, 192.0.2.1") for n in range(LIMITS[Kind.TOKEN].count + 1)]
        assert answers[-1].status_code == 429


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.0.0.1/8", "127.0.0.1:80"])
def test_what_is_no_address_is_no_proxy(proxy: str) -> None:
    with pytest.raises(BadConfig, match="trusted-proxies"):
        Config(data=Path("/x"), trusted_proxies=(proxy,))


# files and memory ---------------------------------------------------------------------------------------------


def test_nothing_of_the_data_is_readable_by_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    before = os.umask(0)
    try:
        with running_relay(data):
            for path in (data, *data.rglob("*")):
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    finally:
        os.umask(before)


def test_an_open_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "data"
    theirs.mkdir()
    theirs.chmod(0o777)
    child = os.fork()
    if child == 0:
        try:
            os.chdir(theirs)  # whose parents are ours alone
            os.setuid(NOBODY)
            private_folder(Path("."))
        except FolderOpen:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_relay_leaves_no_core_file(alone: RelayProcess) -> None:
    limits = Path(f"/proc/{alone.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)


@pytest.mark.parametrize("forbid", [dumps.forbid_dumps, system.forbid_dumps])
def test_a_process_that_holds_keys_is_not_read_by_its_own_user(forbid: Callable[[], None]) -> None:
    assert reads_memory_of(lambda: None), "without it, it would be"
    assert not reads_memory_of(forbid)


def reads_memory_of(prepare: Callable[[], None]) -> bool:
    """Whether one process of an ordinary user opens the memory of another, which has done prepare()."""
    ready, say_ready = os.pipe()
    wait, let_go = os.pipe()
    holder = os.fork()
    if holder == 0:
        os.setuid(NOBODY)
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # setuid took it away
        prepare()
        os.close(let_go)
        os.write(say_ready, b"1")
        os.read(wait, 1)
        os._exit(0)
    os.read(ready, 1)
    reader = os.fork()
    if reader == 0:
        os.setuid(NOBODY)
        try:
            os.close(os.open(f"/proc/{holder}/mem", os.O_RDONLY))
        except PermissionError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(reader, 0)
    os.close(let_go)
    os.waitpid(holder, 0)
    for each in (ready, say_ready, wait):
        os.close(each)
    return os.waitstatus_to_exitcode(status) == 0
