"""A fork server whose jobs say what a job can say of itself: `python -m tests.support.forking`."""

import json
import os
import sys
import time
from pathlib import Path

from relay.engine.sandbox.fork_server import MAX_ANSWER_BYTES, serve


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
    if word == "much":
        return bytes(MAX_ANSWER_BYTES + 1)
    if word == "exit":
        sys.exit(3)
    return job


def _open_files() -> list[str]:
    return [
        name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}") or name == "3"
    ]


if __name__ == "__main__":
    serve(work)
