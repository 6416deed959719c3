"""The system's browser: shows a page."""

import sys

from daemon.errors import SidechainError
from daemon.system.children import run_and_leave

ANSWER_LIMIT_S = 5.0
_COMMANDS = {"darwin": "open", "win32": "explorer"}


async def open_in_browser(url: str) -> None:
    """Raises SidechainError when none opens, or the address is none of the web. [loop]"""
    if not url.startswith(("https://", "http://")):
        raise SidechainError("That has no page.", "Ask for one that was posted.")
    command = _COMMANDS.get(sys.platform, "xdg-open")
    try:
        ended = await run_and_leave([command, url], ANSWER_LIMIT_S)
    except OSError as error:
        raise _not_opened(command, error.strerror or str(error), url) from error
    if ended and ended.code != 0:
        raise _not_opened(
            command, ended.err.decode(errors="replace").strip() or f"it ended with {ended.code}", url
        )


def _not_opened(command: str, why: str, url: str) -> SidechainError:
    return SidechainError(f"No browser opens: {command}: {why}.", f"The page is {url}")
