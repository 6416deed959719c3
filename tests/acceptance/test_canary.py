"""No secret is where it can be found: a whole claimed life with a tap on the wire, and then every byte looked at.

Secret is what the wire shows to be so: access and refresh tokens, authorization and device codes, verifiers, session
cookies. They may be in the memory of daemon and relay and, sealed, in one file; not in a log, command line, environment,
crash bundle, database, nor any other file of either side, not even when the log says all it can. The search itself is
tried with leaks that are planted, in each of these places.
"""

import base64
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.support.claims import FormBrowser, type_code
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device, until_state
from tests.support.native import play_path
from tests.support.relay import RelayClient, running_relay
from tests.support.whole import BPM, marked_groove, short_folder, write_wav
from tests.support.wire_tap import WireTap, wire_tap

OWNER = "nightowl"
SECRETS = {
    "access token": rb'"access_token":\s*"([\w.-]{20,})"',
    "refresh token": rb'"refresh_token":\s*"([\w.-]{20,})"',
    "device code": rb'"device_code":\s*"([\w.-]{20,})"',
    "code to type": rb'"user_code":\s*"([\w-]{8,9})"',
    "authorization code": rb"[?&\n]code=([\w-]{20,})",
    "verifier": rb"code_verifier=([\w-]{40,})",
    "session cookie": rb"sidechain_session=([\w-]{20,})",
}
LOOK_EVERY_S = 0.03


class Watch:
    """Looks again and again at the command lines and environments of all processes, until it ends."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._looked = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def processes(self) -> Iterator[tuple[Path, bytes]]:
        return ((Path("a process"), text) for text in self.seen.copy())

    def look(self) -> None:
        """Returns when every process of now has been looked at: the look under way, and a whole one."""
        for _ in range(2):
            self._looked.clear()
            assert self._looked.wait(HANG_S)

    def _look(self) -> None:
        while not self._end.wait(LOOK_EVERY_S):
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        self.seen.add((process / name).read_bytes())
            self._looked.set()


def secrets_in(said: bytes) -> dict[bytes, str]:
    """Each secret and what it is. Raises AssertionError when a kind was never seen: then nothing was tested."""
    found = {kind: set(re.findall(shape, said)) for kind, shape in SECRETS.items()}
    missing = [kind for kind, values in found.items() if not values]
    assert not missing, f"the wire never showed {missing}"
    return {value: kind for kind, values in found.items() for value in values}


def ways_to_write(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield secret.replace(b"-", b"")  # a code to type, as it is looked up
    yield secret.hex().encode()
    yield quote(secret).encode()
    for before in range(
        3
    ):  # wherever in what is encoded; without the ends, which depend on what stands beside it
        encoded = base64.b64encode(b"\0" * before + secret)[4 if before else 0 : -4]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def leaks(content: bytes, secrets: dict[bytes, str]) -> list[str]:
    return [kind for secret, kind in secrets.items() if any(way in content for way in ways_to_write(secret))]


def found_in(searched: Iterable[tuple[Path, bytes]], secrets: dict[bytes, str]) -> set[tuple[str, str]]:
    """Where which kind of secret is."""
    return {(str(path), kind) for path, content in searched for kind in leaks(content, secrets)}


def files_below(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file and its bytes; what an archive holds, too."""
    for folder in folders:
        for path in folder.rglob("*"):
            if not path.is_file() or path.is_fifo():
                continue
            yield path, path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield path / name, archive.read(name)


def claim_in_browser(device: Device, browser: FormBrowser, tap: WireTap) -> None:
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env) as claim:
        page = urlsplit(note.read_text())
        answer = browser.press(browser.http.get(f"{page.path}?{page.query}"))
        location = answer.headers["location"]
        httpx.get(location, trust_env=False)  # as the browser does, on this machine
        assert claim.wait(30) == 0
    until_state(device, "connected")


