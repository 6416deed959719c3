"""A process that has everything imported and forks for each job: the other end of children.py. [main thread, no other]

A fork has all imports at once, where a new interpreter takes half a second of processor time. The server itself looks at
nothing of a job but its number; each job runs in a fork of its own, which ends with it, so nothing of one can reach
another. A fork inherits no descriptor but the file for its answer.
"""

import ctypes
import gc
import os
import resource
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import msgspec
from msgspec import Struct

from relay.engine.sandbox.frames import Ask, Drop, Ended, Unpacked, packed
from sandbox.output import silence_libraries

MAX_ANSWER_BYTES = 4 << 20
READ_BYTES = 1 << 16
FAILED = 1
_STDIN, _STDOUT, _ANSWER = 0, 1, 3
_PR_SET_PDEATHSIG = 1
_questions: msgspec.msgpack.Decoder[Ask | Drop] = msgspec.msgpack.Decoder(Ask | Drop)

Work = Callable[[bytes], bytes]
"""Does one job in its fork: enters the sandbox, then reads the job. What it returns is the answer."""


class _Fork(Struct, frozen=True, kw_only=True):
    """One that runs. answer: the file that it writes to."""

    number: int
    answer: int


def serve(work: Work) -> None:
    """Take jobs from stdin until it closes, each in a fork."""
    gc.collect()
    gc.freeze()  # what is there now stays shared with all forks
    _Server(work).run()


class _Server:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._forks: dict[int, _Fork] = {}  # by pid
        self._unpacked = Unpacked(_questions)
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _noted)

    def run(self) -> None:
        poll = select.poll()
        for source in (_STDIN, self._woken):
            poll.register(source, select.POLLIN)
        asked = True
        while asked:
            for source, _ in poll.poll():
                if source == _STDIN:
                    asked = self._hear()
                else:
                    self._reap()
        for pid in self._forks:  # whoever asked is gone
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _hear(self) -> bool:
        """Whether there may be more to hear."""
        piece = os.read(_STDIN, READ_BYTES)
        for message in self._unpacked.of(piece):
            if isinstance(message, Ask):
                self._start(message)
                continue
            for pid, fork in self._forks.items():
                if fork.number == message.number:
                    os.kill(pid, signal.SIGKILL)
        return bool(piece)

    def _start(self, asked: Ask) -> None:
        answer = _file()
        try:
            pid = os.fork()
        except OSError:  # no memory, or too many processes: as if it had been killed for want of them
            os.close(answer)
            _say(Ended(number=asked.number, code=-signal.SIGKILL, answer=b""))
            return
        if pid == 0:
            _be_the_fork(self._work, asked.job, answer)
        self._forks[pid] = _Fork(number=asked.number, answer=answer)

    def _reap(self) -> None:
        os.read(self._woken, READ_BYTES)
        for pid in list(self._forks):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                fork = self._forks.pop(pid)
                short = os.fstat(fork.answer).st_size <= MAX_ANSWER_BYTES
                answer = os.pread(fork.answer, MAX_ANSWER_BYTES, 0) if short else b""
                os.close(fork.answer)
                code = os.waitstatus_to_exitcode(status)
                _say(Ended(number=fork.number, code=code, answer=answer))


def _be_the_fork(work: Work, job: bytes, answer: int) -> NoReturn:
    """Nothing may be raised through the server, and nothing of it be reached."""
    code = FAILED
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(
                _PR_SET_PDEATHSIG, signal.SIGKILL
            )  # when the server is killed, so are its forks
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), _STDIN)
        os.dup2(answer, _ANSWER)
        os.closerange(_ANSWER + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        silence_libraries()
        said = memoryview(work(job))
        while said:
            said = said[os.write(_ANSWER, said) :]
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _file() -> int:
    """Without a name, and open to nobody else."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("answer")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _say(message: Struct) -> None:
    data = memoryview(packed(message))
    while data:
        data = data[os.write(_STDOUT, data) :]


def _noted(_: int, __: FrameType | None) -> None:
    """The wakeup descriptor has told it."""
