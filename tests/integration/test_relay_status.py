"""`relay status` and `relay users`: what an operator sees and does, on a relay that serves and on one that is stopped."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_relay_commands import relay_command
from tests.integration.test_relay_passwords import GOOD, command, joined, link, sign_in, signed_in_as
from tests.support.engines import EMBEDDED, Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def band(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    data = tmp_path_factory.mktemp("band") / "data"
    options = ("--registration", "invite", "--public-url", "http://band.example")
    with running_relay(data, *options, engines=engines) as process:
        yield process


def status(data: Path, engines: Engines, code: int = 0) -> dict[str, Any]:
    done = relay_command("status", "--data", data, "--json", engines=engines, code=code)
    return dict(json.loads(done.stdout))


def test_one_screen_tells_what_is_there_and_what_is_well(band: RelayProcess, tmp_path: Path) -> None:
    before = status(band.data, band.engines)
    assert (before["well"], before["accounts"], before["posts"], before["backup"]) == (True, 0, 0, None)
    with closing(RelayClient(band.url)) as anna:
        anna.sign_in("anna")
        anna.post(short_flac(4800))
    relay_command("backup", "--data", band.data, tmp_path / "relay.tar", engines=band.engines)
    now = status(band.data, band.engines)
    assert (now["accounts"], now["posts"], now["staff"], now["suspended"]) == (1, 1, 0, 0)
    assert now["stored_bytes"] > 0 and now["disk_free_bytes"] > 0
    assert now["jobs"] == {"ready": 0, "running": 0, "quarantined": 0}
    assert (
        now["backup"]["is_there"] and now["backup"]["size_bytes"] == (tmp_path / "relay.tar").stat().st_size
    )
    assert now["engines"] == {
        "separation": {"here": ["hpss"], "lacking": ["spleeter:2stems", "htdemucs"]},
        "notes": {"here": ["pyin"], "lacking": ["basic-pitch"]},
    }
    embedded = band.engines is EMBEDDED
    assert now["serves"] is (True if embedded else None)
    if embedded:
        assert now["url"] == "http://band.example", "as the process that serves was told"
        assert {"database", "objects"} <= {each["name"] for each in now["checks"] if each["ok"]}
    (tmp_path / "relay.tar").unlink()
    said = relay_command("status", "--data", band.data, engines=band.engines).stdout
    assert "which is there no more" in said and "just now" in said
    assert [line.split()[0] for line in said.splitlines()] == [
        *(
            "Relay",
            "Address",
            "Sign-in",
            "People",
            "Posts",
            "Reports",
            "Jobs",
            "Engines",
            "Disk",
            "Backup",
            "Health",
        )
    ]


def test_a_relay_that_is_stopped_says_so_and_one_that_is_not_there_is_not_made(
    tmp_path: Path, engines: Engines
) -> None:
    relay_command("setup", "--data", tmp_path / "data", "--admin", "mira", "--yes", engines=engines)
    said = status(tmp_path / "data", engines, code=1 if engines is EMBEDDED else 0)
    assert said["serves"] is (False if engines is EMBEDDED else None) and said["checks"] == []
    assert said["sign_in"] == ["password:invite"]
    if (
        engines is EMBEDDED
    ):  # a database server has the people of other tests, among whom no first admin is made
        assert said["staff"] == 1
    missing = relay_command("status", "--data", tmp_path / "none", engines=engines, code=1)
    assert "There is no relay in" in missing.stderr and not (tmp_path / "none").exists()


def test_somebody_is_suspended_signed_out_told_why_and_let_in_again(band: RelayProcess) -> None:
    with joined(band, "192.0.2.10", "ben", link(band, "invite")) as ben:
        command(band, "users", "suspend", "ben", "--note", "sold our songs")
        assert signed_in_as(ben) is None
        listed = {each["username"]: each for each in command(band, "users")["users"]}  # type: ignore[attr-defined]
        assert listed["ben"]["suspended"] and listed["ben"]["password"]
        assert "ben" in relay_command("users", "--data", band.data, engines=band.engines).stdout
        assert sign_in(ben, "ben", GOOD).status_code == 303
        assert "sold our songs" in ben.http.get("/appeal").text
        command(band, "users", "unsuspend", "ben")
        assert signed_in_as(ben) == "ben"
        command(band, "users", "role", "ben", "admin")
        lines = json.loads(ben.http.get("/api/v1/moderation/log").text)["lines"]
        assert [each["deed"] for each in lines][:3] == ["role:admin", "unsuspend", "suspend"]


@pytest.mark.parametrize(
    "words",
    [
        ("users", "ban", "ben"),
        ("users", "role", "ben", "king"),
        ("users", "suspend"),
        ("users", "link", "a", "b"),
        ("invite", "revoke"),
        ("invite", "show"),
    ],
)
def test_words_that_mean_nothing_are_said_to(band: RelayProcess, words: tuple[str, ...]) -> None:
    name, *rest = words
    done = relay_command(name, "--data", band.data, *rest, engines=band.engines, code=2)
    assert (
        f"`sidechain relay {' '.join(words)}` is no such call. Say one of: nothing: " in done.stderr
        or name == "invite"
    )
    assert "is no such call" in done.stderr and f"{'link' if name == 'users' else 'revoke'} " in done.stderr


@pytest.mark.parametrize("deed", ["suspend", "unsuspend", "link"])
def test_who_is_not_there_is_said_not_to_be(band: RelayProcess, deed: str) -> None:
    done = relay_command("users", "--data", band.data, deed, "no-one", engines=band.engines, code=1)
    assert "no-one" in done.stderr or "nobody of this name" in done.stderr


def test_a_screen_of_eighty_columns_without_a_terminal(band: RelayProcess) -> None:
    plain = {**os.environ, **band.engines.environment, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    command_line = [sys.executable, "-m", "relay", "status", "--data", str(band.data)]
    done = subprocess.run(command_line, check=False, capture_output=True, env=plain)
    assert done.returncode == 0 and b"\x1b" not in done.stdout and b"Traceback" not in done.stderr
