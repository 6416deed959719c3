"""The log as it is shown: its last lines, and what comes, also across the turn to a new file."""

import threading
from pathlib import Path

from daemon.cli.logs import last_lines, new_lines
from tests.support.deadlines import HANG_S


def test_the_last_lines_are_shown_whatever_stands_in_them(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(5)) + b"caf\xe9\n")
    assert last_lines(log, 2) == ["line 4", "caf\ufffd"] and len(last_lines(log, 100)) == 6


def test_what_comes_is_shown_also_across_the_turn_to_a_new_file(tmp_path: Path) -> None:
    log, told = tmp_path / "daemon.log", list[str]()
    log.write_bytes(b"old\n")

    def read() -> None:
        for line in new_lines(log, pause_s=0.001):
            told.append(line)
            if line == "after the turn":
                return

    reader = threading.Thread(target=read)
    reader.start()
    while not told:  # it looks where the file ends in its own time
        _add(log, b"begun\n")
    _add(log, b"in two ")
    _add(log, b"pieces\n")
    log.rename(tmp_path / "daemon.log.1")
    log.write_bytes(b"after the turn\n")
    reader.join(HANG_S)
    assert [line for line in told if line != "begun"] == ["in two pieces", "after the turn"]


def _add(log: Path, text: bytes) -> None:
    with log.open("ab") as written:
        written.write(text)
