"""The log: to whoever started us, or, when nobody waits for it, to files that do not grow for ever."""

import logging
import logging.handlers
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from daemon.core import shown

LOG_FILE_ENV = "SIDECHAIN_LOG_FILE"
MAX_LOG_BYTES = 4 * 1024 * 1024
OLDER_FILES = 2
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class ShownFormatter(logging.Formatter):
    """What others say stays on its line and moves no cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = shown.line(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return shown.lines(super().format(record))


class LogFile(logging.handlers.RotatingFileHandler):
    """stdout and stderr go where the log goes: the last words of a process that dies are the newest file's.

    They let go of it first, for Windows renames no file that somebody has open.
    """

    def doRollover(self) -> None:
        with self._open() as file:
            outputs = [each for each in (1, 2) if os.path.sameopenfile(each, file.fileno())]
        with open(os.devnull, "ab") as nothing:
            _send(outputs, nothing)
            super().doRollover()
            _send(outputs, self.stream or nothing)


def _send(outputs: Iterable[int], where: IO[Any]) -> None:
    for output in outputs:
        os.dup2(where.fileno(), output)


def set_level(level: str) -> None:
    """From now on. [any]"""
    logging.getLogger().setLevel(level.upper())


def set_up(level: str) -> None:
    """Log to stderr, or to the file that $SIDECHAIN_LOG_FILE names. [main thread]"""
    logging.raiseExceptions = False  # a disk that is full of log is told by other means
    named = os.environ.pop(LOG_FILE_ENV, None)
    handler: logging.Handler
    if named:
        handler = LogFile(Path(named), maxBytes=MAX_LOG_BYTES, backupCount=OLDER_FILES, encoding="utf-8")
    else:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ShownFormatter(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in ("httpx", "httpcore", "websockets"):  # their lines carry whole URLs, headers and tokens
        logging.getLogger(name).setLevel(logging.WARNING)
