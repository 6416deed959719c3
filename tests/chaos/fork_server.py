"""Daemons in milliseconds: a process that has imported everything and forks one daemon, or render worker, after another.

A program, not a module: `python fork_server.py SOCKET`. Commands on stdin, answers on stdout, one JSON object a line:
`{"env": {…}, "log": PATH}` -> `{"started": pid}`, and `{"ended": pid, "status": n}` when one ends. The forked daemon
is the real one, with three differences that make it fast and repeatable: its render worker is forked here too (its
imports take a second), its default executor has one thread, and its threads have names that /proc shows.
"""

import contextlib
import functools
import json
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path

import audio.recording
import daemon.app.app
import daemon.features.rendering.renderer
import daemon.library.database
from daemon.app.app import serve
from daemon.errors import SidechainError
from daemon.features.rendering import render_worker
from daemon.settings.reading import load
from daemon.system.threads import Threads

STUB = """
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendmsg([b"w"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1]))])
os.close(0); os.close(1)
s.recv(1)
"""


def name_thread(name: str) -> None:
    Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)


def run_daemon(env: dict[str, str], log: str, workers: str) -> int:
    """In the child. The exit code."""
    os.setsid()
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(fd, 2)
    os.dup2(fd, 1)
    os.environ.update(env)
    name_thread("sdc-loop")
    if "CHAOS_NO_FSYNC" in env:  # to see that the judge sees it
        os.fsync = lambda fd: None
    one_thread = functools.partial(Threads, 1, initializer=name_thread, initargs=("sdc-pool",))
    daemon.app.app.Threads = one_thread  # type: ignore[attr-defined,misc,assignment]
    daemon.library.database.Threads = functools.partial(  # type: ignore[attr-defined,misc,assignment]
        Threads, initializer=name_thread, initargs=("sdc-store",)
    )
    daemon.features.rendering.renderer.worker_command = lambda: [
        sys.executable,
        "-S",
        "-E",
        "-c",
        STUB,
        workers,
    ]
    try:
        return serve(load(default_run_dir=Path(env["SIDECHAIN_RUN_DIR"])), "chaos")
    except SidechainError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def run_worker(fds: list[int]) -> None:
    """In the child: a render worker on the descriptors of who asked for it."""
    for fd, place in zip(fds, (0, 1), strict=True):
        os.dup2(fd, place)
        os.close(fd)
    name_thread("sdc-worker")
    render_worker.main()


def fork(run: "functools.partial[int | None]") -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        code = run() or 0
    finally:
        os._exit(code)


def main(path: str) -> None:
    assert audio.recording  # imported so that workers find it
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    daemons: set[int] = set()
    workers: dict[int, socket.socket] = {}

    def say(**what: object) -> None:
        os.write(1, json.dumps(what).encode() + b"\n")

    say(ready=os.getpid())
    while True:
        watched = {connection: pid for pid, connection in workers.items()}
        readable, _, _ = select.select([0, listener, wake_read, *watched], [], [])
        for connection in watched.keys() & set(readable):  # whoever asked for it was killed: so is it
            os.kill(watched[connection], signal.SIGKILL)
        if listener in readable:
            connection, _ = listener.accept()
            _, fds, _, _ = socket.recv_fds(
                connection, 1, 2
            )  # here, so that only an end makes it readable later
            workers[fork(functools.partial(run_worker, fds))] = connection
            for fd in fds:
                os.close(fd)
        if 0 in readable:
            line = os.read(0, 65536)  # never through sys.stdin: the workers inherit its buffer
            if not line:
                break
            ask = json.loads(line)
            pid = fork(functools.partial(run_daemon, ask["env"], ask["log"], path))
            daemons.add(pid)
            say(started=pid)
        if wake_read in readable:
            os.read(wake_read, 4096)
            with contextlib.suppress(ChildProcessError):
                while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                    if connection_of := workers.pop(ended[0], None):
                        connection_of.close()
                    if ended[0] in daemons:
                        daemons.discard(ended[0])
                        say(ended=ended[0], status=ended[1])
    for pid in (*daemons, *workers):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
