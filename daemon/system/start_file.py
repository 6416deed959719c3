"""How this daemon is started again: a file that a plugin's window reads when no daemon is there, and offers to run.

One argument a line, the program first. It lies in the platform's data folder, where a plugin can find it without
settings; so only a daemon whose takes are there, too, writes it. Not a lock, and nothing that a daemon itself reads.
"""

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from bridge.paths import run_dir
from daemon.config import ENV_PREFIX, Config
from daemon.settings.reading import load

log = logging.getLogger(__name__)

NAME = "start"
_TOLD = ("relay_url", "run_dir", "credential_store", "log_level")


def program() -> list[str]:
    """This very program; a packaged build takes `-m`, too."""
    return [sys.executable, "-m", "daemon"]


def start_command(config: Config, plain: Config) -> list[str]:
    """What starts a daemon like this one where only the settings file is known, which gives `plain`. [any]"""
    command = [*program(), "up", "--detach"]
    for name in _TOLD:
        if (value := getattr(config, name)) != getattr(plain, name):
            command += [f"--{name.replace('_', '-')}", value]
    return command


def write_start_file(config: Config, env: Mapping[str, str] = os.environ) -> None:
    """Write it if this is the user's own daemon. A full disk is no reason not to run. [worker]"""
    folder = Path(platformdirs.user_data_dir("sidechain"))
    bare = {name: value for name, value in env.items() if not name.startswith(ENV_PREFIX)}
    plain = load(env=bare, default_run_dir=run_dir(bare)).config
    command = start_command(config, plain)
    if config.data != folder or any("\n" in argument for argument in command):
        return
    text = "".join(f"{argument}\n" for argument in command)
    path, part = folder / NAME, folder / f"{NAME}.part"
    try:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            part.write_text(text, encoding="utf-8")
            part.chmod(0o600)
            part.replace(path)
    except OSError as error:
        log.warning("plugins cannot start this daemon: %s", error)
