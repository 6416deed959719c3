"""`relay migrate`, `backup`, `restore` and `check`: the way from a folder to a cluster and back, and what each refuses."""

import asyncio
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from relay.app.commands import backup
from relay.app.commands.report import Report
from relay.app.config import Config
from relay.engine.database.archive import digests
from relay.engine.database.migrations import newest, schema_files
from tests.support.engines import EMBEDDED, ClusterServers, Engines
from tests.support.loops import short_flac
from tests.support.relay import CALL_LIMIT_S, ROOT, RelayClient, running_relay

AUDIO, OTHER_AUDIO = short_flac(4800), short_flac(4801)
BEGUN_ANEW = {"meta", "signing_key", "upload_part"}
"""Tables that a restore changes on purpose."""


def relay_command(
    *arguments: str | Path, engines: Engines = EMBEDDED, code: int = 0
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "relay", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **engines.environment},
        timeout=CALL_LIMIT_S * 3,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done


class Lived:
    """A relay on which something happened, and what its people see."""

    def __init__(self, url: str) -> None:
        self.anna, self.ben = RelayClient(url), RelayClient(url)
        self.anna.sign_in("anna")
        self.ben.sign_in("ben")
        self.ben.follow("anna")
        posts = [self.anna.post(audio, title=f"post {n}") for n, audio in enumerate((AUDIO, OTHER_AUDIO))]
        self.ben.http.post("/social/like", json={"post_id": posts[0].id, "emoji": "🔥"}).raise_for_status()
        begun = self.anna.tus("POST", "/uploads", upload_length=str(len(AUDIO)))
        self.unfinished = begun.headers["location"].partition("/api/v1")[2]
        self.anna.tus("PATCH", self.unfinished, AUDIO[:1000], upload_offset="0").raise_for_status()
        with closing(self.ben.socket()) as socket:
            self.cursor = socket.connected.cursor

    def seen(self) -> object:
        page = self.ben.http.get("/feed/timeline").json()["posts"]
        of_nobody = {"audio_url", "waveform_svg", "page_url"}  # they begin with the address of the relay
        return [{key: value for key, value in post.items() if key not in of_nobody} for post in page]

    def at(self, url: str) -> "Lived":
        """The same devices, with what they remember, calling another relay."""
        other = object.__new__(Lived)
        other.unfinished, other.cursor = self.unfinished, self.cursor
        for name in ("anna", "ben"):
            old: RelayClient = getattr(self, name)
            assert old.pair is not None
            client = RelayClient(url, old.key)
            client.http.headers["x-request-id"] = name
            refreshed = client.http.post("/auth/refresh", json={"refresh_token": old.pair.refresh_token})
            refreshed.raise_for_status()
            client.use(type(old.pair)(**{**refreshed.json(), "user": old.pair.user}))
            setattr(other, name, client)
        return other

    def close(self) -> None:
        self.anna.close()
        self.ben.close()


