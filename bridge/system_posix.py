"""`bridge.system` on Linux and macOS. What is said of macOS is untested: no such machine has run it."""

import sys

assert sys.platform != "win32"

import contextlib
import ctypes
import fcntl
import os
import resource
import socket
import stat
import struct
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

UserId = int

PRIVATE_MODE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PR_SET_DUMPABLE = 4
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# <sys/un.h> of macOS, for which Python has no names.
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2


# files ------------------------------------------------------------------------------------------------------------


def create_private(path: str | os.PathLike[str], *, readable: bool = False, mode: int = PRIVATE_MODE) -> int:
    """A descriptor of a new file, to write. readable: and to read. mode: of the file, before the umask.

    Never one that is there, and never through a link. Raises OSError. [any]
    """
    access = os.O_RDWR if readable else os.O_WRONLY
    return os.open(path, access | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


def open_private(path: str | os.PathLike[str]) -> int:
    """A descriptor to read and write; the file is made, for us alone, if there is none. Raises OSError. [any]"""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_MODE)


def open_to_read(path: str | os.PathLike[str]) -> int:
    """A descriptor to read, never through a link; a FIFO of that name holds nobody up. Raises OSError. [any]"""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)


def make_private_folder(path: Path) -> None:
    """For us alone, whatever the umask. Raises FileExistsError, OSError. [any]"""
    path.mkdir(mode=0o700)
    path.chmod(0o700)


def keep_private(fd: int) -> None:
    """For us alone, also when the file was there before. Raises OSError. [any]"""
    os.fchmod(fd, PRIVATE_MODE)


def why_not_private(where: int | Path, found: os.stat_result, wanted: str = "0600") -> str | None:
    """Why others could reach a file or folder; None: it is ours, and closed to them. Raises OSError. [any]"""
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}, not to you ({os.geteuid()})"
    if found.st_mode & _OTHERS:
        return f"is open to other users (mode {stat.S_IMODE(found.st_mode):04o}, not {wanted})"
    return None


def other_owner(path: Path) -> UserId | None:
    """Whose it is, if not ours. Raises OSError. [any]"""
    owner = path.stat().st_uid
    return None if owner == os.geteuid() else owner


def close_to_others(path: Path) -> bool:
    """Take away what others may do with a file or folder of ours; whether they could do anything. Raises OSError. [any]"""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        path.chmod(mode & 0o700)
    return bool(mode & _OTHERS)


def make_link(target: Path, at: Path) -> None:
    """Another name of a file, which others can open it by. Raises OSError. [any]"""
    at.symlink_to(target)


def mark_of(target: Path) -> str:
    """What a link of ours to this file is known by, also when the file is gone. [any]"""
    return os.fspath(target)


def mark_of_link(at: Path) -> str:
    """The mark of the file that a link leads to; "" when it is no link. Raises OSError. [any]"""
    return os.readlink(at) if at.is_symlink() else ""


def local_datagrams() -> socket.socket:
    """A socket for words to another program of this machine, by the name of its socket. Raises OSError. [any]"""
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def read_at(fd: int, size_bytes: int, at: int) -> bytes:
    """At most so many bytes from there, fewer at the end. Raises OSError. [any]"""
    return os.pread(fd, size_bytes, at)


def read_into(fd: int, into: memoryview, at: int) -> int:
    """Fill `into` from there; how many bytes there were. Raises OSError. [any]"""
    return os.preadv(fd, [into], at)


def write_at(fd: int, data: bytes | memoryview, at: int) -> None:
    """All of it. Raises OSError. [any]"""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        at += written
        view = view[written:]


def reserve(fd: int, size_bytes: int) -> None:
    """Room for so many bytes of a new file: a full disk is told now, not when they are written. Raises OSError. [any]"""
    if sys.platform == "darwin":
        os.ftruncate(fd, size_bytes)
    else:
        os.posix_fallocate(fd, 0, size_bytes)


def sync_data(fd: int) -> None:
    """What was written survives a power cut. Raises OSError. [worker]"""
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # fsync(2) of macOS stops at the disk's own memory
    else:
        os.fdatasync(fd)


