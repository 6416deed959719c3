"""Standard output of a process that decodes, kept for what the process itself has to say.

Codecs in C print what they find odd in a stranger's bytes (libsndfile on descriptor 1, libmpg123 on 2), a line for each
odd place: between our answers, or on the terminal of whoever asked, such lines break what stands there.
"""

import os
import sys
from typing import BinaryIO

_STDOUT, _STDERR = 1, 2


def take_output() -> BinaryIO:
    """What was standard output, for the caller alone; the libraries' prints go nowhere from now on. [main thread]

    Python's own prints and tracebacks still reach what was standard error.
    """
    taken = os.fdopen(os.dup(_STDOUT), "wb")
    sys.stderr = os.fdopen(os.dup(_STDERR), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    sys.stdout = sys.stderr
    silence_libraries()
    return taken


def silence_libraries() -> None:
    """What is printed on descriptors 1 and 2 goes nowhere from now on. [any]"""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (_STDOUT, _STDERR):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