def test_from_a_folder_to_a_cluster_and_back(servers: ClusterServers, tmp_path: Path) -> None:
    """While it serves: everybody is signed in still, sees the same, and is told to fetch what a cursor no longer says."""
    up, down = tmp_path / "up.tar", tmp_path / "down.tar"
    with running_relay(tmp_path / "small") as relay, closing(Lived(relay.url)) as lived:
        seen = lived.seen()
        said = json.loads(relay_command("backup", "--data", tmp_path / "small", up, "--json").stdout)
        assert said["objects"] == 4
        assert up.stat().st_mode & 0o777 == 0o600
    with servers.engines(tmp_path) as engines:
        absent = relay_command("check", "--data", tmp_path / "work", engines=engines, code=1)
        assert "There is no database of a relay" in absent.stderr and len(absent.stderr.splitlines()) == 1
        relay_command("restore", "--data", tmp_path / "work", up, engines=engines)
        relay_command("check", "--data", tmp_path / "work", engines=engines)
        with (
            running_relay(tmp_path / "grown", engines=engines) as relay,
            closing(lived.at(relay.url)) as grown,
        ):
            assert grown.seen() == seen
            assert grown.anna.http.get(f"/audio/{seen[0]['id']}/flac").status_code == 200  # type: ignore[index]
            assert grown.anna.tus("HEAD", grown.unfinished).status_code == 410
            with closing(grown.ben.socket(lived.cursor)) as socket:
                assert not socket.connected.recovered and socket.connected.fetch
            grown.anna.post(short_flac(4802), title="made in the cluster")
            seen = grown.seen()
            relay_command("backup", "--data", tmp_path / "work", down, engines=engines)
            refused = relay_command(
                "restore", "--data", tmp_path / "work", up, "--force", engines=engines, code=1
            )
            assert "Stop all its processes" in refused.stderr and "objects" not in refused.stderr
        before = digests(engines.environment["SIDECHAIN_RELAY_DATABASE_URL"])
    relay_command("restore", "--data", tmp_path / "again", down)
    after = digests(tmp_path / "again" / "relay.db")
    different = {name for name in before if before[name] != after[name]}
    assert different <= BEGUN_ANEW, different
    with running_relay(tmp_path / "again") as relay, closing(grown.at(relay.url)) as small:
        assert small.seen() == seen
    relay_command("check", "--data", tmp_path / "again")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a relay that somebody used; stopped. Tests copy it, or leave it as it is."""
    data = tmp_path_factory.mktemp("stored") / "data"
    with running_relay(data) as relay, closing(Lived(relay.url)):
        pass
    return data


@pytest.fixture
def data(stored: Path, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-a", stored, tmp_path / "data"], check=True)
    return tmp_path / "data"


def change(data: Path, sql: str) -> None:
    with closing(sqlite3.connect(data / "relay.db")) as db, db:
        db.execute(sql)


def object_of(data: Path) -> Path:
    with closing(sqlite3.connect(data / "relay.db")) as db:
        (name,) = db.execute("SELECT sha256 FROM asset WHERE role = 'preview' LIMIT 1").fetchone()
    return data / "objects" / name[:2] / name


# check ----------------------------------------------------------------------------------------------------------------


def findings(data: Path, *options: str) -> list[dict[str, object]]:
    said = json.loads(relay_command("check", "--data", data, "--json", *options, code=1).stdout)
    assert said["ok"] is False
    return said["findings"]  # type: ignore[no-any-return]


def test_check_of_a_relay_in_order(data: Path) -> None:
    assert "All is well." in relay_command("check", "--data", data).stdout


def test_check_finds_a_missing_object(data: Path) -> None:
    object_of(data).unlink()
    (found,) = findings(data, "--quick")
    assert found["about"] == "objects" and "missing" in str(found["sentence"])


def test_check_finds_one_changed_bit_unless_it_is_to_be_quick(data: Path) -> None:
    path = object_of(data)
    whole = bytearray(path.read_bytes())
    whole[100] ^= 1
    path.write_bytes(whole)
    (found,) = findings(data)
    assert found["about"] == "objects" and "damaged" in str(found["sentence"])
    relay_command("check", "--data", data, "--quick")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE account SET post_count = 7 WHERE username = 'anna'",
        "UPDATE account SET follower_count = 0",
        "UPDATE account SET newest_post_us = 5 WHERE username = 'anna'",
        "UPDATE account SET following_count = 3 WHERE username = 'anna'",
        "UPDATE account SET stored_bytes = stored_bytes + 1 WHERE username = 'anna'",
        "UPDATE creation SET like_count = like_count + 1 WHERE title = 'post 1'",
        "UPDATE creation SET reactions = '{\"🔥\":9}' WHERE title = 'post 1'",
        "UPDATE creation SET liked_with = '{\"🔥\":9}' WHERE title = 'post 1'",
        "UPDATE creation SET liked_with = '{}' WHERE title = 'post 0'",
    ],
)
def test_check_counts_anew_and_mends(data: Path, sql: str) -> None:
    change(data, sql)
    (found,) = findings(data, "--quick")
    assert found["about"] == "counters"
    assert "set right" in relay_command("check", "--data", data, "--quick", "--mend").stdout
    assert "All is well." in relay_command("check", "--data", data, "--quick").stdout


def test_check_finds_another_key(data: Path) -> None:
    (data / "signing-key.pem").unlink()
    (found,) = findings(data, "--quick")
    assert found["about"] == "key"
    with pytest.raises(RuntimeError, match="signs"), running_relay(data):
        pass  # the relay has made a key, which is not the one that signs
    relay_command("migrate", "--data", data, "--new-signing-key")
    with running_relay(data) as relay, closing(RelayClient(relay.url)) as anna:
        anna.sign_in("anna")


def test_check_finds_an_older_schema_and_damage(data: Path) -> None:
    known = newest(schema_files("sqlite"))
    change(data, f"PRAGMA user_version = {known - 1}")
    (found,) = findings(data)
    assert found["about"] == "schema" and "relay migrate" in str(found["sentence"])
    change(data, f"PRAGMA user_version = {known}")
    with closing(sqlite3.connect(data / "relay.db")) as db, db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM account WHERE username = 'ben'")
    assert {each["about"] for each in findings(data)} == {"database"}


# backup and restore ---------------------------------------------------------------------------------------------------


def test_a_backup_is_not_written_over_and_leaves_nothing_half(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "b" / "relay.tar"
    file.parent.mkdir()
    file.write_text("precious")
    assert "--force" in relay_command("backup", "--data", data, file, code=1).stderr
    assert file.read_text() == "precious"
    object_of(data).unlink()
    assert "no object" in relay_command("backup", "--data", data, file, "--force", code=1).stderr
    assert file.read_text() == "precious"
    assert {each.name for each in file.parent.iterdir()} == {"relay.tar"}
    nowhere = tmp_path / "none" / "relay.tar"
    assert (
        f"There is no folder {nowhere.parent}."
        in relay_command("backup", "--data", data, nowhere, code=1).stderr
    )


def test_a_post_deleted_while_it_is_backed_up_is_not_in_the_backup(tmp_path: Path) -> None:
    """The relay serves meanwhile: its objects go at once, and the backup is of a moment in which they were gone."""
    with running_relay(tmp_path / "data") as relay, closing(RelayClient(relay.url)) as client:
        client.sign_in("anna")
        kept, gone = (client.post(short_flac(4800 + n), title=str(n)) for n in range(2))

        class Meanwhile(Report):
            def progress(self, what: str, done: int, total: int) -> None:
                if what == "tables":
                    client.http.delete(f"/audio/{gone.id}")

        file = tmp_path / "relay.tar"
        written = backup._write(Config(data=tmp_path / "data"), file, Meanwhile(as_json=True))
        _, objects = asyncio.run(written)
        assert objects == 2
        assert client.http.get(f"/audio/{kept.id}/mp3").status_code == 200
    relay_command("restore", "--data", tmp_path / "new", file)
    relay_command("check", "--data", tmp_path / "new")


def test_restore_replaces_only_when_it_is_told_so(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "relay.tar"
    relay_command("backup", "--data", data, file)
    refused = relay_command("restore", "--data", data, file, "--json", code=1)
    error = json.loads(refused.stdout)["error"]
    assert "not empty" in error and "--force" in error
    assert '"objects"' not in refused.stderr, "asked before hours of copying"
    change(data, "UPDATE account SET bio = 'later'")
    relay_command("restore", "--data", data, file, "--force")
    with closing(sqlite3.connect(data / "relay.db")) as db:
        assert db.execute("SELECT count(*) FROM account WHERE bio = 'later'").fetchone() == (0,)


def test_restore_needs_the_relay_to_be_stopped(data: Path, tmp_path: Path) -> None:
    relay_command("backup", "--data", data, tmp_path / "relay.tar")
    with running_relay(data):
        refused = relay_command("restore", "--data", data, tmp_path / "relay.tar", "--force", code=1)
        assert "Another relay works" in refused.stderr


@pytest.mark.parametrize("where", [0.02, 0.5, 0.98])
def test_a_damaged_backup_changes_nothing(data: Path, tmp_path: Path, where: float) -> None:
    file = tmp_path / "relay.tar"
    relay_command("backup", "--data", data, file)
    bytes_ = bytearray(file.read_bytes())
    with tarfile.open(file) as tar:
        at = int(tar.getmembers()[-1].offset * where)  # behind the last there is nothing to damage
    bytes_[at : at + 600] = secrets.token_bytes(600)
    file.write_bytes(bytes_)
    before = digests(data / "relay.db")
    refused = relay_command("restore", "--data", data, file, "--force", code=1)
    assert "damaged" in refused.stderr or "cannot be read" in refused.stderr
    assert digests(data / "relay.db") == before


@pytest.mark.parametrize("how", ["damaged", "cut off"])
def test_a_backup_without_all_its_objects_is_refused(data: Path, tmp_path: Path, how: str) -> None:
    """Where a member's head cannot be read, a tar file reads as one that ends there."""
    file = tmp_path / "relay.tar"
    relay_command("backup", "--data", data, file)
    with tarfile.open(file) as tar:
        at = [each for each in tar.getmembers() if each.name.startswith("objects/")][-1].offset
    content = file.read_bytes()
    rest = secrets.token_bytes(512) + content[at + 512 :] if how == "damaged" else b""
    file.write_bytes(content[:at] + rest)
    refused = relay_command("restore", "--data", tmp_path / "new", file, code=1)
    assert "its end is missing" in refused.stderr and not (tmp_path / "new" / "relay.db").exists()


