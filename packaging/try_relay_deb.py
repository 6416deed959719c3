"""Install the relay's package in a bare Debian, set it up, post to it, upgrade it while it serves, remove it, and purge it.

    python packaging/try_relay_deb.py [--root FOLDER]     (as root, after packaging/relay_deb.py)

There is no systemd in it: the unit's own line is started, as the unit's user. Ends with one line of JSON.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from typing import Any

from bare_debian import BEFORE, Bare, Figures, listening, timed, try_in_bare_debian, until
from build import ROOT
from relay_deb import OUT, UNIT, build

sys.path.insert(0, str(ROOT))
from tests.support.claims import Claim, FormBrowser, last_form
from tests.support.loops import short_flac
from tests.support.relay import RelayClient

OWNER = "sidechain-relay"
DATA, BACKUPS = "var/lib/sidechain-relay", "var/backups/sidechain-relay"
STUDIO = "relay/app/site/static/crdt/library.js"
URL = "http://127.0.0.1:8700"
PASSWORD = "eight bars at night"


def main() -> None:
    try_in_bare_debian(__doc__, go_through)


def go_through(system: Bare) -> Figures:
    """Seconds of each."""
    bundle = OUT / "dist" / "sidechain-relay"
    old, new = (build(bundle, each) for each in (BEFORE, distribution("sidechain").version))
    figures: Figures = {"deb_mb": round(new.stat().st_size / 1e6, 1)}
    before = system.files()
    with timed(figures, "install_s"):
        system.put_in(old)
    assert stat(system, DATA) == (OWNER, "700"), "its folder is its own"
    assert list(system.root.glob(f"usr/lib/sidechain-relay/**/{STUDIO}")), "its studio edits together"
    with timed(figures, "setup_s"):
        answers = command(system, "setup", "--url", URL, "--admin", "mira", "--yes")
    assert (system.root / DATA / "relay.env").stat().st_mode & 0o777 == 0o600
    relay = serve(system)
    with timed(figures, "join_and_post_s"):
        post = join_and_post(answers)
    status = command(system, "status")
    assert status["well"] and status["posts"] == 1 and status["version"] == BEFORE, status
    command(system, "backup", f"/{BACKUPS}/relay.tar")
    with timed(figures, "upgrade_s"):
        system.put_in(new)
    assert relay.wait(60) == 0, "what served was let end"
    relay = serve(system)
    status = command(system, "status")
    assert status["version"] == distribution("sidechain").version and status["posts"] == 1, status
    assert status["backup"]["is_there"]
    with RelayClient(URL).http as anybody:
        assert anybody.get(f"/audio/{post}").json()["title"] == "before"
    with timed(figures, "purge_s"):
        system.run("dpkg", "--purge", "sidechain-relay")
    assert relay.wait(60) == 0 and listening() == ""
    left = {path for path in system.files() - before if not path.startswith((f"/{DATA}", f"/{BACKUPS}"))}
    assert {path.rstrip("-") for path in left} <= {
        "/etc/passwd",
        "/etc/group",
        "/etc/shadow",
        "/etc/gshadow",
    }, left
    assert (system.root / DATA / "relay.db").exists(), "a purge takes nothing that a band has made"
    remove_for_good(system)
    system.put_in(new)
    system.run("dpkg", "--purge", "sidechain-relay")
    assert OWNER not in (system.root / "etc/passwd").read_text(encoding="utf-8"), (
        "what was never set up goes as it came"
    )
    assert not (system.root / DATA).exists() and not (system.root / BACKUPS).exists()
    return figures


def remove_for_good(system: Bare) -> None:
    """As the purge says it is done."""
    system.run("rm", "-r", f"/{DATA}", f"/{BACKUPS}")
    system.run("userdel", OWNER)


def command(system: Bare, *words: str) -> dict[str, Any]:
    """The answer of `sidechain-relay … --json`, called by root."""
    return dict(json.loads(system.run("sidechain-relay", *words, "--json").stdout.splitlines()[-1]))


def serve(system: Bare) -> subprocess.Popen[bytes]:
    """What the unit starts, as whom it says."""
    (line,) = re.findall(r"(?m)^ExecStart=(.*)$", (system.root / UNIT).read_text(encoding="utf-8"))
    relay = system.start(*line.split(), user=OWNER)
    until(lambda: listening() != "", "the relay listens")
    return relay


def join_and_post(answers: dict[str, Any]) -> str:
    """The first admin sets the password, claims a device and posts; the post's id."""
    with FormBrowser(URL) as mira:
        page = mira.http.get(str(answers["admin"]))
        action, hidden = last_form(page.text, "/")
        assert mira.http.post(action, data={**hidden, "password": PASSWORD}).status_code == 303
        device = RelayClient(URL)
        device.use(Claim(device).complete(mira))
        try:
            return device.post(short_flac(4800), title="before").id
        finally:
            device.close()


def stat(system: Bare, path: str) -> tuple[str, str]:
    """Owner and mode."""
    owner, mode = system.run("stat", "-c", "%U %a", f"/{path}").stdout.split()
    return owner, mode


if __name__ == "__main__":
    main()
