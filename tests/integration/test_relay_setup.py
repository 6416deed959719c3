"""`relay setup`: from nothing to a relay that friends can join, by flags, by a person, again, and with a certificate of its own."""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from relay.app.settings_file import NAME, read_settings
from tests.integration.test_relay_commands import relay_command
from tests.integration.test_relay_passwords import GOOD, command, fill_in, signed_in_as
from tests.support.claims import FormBrowser
from tests.support.relay import RelayProcess, running_relay
from tests.support.terminal import at_a_terminal

SETUP = ("setup", "--url", "http://127.0.0.1:8700", "--yes", "--json")


def path_of(url: object) -> str:
    return httpx.URL(str(url)).path


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    data = tmp_path_factory.mktemp("band") / "data"
    done = relay_command(*SETUP, "--data", data, "--admin", "mira")
    return {"data": data, **json.loads(done.stdout)}


@pytest.fixture(scope="module")
def relay(answers: dict[str, object]) -> Iterator[RelayProcess]:
    """Started with nothing but its folder: the rest stands beside its data."""
    data = Path(str(answers["data"]))
    with running_relay(data, dev=False) as process:
        yield process


def test_the_admins_link_sets_a_password_once_and_a_friends_link_makes_an_account(
    relay: RelayProcess, answers: dict[str, object]
) -> None:
    mira = FormBrowser(relay.url, "10.1.0.1")
    fill_in(mira, path_of(answers["admin"]), password=GOOD)
    assert signed_in_as(mira) == "mira" and mira.http.get("/moderation").status_code == 200
    assert FormBrowser(relay.url, "10.1.0.2").http.get(path_of(answers["admin"])).status_code == 404
    ben = FormBrowser(relay.url, "10.1.0.3")
    fill_in(ben, path_of(answers["invite"]), username="ben", password=GOOD)
    assert signed_in_as(ben) == "ben" and ben.http.get("/moderation").status_code in (403, 404)


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


def test_a_person_is_asked_and_a_network_without_tls_is_warned_of(tmp_path: Path) -> None:
    replies = [
        ("Folder", str(tmp_path / "data")),
        ("Address", "http://relay.example"),
        ("https for who", "http://192.168.7.1:8701"),
        ("Who may", ""),
        ("Database", ""),
        ("first admin", "mira"),
    ]
    command = [sys.executable, "-m", "relay", "setup"]
    said = at_a_terminal(command, replies, dict(os.environ))
    assert "Warning: passwords and sound pass this network" in said and "/join/" in said
    assert read_settings(tmp_path / "data") == {
        "SIDECHAIN_RELAY_PUBLIC_URL": "http://192.168.7.1:8701",
        "SIDECHAIN_RELAY_HOST": "192.168.7.1",
        "SIDECHAIN_RELAY_PORT": "8701",
        "SIDECHAIN_RELAY_REGISTRATION": "invite",
    }


def test_a_line_that_is_no_setting_is_named_and_a_variable_goes_before_the_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / NAME).write_text("# mine\n\nSIDECHAIN_RELAY_REGISTRATION = open\n")
    assert read_settings(data) == {"SIDECHAIN_RELAY_REGISTRATION": "open"}
    (data / NAME).write_text("what\n")
    assert "line 1" in relay_command("users", "--data", data, code=2).stderr
    (data / NAME).write_text("SIDECHAIN_RELAY_COLOUR=red\n")
    assert "SIDECHAIN_RELAY_COLOUR" in relay_command("users", "--data", data, code=2).stderr


def test_a_certificate_of_its_own_is_served(tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ed25519",
        "-nodes",
        "-keyout",
        str(key),
        "-out",
        str(chain),
    ]
    subprocess.run([*make, "-days", "2", *names], check=True, capture_output=True)
    options = ["--url", "https://127.0.0.1:8743", "--certificate", chain, "--key", key]
    relay_command("setup", "--data", tmp_path / "data", *options, "--yes")
    with running_relay(tmp_path / "data", "--host", "127.0.0.1", dev=False) as relay:
        assert relay.url.startswith("https://")
        with httpx.Client(verify=ssl.create_default_context(cafile=str(chain))) as http:
            answer = http.get(f"{relay.url}/sign-in")
        assert answer.status_code == 200 and "Password" in answer.text
