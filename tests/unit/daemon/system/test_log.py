"""The log shows no controls, forges no line, and does not grow for ever; a process's last words are in the newest file."""

import os
import subprocess
import sys
from pathlib import Path

from daemon.system.log import LOG_FILE_ENV

TALK = """
import logging, os, sys
from daemon.system import log
sys.stdin.readline()
log.MAX_LOG_BYTES = 2000
log.set_up("info")
for number in range(200):
    logging.info("line %d \\x1b[31m\\x9b \\u202e of a %s", number, "title\\n2026-01-01 ERROR forged: line")
try:
    raise ValueError("\\x1b[31m bad")
except ValueError:
    logging.exception("it broke")
print("last words", file=sys.stderr)
"""


def talk(**env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TALK],
        env=os.environ | env,
        input="\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def test_what_others_say_stays_on_its_line_and_moves_no_cursor() -> None:
    said = talk()
    assert not set("\x1b\x9b\u202e") & set(said)
    assert not any(line.startswith("2026-01-01") for line in said.splitlines())
    assert "Traceback" in said and "ValueError" in said, "our own lines of a fault stay lines"


def test_files_are_few_and_small_and_the_newest_has_the_last_words(tmp_path: Path) -> None:
    file = tmp_path / "daemon.log"
    with file.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", TALK],
            env=os.environ | {LOG_FILE_ENV: str(file)},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
        )
    process.communicate(
        b"\n"
    )  # whoever started it has let go: Windows renames no file that somebody has open
    assert process.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"daemon.log", "daemon.log.1", "daemon.log.2"}
    assert all(path.stat().st_size < 8000 for path in tmp_path.iterdir())
    assert file.read_text().endswith("last words\n")
