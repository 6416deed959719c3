"""A process that has everything imported and forks for each job: the other end of children.py. [main thread, no other]

A fork has all imports at once, where a new interpreter takes half a second of processor time. The server itself looks at
nothing of a job but its number; each job runs in a fork of its own, which ends with it, so nothing of one can reach
another. A fork inherits no descriptor but the file for its answer and the pipe in which it says how far it is: there, each
byte is a percentage, whatever it is, so that there is nothing to parse.
"""

import ctypes
import fcntl
import gc
import os
import resource
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import msgspec
from msgspec import Struct

from relay.engine.sandbox.frames import Ask, Drop, Ended, Step, Unpacked, packed
from sandbox.output import silence_libraries

MAX_ANSWER_BYTES = 4 << 20
READ_BYTES = 1 << 16
FAILED = 1
_STDIN, _STDOUT, _ANSWER, _STEPS = 0, 1, 3, 4
_PR_SET_PDEATHSIG = 1
_questions: msgspec.msgpack.Decoder[Ask | Drop] = msgspec.msgpack.Decoder(Ask | Drop)

Work = Callable[[bytes], bytes]
"""Does one job in its fork: enters the sandbox, then reads the job. What it returns is the answer."""


class _Fork(Struct, kw_only=True):
    """One that runs. answer: the file that it writes to; steps: the pipe that it writes percentages to, the highest was percent."""

    number: int
    answer: int
    steps: int
    percent: int = 0


def tell(fraction: float) -> None:
    """In the fork of a job: so much of it is done, 0..1. It never waits for who reads it. [any thread]"""
    with suppress(BlockingIOError):  # nobody reads: the next says more
        os.write(_STEPS, bytes([int(100 * min(max(fraction, 0.0), 1.0))]))


def serve(work: Work) -> None:
    """Take jobs from stdin until it closes, each in a fork."""
    gc.collect()
    gc.freeze()  # what is there now stays shared with all forks
    _Server(work).run()


class _Server:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._forks: dict[int, _Fork] = {}  # by pid
        self._steps: dict[int, _Fork] = {}  # by the pipe
        self._poll = select.poll()
        self._unpacked = Unpacked(_questions)
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _noted)

    def run(self) -> None:
        for source in (_STDIN, self._woken):
            self._poll.register(source, select.POLLIN)
        asked = True
        while asked:
            for source, _ in self._poll.poll():
                if source == _STDIN:
                    asked = self._hear()
                elif source == self._woken:
                    self._reap()
                elif source in self._steps:  # it may just have been reaped
                    self._pass_on(source)
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
        steps, told = os.pipe()
        for end in (steps, told):
            os.set_blocking(end, False)
        try:
            pid = os.fork()
        except OSError:  # no memory, or too many processes: as if it had been killed for want of them
            for each in (answer, steps, told):
                os.close(each)
            _say(Ended(number=asked.number, code=-signal.SIGKILL, answer=b""))
            return
        if pid == 0:
            _be_the_fork(self._work, asked.job, answer, told)
        os.close(told)
        self._forks[pid] = self._steps[steps] = _Fork(number=asked.number, answer=answer, steps=steps)
        self._poll.register(steps, select.POLLIN)

    def _pass_on(self, steps: int) -> None:
        """At most a hundred times a job, whatever it writes."""
        fork = self._steps[steps]
        try:
            said = os.read(steps, READ_BYTES)
        except BlockingIOError:  # it was reaped, and this is the pipe of another
            return
        if not said:
            self._close_steps(fork)
        elif (percent := min(max(said), 100)) > fork.percent:
            fork.percent = percent
            _say(Step(number=fork.number, percent=percent))

    def _close_steps(self, fork: _Fork) -> None:
        if self._steps.pop(fork.steps, None) is not None:
            self._poll.unregister(fork.steps)
            os.close(fork.steps)

    def _reap(self) -> None:
        os.read(self._woken, READ_BYTES)
        for pid in list(self._forks):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                fork = self._forks.pop(pid)
                short = os.fstat(fork.answer).st_size <= MAX_ANSWER_BYTES
                answer = os.pread(fork.answer, MAX_ANSWER_BYTES, 0) if short else b""
                os.close(fork.answer)
                if fork.steps in self._steps:
                    self._pass_on(fork.steps)  # how far it was stands before how it ended
                self._close_steps(fork)
                code = os.waitstatus_to_exitcode(status)
                _say(Ended(number=fork.number, code=code, answer=answer))


def _be_the_fork(work: Work, job: bytes, answer: int, steps: int) -> NoReturn:
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
        ends = [fcntl.fcntl(each, fcntl.F_DUPFD, _STEPS + 1) for each in (answer, steps)]
        for end, place in zip(ends, (_ANSWER, _STEPS), strict=True):
            os.dup2(end, place)
        os.closerange(_STEPS + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
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