OLDER = """
import runpy, sys, tarfile
def extractall(self, path=".", members=None, *, numeric_owner=False): raise AssertionError
def extract(self, member, path="", set_attrs=True, *, numeric_owner=False): raise AssertionError
tarfile.TarFile.extractall, tarfile.TarFile.extract = extractall, extract
runpy.run_module("relay", run_name="__main__", alter_sys=True)
"""


def test_restore_asks_for_no_later_python(data: Path, tmp_path: Path) -> None:
    """Debian 12 has 3.11.2, whose tarfile knows no filter."""
    file = tmp_path / "relay.tar"
    relay_command("backup", "--data", data, file)
    command = [sys.executable, "-c", OLDER, "restore", "--data", str(tmp_path / "other"), str(file)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=CALL_LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    relay_command("check", "--data", tmp_path / "other", "--quick")


def test_what_is_no_backup_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no backup")
    for name in ("notes.txt", "missing.tar"):
        refused = relay_command("restore", "--data", data, tmp_path / name, code=1)
        assert "relay: " in refused.stderr and len(refused.stderr.splitlines()) == 1


def test_an_upload_that_was_under_way_is_begun_anew(data: Path, tmp_path: Path) -> None:
    relay_command("backup", "--data", data, tmp_path / "relay.tar")
    relay_command("restore", "--data", tmp_path / "other", tmp_path / "relay.tar")
    with closing(sqlite3.connect(tmp_path / "other" / "relay.db")) as db:
        assert db.execute("SELECT count(*) FROM upload WHERE state = 'open'").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM upload_part").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM creation").fetchone() == (2,)


