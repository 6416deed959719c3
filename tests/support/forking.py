"""A fork server whose jobs say what a job can say of itself: `python -m tests.support.forking`."""

import json
import os
import sys
import time
from pathlib import Path

from relay.engine.sandbox.fork_server import MAX_ANSWER_BYTES, serve, tell


def work(job: bytes) -> bytes:
    word, _, path = job.decode().partition(" ")
    if word == "who":
        return json.dumps([os.getpid(), os.getppid()]).encode()
    if word == "open":
        return json.dumps({name: os.readlink(f"/proc/self/fd/{name}") for name in _open_files()}).encode()
    if word == "hang":
        Path(path).write_text(str(os.getpid()))
        time.sleep(3600)
    if word == "once":  # the second time it is tried it is done
        if not Path(path).exists():
            Path(path).write_text(str(os.getppid()))
            time.sleep(3600)
        return b"done"
    if word == "steps":
        for fraction in (0.1, 0.5, 0.3, 7.0, -1.0):
            tell(fraction)
    if word == "flood":  # it says what it likes, much faster than it is read
        os.set_blocking(4, True)
        for _ in range(100):
            os.write(4, bytes(range(256)) * 64)
    if word == "much":
        return bytes(MAX_ANSWER_BYTES + 1)
    if word == "exit":
        sys.exit(3)
    return job


def _open_files() -> list[str]:
    return [
        name
        for name in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{name}") or name in "34"
    ]


if __name__ == "__main__":
    serve(work)
