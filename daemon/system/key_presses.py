"""Keys as they are pressed, without Enter: of the terminal that a command runs on."""

import contextlib
import sys
from collections.abc import Callable, Iterator

LOOK_S = 0.1
"""As long as one look waits for a key."""

Pressed = Callable[[], str]
"""The key that was pressed meanwhile, "" if none was within LOOK_S. [any]"""

if sys.platform == "win32":
    import msvcrt
    import time

    @contextlib.contextmanager
    def _read() -> Iterator[Pressed]:
        def pressed() -> str:
            ends = time.monotonic() + LOOK_S
            while not msvcrt.kbhit():
                if time.monotonic() > ends:
                    return ""
                time.sleep(LOOK_S / 10)  # the console has nothing to wait on beside input of every kind
            return msvcrt.getwch()

        yield pressed

else:
    import os
    import select
    import termios
    import tty

    @contextlib.contextmanager
    def _read() -> Iterator[Pressed]:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)

        def pressed() -> str:
            if not select.select([terminal], [], [], LOOK_S)[0]:
                return ""
            return os.read(terminal, 1).decode(errors="replace")

        try:
            tty.setcbreak(terminal, termios.TCSANOW)  # what was pressed already counts
            yield pressed
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextlib.contextmanager
def key_presses() -> Iterator[Pressed | None]:
    """What is pressed, key by key, as long as the block lasts; None where nobody can press one."""
    if not sys.stdin.isatty():
        yield None
        return
    with _read() as pressed:
        yield pressed
