"""A bare Debian to try a package in: debootstrap's minbase, made once; each try has a copy of it, in namespaces of its own.

So nothing of this machine helps what is tried, and nothing of it is left on the machine. As root.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SUITE = "bookworm"
BEFORE = "0.0.9"  # of the version before: the same build under an older number, for nothing was released
USER, UID = "mira", "1000"
HOME, ROOT_HOME = f"/home/{USER}", "/root"  # in it
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
INSIDE = "SIDECHAIN_TRIED_INSIDE"  # set in the namespaces
LIMIT_S = 300.0  # of one command, or of what has to happen: it tells a hang from a slow machine

Figures = dict[str, float | str]


class Bare:
    """A bare Debian with one user in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """In it, as root or as the user; raises AssertionError with what was said when it fails."""
        done = self.attempt(*command, user=user)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done

    def attempt(self, *command: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """The same, and it may fail."""
        line = self._command(command, user)
        return subprocess.run(line, check=False, capture_output=True, text=True, timeout=LIMIT_S)

    def start(self, *command: str, user: str) -> subprocess.Popen[bytes]:
        """A program that goes on."""
        line = self._command(command, user)
        return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def put_in(self, deb: Path) -> None:
        """As dpkg installs it, over the version before if there is one."""
        shutil.copy(deb, self.root / ROOT_HOME[1:] / deb.name)
        self.run("dpkg", "--install", f"{ROOT_HOME}/{deb.name}")

    def files(self) -> set[str]:
        """All there is, but what the user, the kernel and dpkg's own books hold."""
        found: set[str] = set()
        for folder, folders, files in os.walk(self.root):
            inside = f"/{os.path.relpath(folder, self.root)}/".replace("/./", "/")
            folders[:] = [each for each in folders if not f"{inside}{each}/".startswith(NOT_OURS)]
            found |= {inside + each for each in (*folders, *files)}
        return found

    def _command(self, command: tuple[str, ...], user: str) -> list[str]:
        env = [f"HOME={HOME if user else ROOT_HOME}", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
        env += [f"XDG_RUNTIME_DIR=/run/user/{UID}"] if user else []
        who = [f"--userspec={user}:{user}"] if user else []
        return ["chroot", *who, str(self.root), "/usr/bin/env", "-i", *env, *command]


def try_in_bare_debian(said: str | None, go_through: Callable[[Bare], Figures]) -> None:
    """The program's main: once more in namespaces of its own, and there the whole try; one line of JSON. said: its --help."""
    parser = argparse.ArgumentParser(description=said)
    parser.add_argument("--root", type=Path, default=Path(".build/deb-root"), help="of debootstrap; kept")
    root = parser.parse_args().root.resolve()
    if os.environ.get(INSIDE) is None:
        make_root(root)
        namespaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
        command = [*namespaces, sys.executable, *sys.argv]
        sys.exit(subprocess.run(command, check=False, env=os.environ | {INSIDE: "1"}).returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with bare(root) as system:
        print(json.dumps(go_through(system)))


def make_root(root: Path) -> None:
    """A bare Debian; nothing when it is there."""
    if not (root / "etc/debian_version").exists():
        shutil.rmtree(root, ignore_errors=True)
        print(f"debootstrap {SUITE}: a bare Debian, once", file=sys.stderr)
        command = ["debootstrap", "--variant=minbase", SUITE, str(root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


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


def listening() -> str:
    """The sockets of this namespace that are listened on; "": none."""
    return subprocess.check_output(["ss", "-Htln"], text=True).strip()


def until(holds: Callable[[], bool], what: str) -> None:
    """Looks again and again. Raises AssertionError."""
    deadline_s = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline_s, f"nothing came of: {what}"
        time.sleep(0.2)


@contextmanager
def timed(figures: Figures, name: str) -> Iterator[None]:
    """The seconds of the block are a figure."""
    began_s = time.monotonic()
    yield
    figures[name] = round(time.monotonic() - began_s, 1)
