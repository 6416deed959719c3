"""A person at a terminal: a program on a pseudo-terminal, and what is typed once a question was shown."""

import os
import pty
import select
import subprocess
from collections.abc import Mapping, Sequence

from tests.support.deadlines import HANG_S


def at_a_terminal(command: Sequence[str], replies: Sequence[tuple[str, str]], env: Mapping[str, str]) -> str:
    """Type each reply once its word stands in a question, which ends with a colon; all that was shown. It must end with 0."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown, seen, left = "", 0, list(replies)
    try:
        while select.select([ours], [], [], HANG_S)[0]:
            try:
                shown += os.read(ours, 4096).decode(errors="replace")
            except OSError:  # EIO: the other end is closed
                break
            while left and left[0][0] in shown[seen:] and shown.rstrip(" ").endswith(":"):
                seen = len(shown)
                os.write(ours, f"{left.pop(0)[1]}\n".encode())
        if left:
            process.kill()  # it waits for an answer to another question
        assert process.wait(HANG_S) == 0, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert left == [], shown
    return shown