# the calls themselves -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["serve", "migrate", "backup", "restore", "check"])
def test_each_command_helps_with_examples(command: str) -> None:
    said = relay_command(command, "--help").stdout
    assert said.startswith(f"usage: sidechain relay {command}") and "examples:" in said, "as it is typed"


def test_calls_that_there_are_not() -> None:
    relay_command("backup", code=2)
    relay_command("serve", "--colour", "red", code=2)
    assert "choose from 'serve'" in relay_command("bakup", "--data", "x", code=2).stderr
    assert "--data is missing" in relay_command("migrate", code=2).stderr
    assert "backup" in relay_command("--help").stdout


def test_what_a_flag_cannot_mean_is_no_such_call(tmp_path: Path) -> None:
    """As a flag that there is not; nothing is made."""
    for flags in (("serve", "--port", "abc"), ("serve", "--host", ""), ("backup", "--data", "", "x.tar")):
        (line,) = relay_command(*flags, code=2).stderr.splitlines()
        assert line.startswith(f"relay: {flags[1]} is ")
    for flag in ("--bus-url", "--objects-url", "--database-url", "--public-url"):
        (line,) = relay_command("serve", flag, "valkey://:word@host:port", code=2).stderr.splitlines()
        assert line.startswith(f"relay: {flag} is no URL") and "word" not in line
    said = json.loads(
        relay_command("invite", "--data", tmp_path / "data", "--uses", "0", "--json", code=2).stdout
    )
    assert "--uses is from 1 to 1000" in said["error"] and not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("option", "value", "said", "code"),
    [
        ("--objects-url", "ftp://host", "Objects are kept at", 2),
        ("--bus-url", "ftp://host", "A bus is", 2),
        ("--bus-url", "valkey://", "names no host", 2),
        ("--database-url", "sqlite:////nowhere/relay.db", "no folder /nowhere", 1),
        ("--signing-key-file", "/dev/null", "key", 1),
    ],
)
def test_a_relay_that_cannot_start_says_so_once(
    tmp_path: Path, option: str, value: str, said: str, code: int
) -> None:
    done = relay_command("serve", "--data", tmp_path / "data", "--port", "0", option, value, code=code)
    (line,) = done.stderr.splitlines()
    assert said in line and not done.stdout
