"""Install the relay's package in a bare Debian, set it up, post to it, upgrade it while it serves, remove it, and purge it.

    python packaging/try_relay_deb.py [--root FOLDER]     (as root, after packaging/relay_deb.py)

As packaging/try_deb.py does with the desktop's: in namespaces of its own, the version before being the same build under an older
number. There is no systemd in it: the unit's own line is started, as the unit's user. Ends with one line of JSON.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from relay_deb import OUT, ROOT, UNIT, build
from try_deb import Bare, bare, listening, make_root, put_in, timed, until

sys.path.insert(0, str(ROOT))
from tests.support.claims import Claim, FormBrowser, last_form
from tests.support.loops import short_flac
from tests.support.relay import RelayClient

BEFORE = "0.0.9"
INSIDE = "SIDECHAIN_RELAY_DEB_INSIDE"
OWNER = "sidechain-relay"
DATA, BACKUPS = "var/lib/sidechain-relay", "var/backups/sidechain-relay"
URL = "http://127.0.0.1:8700"
PASSWORD = "eight bars at night"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(".build/deb-root"), help="of debootstrap; kept")
    options = parser.parse_args()
    if os.environ.get(INSIDE) is None:
        make_root(options.root.resolve())
        namespaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
        command = [*namespaces, sys.executable, *sys.argv]
        sys.exit(subprocess.run(command, check=False, env=os.environ | {INSIDE: "1"}).returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    bundle = OUT / "dist" / "sidechain-relay"
    old, new = build(bundle, BEFORE), build(bundle, distribution("sidechain").version)
    with bare(options.root.resolve()) as system:
        print(json.dumps(go_through(system, old, new)))


def go_through(system: Bare, old: Path, new: Path) -> dict[str, float | str]:
    """Seconds of each."""
    figures: dict[str, float | str] = {"deb_mb": round(new.stat().st_size / 1e6, 1)}
    before = system.files()
    with timed(figures, "install_s"):
        put_in(system, old)
    assert stat(system, DATA) == (OWNER, "700"), "its folder is its own"
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
        put_in(system, new)
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
    put_in(system, new)
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


def command(system: Bare, *words: str) -> dict[str, object]:
    """The answer of `sidechain-relay … --json`, called by root."""
    return dict(json.loads(system.run("sidechain-relay", *words, "--json").stdout.splitlines()[-1]))


def serve(system: Bare) -> subprocess.Popen[bytes]:
    """What the unit starts, as whom it says."""
    (line,) = re.findall(r"(?m)^ExecStart=(.*)$", (system.root / UNIT).read_text(encoding="utf-8"))
    relay = system.start(*line.split(), user=OWNER)
    until(lambda: listening() != "", "the relay listens")
    return relay


def join_and_post(answers: dict[str, object]) -> str:
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
