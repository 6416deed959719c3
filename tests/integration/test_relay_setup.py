"""`relay setup`: from nothing to a relay that friends can join, by flags, by a person, again, and with a certificate of its own."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from relay.app.settings_file import NAME, read_settings
from tests.integration.test_relay_commands import relay_command
from tests.integration.test_relay_passwords import GOOD, command, fill_in, signed_in_as
from tests.integration.test_setup import sidechain
from tests.support.claims import FormBrowser
from tests.support.relay import RelayProcess, running_relay
from tests.support.terminal import at_a_terminal
from tests.support.whole import short_folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def path_of(url: object) -> str:
    return httpx.URL(str(url)).path


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    data = tmp_path_factory.mktemp("band") / "data"
    options = ["--url", f"http://127.0.0.1:{free_port()}", "--admin", "mira", "--yes", "--json"]
    done = relay_command("setup", "--data", data, *options)
    return {"data": data, **json.loads(done.stdout)}


@pytest.fixture(scope="module")
def relay(answers: dict[str, object]) -> Iterator[RelayProcess]:
    """Started with nothing but its folder: the rest stands beside its data."""
    data, port = Path(str(answers["data"])), httpx.URL(str(answers["url"])).port
    assert port is not None
    with running_relay(data, dev=False, port=port) as process:
        yield process


def test_the_admins_link_sets_a_password_once_and_a_friends_link_makes_an_account(
    relay: RelayProcess, answers: dict[str, object]
) -> None:
    with ExitStack() as stack:
        mira, late, ben = (browser(stack, relay, f"10.1.0.{n}") for n in (1, 2, 3))
        said = fill_in(mira, path_of(answers["admin"]), password=GOOD)
        assert signed_in_as(mira) == "mira", said.text
        assert mira.http.get("/moderation").status_code == 200
        assert late.http.get(path_of(answers["admin"])).status_code == 404
        said = fill_in(ben, path_of(answers["invite"]), username="ben", password=GOOD)
        assert signed_in_as(ben) == "ben", said.text
        assert ben.http.get("/moderation").status_code in (403, 404)


def browser(stack: ExitStack, relay: RelayProcess, address: str) -> FormBrowser:
    opened = FormBrowser(relay.url, address)
    stack.enter_context(opened.http)
    return opened


def test_it_may_be_run_again_while_the_relay_serves_and_keeps_what_was_answered(relay: RelayProcess) -> None:
    before = read_settings(relay.data)
    again = command(relay, "setup", "--yes", "--admin", "mira")
    assert read_settings(relay.data) == before and "invite" in again
    assert "admin" not in again, "there is one of that name"
    assert (relay.data / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "wrong",
    [
        ("--url", "http://relay.example"),
        ("--registration", "some"),
        ("--url", "https://relay.example", "--certificate", "/not/there.pem"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    relay_command("setup", "--data", tmp_path / "data", "--yes", *wrong, code=2)
    assert not (tmp_path / "data").exists()
    relay_command("setup", "--data", tmp_path / "data", code=2)  # and nobody there to ask


def test_a_person_is_asked_and_a_certificate_is_made_for_a_network_of_ones_own(tmp_path: Path) -> None:
    data = tmp_path / "data"
    replies = [
        ("Folder", str(data)),
        ("Address", "http://192.168.7.1:8701"),
        ("is https for who", "https://192.168.7.1:8701"),
        ("Certificate", ""),
        ("Who may", ""),
        ("Mail server", "mail.example"),
        ("smtp://user", ""),
        ("Database", ""),
        ("first admin", "mira"),
    ]
    command = [sys.executable, "-m", "relay", "setup"]
    said = at_a_terminal(command, replies, dict(os.environ))
    assert "/join/" in said and "sidechain setup --relay https://192.168.7.1:8701 --fingerprint " in said
    assert read_settings(data) == {
        "SIDECHAIN_RELAY_PUBLIC_URL": "https://192.168.7.1:8701",
        "SIDECHAIN_RELAY_TLS_CERTIFICATE": str(data / "certificate.pem"),
        "SIDECHAIN_RELAY_TLS_KEY": str(data / "certificate-key.pem"),
        "SIDECHAIN_RELAY_HOST": "0.0.0.0",
        "SIDECHAIN_RELAY_PORT": "8701",
        "SIDECHAIN_RELAY_REGISTRATION": "invite",
    }
    assert (data / "certificate-key.pem").stat().st_mode & 0o777 == 0o600
    before = (data / "certificate.pem").read_bytes()
    relay_command("setup", "--data", data, "--yes")
    assert (data / "certificate.pem").read_bytes() == before, "friends have compared it already"


def test_a_line_that_is_no_setting_is_named_and_a_variable_goes_before_the_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / NAME).write_text("# mine\n\nSIDECHAIN_RELAY_REGISTRATION = open\n")
    assert read_settings(data) == {"SIDECHAIN_RELAY_REGISTRATION": "open"}
    (data / NAME).write_text("what\n")
    assert "line 1" in relay_command("users", "--data", data, code=2).stderr
    (data / NAME).write_text("SIDECHAIN_RELAY_COLOUR=red\n")
    assert "SIDECHAIN_RELAY_COLOUR" in relay_command("users", "--data", data, code=2).stderr


def test_the_certificate_that_was_made_is_served_and_a_daemon_takes_it_by_its_fingerprint(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    made = json.loads(
        relay_command("setup", "--url", "https://127.0.0.1:8743", "--data", data, "--yes", "--json").stdout
    )
    with running_relay(data, "--host", "127.0.0.1", dev=False) as relay, short_folder() as home:
        assert relay.url.startswith("https://")
        (home / "run").mkdir(mode=0o700)
        wanted = ["setup", "--relay", relay.url, "--credential-store", "file", "--yes", "--json"]
        for print_ in ([], ["--fingerprint", "00" * 16]):
            refused = sidechain(home, *wanted, *print_)
            assert refused.returncode == 6 and "fingerprint" in refused.stderr, refused.stderr
        assert not (home / ".config").exists()
        taken = sidechain(home, *wanted, "--fingerprint", str(made["fingerprint"])[:32])
        assert taken.returncode == 0, taken.stderr
        doctor = sidechain(home, "doctor", "--json")
        found = {each["name"]: each for each in json.loads(doctor.stdout)["checks"]}
        claim = sidechain(home, "claim", "--dev-user", "mira", "--json")
        sidechain(home, "down")
    assert found["relay certificate"]["outcome"] == found["relay answer"]["outcome"] == "ok"
    assert json.loads(claim.stdout)["error"]["code"] != "offline", "the daemon trusts it, and was answered"
