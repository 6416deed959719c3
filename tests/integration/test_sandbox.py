"""What decodes strangers' bytes can neither call out nor touch anything but its folders; and says so where it cannot be so."""

import ctypes
import errno
import faulthandler
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from sandbox.forked_posix import Died, run_forked
from sandbox.limits import Limits
from sandbox.process import Part
from tests.support.sandbox import LIMIT_S, in_force

TRIES = """
import ctypes, json, os, socket, sys
from pathlib import Path
from sandbox.process import enter
folder, other, shelf = (Path(each) for each in sys.argv[1:4])
open_before = os.open(folder, os.O_PATH)
parts = enter([folder], [shelf])
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

files = {
    "write here": lambda: (folder / "made").write_bytes(b"made"),
    "read here": lambda: (folder / "made").read_bytes(),
    "rename here": lambda: (folder / "made").rename(folder / "whole"),
    "read what may be read": (shelf / "take").read_bytes,
    "write what may be read": lambda: (shelf / "take").write_bytes(b""),
    "delete what may be read": (shelf / "take").unlink,
    "make where may be read": lambda: (shelf / "new").write_bytes(b""),
    "read another file": other.read_bytes,
    "read a password file": Path("/etc/passwd").read_bytes,
    "read its parent's memory": Path(f"/proc/{os.getppid()}/environ").read_bytes,
    "read by a way up": (folder / ".." / other.name).read_bytes,
    "read through a descriptor": lambda: os.open(f"../{other.name}", os.O_RDONLY, dir_fd=open_before),
    "write elsewhere": lambda: (folder.parent / "else").write_bytes(b""),
    "change another file": lambda: other.open("ab"),
    "list a folder": lambda: os.listdir("/"),
    "link another file": lambda: os.link(other, folder / "linked"),
    "delete another file": other.unlink,
}
calls = {
    "TCP": socket.socket,
    "IPv6": lambda: socket.socket(socket.AF_INET6),
    "UDP": lambda: socket.socket(type=socket.SOCK_DGRAM),
    "local socket": lambda: socket.socket(socket.AF_UNIX),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "socket pair": socket.socketpair,
    "fork": os.fork,
    "clone3": lambda: call(435, None, 0),
    "program": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(os.getppid(), 0),
    "names of its own": lambda: libc.unshare(0x10000000) and call(435, None, 0),
}
tries = (files if "files" in parts else {}) | (calls if "calls" in parts else {})
outcome = {}
for name, attempt in tries.items():
    try:
        attempt()
        outcome[name] = 0
    except OSError as error:
        outcome[name] = error.errno
print(json.dumps({"parts": parts, "outcome": outcome}))
"""
ALLOWED = {"write here", "read here", "rename here", "read what may be read"}


def test_a_decoder_can_open_no_socket_and_no_other_file(tmp_path: Path) -> None:
    folder, other, shelf = tmp_path / "job", tmp_path / "secret", tmp_path / "shelf"
    folder.mkdir()
    shelf.mkdir()
    (shelf / "take").write_bytes(b"take")
    other.write_bytes(b"secret")
    ran = subprocess.run(
        [sys.executable, "-c", TRIES, str(folder), str(other), str(shelf)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    if not {Part.FILES, Part.CALLS} & set(said["parts"]):
        pytest.skip("this kernel has neither landlock nor seccomp")
    done = {name for name, number in said["outcome"].items() if number == 0}
    assert done <= ALLOWED and (done == ALLOWED or Part.FILES not in said["parts"])
    assert {said["outcome"][n] for n in said["outcome"].keys() - done} <= {
        errno.EACCES,
        errno.EPERM,
        errno.EXDEV,
    }
    assert (other.read_bytes(), (shelf / "take").read_bytes()) == (b"secret", b"take")


THREADS = """
import json, os, socket, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from sandbox.process import enter
pool = ThreadPoolExecutor(1)
parts = enter(start_threads=lambda: pool.submit(int).result())
tries = {"files": Path(sys.argv[1]).read_bytes, "calls": socket.socket, "limits": Thread(target=int).start}

def refused(attempt):
    try:
        attempt()
    except (OSError, RuntimeError):
        return True
    return False

there = {part: pool.submit(refused, attempt).result() for part, attempt in tries.items()}
sys.stdout.write(json.dumps([parts, there]))
sys.stdout.flush()
os._exit(0)
"""


def test_threads_that_it_had_to_start_are_confined_with_it_and_none_follows(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    ran = subprocess.run(
        [sys.executable, "-c", THREADS, str(secret)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stderr
    parts, refused = json.loads(ran.stdout)
    assert refused["files"] == (Part.FILES in parts) and refused["calls"] == (Part.CALLS in parts)
    assert refused["limits"] or Part.CALLS not in parts


@pytest.mark.parametrize(
    ("call", "when", "lost"),
    [
        ("landlock_create_ruleset", "1+", {Part.FILES}),
        ("landlock_restrict_self", "1+", {Part.FILES}),
        ("prctl", "1+", {Part.PRIVILEGES, Part.CALLS, Part.FILES}),
        ("seccomp", "1+", {Part.CALLS}),
    ],
)
def test_a_kernel_that_lacks_a_part_is_told_of_as_it_is(call: str, when: str, lost: set[Part]) -> None:
    strace = shutil.which("strace")
    assert strace, "strace is missing: apt-get install strace"
    inject = f"inject={call}:error=EOPNOTSUPP:when={when}"
    assert in_force(strace, "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject) == in_force() - lost


def test_a_fork_in_the_sandbox_gives_back_bytes_and_can_open_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    there = secret.open("rb")

    def work(out: BinaryIO) -> None:
        out.write(there.read())
        for attempt in (secret.read_bytes, socket.socket, lambda: os.listdir("/"), os.fork):
            try:
                attempt()
                out.write(b" opened")
            except OSError:
                out.write(b" refused")

    with there:
        said = bytes(run_forked(work, Limits()))
    parts = in_force()
    if {Part.FILES, Part.CALLS} <= parts:
        assert said == b"secret refused refused refused refused"
    assert secret.read_bytes() == b"secret", "and this process is as free as it was"


def fails(_: BinaryIO) -> None:
    raise ValueError


def crashes(_: BinaryIO) -> None:
    faulthandler.disable()  # or it fills the report of the tests
    ctypes.string_at(0)


def works_for_ever(_: BinaryIO) -> None:
    while True:
        pass


def writes_for_ever(out: BinaryIO) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    while True:
        out.write(bytes(1 << 16))


def needs_everything(_: BinaryIO) -> None:
    bytearray(1 << 40)


@pytest.mark.parametrize(
    ("work", "by"),
    [
        (fails, None),
        (crashes, signal.SIGSEGV),
        (works_for_ever, signal.SIGXCPU),
        (writes_for_ever, signal.SIGXFSZ),
        (needs_everything, None),
    ],
)
def test_a_fork_that_breaks_down_is_told_of(work: Callable[[BinaryIO], None], by: int | None) -> None:
    limits = Limits(address_bytes=64 << 30, cpu_s=1, output_bytes=1 << 20)
    with pytest.raises(Died) as died:
        run_forked(work, limits)
    assert died.value.signal == by