def claim_by_code(device: Device, browser: FormBrowser) -> None:
    with device.command_under_way("claim", "--device-code", "--json") as claim:
        assert claim.stderr
        codes = (re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", line) for line in claim.stderr)
        shown = next(found[0] for found in codes if found)
        browser.press(type_code(browser, shown))
        assert claim.wait(60) == 0
    until_state(device, "connected")


def play_and_post(device: Device, folder: Path) -> None:
    wav = folder / "loop.wav"
    write_wav(wav, marked_groove(3))
    with subprocess.Popen(
        [
            play_path(),
            "--tempo",
            f"{BPM:g}",
            "--speed",
            "16",
            "--wait-attached",
            "20",
            "--hold",
            "--json",
            "--run-dir",
            str(device.run),
            str(wav),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=device.env,
    ) as host:
        assert host.stdout
        for line in host.stdout:
            if '"played"' in line:
                break
        kept = device.json("keep", "--bars", "1", "--title", "canary", "--post", "--wait")
        assert kept["take"]["entry_state"] == "accepted"
        host.kill()


def crash(device: Device) -> None:
    """It dies as from a bug in a library, and is started again."""
    os.kill(device.json("status")["pid"], signal.SIGSEGV)
    assert device.command("up", "--detach").returncode == 0
    until_state(device, "connected")


def test_no_secret_of_a_whole_life_is_written_anywhere() -> None:
    with short_folder() as folder, wire_tap() as tap, Watch() as watch:
        data = folder / "relay"
        with running_relay(data, "--public-url", tap.url) as relay:
            tap.carry_to(urlsplit(relay.url).port or 0)
            with (
                running_device(folder / "d", tap.url, log_level="debug") as device,
                FormBrowser(tap.url) as browser,
            ):
                browser.sign_in(OWNER)
                claim_in_browser(device, browser, tap)
                play_and_post(device, folder)
                crash(device)  # which also makes it ask for a new access token
                assert device.command("unclaim").returncode == 0
                claim_by_code(device, browser)
                owner = RelayClient(tap.url)
                owner.sign_in(OWNER)
                me = device.json("whoami")["device_id"]
                owner.http.post(f"/auth/devices/{me}/revoke").raise_for_status()
                owner.close()
                until_state(device, "needs_reclaim")
                bundle = folder / "d" / "bundle.zip"
                device.command("doctor", "--bundle", str(bundle))
                assert bundle.exists()
                seed = (device.data / "device.key").read_bytes()
                secrets = secrets_in(tap.said)
                running = list(files_below(folder))
            ended = list(files_below(folder))
    searched = [*running, *ended, *watch.processes()]
    assert found_in(searched, secrets) == set()
    elsewhere = [path for path, content in searched if seed in content and path.name != "device.key"]
    assert elsewhere == [], "the key is in its own file alone"
    names = {path.name for path, _ in ended}
    assert {"daemon.log", "library.sqlite3", "relay.db", "relay.log", "doctor.json"} <= names
    print(f"\nsecrets={len(secrets)} files={len(ended)} processes={len(watch.seen)} found=0")


# the search itself ------------------------------------------------------------------------------------------------

TOKEN, CODE = b"eyJhbGciOiJFZDI1NTE5In0.c2VjcmV0-_c2VjcmV0.c2lnbmVk", b"WDJB-MJHT"


def in_a_zip(folder: Path, text: bytes) -> None:
    with zipfile.ZipFile(folder / "bundle.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("logs/daemon.log", b"x" * 1000 + text)


def in_a_database(folder: Path, text: bytes, *, as_text: bool) -> None:
    """Not yet in the file itself: the last rows stand in its log."""
    db = sqlite3.connect(folder / "library.sqlite3")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("CREATE TABLE fact (name TEXT, value)")
    db.execute("INSERT INTO fact VALUES ('token', ?)", (text.decode() if as_text else text,))
    db.commit()
    OPEN.append(db)


OPEN: list[sqlite3.Connection] = []
PLANTS: dict[str, Callable[[Path, bytes], object]] = {
    "a log": lambda folder, text: (folder / "daemon.log").write_bytes(b"INFO sent " + text + b"\n"),
    "a file of any name, below": lambda folder, text: (folder / "a" / "b").write_bytes(b"\0\xff" + text),
    "a crash bundle": in_a_zip,
    "a database": lambda folder, text: in_a_database(folder, text, as_text=True),
    "a blob of a database": lambda folder, text: in_a_database(folder, text, as_text=False),
    "hex": lambda folder, text: (folder / "dump").write_bytes(text.hex().encode()),
    "a URL": lambda folder, text: (folder / "dump").write_text(f"https://x/?t={quote(text)}"),
    **{
        f"base64 after {n}": lambda folder, text, n=n: (folder / "dump").write_bytes(
            base64.b64encode(b"user"[:n] + text + b":x")
        )
        for n in range(3)
    },
}


@pytest.mark.parametrize("place", PLANTS)
@pytest.mark.parametrize("secret", [TOKEN, CODE], ids=["token", "code"])
def test_a_leak_that_is_planted_is_found(tmp_path: Path, place: str, secret: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "other").write_bytes(b"nothing of interest " * 1000)
    secrets = {secret: "it"}
    assert found_in(files_below(tmp_path), secrets) == set()
    PLANTS[place](tmp_path, secret)
    try:
        assert {kind for _, kind in found_in(files_below(tmp_path), secrets)} == {"it"}
    finally:
        while OPEN:
            OPEN.pop().close()


@pytest.mark.parametrize("place", ["arguments", "environment"])
def test_a_leak_of_a_process_is_found(place: str) -> None:
    """Also of one that has ended before anybody asks."""
    secret, waiting = TOKEN, [sys.executable, "-c", "input()"]
    arguments, env = (
        ([*waiting, TOKEN.decode()], None)
        if place == "arguments"
        else (waiting, os.environ | {"T": TOKEN.decode()})
    )
    with Watch() as watch, subprocess.Popen(arguments, stdin=subprocess.PIPE, env=env) as process:
        watch.look()
        process.communicate(b"\n")
    assert found_in(watch.processes(), {secret: "it"}) == {("a process", "it")}


def test_a_wire_that_shows_no_secret_is_no_proof() -> None:
    with pytest.raises(AssertionError, match="the wire never showed"):
        secrets_in(b'{"access_token": "%b"}' % TOKEN)
