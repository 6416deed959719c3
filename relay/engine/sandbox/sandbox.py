"""The fence around the process that decodes a stranger's bytes: what it may cost, call and touch. Linux; less elsewhere.

Four parts, each put up on its own, so that a kernel without one still gets the others:

    limits       memory, CPU, size of a file, no core dump (setrlimit(2))
    privileges   nothing it could run would gain any (prctl(2), PR_SET_NO_NEW_PRIVS)
    calls        no socket, program, process, signal, trace, key, mount: EPERM (seccomp(2), a classic BPF filter)
    files        nothing but the job's folder, no TCP, no abstract socket, no signal out (landlock(7))

Not here: who is fenced, and what for. `python -m relay.engine.sandbox.sandbox` puts it around itself and prints what stands.
"""

import ctypes
import os
import platform
import resource
import struct
import sys
from enum import StrEnum
from pathlib import Path

MAX_ADDRESS_BYTES = 1 << 30
MAX_CPU_S = 60
MAX_OUTPUT_BYTES = 512 << 20

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_PR_SET_NO_NEW_PRIVS = 38
_EPERM = 1

# classic BPF (linux/bpf_common.h) on struct seccomp_data {int nr; u32 arch; …}
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NR_OFFSET, _ARCH_OFFSET = 0, 4
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | _EPERM, 0x80000000
_X32_CALLS = 0x40000000

# name: (x86_64, aarch64); None: the machine has no such call
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "fork": (57, None), "vfork": (58, None), "clone": (56, 220), "clone3": (435, 435),
    "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265), "mknodat": (259, 33),
    "mknod": (133, None), "init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104),
}  # fmt: skip
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH_*

# landlock(7); the numbers are the same on every machine
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
_EXECUTE, _WRITE, _READ, _LIST, _MAKE_FILE, _TRUNCATE = 1, 2, 4, 8, 1 << 8, 1 << 14


class Part(StrEnum):
    """A part of the fence that stands."""

    LIMITS = "limits"
    PRIVILEGES = "privileges"
    CALLS = "calls"
    FILES = "files"


def put_up(folder: Path) -> list[Part]:
    """Around this process, for good; what stands of it. folder: the one it may read and write. [main thread, alone]

    Whatever is needed later must be imported and open by now.
    """
    _limit()
    standing = [Part.LIMITS]
    if sys.platform != "linux":
        return standing
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:  # without it the kernel takes neither of the others
        return standing
    standing.append(Part.PRIVILEGES)
    if _restrict_files(libc, folder):
        standing.append(Part.FILES)
    if _refuse_calls(libc):
        standing.append(Part.CALLS)
    return standing


def _limit() -> None:
    """What a bomb may cost. Raising a limit again is not possible from inside."""
    for what, soft, hard in (
        (resource.RLIMIT_AS, MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_S, MAX_CPU_S + 1),  # ends by SIGXCPU, not by a SIGKILL like anybody's
        (resource.RLIMIT_FSIZE, MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(what, (soft, hard))


def _restrict_files(libc: ctypes.CDLL, folder: Path) -> bool:
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
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    allowed = (_READ | _WRITE | _LIST | _MAKE_FILE | _TRUNCATE) & rights
    beneath = struct.pack("=Qi", allowed, place)  # struct landlock_path_beneath_attr
    added = libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, beneath, 0)
    restricted = added or libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(place)
    os.close(ruleset)
    return bool(restricted == 0)


def _refuse_calls(libc: ctypes.CDLL) -> bool:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    column, arch = machine
    numbers = [number for row in _REFUSED.values() if (number := row[column]) is not None]
    program = _filter(arch, numbers)

    class Program(ctypes.Structure):  # struct sock_fprog
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    wanted = Program(len(program) // 8, program)
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0) == 0)


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
    print(*put_up(Path.cwd()))
