"""Calls that a process gives up for good: no socket, program, process, signal, trace, key, mount (seccomp(2), a classic BPF
filter)."""

import sys

assert sys.platform == "linux"

import ctypes
import platform
import struct

_SET_MODE_FILTER, _ALL_THREADS = 1, 1  # seccomp(2): SECCOMP_FILTER_FLAG_TSYNC
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


def refuse_calls(libc: ctypes.CDLL) -> bool:
    """Of this process and all of its threads; whether the kernel took it. It needs PR_SET_NO_NEW_PRIVS. [main thread]"""
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
