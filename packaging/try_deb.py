"""Install the Debian package in a bare Debian, use it as a fresh user, upgrade it while it runs, and purge it.

    python packaging/try_deb.py [--root FOLDER]     (as root, after packaging/build.py)

Ends with one line of JSON; an assertion that does not hold is what is wrong.
"""

import json
import os
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from bare_debian import (
    BEFORE,
    HOME,
    LIMIT_S,
    USER,
    Bare,
    Figures,
    listening,
    timed,
    try_in_bare_debian,
    until,
)
from deb import build, built_folder

RELAY = "http://127.0.0.1:8700"
EXPECTED = ("/usr/lib/vst3/sidechain.vst3", "/usr/lib/clap/sidechain.clap", "/usr/lib/lv2/sidechain.lv2")


def main() -> None:
    try_in_bare_debian(__doc__, go_through)


def go_through(system: Bare) -> Figures:
    """Install, start, keep, post, upgrade, purge; seconds of each."""
    old, new = (build(built_folder(), each) for each in (BEFORE, distribution("sidechain").version))
    figures: Figures = {"deb_mb": round(new.stat().st_size / 1e6, 1)}
    before = system.files()
    with timed(figures, "install_s"):
        system.put_in(old)
    assert all((system.root / path[1:]).exists() for path in EXPECTED)
    figures["version"] = system.run("sidechain", "--version", user=USER).stdout.strip()
    with timed(figures, "keep_and_post_s"):
        relay = start_relay(system)
        options = ["--relay", RELAY, "--credential-store", "file", "--dev-user", USER, "--yes"]
        assert sidechain(system, "setup", *options)["account"] == USER
        system.run("sidechain", "host", "--once", user=USER)
        first = sidechain(system, "keep", "--bars", "4", "--title", "before", "--post", "--wait")["take"]
        assert first["entry_state"] == "accepted" and first["post_url"], first
    relay.terminate()
    relay.wait()
    second = sidechain(system, "keep", "--bars", "2", "--title", "waits", "--post")["take"]
    with timed(figures, "upgrade_s"):
        upgrade(system, new)
    kept = {each["take_id"] for each in sidechain(system, "takes")["takes"]}
    assert kept == {first["take_id"], second["take_id"]}, "an upgrade costs no take"
    relay = start_relay(system)
    until(
        lambda: entry_of(system, second["take_id"]) == "accepted", "what waited is posted by the new version"
    )
    with timed(figures, "purge_s"):
        system.run("dpkg", "--purge", "sidechain")
    relay.wait(LIMIT_S)
    assert_nothing_is_left(system, before)
    return figures


def upgrade(system: Bare, new: Path) -> None:
    """While the daemon runs: the same process goes on as the new version."""
    was = sidechain(system, "status")
    system.put_in(new)

    def is_new() -> bool:
        asked = system.attempt("sidechain", "status", "--json", user=USER)  # it fails for a moment
        return asked.returncode == 0 and json.loads(asked.stdout)["version"] != was["version"]

    until(is_new, "the daemon goes on as the new version")
    assert sidechain(system, "status")["pid"] == was["pid"]


def sidechain(system: Bare, *arguments: str) -> dict[str, Any]:
    """What the user's `sidechain … --json` answers."""
    answer = system.run("sidechain", *arguments, "--json", user=USER).stdout.strip()
    return dict(json.loads(answer.splitlines()[-1]))


def start_relay(system: Bare) -> subprocess.Popen[bytes]:
    """One that answers."""
    relay = system.start(
        "sidechain", "relay", "--data", f"{HOME}/relay", "--port", "8700", "--dev", user=USER
    )
    until(lambda: listening() != "", "the relay listens")
    return relay


def entry_of(system: Bare, take_id: str) -> str:
    return str(sidechain(system, "takes", "show", take_id)["take"]["entry_state"])


def assert_nothing_is_left(system: Bare, before: set[str]) -> None:
    """No listener, no process, no file outside the user's data; and the takes are there."""
    assert listening() == "", "a port is still listened on"
    programs = [os.readlink(path) for path in Path("/proc").glob("[0-9]*/exe") if path.is_symlink()]
    assert not [each for each in programs if "/usr/lib/sidechain/" in each], programs
    assert system.files() - before == set(), sorted(system.files() - before)[:20]
    takes = system.root / HOME[1:] / ".local/share/sidechain/takes"
    assert len([each for each in takes.iterdir() if each.is_dir()]) == 2, (
        "a purge takes nothing of the user's"
    )


if __name__ == "__main__":
    main()