def sync_folder(path: str | os.PathLike[str]) -> None:
    """Names in it survive a power cut. Raises OSError. [worker]"""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def longest_name_bytes(folder: Path) -> int:
    """Of one name in that folder. Raises OSError, ValueError: it does not tell. [any]"""
    return os.pathconf(folder, "PC_NAME_MAX")


# who lives ----------------------------------------------------------------------------------------------------------


def lock(fd: int) -> None:
    """Hold the file's lock for as long as it is open; the kernel drops it with the process. Raises BlockingIOError, OSError. [any]"""
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(fd: int) -> bool:
    """Whether somebody holds it. Held by us for microseconds; who makes such a file therefore locks blockingly. [any]"""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False


def process_lives(pid: int) -> bool:
    """Whether there is such a process that has not ended. [any]"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return sys.platform != "linux"  # where there is such a folder, it has ended since
    return state.rpartition(")")[2].split()[:1] != ["Z"]  # ended, and its parent has not looked yet


class Peer(NamedTuple):
    """Who is at the other end. user_id None: it left before anybody could ask."""

    pid: int
    user_id: UserId | None


def user_id() -> UserId:
    """Whose this process is. [any]"""
    return os.geteuid()


def peer_of(connected: socket.socket) -> Peer:
    """By the kernel's word, not by its own. Raises OSError. [any]"""
    if sys.platform == "darwin":
        (pid,) = struct.unpack("i", connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4))
        _, uid = struct.unpack_from("=Ii", connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76))
    else:
        pid, uid, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid, None if uid == -1 else uid)


def listener_of(path: Path) -> Peer:
    """Who listens there, by the kernel's word. Raises OSError: nobody."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        with contextlib.suppress(BlockingIOError):  # its backlog is full, so somebody is there
            probe.connect(os.fspath(path))
        return peer_of(probe)


def in_background(kept: int) -> dict[str, Any]:
    """What subprocess.Popen needs for a program that outlives this one, and has the descriptor `kept`. [any]"""
    return {"start_new_session": True, "pass_fds": [kept]}


def kept_name(kept: int) -> str:
    """What that program is to be told of the descriptor. [any]"""
    return str(kept)


def kept_descriptor(name: str) -> int:
    """In that program: the descriptor it was told of. Raises ValueError, OSError. [any]"""
    return int(name)


# clocks ---------------------------------------------------------------------------------------------------------------


def awake_ns() -> int:
    """Nobody sets it, and it stands still while the computer sleeps: the clock of the C client (SPEC). [any]"""
    return time.monotonic_ns()


def lifetime_s() -> float:
    """Nobody sets it, and it runs on while the computer sleeps, which `time.monotonic` does not. [any]"""
    if sys.platform == "darwin":
        runs_on = time.CLOCK_MONOTONIC
    else:
        runs_on = time.CLOCK_BOOTTIME
    return time.clock_gettime(runs_on)


def boot_id() -> str:
    """Another one after each start of this machine; "" where it is not known. [any]"""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


# limits of this process -------------------------------------------------------------------------------------------------


def descriptor_limit() -> int:
    """How many files this process may have open. [any]"""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def raise_descriptor_limit() -> None:
    """To the most that is allowed: the soft limit is often 1,024. [any]"""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def keep_freed_memory(size_bytes: int) -> None:
    """What is freed, up to so much, stays with this process: who works through one buffer after the other would have its
    pages made anew each time (mallopt(3) of glibc; elsewhere nothing happens). [any]"""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_M_TRIM_THRESHOLD, size_bytes)
        mallopt(_M_MMAP_THRESHOLD, size_bytes)


def usable_cores() -> int:
    """That this process may run on. [any]"""
    if sys.platform == "linux":
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return count


def step_thread_back(nice: int) -> None:
    """The thread that calls it goes behind whatever else the machine does, for good. Elsewhere than on Linux that would be
    all of the process, so it is left (setpriority(2), "C library/kernel differences"). [any]
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(nice, os.getpriority(os.PRIO_PROCESS, thread)))


def step_process_back(nice: int) -> None:
    """All of this process, for good. [any]"""
    os.nice(nice)


def forbid_dumps() -> None:
    """No core file of this process, and no other of the same user reads its memory (prctl(2), core(5)).

    Where the kernel has no such switch, only core files are forbidden. A child asks again, if it holds a key. [any]
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
