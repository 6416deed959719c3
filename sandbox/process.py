"""A sandbox that a process enters, for good, before it decodes strangers' bytes. Linux; less elsewhere.

Four parts, each put up on its own, so that a kernel without one still gets the others:

    limits       memory, CPU, size of a file, no core dump (setrlimit(2))
    privileges   nothing it could run would gain any (prctl(2), PR_SET_NO_NEW_PRIVS)
    calls        no socket, program, process, signal, trace, key, mount: EPERM (seccomp(2), a classic BPF filter)
    files        nothing but the folders named, no TCP, no abstract socket, no signal out (landlock(7))

Not here: who enters it, and what for. `python -m sandbox.process` enters it and prints the parts in force.
"""

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a process may cost. cpu_s None: whoever asks it limits its time."""

    address_bytes: int = 1 << 30
    cpu_s: int | None = 60
    output_bytes: int = 512 << 20  # of one file


ONE_JOB = Limits()
"""Of a process that does one job and ends."""

_SET_MODE_FILTER, _ALL_THREADS = 1, 1  # seccomp(2): SECCOMP_FILTER_FLAG_TSYNC
_PR_SET_NO_NEW_PRIVS = 38
_EPERM = 1

# classic BPF (linux/bpf_common.h) on struct seccomp_data {int nr; u32 arch; …}
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NR_OFFSET, _ARCH_OFFSET = 0, 4
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | _EPERM, 0x80000000
_X32_CALLS = 0x40000000

# name: (x86_64, aarch64); None: the machine has no such call
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "fork": (57, None),
    "vfork": (58, None),
    "clone": (56, 220),
    "clone3": (435, 435),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "mknodat": (259, 33),
    "mknod": (133, None),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
}
_MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}
"""The column above, AUDIT_ARCH_*, the number of seccomp(2)."""

# landlock(7); the numbers are the same on every machine
_O_PATH = 0o10000000  # open(2); only Linux has it, and Landlock
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_FILE_RIGHTS_OF_ABI = {
    1: 0x1FFF,
    2: 0x3FFF,
    3: 0x7FFF,
    4: 0x7FFF,
    5: 0xFFFF,
}  # the later ABIs have those of 5
_TCP_ABI, _SCOPE_ABI = 4, 6
_TCP_BIND_CONNECT, _SCOPE_SOCKETS_SIGNALS = 3, 3
_WRITE, _READ, _LIST, _REMOVE_FILE, _MAKE_FILE, _TRUNCATE = 2, 4, 8, 1 << 5, 1 << 8, 1 << 14


class Part(StrEnum):
    """A part of the sandbox."""

    LIMITS = "limits"
    PRIVILEGES = "privileges"
    CALLS = "calls"
    FILES = "files"


def _none() -> None:
    pass


def enter(
    writable: Sequence[Path] = (),
    readable: Sequence[Path] = (),
    limits: Limits = ONE_JOB,
    start_threads: Callable[[], None] = _none,
) -> list[Part]:
    """Confine this process, for good; the parts that are in force from now on. [main thread, no other]

    writable: folders whose files it may read, write, make and remove; readable: folders whose files it may read.
    start_threads: the last moment to do so: they are confined with this one, and none can be started after.
    Whatever else is needed later must be imported and open by now.
    """
    in_force = [Part.LIMITS]
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    # Without it the kernel takes neither of the others. What is in force of a thread holds for those that it starts.
    if libc is not None and libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        in_force.append(Part.PRIVILEGES)
        if _restrict_files(libc, writable, readable):
            in_force.append(Part.FILES)
    start_threads()
    _limit(limits)  # from here on there can be no other thread
    if libc is not None and Part.PRIVILEGES in in_force and _refuse_calls(libc):
        in_force.append(Part.CALLS)
    return in_force


def _limit(limits: Limits) -> None:
    """What a bomb may cost. Raising a limit again is not possible from inside."""
    wanted = [
        (resource.RLIMIT_AS, limits.address_bytes, limits.address_bytes),
        (resource.RLIMIT_FSIZE, limits.output_bytes, limits.output_bytes),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ]
    if limits.cpu_s is not None:  # ends by SIGXCPU, not by a SIGKILL like anybody's
        wanted.append((resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1))
    for what, soft, hard in wanted:
        resource.setrlimit(what, (soft, hard))


def _restrict_files(libc: ctypes.CDLL, writable: Sequence[Path], readable: Sequence[Path]) -> bool:
    abi = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if abi < 1:
        return False
    rights = _FILE_RIGHTS_OF_ABI[min(abi, max(_FILE_RIGHTS_OF_ABI))]
    tcp = _TCP_BIND_CONNECT if abi >= _TCP_ABI else 0
    scope = _SCOPE_SOCKETS_SIGNALS if abi >= _SCOPE_ABI else 0
    handled = struct.pack("=QQQ", rights, tcp, scope)  # struct landlock_ruleset_attr; what an old kernel
    known = handled[: 24 if abi >= _SCOPE_ABI else 16 if abi >= _TCP_ABI else 8]  # does not know is not sent
    ruleset = libc.syscall(_CREATE_RULESET, known, len(known), 0)
    if ruleset < 0:
        return False
    reading = _READ | _LIST
    writing = reading | _WRITE | _MAKE_FILE | _REMOVE_FILE | _TRUNCATE
    allowed = [(folder, writing) for folder in writable] + [(folder, reading) for folder in readable]
    refused = any(_allow(libc, ruleset, folder, wanted & rights) for folder, wanted in allowed)
    restricted = refused or libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return bool(restricted == 0)


def _allow(libc: ctypes.CDLL, ruleset: int, folder: Path, rights: int) -> bool:
    """Whether the kernel would not take it. Raises OSError: there is no such folder."""
    place = os.open(folder, _O_PATH | os.O_DIRECTORY)
    try:
        beneath = struct.pack("=Qi", rights, place)  # struct landlock_path_beneath_attr
        return bool(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, beneath, 0) != 0)
    finally:
        os.close(place)


def _refuse_calls(libc: ctypes.CDLL) -> bool:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    column, arch, seccomp = machine
    numbers = [number for row in _REFUSED.values() if (number := row[column]) is not None]
    program = _filter(arch, numbers)

    class Program(ctypes.Structure):  # struct sock_fprog
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    wanted = Program(len(program) // 8, program)
    return bool(libc.syscall(seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(wanted)) == 0)


def _filter(arch: int, numbers: list[int]) -> bytes:
    """Foreign calling conventions end the process, the numbers are refused, all else is allowed."""

    def line(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, k)

    to_refusal = len(numbers) + 1  # from the first test after the load of the number
    return b"".join(
        (
            line(_LOAD, _ARCH_OFFSET),
            line(_JUMP_EQUAL, arch, yes=1),
            line(_RETURN, _KILL),
            line(_LOAD, _NR_OFFSET),
            line(_JUMP_AT_LEAST, _X32_CALLS, yes=to_refusal),
            *(line(_JUMP_EQUAL, nr, yes=to_refusal - 1 - place) for place, nr in enumerate(numbers)),
            line(_RETURN, _ALLOW),
            line(_RETURN, _REFUSE),
        )
    )


if __name__ == "__main__":
    print(*enter([Path.cwd()]))
