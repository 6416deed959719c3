"""Starting a daemon in the background, and ending one: for `up --detach`, `down`, `setup` and `service`."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import bridge.control as c
from bridge.system import in_background, kept_name, process_lives
from daemon.cli.output import ask
from daemon.errors import LibraryStuck, NotRunning, SidechainError

START_LIMIT_S = 15.0


def start_detached(data: Path, arguments: Sequence[str]) -> int:
    """Start `sidechain ARGUMENTS` in the background; its process id when it says it is ready, or fail with its last words."""
    from daemon.system.log import LOG_FILE_ENV
    from daemon.system.start_file import program

    log = log_file(data)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        out = log.open("ab")
    except OSError as why:
        raise LibraryStuck(
            f"The data folder {data} cannot be used: {why.strerror}.",
            "Mend it, or set data_dir; nothing kept is lost.",
        ) from why
    ready_read, ready_write = os.pipe()
    with out:
        process = subprocess.Popen(
            [*program(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=os.environ | {"SIDECHAIN_READY_FD": kept_name(ready_write), LOG_FILE_ENV: str(log)},
            **in_background(ready_write),
        )
    os.close(ready_write)
    with os.fdopen(ready_read, "rb") as ready:
        said = ready.read(1)  # one byte when ready; nothing when it ended
    if said:
        process.returncode = 0  # not ours any more: nobody here waits for its end
        return process.pid
    code = process.wait(START_LIMIT_S)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["no word"]
    error = NotRunning(f"The daemon ended at once: {last[0]}", f"Its log is {log}.")
    error.exit_code = code or NotRunning.exit_code
    raise error


def log_file(data: Path) -> Path:
    """Where a daemon that runs in the background says what it does."""
    return data / "daemon.log"


def stop_daemon() -> c.Done:
    """Ask it to end, and wait until it has. Raises NotRunning, SidechainError."""
    status = ask(c.GetStatus(), c.Status)
    done = ask(c.Shutdown(), c.Done)
    deadline = time.monotonic() + START_LIMIT_S
    while process_lives(status.pid):
        if time.monotonic() > deadline:
            raise SidechainError(
                f"The daemon (pid {status.pid}) has not ended after {START_LIMIT_S:.0f} s.",
                "Look at its log.",
            )
        time.sleep(0.02)
    return done
