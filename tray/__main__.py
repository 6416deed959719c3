"""`python -m tray`: arguments in, exit code out; nothing else."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bridge.async_client import AsyncControlClient
from bridge.paths import run_dir
from tray.app import Tray
from tray.backend import AlreadyShown, NoDesktop

EXIT_NO_DESKTOP = 1
EXIT_ALREADY_SHOWN = 77  # service managers do not restart on it


async def _on_dbus(directory: Path) -> None:
    from tray.sni import SniBackend

    tray = Tray(SniBackend(), lambda: AsyncControlClient(directory))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, tray.quit)
    await tray.run()


def _on_pystray(directory: Path) -> None:
    from tray.other import PystrayBackend

    backend = PystrayBackend()
    backend.run_with(Tray(backend, lambda: AsyncControlClient(directory)).run)


def run(argv: Sequence[str] | None = None) -> int:
    """Show the icon until it is quit. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="sidechain tray", description="Sidechain's icon in the system tray."
    )
    parser.add_argument("--run-dir", type=Path, help="folder of the daemon's sockets")
    parser.add_argument("--verbose", action="store_true", help="say on stderr what is waited for")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    if options.run_dir:  # what the tray starts speaks to the same daemon
        os.environ["SIDECHAIN_RUN_DIR"] = str(options.run_dir.absolute())
    directory = run_dir(os.environ)
    try:
        if sys.platform == "linux":
            asyncio.run(_on_dbus(directory))
        else:
            _on_pystray(directory)
    except AlreadyShown as error:
        print(error, file=sys.stderr)
        return EXIT_ALREADY_SHOWN
    except NoDesktop as error:
        print(error, file=sys.stderr)
        return EXIT_NO_DESKTOP
    return 0


if __name__ == "__main__":
    sys.exit(run())
