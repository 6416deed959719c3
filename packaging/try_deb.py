"""Install the Debian package in a bare Debian, use it as a fresh user, upgrade it while it runs, and purge it.

    python packaging/try_deb.py [--root FOLDER]     (as root, after packaging/build.py)

The version before is the same build under an older number: nothing was released before it. The root is debootstrap's minbase,
made once; what is tried runs in a copy of it, in process, mount and network namespaces of
its own, so that nothing of this machine helps and nothing is left on it. Ends with one line of JSON; an assertion that does
not hold is what is wrong.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from deb import OUT, build

SUITE, BEFORE = "bookworm", "0.0.9"
INSIDE = "SIDECHAIN_DEB_INSIDE"  # set in the namespaces
USER, UID = "mira", "1000"
RELAY = "http://127.0.0.1:8700"
HOME = f"/home/{USER}"
EXPECTED = ("/usr/lib/vst3/sidechain.vst3", "/usr/lib/clap/sidechain.clap", "/usr/lib/lv2/sidechain.lv2")
ROOT_HOME = "/root"  # of the machine that is tried on
NOT_OURS = (
    "/home/",
    "/proc/",
    "/var/lib/dpkg/",
    "/var/log/",
    "/run/user/",
    "/dev/",
    "/tmp/",
    f"{ROOT_HOME}/",
)
LIMIT_S = 120.0


class Bare:
    """A bare Debian with one user in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """In it, as root or as the user; raises AssertionError with what was said when it fails."""
        done = subprocess.run(
            self._command(command, user), check=False, capture_output=True, text=True, timeout=LIMIT_S
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done

    def ask(self, *command: str) -> str:
        """What the user is told; "" when it fails, as it may for a moment."""
        done = subprocess.run(
            self._command(command, USER), check=False, capture_output=True, text=True, timeout=LIMIT_S
        )
        return done.stdout if done.returncode == 0 else ""

    def sidechain(self, *arguments: str) -> dict[str, Any]:
        """What the user's `sidechain … --json` answers."""
        answer = self.run("sidechain", *arguments, "--json", user=USER).stdout.strip()
        return dict(json.loads(answer.splitlines()[-1]))

    def start(self, *command: str, user: str = USER) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command(command, user), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def files(self) -> set[str]:
        """All there is, but what the user, the kernel and dpkg's own books hold."""
        found: set[str] = set()
        for folder, folders, files in os.walk(self.root):
            inside = f"/{os.path.relpath(folder, self.root)}/".replace("/./", "/")
            folders[:] = [each for each in folders if not f"{inside}{each}/".startswith(NOT_OURS)]
            found |= {inside + each for each in (*folders, *files)}
        return found

    def _command(self, command: tuple[str, ...], user: str) -> list[str]:
        env = [f"HOME={HOME if user else '/root'}", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
        env += [f"XDG_RUNTIME_DIR=/run/user/{UID}"] if user else []
        who = [f"--userspec={user}:{user}"] if user else []
        return ["chroot", *who, str(self.root), "/usr/bin/env", "-i", *env, *command]


def main() -> None:
    """Once more in namespaces of its own, and there the whole try."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(".build/deb-root"), help="of debootstrap; kept")
    options = parser.parse_args()
    if os.environ.get(INSIDE) is None:
        make_root(options.root.resolve())
        namespaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
        command = [*namespaces, sys.executable, *sys.argv]
        sys.exit(subprocess.run(command, check=False, env=os.environ | {INSIDE: "1"}).returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with bare(options.root.resolve()) as system:
        print(json.dumps(go_through(system, *packages())))


def packages() -> tuple[Path, Path]:
    """The version before, and this one."""
    (top,) = (each for each in OUT.glob("sidechain-*") if each.is_dir())
    return build(top, BEFORE), build(top, distribution("sidechain").version)


def make_root(root: Path) -> None:
    """A bare Debian; nothing when it is there."""
    if not (root / "etc/debian_version").exists():
        shutil.rmtree(root, ignore_errors=True)
        print(f"debootstrap {SUITE}: a bare Debian, once", file=sys.stderr)
        subprocess.run(
            ["debootstrap", "--variant=minbase", SUITE, str(root)], check=True, stdout=subprocess.DEVNULL
        )


@contextmanager
def bare(base: Path) -> Iterator[Bare]:
    """A copy of it with a user, in this namespace."""
    with tempfile.TemporaryDirectory(prefix="sdc-deb-") as folder:
        root = Path(folder) / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
        try:
            system = Bare(root)
            system.run("useradd", "--create-home", "--uid", UID, USER)
            system.run("install", "-d", "-m", "0700", "-o", USER, "-g", USER, f"/run/user/{UID}")
            yield system
        finally:
            subprocess.run(["umount", "-l", str(root / "proc")], check=True)


# the try ----------------------------------------------------------------------------------------------------------------


def go_through(system: Bare, old: Path, new: Path) -> dict[str, float | str]:
    """Install, start, keep, post, upgrade, purge; seconds of each."""
    figures: dict[str, float | str] = {"deb_mb": round(new.stat().st_size / 1e6, 1)}
    before = system.files()
    with timed(figures, "install_s"):
        put_in(system, old)
    assert all((system.root / path[1:]).exists() for path in EXPECTED)
    figures["version"] = system.run("sidechain", "--version", user=USER).stdout.strip()
    with timed(figures, "keep_and_post_s"):
        relay = start_relay(system)
        options = ["--relay", RELAY, "--credential-store", "file", "--dev-user", USER, "--yes"]
        assert system.sidechain("setup", *options)["account"] == USER
        system.run("sidechain", "host", "--once", user=USER)
        first = system.sidechain("keep", "--bars", "4", "--title", "before", "--post", "--wait")["take"]
        assert first["entry_state"] == "accepted" and first["post_url"], first
    relay.terminate()
    relay.wait()
    second = system.sidechain("keep", "--bars", "2", "--title", "waits", "--post")["take"]
    with timed(figures, "upgrade_s"):
        upgrade(system, new)
    kept = {each["take_id"] for each in system.sidechain("takes")["takes"]}
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
    was = system.sidechain("status")
    put_in(system, new)

    def is_new() -> bool:
        said = system.ask("sidechain", "status", "--json")
        return bool(said) and json.loads(said)["version"] != was["version"]

    until(is_new, "the daemon goes on as the new version")
    assert system.sidechain("status")["pid"] == was["pid"]


def put_in(system: Bare, deb: Path) -> None:
    place = system.root / "root" / deb.name
    shutil.copy(deb, place)
    system.run("dpkg", "--install", f"{ROOT_HOME}/{deb.name}")


def start_relay(system: Bare) -> subprocess.Popen[bytes]:
    """One that answers."""
    relay = system.start("sidechain", "relay", "--data", f"{HOME}/relay", "--port", "8700", "--dev")
    until(lambda: listening() != "", "the relay listens")
    return relay


def entry_of(system: Bare, take_id: str) -> str:
    return str(system.sidechain("takes", "show", take_id)["take"]["entry_state"])


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


def listening() -> str:
    return subprocess.check_output(["ss", "-Htln"], text=True).strip()


def until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline, f"nothing came of: {what}"
        time.sleep(0.2)


@contextmanager
def timed(figures: dict[str, float | str], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    figures[name] = round(time.monotonic() - began, 1)


if __name__ == "__main__":
    main()
